"""Laws of the simulated world, over tens of thousands of its transactions."""

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from finguard.domain.geo import distance_km
from finguard.domain.transaction import Transaction, decode, encode
from finguard.simulator.places import load_cities
from finguard.simulator.world import Event, WorldPlan
from tests.unit.simulator.worlds import LIVE, NATURAL, SMALL, events, judge

COUNT = 20_000
PLANS = {
    "live": LIVE,
    "natural": NATURAL,
    "crime wave": msgspec.structs.replace(LIVE, fraud_rate=0.3, seed=13),
    "one user": WorldPlan(seed=1, users=1, start_us=LIVE.start_us, step_us=15e6, fraud_rate=0.05),
}


@pytest.fixture(scope="module", params=list(PLANS.values()), ids=list(PLANS))
def stream(request: pytest.FixtureRequest) -> tuple[Event, ...]:
    """A long stretch of each world."""
    return events(request.param, COUNT)


def test_honest_people_trip_no_rule(stream: tuple[Event, ...]) -> None:
    """Not one honest transaction is impossible travel, velocity or high value by the defaults."""
    tripped = [
        finding.story
        for event, assessment in judge(stream)
        if event.fraud is None
        for finding in assessment.verdict.findings
    ]
    assert tripped == []


def test_every_transaction_is_one_that_the_detector_takes(stream: tuple[Event, ...]) -> None:
    """All survive encoding and decoding, with the user's id as the key."""
    for event in stream:
        transaction = event.transaction
        payload, key = encode(transaction), transaction.user_id.encode()
        assert transaction == decode(payload, key=key, published_us=transaction.time_us)


def test_event_time_never_goes_back(stream: tuple[Event, ...]) -> None:
    """Honest and criminal transactions alike come in event-time order."""
    times = [event.transaction.time_us for event in stream]
    assert sorted(times) == times


def test_ids_are_unique(stream: tuple[Event, ...]) -> None:
    """No two transactions share an id of the documented form."""
    ids = {event.transaction.transaction_id for event in stream}
    assert len(stream) == len(ids)
    assert all(len(one) == 19 and one.startswith("tx-") for one in ids)


def test_labels_name_their_transaction_and_nothing_in_it_tells(stream: tuple[Event, ...]) -> None:
    """A label points to its event, whose fields are those of an honest one."""
    for event in stream:
        if event.fraud is not None:
            assert event.transaction.transaction_id == event.fraud.transaction_id
            assert event.transaction.user_id == event.fraud.user_id
            assert event.fraud.scenario.encode() not in encode(event.transaction)


@pytest.mark.parametrize("plan", [LIVE, NATURAL])
def test_event_time_advances_by_the_step_on_average(plan: WorldPlan) -> None:
    """The last of many events happens when the plan says, give or take a crime."""
    last = events(plan, COUNT)[-1].transaction
    assert plan.start_us + COUNT * plan.step_us == pytest.approx(last.time_us, abs=10 * 60e6)


@pytest.mark.parametrize("fraud_rate", [0.0, 0.01, 0.1])
def test_the_share_of_fraud_is_the_one_asked_for(fraud_rate: float) -> None:
    """Over a long run the labels make up the share, whatever the sizes of the crimes."""
    plan = msgspec.structs.replace(NATURAL, fraud_rate=fraud_rate)
    labelled = sum(event.fraud is not None for event in events(plan, COUNT))
    assert fraud_rate == pytest.approx(labelled / COUNT, rel=0.1, abs=1e-9)


def test_crimes_begin_soon() -> None:
    """A minute of the default world shows at least two kinds of crime."""
    frauds = [event.fraud for event in events(LIVE, COUNT)[:6_000] if event.fraud is not None]
    assert len({fraud.scenario for fraud in frauds}) >= 2


def test_a_victim_never_shops_again() -> None:
    """An account is closed at its first fraud, so that no honest purchase looks like a return."""
    plan = msgspec.structs.replace(LIVE, fraud_rate=0.1)
    victims: set[str] = set()
    for event in events(plan, COUNT):
        if event.fraud is not None:
            victims.add(event.transaction.user_id)
        else:
            assert event.transaction.user_id not in victims


def test_people_travel_and_come_home() -> None:
    """In a month most people shop in another city, and some of them at home again afterwards."""
    places: dict[str, list[str]] = defaultdict(list)
    for event in events(msgspec.structs.replace(NATURAL, fraud_rate=0.0), COUNT):
        if event.transaction.channel == "in_person":
            places[event.transaction.user_id].append(event.transaction.city)
    travellers = [cities for cities in places.values() if len(set(cities)) > 1]
    returned = [cities for cities in travellers if cities[0] == cities[-1]]
    assert len(travellers) > 50
    assert len(returned) > 20


