"""Hostile input: whatever comes, it is refused politely and never breaks anything."""

import json
import re
import socket
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from finguard.api.app import create_app
from tests.integration.api.serving import TOKEN_PATH, served, sign_in
from tests.integration.api.world import World
from tests.patience import PATIENCE_S
from tests.unit.api.configuration import api_settings

NAUGHTY = [
    "",
    " ",
    "NaN",
    "-Infinity",
    "1e400",
    "-1",
    "1.5",
    "٣",
    "0x10",
    "9" * 5_000,
    "true",
    "null",
    "[]",
    "[" * 5_000,
    '{"a":' * 1_000,
    "\x00",
    "a\x00b",
    "a\r\nSet-Cookie: x=y",
    "\ufeff",
    "\u202e",
    "\U0001f600" * 30,
    "' OR 1=1 --",
    "%s %(name)s %d",
    "{0.__class__}",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-02-30T00:00:00Z",
    "infinity",
    "-infinity",
    "epoch",
]

RAW_VALUES = [b"%00", b"%FF", b"%ED%A0%80", b"%C0%AF", b"%", b"%zz", b"%u0000", b"+", b"&&==&"]

ESCAPED = (
    b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n\\ud800\r\n'
    b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n\\udfff\\x00aaaaaa\r\n'
    b"--x--\r\n"
)
"""Lone surrogates, for whoever decodes by the charset that the request names."""

ESCAPED_PASSWORD = (
    b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nadmin\r\n'
    b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n\\udfffaaaaaaa\r\n--x--\r\n'
)
"""The same in the password alone, which is hashed."""

UPLOADED = (
    b'--x\r\nContent-Disposition: form-data; name="username"; filename="a"\r\n\r\nfile\r\n'
    b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\npassword123\r\n--x--\r\n'
)
"""A file where a name should be."""

BODIES: list[tuple[str, bytes]] = [
    ("application/x-www-form-urlencoded", b""),
    ("application/x-www-form-urlencoded", b"username=%00&password=%00%00%00%00%00%00%00%00"),
    ("application/x-www-form-urlencoded", b"username=%ED%A0%80&password=%ED%A0%80%FF%FE%00"),
    ("application/x-www-form-urlencoded", b"\xff\xfe=\x00&username=\x80&password=\x81"),
    ("application/x-www-form-urlencoded", b"username=a&username=b&password=c&password=d"),
    ("application/x-www-form-urlencoded", b"%ED%A0%80=1&username=a&password=b"),
    ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(2_000))),
    ("application/json", b'{"username": "admin", "password": NaN}'),
    ("application/json", b"[" * 100_000),
    ("application/json", b'{"a":' * 100_000),
    ("application/json", b'"\\ud800"'),
    ("application/json", b"1e400"),
    ("application/json", b"9" * 100_000),
    ("application/json", b"\xff\xfe"),
    ("application/json", b"{"),
    ("text/plain", b"username=admin&password=password123"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 20_000),
    ("multipart/form-data; boundary=x", UPLOADED),
    *(
        (f"multipart/form-data; boundary=x; charset={charset}", ESCAPED)
        for charset in ("utf-8", "unicode_escape", "punycode", "idna", "utf-16", "hex", "nope")
    ),
    ("multipart/form-data; boundary=x; charset=unicode_escape", ESCAPED_PASSWORD),
    ("", b"username=admin"),
    ("\xff/\xfe", b"username=admin"),
]


@pytest.fixture
def operations(client: httpx.Client) -> list[tuple[str, list[str]]]:
    """Path and query parameters of everything that can be read."""
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (
            re.sub(r"\{\w+\}", "1", path),
            [about["name"] for about in methods["get"].get("parameters", [])],
        )
        for path, methods in paths.items()
        if "get" in methods
    ]


def status(client: httpx.Client, path: str, params: Any) -> int:  # noqa: ANN401 - httpx takes many
    """The status of an answer, which may be a stream without an end."""
    with client.stream("GET", path, params=params) as answer:
        return answer.status_code


