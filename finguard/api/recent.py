"""What the detector remembers of a customer, read from its profiles in Redis."""

from collections.abc import Iterator
from datetime import timedelta
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
        group: the detectors' consumer group.
        history: how much their profiles remember. memory_s: for how long.
    """

    def __init__(self, client: redis.Redis, *, group: str, history: History, memory_s: int) -> None:
        self._client = client
        self._group = group
        self._history = history
        self._memory_s = memory_s
        self._stores: dict[str, RedisProfiles] = {}
        self._not_before_s = 0.0

    def of(self, *, topic_id: str, partition: int, user_id: str) -> list[RecentTransaction] | None:
        """A customer's remembered transactions, newest first; None when they cannot be read.

        Empty when the profile has expired: nothing has happened for longer than it lasts.
        """
        if monotonic() < self._not_before_s:
            return None
        try:
            profile = self._profile(topic_id, partition, user_id)
        except ServiceUnavailable as error:
            self._not_before_s = monotonic() + _RETRY_PAUSE_S
            _log.warning("recent transactions are unavailable", reason=str(error))
            return None
        except msgspec.DecodeError:
            # A detector of another version has written it.
            _log.warning("a profile cannot be read", topic_id=topic_id, partition=partition)
            return None
        return sorted(_shown(profile), key=lambda each: each.occurred_at, reverse=True)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _profile(self, topic_id: str, partition: int, user_id: str) -> Profile:
        store = self._stores.get(topic_id)
        if store is None:
            store = RedisProfiles(
                self._client, namespace=f"{self._group}/{topic_id}", memory_s=self._memory_s
            )
            self._stores[topic_id] = store
        _, pages = store.load({partition: [user_id]})
        profile, _ = decode_profile(pages[partition].get(user_id, []), self._history)
        return profile


def _shown(profile: Profile) -> Iterator[RecentTransaction]:
    channels: tuple[Channel, ...] = ("in_person", "online")
    for channel in channels:
        for past in profile.track(channel):
            yield _recent(past, channel)


def _recent(past: PastTransaction, channel: Channel) -> RecentTransaction:
    return RecentTransaction(
        transaction_id=past.transaction_id,
        occurred_at=EARLIEST + timedelta(microseconds=past.time_us),
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


def plain_amount(units: int) -> Decimal:
    """Ten-thousandths of a currency as an amount without trailing zeros and without an exponent."""
    amount = from_units(units).normalize()
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount
