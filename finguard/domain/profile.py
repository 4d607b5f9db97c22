"""A user's recent history: what later transactions are compared with."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import Final

import msgspec

from finguard.domain.transaction import Channel, Transaction, amount_units

DEGREE_SCALE: Final = 10_000_000
"""Coordinates are kept in 1e-7 degrees, about a centimetre, as whole numbers of 32 bits."""

_by_time = attrgetter("time_us", "transaction_id")
_time = attrgetter("time_us")


class PastTransaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a profile keeps of one transaction, small and exact.

    Attributes:
        time_us: event time in microseconds since 1970.
        amount_units: the amount in ten-thousandths of the currency.
        lat_e7: latitude in 1e-7 degrees. lon_e7: longitude likewise. These and the three that
            follow are 0 or empty of online transactions.
        radius_m: location uncertainty in whole metres; 0 where unknown.
        city: and country, of transactions in person.
        fingerprint: see `Transaction.fingerprint`.
        flagged: its place was itself found to be impossible or improbable travel.
    """

    time_us: int
    transaction_id: str
    amount_units: int
    currency: str
    lat_e7: int
    lon_e7: int
    radius_m: int
    city: str
    country: str
    fingerprint: int
    flagged: bool = False

    @classmethod
    def of(cls, transaction: Transaction) -> "PastTransaction":
        """The part of a transaction that history keeps."""
        return cls.measured(transaction, transaction.time_us, amount_units(transaction.amount))

    @classmethod
    def measured(cls, transaction: Transaction, time_us: int, units: int) -> "PastTransaction":
        """The same for whoever has measured it already, as decoding does."""
        transaction_id, currency = transaction.transaction_id, transaction.currency
        if transaction.channel == "online":
            # Where the shop or the buyer's network is says nothing of where the customer was.
            return cls(
                time_us, transaction_id, units, intern(currency), 0, 0, 0, "", "",
                transaction.fingerprint,
            )  # fmt: skip
        return cls(
            time_us,
            transaction_id,
            units,
            # A few texts stand in many thousand transactions: held once, they fit into memory.
            intern(currency),
            round(transaction.lat * DEGREE_SCALE),
            round(transaction.lon * DEGREE_SCALE),
            round((transaction.location_radius_km or 0.0) * 1000),
            intern(transaction.city),
            intern(transaction.country),
            transaction.fingerprint,
        )

    def same_event(self, other: "PastTransaction") -> bool:
        """Whether both describe one event; a verdict on it does not count."""
        return msgspec.structs.replace(self, flagged=False) == msgspec.structs.replace(
            other, flagged=False
        )


class History(msgspec.Struct, frozen=True):
    """How much a profile remembers.

    Attributes:
        max_count: at most so many transactions per channel, the latest by event time.
        max_age_us: none older than this before the user's latest event.
    """

    max_count: int = 16
    max_age_us: int = 72 * 3_600_000_000


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One user's history, bounded, in event-time order.

    What it remembers is a function of the *set* of a user's transactions and of nothing older than
    `History` allows, so it can be rebuilt from Kafka when it is lost; totals over a user's whole
    life could not, and are therefore not kept. Only the marks that verdicts leave, `flagged` and
    the incident, also depend on the order of arrival, as the verdicts do. In-person and online
    transactions stand apart: a burst of online ones can then never push out the last place where
    the card was seen.

    Attributes:
        in_person: transactions with the card present, oldest first.
        online: the others, oldest first.
        incident_id: transaction that opened the latest incident; empty when there was none.
        incident_us: event time of that transaction.
    """

    in_person: tuple[PastTransaction, ...] = ()
    online: tuple[PastTransaction, ...] = ()
    incident_id: str = ""
    incident_us: int = 0

    def track(self, channel: Channel) -> tuple[PastTransaction, ...]:
        """The history of one channel, oldest first."""
        return self.in_person if channel == "in_person" else self.online

    def find(self, transaction_id: str) -> PastTransaction | None:
        """The remembered transaction with this id, of either channel."""
        for past in self.in_person:
            if past.transaction_id == transaction_id:
                return past
        for past in self.online:
            if past.transaction_id == transaction_id:
                return past
        return None

    def within(self, after_us: int, until_us: int) -> Iterator[PastTransaction]:
        """Transactions of both channels with `after_us < time_us <= until_us`."""
        for track in (self.in_person, self.online):
            first = bisect_right(track, after_us, key=_time)
            last = bisect_right(track, until_us, lo=first, key=_time)
            yield from track[first:last]

    def remember(self, past: PastTransaction, channel: Channel, history: History) -> "Profile":
        """The profile with one more transaction, and without what `history` no longer allows."""
        return self.since(past.time_us - history.max_age_us).joined_by(past, channel, history)

    def joined_by(self, past: PastTransaction, channel: Channel, history: History) -> "Profile":
        """The same for a profile that holds nothing too old for `past` any more."""
        in_person, online = self.in_person, self.online
        if channel == "in_person":
            in_person = _with(in_person, past, history.max_count)
        else:
            online = _with(online, past, history.max_count)
        longer = Profile(in_person, online, self.incident_id, self.incident_us)
        latest_us = self.latest_us
        if past.time_us > latest_us:
            return longer
        return longer.since(latest_us - history.max_age_us)

    @property
    def latest_us(self) -> int:
        """Event time of the latest transaction, of either channel; 0 when there is none."""
        in_person, online = self.in_person, self.online
        if not online:
            return in_person[-1].time_us if in_person else 0
        if not in_person or in_person[-1].time_us < online[-1].time_us:
            return online[-1].time_us
        return in_person[-1].time_us

    def since(self, oldest_us: int) -> "Profile":
        """The profile without what is older; itself when nothing is."""
        in_person, online = self.in_person, self.online
        if (
            (not in_person or in_person[0].time_us >= oldest_us)
            and (not online or online[0].time_us >= oldest_us)
            and (not self.incident_id or self.incident_us >= oldest_us)
        ):
            return self
        keep_incident = self.incident_us >= oldest_us
        return Profile(
            _without_older(in_person, oldest_us),
            _without_older(online, oldest_us),
            self.incident_id if keep_incident else "",
            self.incident_us if keep_incident else 0,
        )

    def until(self, latest_us: int) -> "Profile":
        """The profile without what is later; itself when nothing is."""
        if self.latest_us <= latest_us:
            return self
        return Profile(
            self.in_person[: bisect_right(self.in_person, latest_us, key=_time)],
            self.online[: bisect_right(self.online, latest_us, key=_time)],
            self.incident_id,
            self.incident_us,
        )

    @property
    def size(self) -> int:
        """How many transactions it remembers."""
        return len(self.in_person) + len(self.online)


def _with(
    track: tuple[PastTransaction, ...], past: PastTransaction, max_count: int
) -> tuple[PastTransaction, ...]:
    """The track with one more transaction in its place, and the oldest gone where it is full."""
    if not track or track[-1].time_us < past.time_us:
        first = len(track) - max_count + 1
        return (*track[first:], past) if first > 0 else (*track, past)
    place = bisect_right(track, _by_time(past), key=_by_time)
    return (*track[:place], past, *track[place:])[-max_count:]


def _without_older(
    track: tuple[PastTransaction, ...], oldest_us: int
) -> tuple[PastTransaction, ...]:
    """The track from `oldest_us` on; mostly no more than the first one or two are older."""
    for place, past in enumerate(track):
        if past.time_us >= oldest_us:
            return track[place:] if place else track
    return ()


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Profile)


def encode_page(page: Profile) -> bytes:
    """A whole profile, or what a few transactions have added to one, as MessagePack arrays.

    About 55 bytes a transaction. What is stored of a user is a sequence of pages: so a transaction
    costs its own bytes and not those of the history before it.
    """
    return _encoder.encode(page)


def decode_profile(pages: Sequence[bytes], history: History) -> tuple[Profile, int]:
    """The profile that pages make together, oldest page first, and how many transactions they hold.

    A profile is a function of the set of its transactions, so whatever the pages hold beyond the
    bounds of `history` is what those that remembered it one by one have let go of as well.

    Raises:
        msgspec.DecodeError: when the bytes are none of ours.
    """
    try:
        read = [_decoder.decode(page) for page in pages]
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
    incident = next((page for page in reversed(read) if page.incident_id), Profile())
    profile = Profile(
        _latest(chain.from_iterable(page.in_person for page in read), history.max_count),
        _latest(chain.from_iterable(page.online for page in read), history.max_count),
        incident.incident_id,
        incident.incident_us,
    )
    return profile.since(profile.latest_us - history.max_age_us), sum(page.size for page in read)


def _latest(pasts: Iterator[PastTransaction], max_count: int) -> tuple[PastTransaction, ...]:
    return tuple(sorted(pasts, key=_by_time)[-max_count:])
