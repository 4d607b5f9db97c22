"""The errors FinGuard raises on purpose; every one reads as a clear line for whoever meets it."""

from typing import Literal

Service = Literal["kafka", "redis", "postgresql", "unknown"]
"""What FinGuard depends on, as metrics and health pages name it."""


class FinGuardError(Exception):
    """Something FinGuard refuses or cannot do, told in one line with its remedy."""


class ConfigurationError(FinGuardError):
    """A setting has a value that FinGuard cannot work with."""


class InvalidMessage(FinGuardError):  # noqa: N818 - the field's own term, and the DLQ's header value
    """One message is bad for good: no retry will make it a transaction.

    Attributes:
        reason: a short code of bounded variety, fit for a metric's label.
        detail: what exactly is wrong, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ServiceUnavailable(FinGuardError):  # noqa: N818 - it names a state, as HTTP 503 does
    """Kafka, Redis or PostgreSQL cannot serve right now; the same call may succeed later.

    Attributes:
        service: which of them.
    """

    def __init__(self, message: str, *, service: Service = "unknown") -> None:
        super().__init__(message)
        self.service: Service = service


class OwnershipLost(FinGuardError):  # noqa: N818 - an event in a member's life rather than a fault
    """Another group member owns a partition that this one was still writing for."""


class DataLossError(FinGuardError):
    """Transactions that were never judged are gone from Kafka; a person must decide."""
