"""How failed logins slow down further ones: by account, by address, and by both together."""

from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

import msgspec

from finguard.adapters.postgres import users
from finguard.api.database import Database

_MAX_EXPONENT: Final = 16


class Limit(msgspec.Struct, frozen=True):
    """How patient the throttle is with one kind of key.

    Attributes:
        free_failures: so many cost no wait.
        longest_wait_s: each further failure doubles the wait, up to this.
        first_wait_s: what it begins with.
    """

    free_failures: int
    longest_wait_s: float
    first_wait_s: float = 1.0

    def wait_s(self, failures: int) -> float:
        """How long to wait after so many failures."""
        excess = failures - self.free_failures
        if excess < 0:
            return 0.0
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(excess, _MAX_EXPONENT))


class ThrottlePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits against guessing one account's password, and one password on all accounts.

    No wait is long, since whoever fails on purpose must not be able to lock the owner out: one
    address soon waits minutes for one account, which is its own affair; the account itself waits
    a minute at the most, and only once many addresses have failed.

    Attributes:
        pair: for one account from one address.
        account: for one account from anywhere.
        address: for one address and any account.
        forget_after_s: so long after the latest attempt, failures count no more.
    """

    pair: Limit = Limit(5, 300)
    account: Limit = Limit(50, 60)
    address: Limit = Limit(50, 60)
    forget_after_s: float = 900


class LoginAttempt(msgspec.Struct, frozen=True):
    """One attempt to log in, by the keys it counts under."""

    pair: str
    account: str
    address: str

    @classmethod
    def of(cls, username: str, address: str) -> "LoginAttempt":
        """The keys of an attempt.

        A digest stands for the name, which may be a password typed into the wrong field.
        """
        account = sha256(username.encode("utf-8", "surrogatepass")).hexdigest()
        network = _network(address)
        return cls(f"pair:{account}:{network}", f"account:{account}", f"address:{network}")


class LoginThrottle:
    """Counts failed logins in PostgreSQL, for all processes of the API together."""

    def __init__(self, database: Database, policy: ThrottlePolicy) -> None:
        self._database = database
        self._policy = policy

    def charge(self, attempt: LoginAttempt) -> int:
        """Count an attempt as failed before it is judged, so that a thousand at once do not help.

        Returns:
            0 when the attempt may go on; else in how many seconds to come again, and then nothing
            was counted.
        """
        limits = {
            attempt.pair: self._policy.pair,
            attempt.account: self._policy.account,
            attempt.address: self._policy.address,
        }
        with self._database.transaction() as transaction:
            known = users.lock_attempts(transaction, list(limits))
            wait_s = max(attempts.wait_s for attempts in known)
            if wait_s > 0:
                return ceil(wait_s)
            for attempts in known:
                failures = self._remembered(attempts) + 1
                wait_s = limits[attempts.key].wait_s(failures)
                users.store_attempt(transaction, attempts.key, failures=failures, wait_s=wait_s)
            users.purge_attempts(transaction, age_s=self._policy.forget_after_s)
        return 0

    def forgive(self, attempt: LoginAttempt) -> None:
        """Take the charge back, since the password was right."""
        with self._database.transaction() as transaction:
            users.lock_attempts(transaction, msgspec.structs.astuple(attempt))
            users.forget_attempts(transaction, [attempt.pair, attempt.account])
            users.forgive_attempt(transaction, attempt.address)

    def _remembered(self, attempts: users.Attempts) -> int:
        return 0 if attempts.age_s > self._policy.forget_after_s else attempts.failures


def _network(address: str) -> str:
    """The address, or for IPv6 its /64, all of which one customer usually has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
