"""Kafka away while somebody works on dead letters: told in time, and nothing else suffers.

These tests kill a broker, which then takes its time, so they run a Kafka of their own.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import httpx
import pytest

from finguard.api.app import create_app
from tests.integration.api.poison import BAD, Poison
from tests.integration.api.private_services import PrivateKafka, running_kafka
from tests.integration.api.serving import served, sign_in
from tests.integration.api.test_outages import assert_unavailable
from tests.integration.api.world import World
from tests.patience import LONGEST_ANSWER_S, wait_for

LETTERS = "/api/v1/dead-letters"

# kafka-python leaves the sockets of refused connections to the garbage collector.
pytestmark = [
    pytest.mark.hasty("kafka"),
    pytest.mark.filterwarnings("ignore:unclosed <:ResourceWarning"),
]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateKafka]:
    """A Kafka for this module alone."""
    with running_kafka(tmp_path_factory.mktemp("private_kafka")) as running:
        yield running


@pytest.fixture
def poison(kafka: PrivateKafka, world: World) -> Iterator[Poison]:
    """Topics for dead letters in that Kafka."""
    made = Poison(kafka.servers, world)
    yield made
    made.close()


@pytest.fixture
def lonely(poison: Poison) -> Iterator[httpx.Client]:
    """An API that has never seen Kafka."""
    # Port 9 is the discard service's, which nobody runs any more.
    with served(create_app(poison.settings(kafka_bootstrap_servers="127.0.0.1:9"))) as client:
        sign_in(client)
        yield client


def assert_kafka_is_missed(client: httpx.Client, letter: int) -> None:
    """What needs Kafka says so in time; what does not is answered."""
    for _ in range(2):
        began_s = monotonic()
        assert_unavailable(client.post(f"{LETTERS}/{letter}/replay"))
        assert_unavailable(client.post(f"{LETTERS}/replay", json={"ids": [letter]}))
        assert monotonic() - began_s < LONGEST_ANSWER_S
        began_s = monotonic()
        file = client.get(f"{LETTERS}/{letter}").raise_for_status().json()
        assert monotonic() - began_s < LONGEST_ANSWER_S
        assert (file["message_status"], file["message"]) == ("unavailable", None)
        assert file["dead_letter_id"] == letter
        assert client.get(LETTERS).status_code == 200
    assert client.post(f"{LETTERS}/{2**50}/replay").status_code == 404


def test_without_kafka_letters_are_still_listed_and_discarded(
    lonely: httpx.Client, poison: Poison
) -> None:
    """The index is in PostgreSQL; only replays are refused, and can be asked for again."""
    (letter,) = poison.bury(BAD)
    assert_kafka_is_missed(lonely, letter)
    discarded = lonely.post(f"{LETTERS}/{letter}/discard", json={"note": "a test"})
    assert discarded.json()["outcome"] == "discarded"


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_an_outage_is_told_and_survived(
    kafka: PrivateKafka, desk: httpx.Client, poison: Poison, fault: str
) -> None:
    """Connections that were in use fail in time, and after the outage everything works again."""
    (before, letter) = poison.bury(BAD, BAD)
    wait_for(lambda: desk.post(f"{LETTERS}/{before}/replay").status_code == 200, "a replay")
    (kafka.handle.freeze if fault == "frozen" else kafka.handle.kill)()
    try:
        assert_kafka_is_missed(desk, letter)
    finally:
        (kafka.handle.thaw if fault == "frozen" else kafka.handle.start)()
    wait_for(lambda: desk.post(f"{LETTERS}/{letter}/replay").status_code == 200, "a replay")
    wait_for(
        lambda: desk.get(f"{LETTERS}/{letter}").json()["message_status"] == "whole", "a message"
    )


def test_an_outage_of_kafka_takes_no_threads_from_others(
    lonely: httpx.Client, poison: Poison
) -> None:
    """While many wait for Kafka, alerts are answered, and each of the many in time."""
    (letter,) = poison.bury(BAD)

    def ask(_: int) -> float:
        began_s = monotonic()
        assert_unavailable(lonely.post(f"{LETTERS}/{letter}/replay"))
        return monotonic() - began_s

    with ThreadPoolExecutor(60) as threads:
        waiting = [threads.submit(ask, number) for number in range(60)]
        for _ in range(20):
            assert lonely.get("/api/v1/alerts").status_code == 200
        assert max(each.result() for each in waiting) < LONGEST_ANSWER_S
