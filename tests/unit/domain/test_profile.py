"""A profile is a bounded function of the set of a user's transactions."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.profile import (
    History,
    PastTransaction,
    Profile,
    decode_profile,
    encode_page,
)
from finguard.domain.transaction import Channel, Transaction
from tests.strategies import bounds, histories, profiles, transactions
from tests.unit.domain.examples import HISTORY, NEW_YORK, minutes, profile_of, purchase

CHANNELS: tuple[Channel, Channel] = ("in_person", "online")


def expected_track(
    arrived: list[Transaction], channel: Channel, history: History
) -> list[PastTransaction]:
    """What a profile should remember of one channel, by the words of `History`."""
    oldest_us = max((t.time_us for t in arrived), default=0) - history.max_age_us
    young = [t for t in arrived if t.channel == channel and t.time_us >= oldest_us]
    in_order = sorted(young, key=lambda t: (t.time_us, t.transaction_id))
    return [PastTransaction.of(t) for t in in_order][-history.max_count :]


@given(histories(), bounds())
def test_remembers_the_latest_of_each_channel(arrived: list[Transaction], history: History) -> None:
    """Whatever the order of arrival: the newest by event time, so many, and none too old.

    This is the law that profiles are a function of the set: the right side knows no order.
    """
    profile = profile_of(*arrived, history=history)
    for channel in CHANNELS:
        assert expected_track(arrived, channel, history) == list(profile.track(channel))


@given(histories(), bounds(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(
    arrived: list[Transaction], history: History, random: Random
) -> None:
    """Any permutation makes the same profile, though some arrive too late to be remembered."""
    shuffled = list(arrived)
    random.shuffle(shuffled)
    assert profile_of(*arrived, history=history) == profile_of(*shuffled, history=history)


@given(histories(), bounds())
def test_case_03_a_late_event_never_moves_the_latest_backwards(
    arrived: list[Transaction], history: History
) -> None:
    """The time of a profile only ever grows."""
    profile = Profile()
    for transaction in arrived:
        before_us = profile.latest_us
        past = PastTransaction.of(transaction)
        profile = profile.remember(past, transaction.channel, history)
        assert max(before_us, past.time_us) == profile.latest_us


def test_a_burst_online_pushes_out_no_place() -> None:
    """Case 11: a hundred online purchases leave the last place of the card where it was."""
    seen = purchase("seen")
    burst = [
        purchase(f"o{n}", channel="online", after=timedelta(seconds=n + 1)) for n in range(100)
    ]
    profile = profile_of(seen, *burst)
    assert (PastTransaction.of(seen),) == profile.in_person
    assert HISTORY.max_count == len(profile.online)


def test_what_is_exactly_as_old_as_allowed_stays() -> None:
    """The bound on age is inclusive; a microsecond more and the transaction is forgotten."""
    history = History(max_age_us=3_600_000_000)
    old = purchase("old")
    latest = purchase("latest", after=minutes(60))
    later = purchase("later", after=minutes(60) + timedelta(microseconds=1))
    assert 2 == len(profile_of(old, latest, history=history).in_person)
    assert 1 == len(profile_of(old, later, history=history).in_person)


def test_the_other_channel_grows_old_as_well() -> None:
    """An online purchase three days later lets go of the places seen before."""
    seen = purchase("seen")
    online = purchase("online", channel="online", after=timedelta(hours=73))
    assert () == profile_of(seen, online).in_person


def test_an_old_incident_is_forgotten() -> None:
    """Nothing in a profile is older than its history allows, an incident neither."""
    profile = Profile(incident_id="i", incident_us=purchase().time_us)
    past = PastTransaction.of(purchase("later", after=timedelta(hours=73)))
    later = profile.remember(past, "in_person", HISTORY)
    assert ("", 0) == (later.incident_id, later.incident_us)


@given(profiles(), st.integers(-1, 17), st.integers(0, 240))
def test_since_and_until_cut_by_event_time(profile: Profile, after: int, length: int) -> None:
    """What lies between stays, in order, and nothing else does."""
    from_us = purchase(after=minutes(15 * after)).time_us
    to_us = from_us + length * 60_000_000
    cut = profile.since(from_us).until(to_us)
    for channel in CHANNELS:
        expected = [p for p in profile.track(channel) if from_us <= p.time_us <= to_us]
        assert expected == list(cut.track(channel))


@given(profiles(), st.integers(-1, 17), st.integers(0, 240))
def test_within_is_open_below_and_closed_above(profile: Profile, after: int, length: int) -> None:
    """A window excludes its beginning and includes its end, over both channels."""
    after_us = purchase(after=minutes(15 * after)).time_us
    until_us = after_us + length * 60_000_000
    everything = [*profile.in_person, *profile.online]
    expected = [p for p in everything if after_us < p.time_us <= until_us]
    assert expected == list(profile.within(after_us, until_us))


@given(profiles())
def test_finds_what_it_remembers(profile: Profile) -> None:
    """Every remembered id is found, in either channel; others are not."""
    for past in (*profile.in_person, *profile.online):
        assert past == profile.find(past.transaction_id)
    assert profile.find("never seen") is None


@given(profiles(), st.text(min_size=1, max_size=8), st.integers(0, 2**53))
def test_packing_loses_nothing(profile: Profile, incident_id: str, incident_us: int) -> None:
    """A profile comes back from Redis as it went there."""
    profile = msgspec.structs.replace(profile, incident_id=incident_id, incident_us=incident_us)
    profile = profile.since(profile.latest_us - HISTORY.max_age_us)
    assert (profile, profile.size) == decode_profile([encode_page(profile)], HISTORY)


@given(transactions())
def test_any_transaction_can_be_packed(transaction: Transaction) -> None:
    """The widest text, the greatest amount and the farthest corner fit."""
    profile = profile_of(transaction)
    assert (profile, profile.size) == decode_profile([encode_page(profile)], HISTORY)


def test_a_remembered_transaction_costs_about_65_bytes() -> None:
    """Ten million users with nine transactions each fit into 6 GB."""
    nine = [purchase(f"tx-4f9c2a71b08e63d{n}", after=minutes(n)) for n in range(9)]
    assert 9 * 50 <= len(encode_page(profile_of(*nine))) <= 9 * 70


@given(histories(), bounds(), st.integers(0, 2**12 - 1))
def test_pages_make_the_profile_they_were_cut_from(
    arrived: list[Transaction], history: History, cuts: int
) -> None:
    """However additions are cut into pages: together they are what was remembered one by one."""
    pages: list[tuple[list[PastTransaction], list[PastTransaction]]] = [([], [])]
    for number, transaction in enumerate(arrived):
        if cuts >> number & 1:
            pages.append(([], []))
        pages[-1][transaction.channel == "online"].append(PastTransaction.of(transaction))
    packed = [encode_page(Profile(tuple(in_person), tuple(online))) for in_person, online in pages]
    expected = profile_of(*arrived, history=history), len(arrived)
    assert expected == decode_profile(packed, history)


def test_the_latest_page_with_an_incident_says_which() -> None:
    """A page without one says nothing about it."""
    past = PastTransaction.of(purchase())
    pages = [Profile(incident_id="a", incident_us=past.time_us - 1)]
    pages += [Profile(incident_id="b", incident_us=past.time_us), Profile((past,))]
    profile, _ = decode_profile([encode_page(page) for page in pages], HISTORY)
    assert ("b", past.time_us) == (profile.incident_id, profile.incident_us)


@given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 255))
def test_bytes_of_others_are_refused(noise: bytes, at: int, value: int) -> None:
    """Noise, and a profile with one byte damaged, decode or raise DecodeError alone."""
    damaged = bytearray(encode_page(profile_of(purchase(), purchase("t2", channel="online"))))
    damaged[at % len(damaged)] = value
    for packed in (noise, bytes(damaged)):
        try:
            decode_profile([packed], HISTORY)
        except msgspec.DecodeError:
            continue


def test_bad_text_inside_is_a_decode_error() -> None:
    """A city in no UTF-8 is a DecodeError as well, though msgspec has another one for it."""
    packed = encode_page(profile_of(purchase(city="@@@@"))).replace(b"@", b"\xff")
    with pytest.raises(msgspec.DecodeError):
        decode_profile([packed], HISTORY)


@given(transactions(channel="in_person"))
def test_coordinates_are_kept_to_a_centimetre(transaction: Transaction) -> None:
    """Whole numbers of 32 bits stand for degrees, half a unit off at the most."""
    past = PastTransaction.of(transaction)
    assert pytest.approx(transaction.lat, abs=5.1e-8) == past.lat_e7 / 1e7
    assert pytest.approx(transaction.lon, abs=5.1e-8) == past.lon_e7 / 1e7
    assert max(abs(past.lat_e7), abs(past.lon_e7)) < 2**31


def test_of_online_transactions_no_place_is_kept_but_a_conflict_is_noticed() -> None:
    """Nobody was there; another city under the same id is another event all the same."""
    here, there = purchase(channel="online"), purchase("t1", NEW_YORK, channel="online")
    past = PastTransaction.of(here)
    assert (0, 0, 0, "", "") == (past.lat_e7, past.lon_e7, past.radius_m, past.city, past.country)
    assert past.same_event(PastTransaction.of(here))
    assert not past.same_event(PastTransaction.of(there))


def test_the_same_event_is_the_same_with_or_without_a_flag() -> None:
    """A verdict on a transaction does not make another one of it; another amount does."""
    past = PastTransaction.of(purchase())
    flagged = msgspec.structs.replace(past, flagged=True)
    assert flagged.same_event(past)
    assert past.same_event(flagged)
    assert not past.same_event(PastTransaction.of(purchase(amount=Decimal(9))))
