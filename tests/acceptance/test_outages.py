"""Services that die under load: the detector waits, loses nothing, and buries nothing."""

import pytest

from devstack import Stack
from tests.acceptance.programs import Site, wait_for

LOAD = ("--users", "400", "--seed", "12", "--rate", "200", "--fraud-rate", "0.1")


@pytest.mark.parametrize("name", ["kafka", "redis", "postgres"])
def test_a_service_killed_under_load_costs_nothing_but_time(
    stack: Stack, site: Site, name: str
) -> None:
    """SIGKILL and restart; the same detector goes on, and its effects are the oracle's."""
    service = {"kafka": stack.kafka, "redis": stack.redis, "postgres": stack.postgres}[name]
    with (
        site.running("producer.py", *LOAD) as producer,
        site.running("detector.py") as detector,
    ):
        site.wait_for_progress()
        service.kill()
        if name != "kafka":
            wait_for(lambda: "outage" in detector.output(), "the detector to notice")
        service.start()
        site.wait_for_progress()
        producer.terminate()
        producer.expect_exit(0)
        site.wait_until_judged()
        assert detector.alive
        assert "Traceback" not in detector.output()
    assert site.effects() == site.oracle()
