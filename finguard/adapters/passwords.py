"""Passwords: stored as argon2id hashes, and checked without telling who has one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from passlib.hash import argon2

from finguard.errors import ServiceUnavailable

MIN_PASSWORD_CHARACTERS: Final = 8
MAX_PASSWORD_CHARACTERS: Final = 128

_HASHING_WAIT_S: Final = 2.0

_argon2id: Final = argon2.using(  # type: ignore[no-untyped-call] # its stubs lack this one
    type="ID", memory_cost=19_456, time_cost=2, parallelism=1
)
"""As the OWASP Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane."""

_hashing: Final = BoundedSemaphore(max(2, os.cpu_count() or 1))
"""More at a time would only take memory from one another, and threads from other requests."""

_DUMMY_HASH: Final = _argon2id.hash("no user has this password")


def hash_password(password: str) -> str:
    """The argon2id hash to store for a password.

    Raises:
        ValueError: when it has fewer than 8 or more than 128 characters.
    """
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise ValueError(
            f"a password has {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters"
        )
    with _hashing_slot():
        return str(_argon2id.hash(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; without a hash it is not, found out just as slowly.

    Raises:
        ServiceUnavailable: when too many passwords are being checked already.
    """
    with _hashing_slot():
        is_right = bool(_argon2id.verify(password, password_hash or _DUMMY_HASH))
    return is_right and password_hash is not None


@contextmanager
def _hashing_slot() -> Iterator[None]:
    if not _hashing.acquire(timeout=_HASHING_WAIT_S):
        raise ServiceUnavailable("too many passwords are being checked at once")
    try:
        yield
    finally:
        _hashing.release()
