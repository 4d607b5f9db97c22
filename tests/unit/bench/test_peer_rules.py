"""The rules that the peers in Python judge by, held against FinGuard's own."""

from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import msgspec

from bench.detector.workload import backlog, natural_world
from bench.peers.rules import assess as assess_as_a_peer
from finguard.domain.assess import assess
from finguard.domain.profile import History, Profile
from finguard.domain.rules import RuleLimits, rules
from finguard.domain.transaction import decode

FAR_FUTURE_US = 4_102_444_800_000_000


def test_peers_find_what_finguard_finds(tmp_path: Path) -> None:
    """On the bench's workload, late events included, both raise the very same alerts."""
    judges, history = rules(RuleLimits()), History()
    profiles: dict[str, Profile] = {}
    tracks: dict[str, tuple[list[Any], list[Any]]] = {}
    ours: list[tuple[str, str]] = []
    theirs: list[tuple[str, str]] = []
    for line in backlog(tmp_path, 20_000).read_bytes().splitlines():
        key, _, value = line.partition(b"\t")
        transaction = decode(value, key=key, published_us=FAR_FUTURE_US)
        user, number = transaction.user_id, transaction.transaction_id
        found = assess(transaction, profiles.get(user) or Profile(), judges, history)
        profiles[user] = found.profile
        ours += [(number, finding.rule) for finding in found.verdict.findings]
        event = msgspec.json.decode(value)
        alerts = assess_as_a_peer(event, *tracks.setdefault(user, ([], [])))
        theirs += [(number, alert["rule"]) for alert in alerts]
    assert ours == theirs
    assert {rule for _, rule in ours} == {"impossible_travel", "high_value", "velocity"}


def test_the_workload_is_repeatable_and_not_quite_in_order(tmp_path: Path) -> None:
    """A seed gives the same bytes again, and a few events come late."""
    first = backlog(tmp_path, 5_000).read_bytes()
    assert first == backlog(tmp_path, 5_000).read_bytes()
    times = [
        msgspec.json.decode(line.partition(b"\t")[2])["timestamp"] for line in first.splitlines()
    ]
    late = sum(later < earlier for earlier, later in pairwise(times))
    assert 5 < late < 100


def test_every_user_of_the_world_buys_now_and_then() -> None:
    """As many people as were asked for take part."""
    users = {event.transaction.user_id for event in islice(natural_world(50), 2_000)}
    assert 50 <= len(users) < 80
