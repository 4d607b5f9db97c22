"""What FinGuard raises on purpose reads as one clear line."""

from inspect import getmembers, isclass

import pytest

from finguard import errors
from finguard.errors import FinGuardError, InvalidMessage

KINDS = [kind for _, kind in getmembers(errors, isclass) if kind is not FinGuardError]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_one_of_ours(kind: type[Exception]) -> None:
    """Whoever catches FinGuardError catches all, and each says when it is raised."""
    assert issubclass(kind, FinGuardError)
    assert kind.__doc__


def test_an_invalid_message_says_reason_and_detail() -> None:
    """The reason is fit for a metric's label, the detail for a person."""
    error = InvalidMessage("amount", "the amount is not a finite number")
    assert ("amount", "the amount is not a finite number") == (error.reason, error.detail)
    assert "amount: the amount is not a finite number" == str(error)
