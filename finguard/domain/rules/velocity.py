"""Velocity: too many transactions, or too much money, within a sliding window of event time."""

from decimal import Decimal

import msgspec

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules.money import Equivalents, from_units, plain, show, to_units
from finguard.domain.rules.terms import Terms
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding, Judge

NAME = "velocity"
VERSION = 1
MEANING = (
    "Too many transactions of one user within a short time, or too large a sum of them, as when a "
    "stolen card is tried out."
)


class VelocityLimits(msgspec.Struct, frozen=True):
    """How much is too much, and in what time.

    Attributes:
        window_s: the window's length; it reaches back from the transaction judged.
        max_count: more transactions than this fire; card testing does.
        max_amount_usd: a larger sum in the transaction's currency fires, where more than one
            transaction adds up to it.
    """

    window_s: float = 60.0
    max_count: int = 10
    max_amount_usd: Decimal = Decimal(20_000)
    equivalents: Equivalents = Equivalents()


def velocity(
    _transaction: Transaction, past: PastTransaction, profile: Profile, limits: VelocityLimits
) -> Finding | None:
    """Count the transactions with event time in `(t - window, t]`, this one among them.

    A late transaction also counts in the windows of those known after it: a burst that arrives out
    of order, or backwards, is found all the same.
    """
    time_us = past.time_us
    window_us = round(limits.window_s * 1_000_000)
    if profile.latest_us <= time_us - window_us:
        return None
    around = list(profile.within(time_us - window_us, time_us + window_us - 1))
    ends = {time_us, *(other.time_us for other in around if other.time_us > time_us)}
    found = (
        _judge([other for other in around if end - window_us < other.time_us <= end], past, limits)
        for end in sorted(ends)
    )
    return max(filter(None, found), key=lambda finding: finding.score, default=None)


def judge_velocity(limits: VelocityLimits) -> Judge:
    """The rule with its limits; most transactions have no other in their window."""
    window_us = round(limits.window_s * 1_000_000)

    def judge(transaction: Transaction, past: PastTransaction, profile: Profile) -> Finding | None:
        if profile.latest_us <= past.time_us - window_us:
            return None
        return velocity(transaction, past, profile, limits)

    return judge


def velocity_terms(limits: VelocityLimits) -> Terms:
    """What the rule judges by."""
    told = {
        "window_s": limits.window_s,
        "max_count": limits.max_count,
        "max_amount_usd": plain(limits.max_amount_usd),
        "units_per_usd": limits.equivalents.plain(),
    }
    return Terms(NAME, VERSION, MEANING, told)


def _judge(
    others: list[PastTransaction], past: PastTransaction, limits: VelocityLimits
) -> Finding | None:
    """Judge one window: this transaction and the others in it."""
    currency = past.currency
    amounts = [other.amount_units for other in others if other.currency == currency]
    count, total_units = len(others) + 1, sum(amounts) + past.amount_units
    limit = limits.equivalents.in_currency(limits.max_amount_usd, currency)
    too_many = bool(others) and count > limits.max_count
    too_much = any(amounts) and total_units > to_units(limit)
    if not too_many and not too_much:
        return None
    excess = max(
        Decimal(count) / (limits.max_count or 1) if too_many else Decimal(1),
        total_units / to_units(limit) if too_much and limit else Decimal(1),
    )
    total = from_units(total_units)
    some = "" if len(amounts) == len(others) else f"{len(amounts) + 1} of them "
    return Finding(
        NAME,
        VERSION,
        "high" if too_many and too_much else "medium",
        int(100 - 50 / excess),
        f"{count} transactions within {limits.window_s:g} seconds, {some}worth "
        f"{show(total, currency)}: limits {limits.max_count} and {show(limit, currency)}",
        {
            "count": count,
            "max_count": limits.max_count,
            "total": plain(total),
            "max_total": plain(limit),
            "currency": currency,
            "window_s": limits.window_s,
            "transaction_ids": [other.transaction_id for other in others],
        },
    )
