"""Export: any list of alerts as a file, in constant memory."""

import asyncio
import csv
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, suppress
from http import HTTPStatus
from io import StringIO
from threading import Lock
from typing import Annotated, Any, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from finguard.adapters.postgres import alerts
from finguard.adapters.postgres.connection import translated
from finguard.adapters.postgres.pool import Row
from finguard.api.access import require
from finguard.api.alert_inputs import ExportQuery
from finguard.api.alert_outputs import ALERT_EXAMPLE, Alert
from finguard.api.database import MAX_EXPORT_S, Database
from finguard.api.problems import GUARDED, documented
from finguard.api.services import Provided
from finguard.api.streaming import Streamed
from finguard.errors import ServiceUnavailable

PART: Final = 500
"""Alerts that are held in memory at a time."""

MEDIA_TYPES: Final = {"csv": "text/csv", "jsonl": "application/jsonl"}

_FORMULA_BEGINS: Final = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets take for the beginning of a formula, or skip before one; also as fullwidth."""

router = APIRouter(
    prefix="/api/v1/alerts", tags=["alerts"], dependencies=[Depends(require("viewer"))]
)


class _Export:
    """A list of alerts on its way, part by part, all of one moment."""

    def __init__(self, database: Database, query: ExportQuery) -> None:
        self._lock = Lock()
        with ExitStack() as stack:
            self._snapshot = stack.enter_context(database.long_snapshot())
            alerts.declare_export(
                self._snapshot, query.wanted(), sort=query.sort, limit=query.limit
            )
            self._next = self._fetch()
            self._stack = stack.pop_all()

    def part(self) -> list[Row]:
        """The next part; the first was there before the answer began, so that it could fail."""
        with self._lock:
            part, self._next = self._next, []
            return part or self._fetch()

    def close(self) -> None:
        """Give the connection back, after whoever is reading."""
        with self._lock, suppress(ServiceUnavailable):
            self._stack.close()

    def _fetch(self) -> list[Row]:
        with translated():
            return alerts.fetch_export(self._snapshot, PART)


@router.get(
    "/export",
    summary="Export alerts",
    response_class=Response,
    response_description="The file.",
    responses={
        200: {
            "content": {
                MEDIA_TYPES["csv"]: {
                    "schema": {"type": "string"},
                    "example": "alert_id,user_id,…\r\n4711,u-17,…\r\n",
                },
                MEDIA_TYPES["jsonl"]: {
                    "schema": {"type": "string"},
                    "example": Alert.model_validate(ALERT_EXAMPLE).model_dump_json() + "\n",
                },
            }
        },
        **documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
    },
)
async def export_alerts(query: Annotated[ExportQuery, Query()], services: Provided) -> Response:
    """All alerts that match, of one moment, as CSV (RFC 4180) or JSON Lines, in UTF-8.

    In CSV a text that a spreadsheet would take for a formula has an apostrophe before it. There
    may be few exports at a time, and each may take two minutes; one that does not come to its end
    breaks off, so that nobody takes it for whole.
    """
    export = await to_thread.run_sync(_Export, services.database, query)
    loop = asyncio.get_running_loop()
    return Streamed(
        _chunks(export, query.format),
        media_type=MEDIA_TYPES[query.format],
        headers={"Content-Disposition": f'attachment; filename="alerts.{query.format}"'},
        until=asyncio.sleep(MAX_EXPORT_S),
        is_whole_when_ended=False,
        on_end=lambda: loop.run_in_executor(None, export.close),
    )


async def _chunks(export: _Export, form: Literal["csv", "jsonl"]) -> AsyncIterator[bytes]:
    write: Callable[[Sequence[Row]], bytes] = _as_csv if form == "csv" else _as_jsonl
    if form == "csv":
        yield _csv_lines([list(Alert.model_fields)])
    while rows := await to_thread.run_sync(export.part):
        yield await to_thread.run_sync(write, rows)


def _as_jsonl(rows: Sequence[Row]) -> bytes:
    return b"".join(Alert.model_validate(row).model_dump_json().encode() + b"\n" for row in rows)


def _as_csv(rows: Sequence[Row]) -> bytes:
    items = (Alert.model_validate(row).model_dump(mode="json") for row in rows)
    return _csv_lines([[_cell(value) for value in item.values()] for item in items])


def _csv_lines(lines: Sequence[Sequence[Any]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """A value for CSV; numbers stay numbers, also negative ones."""
    if isinstance(value, str) and value.startswith(_FORMULA_BEGINS):
        return f"'{value}"
    return value
