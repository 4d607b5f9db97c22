"""What the detector remembers of a customer, read from its profiles in Redis."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Final

import msgspec
import redis
import structlog

from finguard.adapters.redis_profiles import RedisProfiles
from finguard.api.alert_outputs import RecentTransaction
from finguard.domain.profile import (
    DEGREE_SCALE,
    History,
    PastTransaction,
    Profile,
    decode_profile,
)
from finguard.domain.rules.money import from_units
from finguard.domain.transaction import EARLIEST, Channel
from finguard.errors import ServiceUnavailable

_log = structlog.get_logger()

_RETRY_PAUSE_S: Final = 1.0


class RecentTransactions:
    """Reads customers' profiles; a Redis that has just failed is left alone for a second.

    Args:
        client: with time-outs short enough for somebody who waits for a page.
        group: the detectors' consumer group. topic: the one they read.
        history: how much their profiles remember. memory_s: for how long.
    """

    def __init__(
        self, client: redis.Redis, *, group: str, topic: str, history: History, memory_s: int
    ) -> None:
        self._client = client
        self.group = group
        self.topic = topic
        self._history = history
        self._memory_s = memory_s
        self._stores: dict[str, RedisProfiles] = {}
        self._not_before_s = 0.0

    def of(self, *, topic_id: str, partition: int, user_id: str) -> list[RecentTransaction] | None:
        """A customer's remembered transactions, newest first; None when they cannot be read.

        Empty when the profile has expired: nothing has happened for longer than it lasts.
        """
        profiles = self.profiles(topic_id=topic_id, partitions=[partition], user_id=user_id)
        return None if profiles is None else shown(profiles)

    def profiles(
        self, *, topic_id: str, partitions: Sequence[int], user_id: str
    ) -> list[Profile] | None:
        """What any of these partitions' detectors remember; None when they cannot be asked.

        A customer's transactions are in one partition, but in which one is the producer's choice.
        """
        if monotonic() < self._not_before_s:
            return None
        try:
            return self._profiles(topic_id, partitions, user_id)
        except ServiceUnavailable as error:
            self._not_before_s = monotonic() + _RETRY_PAUSE_S
            _log.warning("recent transactions are unavailable", reason=str(error))
        except msgspec.DecodeError:
            # A detector of another version has written it.
            _log.warning("a profile cannot be read", topic_id=topic_id, partitions=len(partitions))
        return None

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _profiles(self, topic_id: str, partitions: Sequence[int], user_id: str) -> list[Profile]:
        store = self._stores.get(topic_id)
        if store is None:
            store = RedisProfiles(
                self._client, namespace=f"{self.group}/{topic_id}", memory_s=self._memory_s
            )
            self._stores[topic_id] = store
        _, pages = store.load({partition: [user_id] for partition in partitions})
        return [
            decode_profile(of_users[user_id], self._history)[0]
            for of_users in pages.values()
            if user_id in of_users
        ]


def shown(profiles: Sequence[Profile]) -> list[RecentTransaction]:
    """The transactions of profiles, newest first."""
    transactions = [each for profile in profiles for each in _shown(profile)]
    return sorted(transactions, key=lambda each: each.occurred_at, reverse=True)


def _shown(profile: Profile) -> Iterator[RecentTransaction]:
    channels: tuple[Channel, ...] = ("in_person", "online")
    for channel in channels:
        for past in profile.track(channel):
            yield _recent(past, channel)


def _recent(past: PastTransaction, channel: Channel) -> RecentTransaction:
    return RecentTransaction(
        transaction_id=past.transaction_id,
        occurred_at=moment(past.time_us),
        channel=channel,
        amount=plain_amount(past.amount_units),
        currency=past.currency,
        # Of online transactions a profile keeps no place.
        city=past.city or None,
        country=past.country or None,
        lat=past.lat_e7 / DEGREE_SCALE if past.city else None,
        lon=past.lon_e7 / DEGREE_SCALE if past.city else None,
        flagged=past.flagged,
    )


def moment(time_us: int) -> datetime:
    """Microseconds since 1970 as a point in time."""
    return EARLIEST + timedelta(microseconds=time_us)


def plain_amount(units: int) -> Decimal:
    """Ten-thousandths of a currency as an amount without trailing zeros and without an exponent."""
    amount = from_units(units).normalize()
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount
