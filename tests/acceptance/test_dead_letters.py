"""Dead letters from a terminal, with the real programs: found, looked at, sent again, settled."""

import json
from getpass import getuser
from typing import Any

import pytest
from kafka import KafkaProducer

from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.dead_letters import MAX_VALUE_BYTES
from finguard.domain.dead_letters import REPLAY_HEADER
from tests.acceptance.programs import Site
from tests.patience import wait_for

GOOD = {
    "transaction_id": "tx-mended",
    "user_id": "user-mended",
    "amount": 12.5,
    "currency": "EUR",
    "merchant": "Corner Books",
    "category": "books",
    "channel": "online",
    "city": "Istanbul",
    "country": "TR",
    "lat": 41.0,
    "lon": 29.0,
    "timestamp": "2026-01-01T12:00:00Z",
}
KEY = b"user-mended"
HOSTILE = b"\x1b[2J\x1b]0;owned\x07 \xe2\x80\xae <script>alert(1)</script> \x00\xff"
SEVERAL = ("--users", "50", "--seed", "5", "--rate", "0", "--limit", "400", "--poison-rate", "0.2")


class Clerk:
    """Somebody at a terminal."""

    def __init__(self, site: Site, **env: str) -> None:
        self._site = site
        self._env = env

    def run(self, *arguments: str, code: int = 0, stdin: bytes = b"") -> str:
        """A command that ends with this code, and what it wrote to standard output."""
        done = self._site.finguard("dead-letters", *arguments, stdin=stdin, env=self._env)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return done.stdout.decode()

    def refused(self, *arguments: str, code: int = 1, stdin: bytes = b"") -> str:
        """What a command that fails says on standard error."""
        done = self._site.finguard("dead-letters", *arguments, stdin=stdin, env=self._env)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return done.stderr.decode()

    def letters(self, *filters: str) -> list[dict[str, Any]]:
        """The list as JSON, oldest first."""
        found: list[dict[str, Any]] = json.loads(
            self.run("list", "--json", "--limit", "9999", *filters)
        )
        return found[::-1]

    def show(self, letter: int) -> dict[str, Any]:
        """One letter as JSON."""
        shown: dict[str, Any] = json.loads(self.run("show", str(letter), "--json"))
        return shown


def send(site: Site, *messages: tuple[bytes | None, list[tuple[str, bytes]]]) -> None:
    """Values and headers, under the key of one user."""
    connection = connection_arguments(bootstrap_servers=site.kafka["bootstrap_servers"][0])
    ensure_topics(
        connection,
        transactions=site.topic,
        dead_letters=f"{site.topic}.dlq",
        partitions=6,
        replication_factor=1,
    )
    producer = KafkaProducer(**site.kafka, max_request_size=2_000_000)
    try:
        sent = [producer.send(site.topic, value, KEY, list(extra)) for value, extra in messages]
        producer.flush()
        for future in sent:
            future.get(timeout=0)
    finally:
        producer.close()


def test_poison_is_listed_sent_again_and_discarded(site: Site) -> None:
    """Every letter of a simulated world comes back as its second attempt, and only once."""
    clerk = Clerk(site)
    site.produce(*SEVERAL)
    with site.running("detector.py") as detector:
        site.wait_until_judged()
        first = clerk.letters()
        assert len(first) > 40
        assert {letter["attempt"] for letter in first} == {1}
        table = clerk.run("list", "--reason", "schema", "--limit", "3").splitlines()
        assert table[0].split()[:3] == ["ID", "TAKEN", "STATUS"]
        assert len(table) == 4
        assert all("schema" in line for line in table[1:])

        rehearsal = clerk.run("replay", "--all", "--dry-run")
        assert rehearsal.endswith(f"{len(first)} replayed (dry run: nothing was done)\n")
        assert clerk.letters() == first

        assert clerk.run("replay", "--all") == f"{len(first)} replayed\n"
        site.wait_until_judged()
        ids = {letter["dead_letter_id"] for letter in first}
        waiting = [one for one in clerk.letters() if one["dead_letter_id"] in ids]
        assert {letter["status"] for letter in waiting} == {"replayed"}
        second = clerk.letters("--status", "open")
        assert sorted(letter["replay_of"] for letter in second) == sorted(ids)
        assert {letter["attempt"] for letter in second} == {2}
        reasons = {letter["dead_letter_id"]: letter["reason"] for letter in first}
        assert {letter["replay_of"]: letter["reason"] for letter in second} == reasons
        told = clerk.refused("replay", str(first[0]["dead_letter_id"]))
        assert told.startswith(f"error: dead letter {first[0]['dead_letter_id']}: was replayed")

        clerk.run("discard", "--stage", "decode", "--reason", "schema", "--because", "a bad app")
        left = clerk.letters("--status", "open")
        assert [letter for letter in left if letter["reason"] == "schema"] == []
        assert len(left) + len(clerk.letters("--status", "discarded")) == len(second)
        assert detector.alive
        assert "Traceback" not in detector.output()
    rows = site.query("SELECT DISTINCT actor, action FROM audit_log ORDER BY action")
    actor = f"cli:{getuser()}"
    assert rows == [(actor, "dead_letter.discard"), (actor, "dead_letter.replay")]


def test_a_message_is_mended_and_its_chain_resolved(site: Site) -> None:
    """Attempts are counted and capped; an edit that is good settles the first letter as well."""
    clerk = Clerk(site, FINGUARD_DEAD_LETTER_MAX_ATTEMPTS="2")
    bad = json.dumps({**GOOD, "amount": -12.5}).encode()
    send(site, (bad, [("traceparent", b"00-1")]))
    with site.running("detector.py") as detector:
        site.wait_until_judged()
        assert clerk.run("replay", "1").startswith("dead letter 1: replayed as attempt 2 at ")
        site.wait_until_judged()
        assert "tried 2 times" in clerk.refused("replay", "2")

        clerk = Clerk(site)
        assert clerk.run("show", "2", "--raw").encode() == bad
        still_bad = json.dumps({**GOOD, "amount": "NaN"}).encode()
        assert "rejected again: amount" in clerk.refused(
            "replay", "2", "--value", "-", stdin=still_bad
        )
        mended = json.dumps(GOOD).encode()
        clerk.run("replay", "2", "--value", "-", stdin=mended)
        clerk.run("replay", "2", "--value", "-", "--again", stdin=mended)
        wait_for(lambda: clerk.letters("--status", "resolved") != [], "the verdict")
        site.wait_until_judged()
        assert [letter["status"] for letter in clerk.letters()] == ["resolved", "resolved"]
        assert "resolved" in clerk.run("replay", "1")
        shown = clerk.show(1)
        assert (shown["chain"], shown["status_by"]) == ([1, 2], "detector")
        assert detector.alive
    counts = site.query("SELECT sum(transactions) FROM transactions_per_minute")
    assert counts == [(1,)]
    ((after,),) = site.query("SELECT after FROM audit_log WHERE after ? 'value' LIMIT 1")
    assert json.loads(after["value"]) == GOOD


def test_hostile_messages_are_shown_and_cannot_act(site: Site) -> None:
    """Nothing but printable text reaches the terminal; headers that lie settle nothing."""
    clerk = Clerk(site)
    long = b"x" * (MAX_VALUE_BYTES + 10_000)
    send(
        site,
        (HOSTILE, [("\x1b[31m", HOSTILE), ("dlq.reason", b"harmless")]),
        (long, []),
        (json.dumps(GOOD).encode(), [(REPLAY_HEADER, b"1"), ("dlq.attempt", b"1e9")]),
        (b"?", [(REPLAY_HEADER, b"2"), (REPLAY_HEADER, b"9" * 40), ("dlq.attempt", b"-1")]),
    )
    with site.running("detector.py") as detector:
        site.wait_until_judged()
        letters = clerk.letters()
        assert [(one["status"], one["attempt"]) for one in letters] == [("open", 1)] * 3
        text = clerk.run("show", "1")
        assert text.replace("\n", "").isprintable()
        assert "<script>" in text
        assert "\\x1b[31m" in text
        assert text.count("dlq.reason") == 1
        assert all(line.isprintable() for line in clerk.run("list").splitlines())
        assert clerk.show(2)["message"]["whole"]
        assert clerk.run("replay", "2").startswith("dead letter 2: replayed")
        assert clerk.run("show", "2", "--raw").encode() == long
        assert detector.alive


def test_nothing_but_poison_stops_the_detector_and_can_be_sent_again(site: Site) -> None:
    """A flood trips the limit; the same messages as an operator's replays do not."""
    clerk = Clerk(site)
    flood = 1_500
    send(site, *((b"%d is no transaction" % number, []) for number in range(flood)))
    with site.running("detector.py") as detector:
        detector.expect_exit(1)
        assert "cannot be processed; nothing of this batch was committed" in detector.output()
        assert "raise FINGUARD_DEAD_LETTER_MAX_R" in detector.output()
        assert "Traceback" not in detector.output()
    assert len(clerk.letters()) <= 1_000
    believe = {"FINGUARD_DEAD_LETTER_MAX_RUN": "9999", "FINGUARD_DEAD_LETTER_MAX_RATIO": "1"}
    with site.running("detector.py", env=believe):
        site.wait_until_judged()
    assert len(clerk.letters()) == flood
    assert clerk.run("replay", "--all") == "1,500 replayed\n"
    with site.running("detector.py") as detector:
        site.wait_until_judged()
        assert detector.alive
    assert len(clerk.letters("--status", "open")) == flood


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("replay",), 2, "--all"),
        (("replay", "1", "--all"), 2, "not by both"),
        (("replay", "--all", "--key", "x"), 2, "single letter"),
        (("replay", "0"), 2, "ID"),
        (("discard", "1"), 2, "--because"),
        (("list", "--since", "yesterday"), 2, "ISO 8601"),
        (("list", "--status", "lost"), 2, "resolved"),
        (("show", "7"), 1, "error: there is no dead letter 7"),
        (("replay", "7"), 1, "error: dead letter 7: there is no such letter"),
        (("replay", "1", "--value", "/no/such/file"), 1, "error: --value /no/such/file: No such"),
    ],
)
def test_a_mistake_is_told_in_words(
    site: Site, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Bad usage ends with 2, what cannot be done with 1, neither with a trace."""
    assert words in Clerk(site).refused(*arguments, code=code)