def test_no_parameter_breaks_anything(
    client: httpx.Client, operations: list[tuple[str, list[str]]]
) -> None:
    """Every parameter of every operation takes every naughty value without a server error."""
    for path, names in operations:
        for name in [*names, "unknown"]:
            for value in NAUGHTY:
                assert status(client, path, {name: value}) < 500, (path, name, value[:50])


def test_no_pair_of_parameters_breaks_anything(
    client: httpx.Client, operations: list[tuple[str, list[str]]]
) -> None:
    """Random combinations do not either, some of whose values are even right."""
    random = Random(13)  # noqa: S311 - a reproducible test
    values = [*NAUGHTY, "1", "200", "high", "open", "DE", "2026-03-01T00:00:00Z", "minute"]
    for _ in range(300):
        path, names = random.choice(operations)
        params: list[tuple[str, str | int | float | bool | None]] = [
            (random.choice(names or ["none"]), random.choice(values))
            for _ in range(random.randrange(1, 5))
        ]
        assert status(client, path, params) < 500, (path, params)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/alerts/{}",
        "/api/v1/users/{}",
        "/api/v1/users/{}/transactions",
        "/api/v1/users/1/suppressions/{}",
        "/{}",
        "/docs/assets/{}",
        "/health/{}",
    ],
)
def test_no_path_breaks_anything(client: httpx.Client, path: str) -> None:
    """Paths of any bytes are not found or refused, as problems."""
    for value in RAW_VALUES + [value.encode("utf-8") for value in NAUGHTY]:
        quoted = "".join(f"%{byte:02X}" for byte in value[:2_000])
        answer = client.get(path.format(quoted))
        assert answer.status_code in {200, 404, 405, 422}, (path, value[:50])


