"""The dashboard as a process in front of the bench's API, and what a browser needs for it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
import psycopg2

from bench.api.bed import Bed, Served, log_in, running_program
from bench.command import BenchError
from devstack.settings import free_ports

REFRESH_S: Final = 2.0
"""How often a page asks for news; the default."""

_LETTERS: Final = """
INSERT INTO dead_letters
  (topic, topic_id, partition, "offset", stage, reason, detail, attempt, published_at)
SELECT 'transactions', 'bench', 0, number, 'decode',
  (ARRAY['malformed_json', 'schema', 'encoding'])[1 + number % 3], 'a message of the bench', 1,
  now() - number * interval '3 minutes'
FROM generate_series(1, 20000) AS number
WHERE NOT EXISTS (SELECT FROM dead_letters)
"""

_AUTH: Final = "/api/v1/auth/browser"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A running dashboard.

    Attributes:
        port: its own. api: what stands behind it. pid: its process.
    """

    port: int
    api: Served
    pid: int

    @property
    def url(self) -> str:
        """Its address, with a slash at the end."""
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def showing(bed: Bed, api: Served) -> Iterator[Shown]:
    """Run the dashboard as the README says, with its default settings, until the context ends."""
    (port,) = free_ports(1)
    command = ("streamlit", "run", "dashboard.py", "--server.port", str(port))
    own = {
        "FINGUARD_DASHBOARD_API_URL": f"http://127.0.0.1:{api.port}",
        "FINGUARD_DASHBOARD_REFRESH_S": str(REFRESH_S),
    }
    ready = f"http://127.0.0.1:{port}/_stcore/health"
    with running_program(bed, "dashboard", command, own, ready) as pid:
        yield Shown(port=port, api=api, pid=pid)


def bury(dsn: str) -> None:
    """Have some dead letters in the database, if there are none yet."""
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_LETTERS)


def browser_cookie(api: Served) -> str:
    """The cookie of a login of its own, as a browser holds it after it logged in: `name=value`."""
    url = f"http://127.0.0.1:{api.port}"
    with httpx.Client(base_url=url, timeout=30) as browser:
        own = {"Authorization": f"Bearer {log_in(url)}"}
        handoff = browser.post(f"{_AUTH}/handoff", headers=own)
        code = handoff.json()["code"] if handoff.is_success else ""
        # As a page of the dashboard sends it.
        browser.post(f"{_AUTH}/cookie", data={"code": code}, headers={"Origin": url})
        cookies = [f"{name}={value}" for name, value in browser.cookies.items()]
    if len(cookies) != 1:
        raise BenchError("the API gave a browser no cookie")
    return cookies[0]
