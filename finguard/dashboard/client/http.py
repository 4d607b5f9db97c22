"""One call of the API: its answer as a model, or an error that a person can act on."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from finguard.errors import FinGuardError

TIMEOUT: Final = httpx.Timeout(6.0, connect=2.0)
"""A page waits no longer than this before it says that the API is away."""

LIMITS: Final = httpx.Limits(
    max_connections=100, max_keepalive_connections=20, keepalive_expiry=3.0
)
"""Of connections to the API. Uvicorn closes one that was idle for 5 seconds, and resets a request
that crosses that: so none is used again after nearly so long."""

_DEFAULT_WAIT_S: Final = 60


class Answer(BaseModel):
    """Base of all answers: frozen, and open to fields of a newer API."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


A = TypeVar("A", bound=Answer)
Item = TypeVar("Item", bound=Answer)


class Page(Answer, Generic[Item]):
    """A part of a list, in the list's order, and where the next part begins."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


Parameters = Mapping[str, str | Sequence[str]]
"""Of a query; a sequence is a parameter that is given several times."""


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


class Conflict(Refused):
    """Somebody was faster, or what is asked does not fit what is there."""


class ApiUnavailable(FinGuardError):  # noqa: N818 - it names a state
    """The API cannot be reached or cannot answer now; the same call may work later."""


class CannotServe(ApiUnavailable):
    """The API answers, and says that it cannot do this now."""


@dataclass(frozen=True)
class Connection:
    """Calls the API for the owner of a token.

    Attributes:
        http: with the API's address as its base.
        token: sent with every call; empty before the login.
    """

    http: httpx.Client
    token: str = ""

    def get(
        self,
        path: str,
        model: type[A],
        parameters: Parameters | None = None,
        *,
        even_if: int | None = None,
        max_age_s: int = 0,
    ) -> A:
        """Ask for something.

        Args:
            path: where it is.
            model: of the answer.
            parameters: of the query.
            even_if: an error of this status may hold the answer as well.
            max_age_s: an answer that the API gave somebody so long ago will do.
        """
        headers = {"Cache-Control": f"max-age={max_age_s}"} if max_age_s else None
        response = self._ask("GET", path, params=parameters, headers=headers)
        if response.status_code == even_if:
            with suppress(ValidationError):
                return model.model_validate_json(response.content)
        _refuse_errors(response)
        return self._read(model, path, response)

    def download(self, path: str, parameters: Parameters) -> bytes:
        """Ask for a file, and hold all of it; one that breaks off is none."""
        return self._send("GET", path, params=parameters).content

    def post_form(
        self, path: str, model: type[A], form: dict[str, str], headers: dict[str, str] | None = None
    ) -> A:
        """Send a form, and read the answer."""
        return self._read(model, path, self._send("POST", path, data=form, headers=headers))

    def send_json(
        self,
        method: str,
        path: str,
        body: object,
        model: type[A],
        headers: dict[str, str] | None = None,
    ) -> A:
        """Send JSON with any method, and read the answer."""
        return self._read(model, path, self._send(method, path, json=body, headers=headers))

    def post(self, path: str) -> None:
        """Do something that has no answer."""
        self._send("POST", path)

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None = None,
        data: dict[str, str] | None = None,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        response = self._ask(method, path, params=params, data=data, json=json, headers=headers)
        _refuse_errors(response)
        return response

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None = None,
        data: dict[str, str] | None = None,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            return self.http.request(
                method, path, params=params, data=data, json=json, headers=sent | (headers or {})
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnavailable(_no_answer(error, self.http.base_url)) from error

    def _read(self, model: type[A], path: str, response: httpx.Response) -> A:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiUnavailable(
                f"its answer to {path} was not understood; do the API and the dashboard have "
                f"the same version, and is {self.http.base_url} the API at all?"
            ) from error


def between(start: datetime, end: datetime | None) -> dict[str, str]:
    """The parameters of `[start, end)`; None is now."""
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
    if status in {httpx.codes.CONFLICT, httpx.codes.PRECONDITION_FAILED}:
        raise Conflict(_detail(response) or "somebody was faster")
    if response.is_client_error:
        raise Refused(_detail(response) or f"the API refused with status {status}")
    # Pages build it into sentences of their own, which end where they like.
    reason = _detail(response).rstrip(".")
    raise CannotServe(f"it answered {status}" + (f": {reason}" if reason else ""))


def _detail(response: httpx.Response) -> str:
    """What RFC 9457 problem details say, where there are any."""
    try:
        problem = response.json()
    except ValueError:
        return ""
    if not isinstance(problem, dict):
        return ""
    errors = problem.get("errors")
    if isinstance(errors, list) and errors:
        return "; ".join(_field_error(error) for error in errors)[:300]
    detail = problem.get("detail") or problem.get("title")
    return detail[:300] if isinstance(detail, str) else ""


def _field_error(error: object) -> str:
    """Which field is wrong, and why."""
    if not isinstance(error, dict):
        return ""
    where = str(error.get("where", "")).removeprefix("query.").removeprefix("body.")
    return f"{where}: {error.get('message', '')}"


def _wait_s(response: httpx.Response) -> int:
    try:
        return max(1, int(response.headers.get("Retry-After", "")))
    except ValueError:
        return _DEFAULT_WAIT_S
