"""The throttle's policy: how long who waits, and under which keys an attempt counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.api.throttle import Limit, LoginAttempt, ThrottlePolicy


def test_first_failures_are_free() -> None:
    """People mistype: below the limit nobody waits."""
    assert [Limit(5, 300).wait_s(failures) for failures in range(5)] == [0.0] * 5


def test_waits_double_up_to_the_longest() -> None:
    """Each further failure doubles the wait, and no wait is for ever."""
    waits_s = [Limit(5, 300).wait_s(failures) for failures in range(5, 16)]
    assert waits_s == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert [Limit(1, 10, first_wait_s=3).wait_s(n) for n in range(5)] == [0, 3, 6, 10, 10]


@given(st.integers(0, 10**9))
def test_no_account_is_locked_for_good(failures: int) -> None:
    """However many failures, an account waits a minute at most, and a pair five."""
    policy = ThrottlePolicy()
    assert policy.account.wait_s(failures) <= 60
    assert policy.pair.wait_s(failures) <= 300
    assert policy.address.wait_s(failures) <= 60


def test_keys_hold_no_user_name() -> None:
    """A password typed as a user name does not end up in the database."""
    attempt = LoginAttempt.of("my secret password", "10.0.0.1")
    assert "secret" not in attempt.pair + attempt.account + attempt.address


def test_keys_tell_accounts_and_addresses_apart() -> None:
    """Attempts share just the keys of what they have in common."""
    here = LoginAttempt.of("ann", "10.0.0.1")
    there = LoginAttempt.of("ann", "10.0.0.2")
    other = LoginAttempt.of("bob", "10.0.0.1")
    assert here.account == there.account != other.account
    assert here.address == other.address != there.address
    assert len({here.pair, there.pair, other.pair}) == 3


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("", "a unix socket"),
    ],
)
def test_addresses_of_one_customer_count_as_one(one: str, another: str) -> None:
    """An IPv6 customer has a /64 to choose from; a mapped IPv4 address is that IPv4 address."""
    assert LoginAttempt.of("ann", one).address == LoginAttempt.of("ann", another).address


def test_any_text_is_a_name() -> None:
    """Even what has no UTF-8 has a key."""
    assert LoginAttempt.of("\ud800", "10.0.0.1").account