def test_no_body_breaks_the_login(api: httpx.Client) -> None:
    """Bodies of any type and any bytes are refused as a problem of the sender's."""
    for content_type, body in BODIES:
        headers = httpx.Headers([(b"Content-Type", content_type.encode("latin-1"))])
        answer = api.post(TOKEN_PATH, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (content_type, body[:60], answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_no_body_breaks_any_operation(client: httpx.Client) -> None:
    """Every operation that takes a body refuses these as well, whoever sends them."""
    paths = client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if "requestBody" not in operation:
                continue
            for content_type, body in BODIES:
                headers = httpx.Headers([(b"Content-Type", content_type.encode("latin-1"))])
                answer = client.request(
                    method, re.sub(r"\{\w+\}", "1", path), content=body, headers=headers
                )
                assert 400 <= answer.status_code < 500, (path, content_type, body[:60])


JSON_VALUES = [
    "null", "true", "-1", "1.5", "NaN", "1e400", "9" * 400, '""', '"x"', '"\\ud800"',
    '"\\udfffaaaaaaaaaaa"', '"a\\u0000aaaaaaaa"', '"admin"', '"viewer"', "[]", "{}", '["a"]',
    '"' + "x" * 5_000 + '"', '"\\r\\nSet-Cookie: a=b"', "[" * 2_000, '"0"', '"2026-02-30"',
]  # fmt: skip


def test_no_field_breaks_any_operation(client: httpx.Client) -> None:
    """Every field of every JSON body takes every value without a server error."""
    description = client.get("/openapi.json").json()
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {"schema": {}})["schema"]
            if "$ref" not in body:
                continue
            schema = schemas[body["$ref"].rpartition("/")[2]]
            for name in [*schema["properties"], "unknown"]:
                for value in JSON_VALUES:
                    fields = ", ".join(
                        f'"{other}": {value if other == name else sound(schema, other)}'
                        for other in {*schema["properties"], name}
                    )
                    answer = client.request(
                        method,
                        re.sub(r"\{\w+\}", "1", path),
                        content=f"{{{fields}}}",
                        headers={"Content-Type": "application/json"},
                    )
                    assert answer.status_code < 500, (path, name, value[:50])


def sound(schema: dict[str, Any], name: str) -> str:
    """Some value that a field may have, as JSON."""
    examples = schema["properties"].get(name, {}).get("examples", ["somebody"])
    return json.dumps(examples[0])


def test_body_on_a_reading_operation_breaks_nothing(client: httpx.Client) -> None:
    """A GET may come with a body, which nobody asked for."""
    for content_type, body in BODIES:
        headers = httpx.Headers([(b"Content-Type", content_type.encode("latin-1"))])
        answer = client.request("GET", "/api/v1/alerts", content=body, headers=headers)
        assert answer.status_code < 500, (content_type, body[:60])


REQUEST_LINES = [
    b"GET /api/v1/alerts?user_id=\xff\xfe HTTP/1.1",
    b"GET /\xed\xa0\x80 HTTP/1.1",
    b"GET /api/v1/alerts?user_id=%ED%A0%80&limit=%FF HTTP/1.1",
    b"GET /api/v1/alerts?%ED%A0%80=1 HTTP/1.1",
    b"GET http://elsewhere.example/health HTTP/1.1",
    b"GET * HTTP/1.1",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1",
    b"BREW /health HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"TRACE /health HTTP/1.1",
    b"CONNECT elsewhere.example:443 HTTP/1.1",
    b"get /health HTTP/1.1",
    b"GET /health HTTP/0.9",
    b"\x16\x03\x01\x02\x00\x01\x00",
]


def test_no_request_line_breaks_anything(api: httpx.Client) -> None:
    """What no HTTP client would send is refused, and the server lives on."""
    for line in REQUEST_LINES:
        answer = _raw(api, line + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert not answer.startswith(b"HTTP/1.1 5"), line[:60]
    assert api.get("/health").status_code == 200


LARGE_BODIES: list[tuple[str, Any]] = [
    ("announced", b"x" * 10_001),
    ("in chunks", iter([b"x" * 1_000] * 11)),
]


@pytest.fixture
def small(world: World) -> Iterator[httpx.Client]:
    """An API that takes bodies of up to 10,000 bytes."""
    with served(create_app(api_settings(world.dsn, api_max_body_bytes=10_000))) as client:
        yield client


def test_large_bodies_are_refused(small: httpx.Client) -> None:
    """413, whether the length is announced or not, and whether anybody would read the body."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for how, body in LARGE_BODIES:
        answer = small.post(TOKEN_PATH, content=body, headers=headers)
        assert answer.status_code == 413, how
        assert answer.json()["type"] == "urn:finguard:problem:body-too-large"
    assert small.request("GET", "/health", content=b"x" * 10_001).status_code == 413


def test_bodies_at_the_limit_are_read(small: httpx.Client) -> None:
    """The limit itself is allowed."""
    form = b"username=a&password=" + b"x" * 9_980
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert small.post(TOKEN_PATH, content=form, headers=headers).status_code == 422


def test_announced_length_is_not_believed(small: httpx.Client) -> None:
    """A length beyond every number is refused by the server itself."""
    request = b"POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %s\r\n\r\n"
    for length in (b"9" * 15, b"9" * 5_000, b"-1", b"1e3"):
        answer = _raw(small, request % (TOKEN_PATH.encode(), length))
        assert answer.startswith(b"HTTP/1.1 4"), length[:20]


def test_database_is_still_there(client: httpx.Client, world: World) -> None:
    """After the classic attempts at it, every table is as it was."""
    for attempt in ("'; DROP TABLE alerts; --", "1; DELETE FROM users", "$$; TRUNCATE alerts; $$"):
        client.get("/api/v1/alerts", params={"user_id": attempt, "rule": attempt})
        client.get(f"/api/v1/alerts/{attempt}")
        client.post(TOKEN_PATH, data={"username": attempt, "password": attempt})
    assert world.query("SELECT count(*) FROM users") == [(1,)]
    sign_in(client)


def _raw(client: httpx.Client, request: bytes) -> bytes:
    """The first bytes of the answer to a request that is sent as it is."""
    url = client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_S) as wire:
        wire.sendall(request)
        return wire.recv(4_096)
