"""Rows of data files, a bounded number of them in memory at a time."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, cast

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from finguard.errors import FinGuardError

CHUNK_ROWS: Final = 4_096
CHUNK_BYTES: Final = 1 << 20


class UnreadableFile(FinGuardError):  # noqa: N818 - it names the file's state
    """A file that cannot be replayed, or not further."""


class Row(NamedTuple):
    """One row: its cells by column name, or what keeps it from having any.

    Attributes:
        number: the line in a text file, the row in a Parquet file, counted from 1.
    """

    number: int
    cells: Mapping[str, object]
    problem: str = ""


class RowFile(Protocol):
    """A file of rows."""

    @property
    def columns(self) -> Sequence[str] | None:
        """Their names; None where each row says its own."""

    def count(self) -> int:
        """How many rows there are, or nearly so."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """All rows in the file's order, with at least these columns.

        Raises:
            UnreadableFile: where the file turns out to be damaged.
        """


def open_rows(path: Path) -> RowFile:
    """Recognise a file by its name.

    Raises:
        UnreadableFile: when it is missing, damaged at the start or of no known kind.
    """
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return CsvFile(path)
    if name.endswith((".jsonl", ".ndjson")):
        return JsonLinesFile(path)
    if name.endswith(".parquet"):
        return ParquetFile(path)
    raise UnreadableFile(f"{path}: only .csv, .jsonl (each also .gz) and .parquet can be replayed")


class CsvFile:
    """Comma-separated values under a header line, in UTF-8."""

    columns: Sequence[str]

    def __init__(self, path: Path) -> None:
        self._path = path
        with _text(path) as lines:
            self.columns = next(csv.reader(lines), [])
        if not self.columns:
            raise UnreadableFile(f"{path}: there is no header line")

    def count(self) -> int:
        """Lines below the header."""
        return max(0, _count_lines(self._path) - 1)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:  # noqa: ARG002 - a line holds them all
        """See `RowFile`."""
        with _text(self._path) as lines:
            reader = csv.reader(lines)
            next(reader)
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Row(reader.line_num, {}, str(error))
                    continue
                if len(cells) == len(self.columns):
                    yield Row(reader.line_num, dict(zip(self.columns, cells, strict=True)))
                elif cells:
                    problem = f"{len(cells)} cells under {len(self.columns)} column names"
                    yield Row(reader.line_num, {}, problem)


class JsonLinesFile:
    """A JSON object on each line, in UTF-8."""

    columns: Sequence[str] | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        with _opened(path):
            pass

    def count(self) -> int:
        """Lines, blank ones included."""
        return _count_lines(self._path)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:  # noqa: ARG002 - a line holds them all
        """See `RowFile`."""
        with _opened(self._path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _parse_line(number, line)


class ParquetFile:
    """A Parquet file, of which only the columns asked for are read."""

    columns: Sequence[str]

    def __init__(self, path: Path) -> None:
        self._path = path
        with _translating(path), pq.ParquetFile(path) as file:
            self.columns = list(file.schema_arrow.names)
            self._count = int(file.metadata.num_rows)

    def count(self) -> int:
        """Rows, exactly."""
        return self._count

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See `RowFile`."""
        number = 0
        with _translating(self._path), pq.ParquetFile(self._path) as file:
            for batch in file.iter_batches(CHUNK_ROWS, columns=list(columns)):
                for cells in batch.to_pylist():
                    number += 1
                    yield Row(number, cells)


def _parse_line(number: int, line: bytes) -> Row:
    try:
        cells = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"not JSON: {error}")
    if not isinstance(cells, dict):
        return Row(number, {}, "not a JSON object")
    return Row(number, cells)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where its name ends in .gz."""
    with _translating(path):
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rb") as packed:
                yield cast("BinaryIO", packed)
        else:
            with path.open("rb") as plain:
                yield plain


@contextmanager
def _text(path: Path) -> Iterator[TextIOWrapper]:
    """Lines of text; bytes that are no UTF-8 spoil their own row and not the whole file."""
    with (
        _opened(path) as file,
        TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines,
    ):
        yield lines


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error, pa.ArrowException) as error:
        raise UnreadableFile(f"{path}: damaged: {error}") from error


def _count_lines(path: Path) -> int:
    with _opened(path) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(CHUNK_BYTES), b""))
