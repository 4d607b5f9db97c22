"""Dead letters on a terminal or as JSON; nothing that a message holds can act on the screen."""

import json
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from finguard.dead_letters.outcomes import File, Outcome
from finguard.domain.dead_letters import Headers, Letter, escaped

_HEADINGS: Final = ("ID", "TAKEN", "STATUS", "ATTEMPT", "STAGE", "REASON", "SIZE", "FROM", "DETAIL")
_RIGHT: Final = {"ID", "ATTEMPT", "SIZE"}
_DETAIL_CHARS: Final = 60


def as_table(letters: Sequence[Letter]) -> str:
    """A line for each, in columns."""
    if not letters:
        return "no such dead letters\n"
    rows = [_HEADINGS, *(_cells(letter) for letter in letters)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(_line(row, widths) for row in rows)


def as_json(letters: Sequence[Letter]) -> str:
    """An array of objects."""
    return _json(list(letters))


def file_as_json(file: File) -> str:
    """An object: the letter, its message with bytes in base64, the ids of its chain."""
    message = file.message
    return _json(
        {
            **msgspec.to_builtins(file.letter),
            "message": None
            if message is None
            else {
                "key": _base64(message.key),
                "value": _base64(message.value),
                "headers": [[name, _base64(value)] for name, value in message.headers],
                "whole": message.whole,
            },
            "chain": [letter.dead_letter_id for letter in file.chain],
        }
    )


def file_as_text(file: File) -> str:
    """Everything on one letter, one fact a line, and its value at the end."""
    letter = file.letter
    lines = [
        _fact("letter", f"{letter.dead_letter_id}, {_state(letter)}"),
        _fact("taken", _time(letter.published_at)),
        _fact("from", _source(letter)),
        _fact("kept at", _kept(letter)),
        _fact("stage", letter.stage),
        _fact("reason", letter.reason),
        _fact("detail", _safe(letter.detail)),
        _fact("error", letter.error_class or "unknown"),
        _fact("size", "unknown" if letter.size is None else f"{letter.size:,} bytes"),
        _fact("replay", _replay(letter)),
        *(
            _fact("attempt", f"{a.attempt}: letter {a.dead_letter_id}, {a.status}")
            for a in file.chain
        ),
    ]
    return "\n".join([*lines, *_message_lines(file)]) + "\n"


class Tally:
    """Tells what came of each letter, and in the end how many were what.

    Args:
        brief: leave out the lines of those that went well.
    """

    def __init__(self, *, brief: bool) -> None:
        self._brief = brief
        self._results: Counter[str] = Counter()

    @property
    def refused(self) -> int:
        """Letters that nothing was done about, and should have been."""
        return self._results["refused"] + self._results["unknown"]

    def tell(self, outcome: Outcome) -> None:
        """Count one; what was refused is a line on standard error."""
        self._results[outcome.result] += 1
        place = f" at {outcome.place.partition}@{outcome.place.offset}" if outcome.place else ""
        line = f"dead letter {outcome.dead_letter_id}: {outcome.words}{place}\n"
        if outcome.result in {"refused", "unknown"}:
            sys.stderr.write(f"error: {line}")
        elif not self._brief:
            sys.stdout.write(line)

    def sum_up(self, *, dry_run: bool, stopped: bool) -> None:
        """The last line."""
        counts = ", ".join(f"{count:,} {result}" for result, count in self._results.items())
        notes = " (dry run: nothing was done)" if dry_run else ""
        notes += " (stopped before the end)" if stopped else ""
        sys.stdout.write(f"{counts or 'no such dead letters'}{notes}\n")


def _cells(letter: Letter) -> tuple[str, ...]:
    detail = _safe(letter.detail)
    return (
        str(letter.dead_letter_id),
        _time(letter.published_at),
        letter.status,
        str(letter.attempt),
        letter.stage,
        letter.reason,
        "?" if letter.size is None else str(letter.size),
        _source(letter),
        detail if len(detail) <= _DETAIL_CHARS else detail[: _DETAIL_CHARS - 1] + "…",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if heading in _RIGHT else cell.ljust(width)
        for cell, width, heading in zip(cells, widths, _HEADINGS, strict=True)
    )
    return "  ".join(aligned).rstrip() + "\n"


def _message_lines(file: File) -> list[str]:
    message = file.message
    if message is None:
        return [_fact("message", "Kafka holds it no longer")]
    value = "(none)" if message.value is None else escaped(message.value)
    cut = "" if message.whole else " (cut; Kafka holds the original no longer)"
    return [
        _fact("key", "(none)" if message.key is None else escaped(message.key)),
        *_header_lines(message.headers),
        _fact("value", cut.strip()),
        value,
    ]


def _header_lines(headers: Headers) -> list[str]:
    return [_fact("header", f"{_safe(name)}: {escaped(value or b'')}") for name, value in headers]


def _fact(name: str, value: str) -> str:
    return f"{name:<9}{value}".rstrip()


def _state(letter: Letter) -> str:
    parts: list[str] = [letter.status]
    if letter.status_by and letter.status_at:
        parts.append(f"by {_safe(letter.status_by)} at {_time(letter.status_at)}")
    if letter.status_note:
        parts.append(f"because {_safe(letter.status_note)}")
    return " ".join(parts)


def _replay(letter: Letter) -> str:
    if letter.replay_sha256 is None:
        return "never"
    if letter.replay_offset is None:
        return "begun; whether Kafka has it is not known, and to replay it again is safe"
    return f"at {letter.replay_partition}@{letter.replay_offset}"


def _source(letter: Letter) -> str:
    return f"{_safe(letter.topic)}/{letter.partition}@{letter.offset}"


def _kept(letter: Letter) -> str:
    if letter.dlq_offset is None:
        return "unknown"
    return f"{letter.dlq_partition}@{letter.dlq_offset} of the dead-letter topic"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _safe(text: str) -> str:
    return escaped(text.encode("utf-8", "backslashreplace"))


def _base64(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _json(content: Any) -> str:  # noqa: ANN401 - whatever msgspec encodes
    # Through the standard library for its ASCII: a terminal takes some other letters for orders.
    return json.dumps(msgspec.to_builtins(content), indent=2) + "\n"
