"""A detector as a process, watched from outside as an operator's tools would."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack import Stack
from tests.acceptance.programs import Program, Site
from tests.acceptance.whole import free_port
from tests.patience import PATIENCE_S, wait_for

LOAD = ("--users", "400", "--seed", "12", "--rate", "200", "--fraud-rate", "0.1")
ADDRESS = re.compile(r"serving metrics and health.*address=(\S+)")


@pytest.fixture
def ports(site: Site) -> Iterator[dict[str, str]]:
    """A port for the detectors of this test, while transactions come in."""
    with site.running("producer.py", *LOAD):
        yield {"FINGUARD_DETECTOR_HTTP_PORT": str(free_port())}


def address(detector: Program) -> str:
    """Where it says that it serves its pages."""
    wait_for(lambda: ADDRESS.search(detector.output()) is not None, "the detector's address")
    found = ADDRESS.search(detector.output())
    assert found is not None
    return found[1].strip("'")


def get(url: str) -> httpx.Response:
    """A page, whatever proxy the environment may name."""
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
        return client.get(url)


def ready(url: str) -> tuple[int, list[dict[str, Any]]]:
    """The code of the probe, and the reasons against readiness."""
    found = get(f"{url}/health/ready")
    return found.status_code, found.json()["reasons"]


def outages(url: str) -> dict[str, str]:
    """The services that are away, and since when, as the probe tells."""
    reasons = [each for each in ready(url)[1] if each["reason"] == "outage"]
    return {each["service"]: each["since"] for each in reasons}


def metric(url: str, name: str, **labels: str) -> float:
    """The sum of the series of one name that have these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(get(f"{url}/metrics").text)
        for sample in family.samples
        if sample.name == f"finguard_detector_{name}"
        and labels.items() <= dict(sample.labels).items()
    )


@pytest.mark.parametrize("name", ["kafka", "redis"])
def test_an_outage_is_seen_from_outside_and_so_is_its_end(
    stack: Stack, site: Site, ports: dict[str, str], name: str
) -> None:
    """A service dies: 503 with its name and since when, and the loop lives on until it is back."""
    service = {"kafka": stack.kafka, "redis": stack.redis}[name]
    with site.running("detector.py", env=ports) as detector:
        url = address(detector)
        wait_for(lambda: ready(url)[0] == 200, "readiness")
        wait_for(lambda: metric(url, "alerts_total") > 0, "alerts")
        service.kill()
        try:
            wait_for(lambda: name in outages(url), "the outage")
            assert outages(url)[name].endswith("+00:00")
            assert ready(url)[0] == 503
            assert 1 == metric(url, "outage", service=name)
            assert 1 == metric(url, "outage")
            assert 200 == get(f"{url}/health/live").status_code
            wait_for(
                lambda: site.query("SELECT outage FROM detectors") == [(name,)], "the heartbeat"
            )
        finally:
            service.start()
        wait_for(lambda: ready(url)[0] == 200, "readiness again")
        wait_for(lambda: metric(url, "outage") == 0, "the end of the outage")
        assert metric(url, "outages_total", service=name) >= 1
        judged = metric(url, "transactions_total")
        wait_for(lambda: metric(url, "transactions_total") > judged, "more transactions")
        output = detector.output()
        # Kafka may come back in two steps: a broker first, and then the group's coordinator.
        assert 1 <= output.count("outage over") <= output.count("outage: waiting")


def test_what_is_scraped_is_what_was_stored(site: Site) -> None:
    """After a whole topic has been judged the counters equal the database's."""
    world = ("--users", "200", "--seed", "5", "--fraud-rate", "0.1")
    site.produce(*world, "--rate", "0", "--limit", "3000")
    port = {"FINGUARD_DETECTOR_HTTP_PORT": str(free_port())}
    with site.running("detector.py", env=port) as detector:
        url = address(detector)
        site.wait_until_judged()
        alerts = dict(site.query("SELECT rule, count(*) FROM alerts GROUP BY rule"))
        assert alerts
        wait_for(lambda: metric(url, "batch_records_sum") == 3000, "the last batch's end")
        assert alerts == {rule: metric(url, "alerts_total", rule=rule) for rule in alerts}
        assert sum(alerts.values()) == metric(url, "alert_latency_seconds_count")
        ((transactions,),) = site.query("SELECT sum(transactions) FROM transactions_per_minute")
        assert transactions == metric(url, "transactions_total")
        told = (
            "SELECT transactions, latency_counts[cardinality(latency_counts)], lags,"
            " jsonb_array_length(rules) FROM detectors"
        )
        expected = [(transactions, sum(alerts.values()), [0] * 6, 3)]
        wait_for(lambda: site.query(told) == expected, "the heartbeat to tell the same")
        assert 6 == metric(url, "partitions")
        assert metric(url, "step_seconds_count", step="postgresql") > 0


def test_two_detectors_on_one_machine_are_both_watched(site: Site, ports: dict[str, str]) -> None:
    """The second finds the port taken, takes another and says so; each row has its address."""
    with (
        site.running("detector.py", env=ports) as first,
        site.running("detector.py", env=ports) as second,
    ):
        urls = {address(first), address(second)}
        assert 2 == len(urls)
        assert 1 == sum("port taken" in each.output() for each in (first, second))

        def shared() -> bool:
            return sum(metric(url, "partitions") for url in urls) == 6 and all(
                metric(url, "partitions") for url in urls
            )

        wait_for(shared, "both to have partitions")
        wait_for(lambda: all(ready(url)[0] == 200 for url in urls), "both to be ready")
        wait_for(
            lambda: {a for (a,) in site.query("SELECT http_address FROM detectors")} == urls,
            "both heartbeats",
        )
        first.terminate()
        first.expect_exit(0)
        assert 1 == len(site.query("SELECT 1 FROM detectors"))
        second.terminate()
        second.expect_exit(0)
        assert [] == site.query("SELECT 1 FROM detectors")


def test_without_a_port_nothing_is_served_and_the_heart_beats_all_the_same(site: Site) -> None:
    """Port 0 is for those who want none open."""
    with site.running("detector.py", env={"FINGUARD_DETECTOR_HTTP_PORT": "0"}) as detector:
        wait_for(
            lambda: site.query("SELECT http_address FROM detectors") == [(None,)], "the heartbeat"
        )
        assert "serving metrics" not in detector.output()
