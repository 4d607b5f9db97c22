"""An API in memory that answers as the real one does, and can be told to fail."""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx

from finguard.dashboard.client import ApiClient
from finguard.dashboard.session import Session
from tests.unit.dashboard import fake_customers, fake_triage, samples
from tests.unit.dashboard.fake_letters import FakeLetters
from tests.unit.dashboard.samples import Json

AUTH = "/api/v1/auth"
COOKIE = "fgc_good"


class Clockwork:
    """A clock that only moves when told to."""

    now_s = 0.0

    def __call__(self) -> float:
        """Seconds since whenever."""
        return self.now_s


@dataclass
class FakeApi:
    """Answers every path that the dashboard asks, from what it is given.

    Attributes:
        alerts: in the order of the list, newest first.
        details: what changes in an alert's own page, by its number.
        figures: what changes in the summary.
        answers: whole answers, by path; they win over all else.
        detectors: those that run.
        letters: what there is of dead letters.
        role: of whoever logs in.
        default_login: whether it admits everybody.
        failure: answered instead of anything else; an exception is raised.
        customers: what is known of the bank's.
        readiness: of the API itself; one that is not ready answers 503.
        visitors: the addresses from which the logins came, where they were told.
        histories: the changes of alerts so far, by their numbers.
        asked: every request so far: method, path and parameters.
        clock: of the sessions that talk to it.
    """

    alerts: list[Json] = field(default_factory=list)
    details: dict[int, Json] = field(default_factory=dict)
    figures: Json = field(default_factory=dict)
    answers: dict[str, Json] = field(default_factory=dict)
    detectors: list[Json] = field(default_factory=lambda: [samples.detector()])
    letters: FakeLetters = field(default_factory=FakeLetters)
    role: str = "analyst"
    default_login: bool = False
    failure: httpx.Response | Exception | None = None
    customers: fake_customers.Customers = field(default_factory=fake_customers.Customers)
    histories: dict[int, list[Json]] = field(default_factory=dict)
    readiness: Json = field(default_factory=lambda: samples.READINESS)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    visitors: list[str] = field(default_factory=list)
    clock: Clockwork = field(default_factory=Clockwork)
    _access: str = "access-0"
    _refresh: str = ""
    _logins: int = 0

    def session(self, *, logged_in: bool = True, cookie: str = "") -> Session:
        """A dashboard session that talks to this API."""
        http = httpx.Client(
            transport=httpx.MockTransport(self._answer), base_url="http://finguard.test"
        )
        session = Session(
            ApiClient(http),
            refresh_s=2.0,
            cookie=cookie,
            default_password="password123",
            monotonic_s=self.clock,
        )
        if logged_in:
            session.log_in("ada", "a password of her own")
            self.asked.clear()
        return session

    def end_sessions(self) -> None:
        """From now on no token and no cookie is worth anything, as after a logout elsewhere."""
        self._access = self._refresh = ""

    def forget_access_tokens(self) -> None:
        """From now on only a renewal gives a token that works, as after a change of the secret."""
        self._access = "another"

    def paths(self) -> list[str]:
        """The paths asked so far."""
        return [path for _, path, _ in self.asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - a list of cases
        path = request.url.path
        parameters = {
            name: ",".join(request.url.params.get_list(name)) for name in request.url.params
        }
        self.asked.append((request.method, path, parameters))
        if isinstance(self.failure, Exception):
            raise self.failure
        if path == "/health/ready":
            is_ready = self.readiness["status"] == "ok"
            return httpx.Response(200 if is_ready else 503, json=self.readiness)
        if self.failure is not None:
            return self.failure
        if path in {f"{AUTH}/token", f"{AUTH}/refresh", f"{AUTH}/browser/token"}:
            return self._token(path.removeprefix(f"{AUTH}/"), request)
        authorization = request.headers.get("Authorization")
        if not self._access or authorization != f"Bearer {self._access}":
            return problem(401, "This takes a valid access token.")
        if path in self.answers:
            return httpx.Response(200, json=self.answers[path])
        if fake_triage.concerns(request):
            return fake_triage.answer(self.alerts, self.histories, request)
        return self.letters.answer(request) or self._answer_known(request, path, parameters)

    def _answer_known(
        self, request: httpx.Request, path: str, parameters: dict[str, str]
    ) -> httpx.Response:
        if path.startswith(fake_customers.PATH):
            return self.customers.answer(request)
        if path == f"{AUTH}/logout":
            self.end_sessions()
            return httpx.Response(204)
        if path == "/api/v1/alerts":
            return self._page(parameters)
        if path.startswith("/api/v1/alerts/"):
            return self._detail(int(path.rpartition("/")[2]))
        return httpx.Response(200, json=self._fixed(parameters)[path])

    def _fixed(self, parameters: dict[str, str]) -> dict[str, Json]:
        return {
            f"{AUTH}/me": {
                "username": "ada",
                "role": self.role,
                "default_login": self.default_login,
            },
            f"{AUTH}/browser/handoff": {"code": "fgh_once", "expires_in": 60},
            "/api/v1/stats/summary": samples.summary(**self.figures),
            "/api/v1/stats/timeline": samples.timeline(parameters.get("bucket", "")),
            "/api/v1/stats/map": {"points": [samples.drawn(listed) for listed in self.alerts]},
            "/api/v1/stats/top-users": samples.TOP_USERS,
            "/api/v1/rules": samples.RULES,
            "/api/v1/system/detectors": samples.detectors(*self.detectors),
            "/api/v1/system/version": samples.VERSION,
            "/api/v1/audit": samples.AUDIT,
        }

    def _token(self, kind: str, request: httpx.Request) -> httpx.Response:
        form = {name: value for name, (value, *_) in parse_qs(request.content.decode()).items()}
        if kind == "browser/token":
            if form["cookie"] != COOKIE or not self._access:
                return problem(401, "This takes a valid access token.")
            return httpx.Response(200, json={"access_token": self._access, "expires_in": 900})
        if visitor := request.headers.get("X-Forwarded-For"):
            self.visitors.append(visitor)
        if kind == "token" and form["password"] == "wrong":
            return problem(401, "There is no such user with such a password.")
        if kind == "refresh" and form["refresh_token"] != self._refresh:
            return problem(401, "This refresh token is worth nothing any more; sign in again.")
        self._logins += 1
        self._access, self._refresh = f"access-{self._logins}", f"refresh-{self._logins}"
        tokens = {"access_token": self._access, "refresh_token": self._refresh}
        return httpx.Response(200, json={**tokens, "expires_in": 900, "refresh_expires_in": 3600})

    def _page(self, parameters: dict[str, str]) -> httpx.Response:
        if len(parameters.get("country", "DE").split(",")[0]) != len("DE"):
            return fake_triage.invalid("query.country.0", "String should match pattern")
        fits = [
            listed
            for listed in self.alerts
            if all(
                str(listed[name]) in parameters[name].split(",")
                for name in ("rule", "severity", "status", "user_id", "country", "assignee")
                if name in parameters
            )
        ]
        begin, limit = int(parameters.get("cursor", "0")), int(parameters["limit"])
        end = begin + limit
        more = str(end) if end < len(fits) else None
        return httpx.Response(200, json={"items": fits[begin:end], "next_cursor": more})

    def _detail(self, alert_id: int) -> httpx.Response:
        for listed in self.alerts:
            if listed["alert_id"] == alert_id:
                changes = self.details.get(alert_id, {})
                return httpx.Response(200, json=samples.detail(listed, **changes))
        return problem(404, "There is no such alert.")


def problem(status: int, text: str, **headers: str) -> httpx.Response:
    """An error as RFC 9457 problem details."""
    body = {"title": "A problem", "status": status, "detail": text}
    return httpx.Response(status, content=json.dumps(body), headers=headers)
