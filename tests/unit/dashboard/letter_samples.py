"""Dead letters as the API's JSON."""

from base64 import b64encode
from datetime import timedelta

from tests.unit.dashboard.samples import NOW, Json

VALUE = b'{"amount": -1}'


def letter(letter_id: int = 1, **changes: object) -> Json:
    """One dead letter of a list; a greater number is a newer one."""
    taken = NOW + timedelta(seconds=letter_id)
    return {
        "dead_letter_id": letter_id,
        "status": "open",
        "attempt": 1,
        "stage": "decode",
        "reason": "amount",
        "detail": "the amount is not a finite number",
        "error_class": "InvalidMessage",
        "size": len(VALUE),
        "source": {"topic": "transactions", "partition": 3, "offset": 90_210},
        "buried_at": {"partition": 0, "offset": 16},
        "published_at": taken.isoformat(),
        "recorded_at": (taken + timedelta(seconds=0.5)).isoformat(),
        "status_at": None,
        "status_by": None,
        "status_note": None,
        "replay": None,
        "replay_of": None,
        "followed_by": None,
        **changes,
    }


def content(data: bytes, size: int | None = None) -> Json:
    """Bytes, of which there may be more."""
    return {
        "size": len(data) if size is None else size,
        "text": data.decode("utf-8", "backslashreplace"),
        "base64": b64encode(data).decode(),
        "cut": size is not None and size > len(data),
    }


def message(value: Json | None = None, **changes: object) -> Json:
    """A message as Kafka holds it."""
    return {
        "key": content(b"user-1"),
        "value": content(VALUE) if value is None else value,
        "headers": [
            {"name": "trace<b>", "value": content(b"**x**")},
            {"name": "dlq.reason", "value": content(b"amount")},
        ],
        "header_count": 2,
        **changes,
    }


def counts(bucket: str, *rows: Json) -> Json:
    """Counts by minute, from the reasons of each."""
    begin = NOW.replace(second=0) - timedelta(minutes=len(rows))
    by_reason: Json = {}
    for row in rows:
        for reason, number in row.items():
            by_reason[reason] = by_reason.get(reason, 0) + number
    total = sum(by_reason.values())
    return {
        "from": begin.isoformat(),
        "to": NOW.isoformat(),
        "bucket": bucket,
        "zone": "UTC",
        "dead_letters": total,
        "by_reason": by_reason,
        "by_status": {"open": total, "replayed": 0, "resolved": 0, "discarded": 0},
        "rows": [
            {"bucket": (begin + timedelta(minutes=place)).isoformat(), "by_reason": row}
            for place, row in enumerate(rows)
        ],
    }
