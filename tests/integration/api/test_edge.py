"""What every answer has in common: headers, ids, the form of errors, and its line in the log."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from finguard.api.app import create_app
from tests.integration.api.serving import PASSWORD, TOKEN_PATH, login, served
from tests.integration.api.world import World
from tests.patience import wait_for
from tests.unit.api.configuration import api_settings

PATHS = ["/health", "/docs", "/openapi.json", "/api/v1/alerts", "/no/such/path", TOKEN_PATH]

ANSWER_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """The log's records."""
    with capture_logs() as captured:
        yield captured


def logged_request(lines: list[Any], path: str) -> Any:  # noqa: ANN401 - a record of any fields
    """The line of a request, which is written once the answer has been sent."""

    def found() -> list[Any]:
        return [line for line in lines if line["event"] == "request" and line["path"] == path]

    wait_for(lambda: found() != [], "the request's line", every_s=0.01)
    return found()[0]


def test_every_answer_is_safe_to_show(api: httpx.Client) -> None:
    """Pages, data and errors all tell browsers not to guess, frame, refer or run anything."""
    for path in PATHS:
        headers = api.get(path).headers
        assert {name: headers[name] for name in ANSWER_HEADERS} == ANSWER_HEADERS, path
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "Access-Control-Allow-Origin" not in headers, path


def test_no_other_origin_is_allowed(api: httpx.Client) -> None:
    """A script of another site gets no permission, not even when it asks first."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for answer in (
        api.options("/api/v1/alerts", headers=headers),
        api.get("/health", headers=headers),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_data_are_not_cached(client: httpx.Client) -> None:
    """No cache keeps alerts or tokens."""
    for answer in (client.get("/api/v1/alerts"), login(client), client.get("/api/v1/auth/me")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_tls_is_insisted_on_where_there_is_tls(api: httpx.Client) -> None:
    """Behind a proxy that ends TLS, browsers are told to stay with it; else they are not."""
    behind = api.get("/health", headers={"X-Forwarded-Proto": "https"})
    assert "max-age=" in behind.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in api.get("/health").headers


def test_docs_work_without_the_internet(api: httpx.Client) -> None:
    """The page loads nothing from elsewhere, and all that it loads is there."""
    page = api.get("/docs").text
    assert "http" not in page.replace("http-equiv", "")
    for part in page.split('"'):
        if part.startswith("docs/assets/"):
            assert api.get(f"/{part}").status_code == 200, part
    assert 'url: "openapi.json"' in api.get("/docs/assets/start.js").text
    assert "SwaggerUIBundle" in api.get("/docs/assets/swagger-ui-bundle.js").text


def test_docs_allow_no_foreign_script(api: httpx.Client) -> None:
    """The page may run its own files and none that somebody managed to write into it."""
    policy = api.get("/docs").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy


def test_docs_can_be_turned_off(world: World) -> None:
    """Without docs, neither the page nor the description tells what there is."""
    with served(create_app(api_settings(world.dsn, api_docs=False))) as client:
        for path in ("/docs", "/docs/assets/swagger-ui-bundle.js", "/openapi.json", "/redoc"):
            assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/no/such/path", 404, "not-found"),
        ("DELETE", "/api/v1/alerts", 405, "method-not-allowed"),
        ("GET", "/api/v1/alerts", 401, "not-authenticated"),
        ("GET", "/api/v1/alerts/", 404, "not-found"),
        ("POST", TOKEN_PATH, 422, "invalid-request"),
    ],
)
def test_errors_are_problem_details(
    api: httpx.Client, method: str, path: str, status: int, kind: str
) -> None:
    """Every error has the same form, its own kind, and the request's id."""
    answer = api.request(method, path)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.status_code == problem["status"] == status
    assert problem["type"] == f"urn:finguard:problem:{kind}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]


def test_methods_that_would_do_are_named(api: httpx.Client) -> None:
    """A 405 says what is allowed."""
    assert api.delete("/api/v1/alerts").headers["Allow"] == "GET"
    assert api.delete("/api/v1/admin/users").headers["Allow"] == "GET, POST"
    assert api.delete("/api/v1/admin/users/ann").headers["Allow"] == "GET, PATCH"


def test_request_ids_are_kept_or_made(api: httpx.Client) -> None:
    """The caller's id comes back; one that does not fit a log is replaced."""
    assert (
        api.get("/health", headers={"X-Request-ID": "trace-7"}).headers["X-Request-ID"] == "trace-7"
    )
    for given in ("", "a b", "x" * 65, "<script>", "a;b"):
        made = api.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        assert len(made) == 32
        assert made != given


def test_request_has_one_line_in_the_log(lines: list[Any], api: httpx.Client) -> None:
    """Method, the path's template, status, time and id: and nothing that the caller wrote."""
    token = login(api).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "trace-8"}
    api.get("/api/v1/alerts/99?secret=hidden", headers=headers)
    line = logged_request(lines, "/api/v1/alerts/{alert_id}")
    assert (line["method"], line["status"], line["account"]) == ("GET", 404, 1)
    assert line["ms"] > 0


def test_log_holds_no_secrets(lines: list[Any], api: httpx.Client) -> None:
    """No token, no password, no name that is nobody's: a name may be a mistyped password."""
    token = login(api).json()["access_token"]
    api.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    api.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}x"})
    login(api, "my other password", "my real password")
    api.get("/my-secret-path?token=hidden")
    logged_request(lines, "(none)")
    log = str([line for line in lines if not line["event"].startswith("FIRST USER CREATED")])
    for secret in (token, PASSWORD, "other password", "real password", "my-secret", "hidden"):
        assert secret not in log


def test_health_checks_do_not_fill_the_log(lines: list[Any], api: httpx.Client) -> None:
    """A supervisor asks every second; its lines are for debugging only."""
    api.get("/health/live")
    assert logged_request(lines, "/health/live")["log_level"] == "debug"


def test_fault_of_ours_is_a_problem_without_a_trace(lines: list[Any], world: World) -> None:
    """An unexpected exception ends as a 500 that names only the id under which it is logged."""
    app = create_app(api_settings(world.dsn))

    @app.get("/fault")
    def fail() -> None:
        raise RuntimeError("a secret of the implementation")

    with served(app) as client:
        answer = client.get("/fault")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:finguard:problem:internal-error"
    assert "secret" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "request failed" in [line["event"] for line in lines]
