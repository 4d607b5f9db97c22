"""The bank's customers over the API: what is known of one, and what keeps their alerts quiet."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from finguard.dashboard.client.http import Answer, Connection

Kind = Literal["allow", "snooze"]
State = Literal["active", "expired", "withdrawn"]

_PATH: Final = "/api/v1/users"


class Suppression(Answer):
    """Somebody's word that a customer's alerts are to be kept quiet."""

    suppression_id: int
    kind: Kind
    rule: str | None = Field(description="None: every rule")
    reason: str
    state: State
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None
    withdrawn_by: str | None


class SuppressionPage(Answer):
    """Some of a customer's suppressions, newest first, and where the next ones begin."""

    items: tuple[Suppression, ...]
    next_cursor: int | None = None


class Amounts(Answer):
    """What a customer spends in one currency."""

    currency: str
    transactions: int
    median: Decimal
    largest: Decimal = Field(alias="max")


class Place(Answer):
    """A city where a customer pays in person."""

    city: str
    country: str
    lat: float
    lon: float
    transactions: int
    last_at: AwareDatetime


class Profile(Answer):
    """What the detector remembers of a customer, summed up; not their whole life."""

    transactions: int
    flagged: int
    first_at: AwareDatetime
    last_at: AwareDatetime
    amounts: tuple[Amounts, ...]
    places: tuple[Place, ...]


class AlertCounts(Answer):
    """A customer's alerts of all time, suppressed ones included."""

    total: int
    open: int
    suppressed: int
    first_at: AwareDatetime | None
    last_at: AwareDatetime | None


class Customer(Answer):
    """All that is known of a customer."""

    user_id: str
    profile_available: bool = Field(description="whether the detector's memory could be asked")
    profile: Profile | None
    alerts: AlertCounts
    suppressions: tuple[Suppression, ...] = Field(description="the active ones")


class CustomerTransaction(Answer):
    """A transaction that the detector remembers; online ones have no place."""

    transaction_id: str
    occurred_at: AwareDatetime
    channel: str
    amount: Decimal
    currency: str
    city: str | None
    country: str | None
    flagged: bool = Field(description="whether its place was itself found impossible")
    alert_ids: tuple[int, ...]


class CustomerTransactions(Answer):
    """All that the detector remembers of a customer, newest first."""

    available: bool
    items: tuple[CustomerTransaction, ...]


class NewSuppression(BaseModel):
    """Whose alerts nobody is to be told of, and until when; `rule` None means every rule."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    rule: str | None
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Customers:
    """Whose transactions these are."""

    connection: Connection

    def one(self, user_id: str) -> Customer:
        """What is known of a customer.

        Raises:
            NotFound: nothing is.
            Refused: nobody can be called so.
        """
        return self.connection.get(_path(user_id), Customer)

    def transactions(self, user_id: str) -> CustomerTransactions:
        """What the detector remembers of a customer's transactions.

        Raises:
            NotFound: nothing is known of them.
        """
        return self.connection.get(_path(user_id, "transactions"), CustomerTransactions)

    def suppressions(self, user_id: str, limit: int, cursor: int | None = None) -> SuppressionPage:
        """A page of all that there ever were, newest first; empty for somebody unknown."""
        given = {"limit": limit, "cursor": cursor}
        parameters = {name: str(value) for name, value in given.items() if value is not None}
        return self.connection.get(_path(user_id, "suppressions"), SuppressionPage, parameters)

    def suppress(self, user_id: str, new: NewSuppression) -> Suppression:
        """Keep the customer's alerts quiet from now on; they need not be known yet.

        Raises:
            Conflict: there is such an entry, or its end lies too far ahead.
            Refused: the API takes no such entry.
        """
        body = new.model_dump(mode="json")
        return self.connection.send_json("POST", _path(user_id, "suppressions"), body, Suppression)

    def withdraw(self, user_id: str, suppression_id: int) -> Suppression:
        """Have an entry no longer count; one that has ended is left as it is.

        Raises:
            NotFound: there is none with this number.
        """
        path = _path(user_id, "suppressions", str(suppression_id))
        return self.connection.send_json("DELETE", path, None, Suppression)


def _path(user_id: str, *further: str) -> str:
    """The path of a customer, whatever text they are called by, or of something below."""
    # Dots alone would be taken for a folder.
    named = quote(user_id, safe="") if user_id.strip(".") else user_id.replace(".", "%2E")
    return "/".join([_PATH, named, *further])
