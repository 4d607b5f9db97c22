"""The ground truth of a run: which events are fraud and which are poison, never in the event."""

from typing import Literal

import msgspec

Scenario = Literal["impossible_travel", "high_value", "card_testing", "account_takeover"]


class Fraud(msgspec.Struct, frozen=True):
    """A transaction that a fraudster made."""

    transaction_id: str
    user_id: str
    scenario: Scenario


class Poison(msgspec.Struct, frozen=True):
    """A message that is no transaction.

    Attributes:
        poison: what is wrong with it.
        sequence: its place among all messages of the run, counted from 1.
        key: the message's key, where it has one.
    """

    poison: str
    sequence: int
    key: str | None


Label = Fraud | Poison
