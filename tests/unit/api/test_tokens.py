"""Access tokens: what is accepted, and above all what is not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from jose import jwt

from finguard.api.security import AUDIENCE, ISSUER, InvalidToken, Tokens

SECRET = "a secret of exactly 32 characters"
OTHER_SECRET = "another secret, just as long, yes"
NOW_S = 1_790_000_000
LIFETIME_S = 1_800
SESSION_ID = "7" * 32


def tokens(now_s: float | None = None, secret: str = SECRET) -> Tokens:
    """Tokens at some time, now unless said otherwise."""
    if now_s is None:
        return Tokens(secret, lifetime_s=LIFETIME_S)
    return Tokens(secret, lifetime_s=LIFETIME_S, now_s=lambda: now_s)


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unchecked."""
    return dict(jwt.get_unverified_claims(token))


def signed(claims: dict[str, Any], *, secret: str = SECRET, **header: Any) -> str:  # noqa: ANN401 - any JSON
    """A token with any claims and any header, signed as HS256 by hand."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT", **header}, claims)
    ]
    signature = hmac.new(secret.encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.fixture
def good() -> dict[str, Any]:
    """The claims of a token that is accepted."""
    return claims_of(tokens().issue(17, session_id=SESSION_ID))


def test_issued_token_says_who_and_is_accepted() -> None:
    """A token comes back as the user, the session and the lifetime that it was issued with."""
    claims = tokens().verify(tokens().issue(17, session_id=SESSION_ID))
    assert (claims.user_id, claims.sid, claims.exp - claims.iat) == (17, SESSION_ID, LIFETIME_S)


def test_token_made_by_hand_is_accepted(good: dict[str, Any]) -> None:
    """The forgeries below fail for what is wrong with them, not for how they are made."""
    assert tokens().verify(signed(good)).user_id == 17


def test_every_token_has_its_own_id() -> None:
    """Two tokens of one user and second differ, so that one can be told from the other."""
    issuer = tokens()
    assert issuer.issue(1, session_id=SESSION_ID) != issuer.issue(1, session_id=SESSION_ID)


def test_expired_token_is_refused() -> None:
    """A token holds until its end and not longer."""
    issued_long_ago = tokens(now_s=NOW_S - 10 * 365 * 86_400).issue(1, session_id=SESSION_ID)
    with pytest.raises(InvalidToken, match="expired"):
        tokens().verify(issued_long_ago)


def test_token_from_the_future_is_refused(good: dict[str, Any]) -> None:
    """A token that claims to be issued later than now is nobody's honest token."""
    ahead_s = 3_600
    shifted = {**good, "iat": good["iat"] + ahead_s, "exp": good["exp"] + ahead_s}
    with pytest.raises(InvalidToken, match="future"):
        tokens().verify(signed(shifted))


def test_token_that_does_not_hold_yet_is_refused(good: dict[str, Any]) -> None:
    """`nbf` is honoured."""
    with pytest.raises(InvalidToken):
        tokens().verify(signed({**good, "nbf": good["nbf"] + 3_600}))


def test_other_key_is_refused() -> None:
    """A signature by another secret is worth nothing."""
    with pytest.raises(InvalidToken):
        tokens().verify(tokens(secret=OTHER_SECRET).issue(1, session_id=SESSION_ID))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, "HS384", "RS256", [], {}])
def test_other_algorithms_are_refused(good: dict[str, Any], algorithm: object) -> None:
    """Only HS256 counts, whatever the token itself says of its algorithm."""
    with pytest.raises(InvalidToken):
        tokens().verify(signed(good, alg=algorithm))


def test_unsigned_token_is_refused(good: dict[str, Any]) -> None:
    """The classic: algorithm none and no signature."""
    header_and_claims = signed(good, alg="none").rpartition(".")[0]
    with pytest.raises(InvalidToken):
        tokens().verify(f"{header_and_claims}.")


@pytest.mark.parametrize("hint", ["jku", "x5u", "jwk", "kid", "x5c"])
def test_key_hints_in_the_header_are_ignored(good: dict[str, Any], hint: str) -> None:
    """A token cannot bring or name the key that it is to be checked with."""
    key = {"kty": "oct", "k": base64.urlsafe_b64encode(OTHER_SECRET.encode()).decode()}
    with pytest.raises(InvalidToken):
        tokens().verify(signed(good, secret=OTHER_SECRET, **{hint: key}))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "type", "sid"])
def test_every_claim_is_required(good: dict[str, Any], claim: str) -> None:
    """A token that lacks any claim is refused, although it is signed with the right key."""
    del good[claim]
    with pytest.raises(InvalidToken):
        tokens().verify(signed(good))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "somebody"),
        ("iss", [ISSUER]),
        ("aud", "another-api"),
        ("aud", [AUDIENCE]),
        ("sub", 17),
        ("sub", "-1"),
        ("sub", "admin"),
        ("sub", "٣"),
        ("sub", "9" * 400),
        ("jti", 1),
        ("exp", True),
        ("exp", "1e400"),
        ("exp", [1]),
        ("exp", float("inf")),
        ("exp", float("nan")),
        ("iat", None),
        ("iat", {}),
        ("nbf", float("inf")),
        ("type", "refresh"),
        ("type", None),
        ("sid", 1),
        ("sid", ""),
        ("sid", "7" * 31 + "x"),
        ("sid", "7" * 33),
        ("sid", "7" * 32 + "\n"),
    ],
)
def test_every_claim_must_be_right(good: dict[str, Any], claim: str, value: object) -> None:
    """A wrong value or type in any claim is refused, and is no error of the server's."""
    token = signed({**good, claim: value})
    with pytest.raises(InvalidToken):
        assert tokens().verify(token).user_id < 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\x00",
        "=" * 100,
        "e30.e30.",
        "bnVsbA.bnVsbA.bnVsbA",
        base64.urlsafe_b64encode(b"[" * 1_400).decode() + ".e30.e30",
        base64.urlsafe_b64encode(b"\xff\xfe").decode() + ".e30.e30",
        "a" * 100_000,
        "\ud800",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    """Whatever comes instead of a token ends as a refusal and as nothing else."""
    with pytest.raises(InvalidToken):
        tokens().verify(text)


def test_secret_that_looks_like_a_key_set_is_one_secret() -> None:
    """The whole text signs, even where a library would take it for JSON with keys in it."""
    listed = tokens(secret=json.dumps([SECRET, OTHER_SECRET]))
    with pytest.raises(InvalidToken):
        listed.verify(tokens(secret=OTHER_SECRET).issue(1, session_id=SESSION_ID))
    assert listed.verify(listed.issue(1, session_id=SESSION_ID)).user_id == 1
