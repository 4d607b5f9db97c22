"""Passwords: how they are hashed, and that none is guessed by the time that checking takes."""

from time import thread_time

import pytest

from finguard.adapters.passwords import hash_password, verify_password


def test_password_is_recognised() -> None:
    """A password fits its own hash and another one does not."""
    stored = hash_password("correct horse")
    assert verify_password("correct horse", stored)
    assert not verify_password("correct horsf", stored)


def test_hash_is_argon2id_with_a_salt() -> None:
    """The scheme is argon2id, and one password has a new hash each time."""
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_long_passwords_are_not_truncated() -> None:
    """Two passwords that differ in their 80th byte differ."""
    assert not verify_password("x" * 79 + "b", hash_password("x" * 79 + "a"))


@pytest.mark.parametrize("password", ["", "1234567", "x" * 129])
def test_too_short_and_too_long_passwords_are_refused(password: str) -> None:
    """No hash is made of fewer than 8 or more than 128 characters."""
    with pytest.raises(ValueError, match="8 to 128 characters"):
        hash_password(password)


@pytest.mark.parametrize("password", ["12345678", "🙂" * 128, "with\x00null", "пароль-пароль"])
def test_any_characters_make_a_password(password: str) -> None:
    """Length counts in characters, and none of them is special."""
    assert verify_password(password, hash_password(password))


def test_unknown_user_takes_as_long_as_a_known_one() -> None:
    """Without a hash the same work is done, so that time does not tell who has an account."""
    stored = hash_password("correct horse")

    def work_s(password_hash: str | None) -> float:
        """Time of the processor, which a busy machine does not stretch."""
        began_s = thread_time()
        verify_password("wrong horse", password_hash)
        return thread_time() - began_s

    known_s = min(work_s(stored) for _ in range(9))
    unknown_s = min(work_s(None) for _ in range(9))
    assert known_s / 2 < unknown_s < known_s * 2


def test_nobody_has_the_dummy_password() -> None:
    """A missing user is refused even with the password whose hash stands in for theirs."""
    assert not verify_password("no user has this password", None)
