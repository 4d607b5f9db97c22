"""One attack: schemathesis as a process, and its report."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.acceptance.programs import ROOT
from tests.fuzz.target import Attacker

PHASES = ("examples", "coverage", "fuzzing", "stateful")


class Attack(NamedTuple):
    """What came of an attack.

    Attributes:
        status: of the process; 0 when nothing was found.
        output: what it says for people, with a command that repeats each failure.
        report: the same for programs.
    """

    status: int
    output: str
    report: dict[str, Any]


def attack(
    url: str,
    attacker: Attacker,
    folder: Path,
    *,
    seed: int,
    cases: int,
    seconds: int | None = None,
    longest_answer_s: float | None = None,
) -> Attack:
    """Attack the API at an address.

    Args:
        url: where it is.
        attacker: as whom.
        folder: for the report.
        seed: decides what is tried, together with the API's description and answers.
        cases: how much is tried for each operation in each phase that makes things up.
        seconds: go on making things up for so long.
        longest_answer_s: what takes longer is a finding; as schemathesis.toml says unless given.
    """
    written = folder / f"{attacker.role}.json"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"]
    command += ["--seed", str(seed), "--max-examples", str(cases), "--no-color"]
    command += ["--report", "json", "--report-json-path", str(written)]
    if seconds is not None:
        command += ["--max-time", str(seconds)]
    if longest_answer_s is not None:
        command += ["--request-timeout", str(longest_answer_s)]
    environment = {
        **os.environ,
        "FINGUARD_FUZZ_USERNAME": attacker.username,
        "FINGUARD_FUZZ_PASSWORD": attacker.password,
    }
    process = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    report = json.loads(written.read_bytes()) if written.exists() else {}
    return Attack(process.returncode, process.stdout, report)
