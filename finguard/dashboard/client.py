"""The API over HTTP: typed answers, and errors that say what a person can do."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from finguard.dashboard.answers import (
    AlertDetail,
    AlertFilter,
    AlertPage,
    Answer,
    Bucket,
    Me,
    Summary,
    Timeline,
    Token,
)
from finguard.errors import FinGuardError

TIMEOUT: Final = httpx.Timeout(6.0, connect=2.0)
"""A page waits no longer than this before it says that the API is away."""

_DEFAULT_WAIT_S: Final = 60

A = TypeVar("A", bound=Answer)


class Unauthorized(FinGuardError):  # noqa: N818 - HTTP's own term
    """The credentials or the token are not, or no longer, accepted."""


class Throttled(FinGuardError):  # noqa: N818 - it names a state
    """Too many attempts; `wait_s` says when the next one counts."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts; wait {wait_s} seconds")
        self.wait_s = wait_s


class NotFound(FinGuardError):  # noqa: N818 - HTTP's own term
    """The API knows no such thing."""


class Refused(FinGuardError):  # noqa: N818 - it names a state
    """The API will not do this; the message is the API's own reason."""


class ApiUnavailable(FinGuardError):  # noqa: N818 - it names a state
    """The API cannot be reached or cannot answer now; the same call may work later."""


@dataclass(frozen=True)
class ApiClient:
    """The calls that the pages make.

    Attributes:
        http: with the API's address as its base.
        token: sent with every call; empty before the login.
    """

    http: httpx.Client
    token: str = ""

    def with_token(self, token: str) -> "ApiClient":
        """The same API, as seen by the owner of a token."""
        return replace(self, token=token)

    def log_in(self, username: str, password: str) -> Token:
        """Exchange credentials for a token.

        Raises:
            Unauthorized: wrong name or password.
            Throttled: too many attempts.
            ApiUnavailable: no answer.
        """
        form = {"username": username, "password": password}
        return self._call("POST", "/api/v1/auth/token", Token, form=form)

    def me(self) -> Me:
        """Who is logged in."""
        return self._call("GET", "/api/v1/auth/me", Me)

    def summary(self, start: datetime, end: datetime | None = None) -> Summary:
        """The figures of `[start, end)` in event time."""
        return self._call("GET", "/api/v1/stats/summary", Summary, _between(start, end))

    def timeline(self, bucket: Bucket, start: datetime, end: datetime | None = None) -> Timeline:
        """Transactions and alerts over `[start, end)`, 2,000 buckets at most."""
        parameters = _between(start, end) | {"bucket": bucket}
        return self._call("GET", "/api/v1/stats/timeline", Timeline, parameters)

    def alerts(self, chosen: AlertFilter, limit: int, cursor: str | None = None) -> AlertPage:
        """A page of alerts, newest first."""
        parameters = chosen.parameters() | {"limit": str(limit)}
        if cursor:
            parameters["cursor"] = cursor
        return self._call("GET", "/api/v1/alerts", AlertPage, parameters)

    def alert(self, alert_id: int) -> AlertDetail:
        """One alert with its evidence.

        Raises:
            NotFound: there is none with this number.
        """
        return self._call("GET", f"/api/v1/alerts/{alert_id}", AlertDetail)

    def _call(
        self,
        method: str,
        path: str,
        model: type[A],
        parameters: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> A:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            response = self.http.request(
                method, path, params=parameters, data=form, headers=headers
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnavailable(_no_answer(error, self.http.base_url)) from error
        _refuse_errors(response)
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiUnavailable(
                f"its answer to {path} was not understood; do the API and the dashboard have "
                f"the same version, and is {self.http.base_url} the API at all?"
            ) from error


def _between(start: datetime, end: datetime | None) -> dict[str, str]:
    times = {"from": start, "to": end}
    return {name: time.isoformat() for name, time in times.items() if time is not None}


def _no_answer(error: Exception, base_url: httpx.URL) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"{base_url} did not answer in time"
    return (
        f"nothing answers at {base_url}; start the API with uvicorn api:app, or set "
        "FINGUARD_DASHBOARD_API_URL to where it runs"
    )


def _refuse_errors(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    if status == httpx.codes.UNAUTHORIZED:
        raise Unauthorized(_detail(response) or "not logged in")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled(_wait_s(response))
    if status == httpx.codes.NOT_FOUND:
        raise NotFound(_detail(response) or "not found")
    if response.is_client_error:
        raise Refused(_detail(response) or f"the API refused with status {status}")
    reason = _detail(response)
    raise ApiUnavailable(f"it answered {status}" + (f": {reason}" if reason else ""))


def _detail(response: httpx.Response) -> str:
    """What RFC 9457 problem details say, where there are any."""
    try:
        problem = response.json()
    except ValueError:
        return ""
    if not isinstance(problem, dict):
        return ""
    detail = problem.get("detail") or problem.get("title")
    return detail[:300] if isinstance(detail, str) else ""


def _wait_s(response: httpx.Response) -> int:
    try:
        return max(1, int(response.headers.get("Retry-After", "")))
    except ValueError:
        return _DEFAULT_WAIT_S
