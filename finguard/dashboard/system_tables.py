"""What runs, and who changed what, as data frames in words and units."""

import json
from collections.abc import Sequence
from typing import Final

import pandas as pd

from finguard.dashboard.client.system import AuditRecord, Detector, Partition
from finguard.dashboard.wording import NOTHING, count, pace

_DETECTORS: Final = [
    "State", "Host", "Partitions", "Lag", "Pace", "Running since", "Last sign of life", "Version",
]  # fmt: skip
_AUDIT: Final = ["When", "Who", "What", "Of what", "Before", "After"]


def detectors_frame(detectors: Sequence[Detector]) -> pd.DataFrame:
    """A row per detector."""
    rows = [
        (
            _state(detector),
            detector.host,
            _partitions(detector.partitions),
            NOTHING if detector.lag is None else count(detector.lag),
            pace(detector.transactions_per_second),
            detector.started_at,
            detector.beat_at,
            detector.version,
        )
        for detector in detectors
    ]
    return _dated(pd.DataFrame(rows, columns=_DETECTORS), "Running since", "Last sign of life")


def audit_frame(records: Sequence[AuditRecord]) -> pd.DataFrame:
    """A row per change."""
    rows = [
        (
            record.at,
            record.actor,
            record.action,
            record.subject,
            _written(record.before),
            _written(record.after),
        )
        for record in records
    ]
    return _dated(pd.DataFrame(rows, columns=_AUDIT), "When")


def _state(detector: Detector) -> str:
    if detector.status == "silent":
        return "✗ silent"
    if detector.outage:
        return f"⏸ waits for {detector.outage}"
    return "↻ rebuilds profiles" if detector.rebuilding else "✓ alive"


def _partitions(owned: Sequence[Partition] | None) -> str:
    if owned is None:
        return NOTHING
    return ", ".join(str(each.partition) for each in owned) or "none"


def _written(value: object) -> str:
    return NOTHING if value is None else json.dumps(value, ensure_ascii=False)


def _dated(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    for column in columns:
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame
