"""The API under attack: nothing that its description allows or forbids surprises anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import Stack
from tests.fuzz.campaign import PHASES, attack
from tests.fuzz.target import ATTACKERS, Attacker, target
from tests.integration.api.serving import let_the_api_wait
from tests.patience import PATIENCE_S

SEED = 20260301
CASES = 12

UNGUESSABLE = {"POST /api/v1/auth/password", "POST /api/v1/auth/refresh"}
"""What may never succeed under attack, since it takes secrets; test_sessions has it."""


@pytest.fixture
def url(stack: Stack, database: str) -> Iterator[str]:
    """The address of an API to attack."""
    with pytest.MonkeyPatch.context() as patch:
        let_the_api_wait(patch)
        with target(stack, database) as address:
            yield address


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("attacker", ATTACKERS, ids=lambda attacker: attacker.role)
def test_attack_finds_nothing(url: str, attacker: Attacker, tmp_path: Path) -> None:
    """Every phase and every check of schemathesis, on every operation, whoever attacks."""
    made = attack(url, attacker, tmp_path, seed=SEED, cases=CASES, longest_answer_s=PATIENCE_S)
    assert made.status == 0, made.output
    report = made.report
    assert report["complete"], made.output
    assert {phase: report["phases"][phase]["status"] for phase in PHASES} == dict.fromkeys(
        PHASES, "success"
    )
    assert report["operations"]["tested"] == report["operations"]["total"]
    if attacker.role == "admin":
        # An attack that bounces off everywhere would find nothing either.
        assert set(report["warnings"]["missing_auth"]) <= UNGUESSABLE
        assert report["warnings"]["missing_test_data"] == []