def test_at_home_people_shop_near_home() -> None:
    """Purchases in one city are a walk or a drive apart, far below the rules' 100 km."""
    last: dict[str, Transaction] = {}
    for event in events(LIVE, COUNT):
        here = event.transaction
        before = last.get(here.user_id)
        if here.channel == "in_person" and event.fraud is None:
            if before is not None and before.city == here.city:
                assert distance_km(before.lat, before.lon, here.lat, here.lon) < 60
            last[here.user_id] = here


def test_people_have_a_usual_amount() -> None:
    """A user's median bills in two halves of the run are alike, and users differ among them."""
    bills: dict[str, list[float]] = defaultdict(list)
    for event in events(msgspec.structs.replace(NATURAL, fraud_rate=0.0), COUNT):
        bills[event.transaction.user_id].append(float(event.transaction.amount))
    assert len(bills) == 200
    assert min(len(one) for one in bills.values()) > 20


def test_some_honest_purchases_are_large() -> None:
    """Amounts above any usual bill are not fraud by themselves."""
    dollars = [
        event.transaction.amount
        for event in events(LIVE, COUNT)
        if event.fraud is None and event.transaction.currency == "USD"
    ]
    assert max(dollars) > 1_000


def test_both_channels_and_unsure_locations_occur() -> None:
    """About a third is online, and a good share says how far off its location may be."""
    stream = [event.transaction for event in events(LIVE, COUNT)]
    channels = Counter(transaction.channel for transaction in stream)
    assert 0.2 < channels["online"] / COUNT < 0.5
    assert 0.3 < sum(one.location_radius_km is not None for one in stream) / COUNT < 0.6


def test_few_users_keep_a_high_rate_all_the_same() -> None:
    """A load test with a handful of users is possible, and says that it is not plausible."""
    plan = msgspec.structs.replace(LIVE, users=20, step_us=1_000.0)
    assert not plan.is_plausible
    assert LIVE.is_plausible
    times = [event.transaction.time_us for event in events(plan, 2_000)]
    assert {1_000} == {later - earlier for earlier, later in pairwise(times)}


def test_nights_are_quiet() -> None:
    """People in one place shop several times as often by day as in the small hours."""
    hours = Counter(
        round(event.transaction.timestamp.hour + event.transaction.lon / 15) % 24
        for event in events(msgspec.structs.replace(NATURAL, users=1_000), COUNT)
    )
    assert sum(hours[hour] for hour in range(11, 15)) > 3 * sum(hours[h] for h in range(1, 5))


def test_two_runs_share_neither_users_nor_ids() -> None:
    """What the detector remembers of one run cannot contradict another that begins elsewhere."""
    one = events(SMALL, 1_000)
    for change in ({"seed": 99}, {"start_us": SMALL.start_us + 1}):
        other = events(msgspec.structs.replace(SMALL, **change), 1_000)
        for name in ("transaction_id", "user_id"):
            mine = {getattr(event.transaction, name) for event in one}
            assert mine.isdisjoint(getattr(event.transaction, name) for event in other)


def test_a_seed_gives_the_same_bytes_in_every_process() -> None:
    """Neither hash randomisation nor anything else that differs between processes shows."""
    script = (
        "import hashlib\n"
        "from finguard.domain.transaction import encode\n"
        "from tests.unit.simulator.worlds import SMALL, events\n"
        "payloads = b''.join(encode(event.transaction) for event in events(SMALL, 1_000))\n"
        "print(hashlib.sha256(payloads).hexdigest())\n"
    )
    digests = {
        subprocess.run(  # noqa: S603 - a script of our own
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    }
    payloads = b"".join(encode(event.transaction) for event in events(SMALL, 1_000))
    assert {hashlib.sha256(payloads).hexdigest() + "\n"} == digests


def test_the_bundled_cities_are_many_and_credited() -> None:
    """About 150 cities, all with the currency of their country, under their source's licence."""
    cities = load_cities()
    assert 140 <= len(cities) <= 160
    assert ("Istanbul", "TR", "TRY") in {city[:3] for city in cities}
    folder = Path(sys.modules["finguard.simulator.places"].__file__ or "").parent / "data"
    assert "CC BY 4.0" in (folder / "cities.csv").read_text("utf-8").splitlines()[0]
    assert "GeoNames" in (folder / "README.md").read_text("utf-8")
