"""What tests of sessions do again and again."""

from typing import Any

import httpx

from tests.integration.api.serving import PASSWORD, USERNAME, login

AUTH = "/api/v1/auth"


def tokens(api: httpx.Client, username: str = USERNAME, password: str = PASSWORD) -> dict[str, Any]:
    """Access and refresh token of a new session."""
    answer = login(api, username, password)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bearer(token: str) -> dict[str, str]:
    """The header that an access token goes into."""
    return {"Authorization": f"Bearer {token}"}


def is_accepted(api: httpx.Client, access_token: str) -> bool:
    """Whether an access token is worth anything."""
    status = api.get(f"{AUTH}/me", headers=bearer(access_token)).status_code
    assert status in {200, 401}
    return status == 200


def refresh(api: httpx.Client, refresh_token: str) -> httpx.Response:
    """Exchange a refresh token."""
    return api.post(f"{AUTH}/refresh", data={"refresh_token": refresh_token})
