"""High value: one transaction at or above a threshold for its currency."""

from decimal import Decimal
from math import ceil
from statistics import median_low
from typing import Final

import msgspec

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules.money import Equivalents, from_units, plain, show, to_units
from finguard.domain.rules.terms import Terms
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding, Judge

NAME = "high_value"
VERSION = 1
MEANING = (
    "One transaction of a large amount, in US dollars or the equivalent. The evidence says how "
    "much this user usually spends."
)


class ValueLimits(msgspec.Struct, frozen=True):
    """The threshold in US dollars, and what stands for it in other currencies."""

    threshold_usd: Decimal = Decimal(10_000)
    equivalents: Equivalents = Equivalents()


def high_value(
    transaction: Transaction, past: PastTransaction, profile: Profile, limits: ValueLimits
) -> Finding | None:
    """Compare the amount with the threshold; say what is usual for the user, where known."""
    amount, currency = transaction.amount, transaction.currency
    threshold = limits.equivalents.in_currency(limits.threshold_usd, currency)
    if amount < threshold:
        return None
    usual = usual_amount(profile, currency)
    compared = "" if usual is None else f"; usual for this user: {show(usual, currency)}"
    return Finding(
        NAME,
        VERSION,
        "high" if amount >= 5 * threshold else "medium",
        _score(amount, threshold),
        f"{show(amount, currency)} at {transaction.merchant}: "
        f"threshold {show(threshold, currency)}{compared}",
        {
            "amount": plain(from_units(past.amount_units)),
            "currency": currency,
            "threshold": plain(threshold),
            "usual_amount": None if usual is None else plain(usual),
        },
    )


def judge_value(limits: ValueLimits) -> Judge:
    """The rule with its limits; whole numbers tell at once that nearly every amount is below."""
    known = limits.equivalents.units_per_usd
    thresholds: Final = {code: _least_units(limits, code) for code in known}
    otherwise: Final = _least_units(limits, "USD")

    def judge(transaction: Transaction, past: PastTransaction, profile: Profile) -> Finding | None:
        if past.amount_units < thresholds.get(past.currency, otherwise):
            return None
        return high_value(transaction, past, profile, limits)

    return judge


def value_terms(limits: ValueLimits) -> Terms:
    """What the rule judges by."""
    told = {
        "threshold_usd": plain(limits.threshold_usd),
        "units_per_usd": limits.equivalents.plain(),
    }
    return Terms(NAME, VERSION, MEANING, told)


def _least_units(limits: ValueLimits, currency: str) -> int:
    """The least amount that is not below the threshold, in ten-thousandths."""
    return ceil(to_units(limits.equivalents.in_currency(limits.threshold_usd, currency)))


def usual_amount(profile: Profile, currency: str) -> Decimal | None:
    """Median of the remembered amounts in this currency; None where fewer than three are.

    Of an even number of them the lower middle one, an amount that was really paid: their mean
    would be a float.
    """
    amounts = [
        past.amount_units
        for track in (profile.in_person, profile.online)
        for past in track
        if past.currency == currency
    ]
    return from_units(median_low(amounts)) if len(amounts) >= 3 else None  # noqa: PLR2004


def _score(amount: Decimal, threshold: Decimal) -> int:
    """60 at the threshold, nearing 100 as the amount grows without bound."""
    return 100 if threshold == 0 else int(100 - 40 * threshold / amount)
