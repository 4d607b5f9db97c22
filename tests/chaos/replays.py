"""Row 26: dead letters sent again, by the command that an operator would use."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from finguard.simulator.message import Message
from tests.chaos.lag import ends
from tests.chaos.messages import world
from tests.chaos.trial import Trial

MAX_ATTEMPTS: Final = 3
LIMIT: Final = {"FINGUARD_DEAD_LETTER_MAX_ATTEMPTS": str(MAX_ATTEMPTS)}
BAD: Final = b"not a transaction"


def replayed(trial: Trial, *, messages: int, letters: int) -> None:
    """26: each letter replayed twice, one of them mended, the others until the last attempt."""
    good = world(messages, seed=26)
    spoilt, rest = good[:letters], good[letters:]
    trial.publish([*rest, *(Message(message.key, BAD, message.time_us) for message in spoilt)])
    with trial.member() as member:
        trial.settle()
        (first, *others) = _letters(trial, attempt=1)
        _mend_twice(trial, first, spoilt)
        # What is on its way must survive a crash, too.
        trial.kill(member)
        _replay_twice(trial, others)
    with trial.member():
        trial.settle()
        for attempt in range(2, MAX_ATTEMPTS):
            again = _letters(trial, attempt)
            assert len(again) == len(others)
            _replay_twice(trial, again)
            trial.settle()
        last = _letters(trial, MAX_ATTEMPTS)
        assert len(last) == len(others)
        before = ends(trial.site)
        code, output = _command(trial, "replay", *map(str, last))
        assert code == 1, output
        assert output.count(f"was tried {MAX_ATTEMPTS} times") == len(last), output
        assert ends(trial.site) == before


def _mend_twice(trial: Trial, letter: int, spoilt: list[Message]) -> None:
    """Send the transaction that the message should have been."""
    (key,) = (
        record.key
        for records in trial.site.records().values()
        for record in records
        if (record.partition, record.offset) == _origin(trial, letter)
    )
    value = next(message.value for message in spoilt if message.key == key)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mended.json"
        path.write_bytes(value or b"")
        _twice(trial, 1, str(letter), "--value", str(path))


def _replay_twice(trial: Trial, letters: list[int]) -> None:
    _twice(trial, len(letters), *map(str, letters))


def _twice(trial: Trial, count: int, *arguments: str) -> None:
    """Replay, and replay again: the first time sends so many messages, the second time none."""
    before = sum(ends(trial.site).values())
    code, output = _command(trial, "replay", *arguments)
    assert code == 0, output
    # The code is 1 where the detector was quicker and the letter has already come back.
    _command(trial, "replay", *arguments)
    assert sum(ends(trial.site).values()) == before + count, output


def _origin(trial: Trial, letter: int) -> tuple[int, int]:
    ((partition, offset),) = trial.site.query(
        'SELECT partition, "offset" FROM dead_letters WHERE dead_letter_id = %s', letter
    )
    return partition, offset


def _letters(trial: Trial, attempt: int) -> list[int]:
    """The open letters of messages that have been tried so often."""
    code, output = _command(trial, "list", "--json", "--status", "open", "--limit", "1000")
    assert code == 0, output
    found: list[dict[str, Any]] = json.loads(output[output.index("[") :])
    return sorted(row["dead_letter_id"] for row in found if row["attempt"] == attempt)


def _command(trial: Trial, *arguments: str) -> tuple[int, str]:
    command = ("-m", "finguard", "dead-letters", *arguments)
    with trial.site.running(*command, env=LIMIT) as program:
        return program.wait(), program.output()
