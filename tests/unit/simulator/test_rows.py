"""Rows of CSV, JSON lines and Parquet files, good and damaged."""

import gzip
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from finguard.simulator.replay.rows import Row, UnreadableFile, open_rows

CSV = 'id,name,note\n1,ann,"two\nlines"\n2,"żółw, 東",\n\n3,short\n4,long,x,y\n5,eve,end'
JSON_LINES = '{"id": 1, "amount": 12.30}\n\nnot JSON\n[1, 2]\n{"id": 2, "amount": 1e2}'


def _write(path: Path, text: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "ROWS.CSV"])
def test_csv_rows_come_with_their_lines(name: str, tmp_path: Path) -> None:
    """Quotes and line breaks are read, blank lines passed over, ragged rows told by line."""
    file = open_rows(_write(tmp_path / name, CSV))
    assert file.columns == ["id", "name", "note"]
    assert list(file.rows([])) == [
        Row(3, {"id": "1", "name": "ann", "note": "two\nlines"}),
        Row(4, {"id": "2", "name": "żółw, 東", "note": ""}),
        Row(6, {}, "2 cells under 3 column names"),
        Row(7, {}, "4 cells under 3 column names"),
        Row(8, {"id": "5", "name": "eve", "note": "end"}),
    ]


def test_a_csv_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """The mark that spreadsheets write is no part of the first column's name."""
    assert open_rows(_write(tmp_path / "rows.csv", "\ufeffid,b\n1,2\n")).columns == ["id", "b"]


def test_bytes_that_are_no_utf8_spoil_their_row_alone(tmp_path: Path) -> None:
    """The rows around them are read."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"id,name\n1,caf\xe9\n2,ann\n")
    first, second = open_rows(path).rows([])
    assert first.cells["name"] == "caf\udce9"
    assert second == Row(3, {"id": "2", "name": "ann"})


def test_an_overlong_cell_spoils_its_row_alone(tmp_path: Path) -> None:
    """What the csv module refuses is told, and reading goes on."""
    path = _write(tmp_path / "rows.csv", "id,name\n1," + "x" * 200_000 + "\n2,ann\n")
    first, second = open_rows(path).rows([])
    assert "field larger than field limit" in first.problem
    assert second.cells == {"id": "2", "name": "ann"}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.jsonl.gz"])
def test_json_lines_keep_decimals_exact(name: str, tmp_path: Path) -> None:
    """Numbers are decimals as written; lines that are no objects are told."""
    file = open_rows(_write(tmp_path / name, JSON_LINES))
    rows = list(file.rows([]))
    assert file.columns is None
    assert [row.number for row in rows] == [1, 3, 4, 5]
    assert rows[0].cells == {"id": 1, "amount": Decimal("12.30")}
    assert rows[1].problem.startswith("not JSON")
    assert rows[2].problem == "not a JSON object"
    assert rows[3].cells["amount"] == 100


def test_hostile_json_spoils_its_row_alone(tmp_path: Path) -> None:
    """Deep nesting, endless integers and bad bytes are refused without an end of the run."""
    path = tmp_path / "rows.jsonl"
    hostile = [b"[" * 100_000, b"9" * 10_000, b'{"a": "\xff"}', b'{"a": 1}']
    path.write_bytes(b"\n".join(hostile))
    *refused, good = open_rows(path).rows([])
    assert all(row.problem.startswith("not JSON") for row in refused)
    assert good == Row(4, {"a": 1})


def test_parquet_reads_only_the_columns_asked_for(tmp_path: Path) -> None:
    """Labels in the file are never even read."""
    path = tmp_path / "rows.parquet"
    table = pa.table({"id": list(range(10_000)), "label_fraud": [1] * 10_000})
    pq.write_table(table, path)
    file = open_rows(path)
    assert file.columns == ["id", "label_fraud"]
    rows = list(file.rows(["id"]))
    assert [Row(number, {"id": number - 1}) for number in range(1, 10_001)] == rows


@pytest.mark.parametrize(
    ("name", "count"), [("rows.csv", 7), ("rows.csv.gz", 7), ("rows.jsonl", 4), ("rows.parquet", 3)]
)
def test_the_number_of_rows_is_known_for_the_bar(name: str, count: int, tmp_path: Path) -> None:
    """Exactly for Parquet; by counting lines, without parsing them, for the others."""
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(pa.table({"id": [1, 2, 3]}), path)
    else:
        _write(path, CSV + "\n" if "csv" in name else JSON_LINES)
    assert open_rows(path).count() == count


def test_unknown_kinds_are_refused(tmp_path: Path) -> None:
    """The message says what can be replayed."""
    with pytest.raises(UnreadableFile, match=r"only \.csv, \.jsonl"):
        open_rows(_write(tmp_path / "rows.xlsx", ""))


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.jsonl", "rows.parquet"])
def test_a_missing_file_is_told(name: str, tmp_path: Path) -> None:
    """By its name, for every kind."""
    with pytest.raises(UnreadableFile, match="No such file"):
        open_rows(tmp_path / name)


def test_an_empty_csv_is_told(tmp_path: Path) -> None:
    """Without a header nothing can be mapped."""
    with pytest.raises(UnreadableFile, match="no header line"):
        open_rows(_write(tmp_path / "rows.csv", ""))


def test_what_is_no_parquet_is_told(tmp_path: Path) -> None:
    """A damaged file is an error in one line, not a trace."""
    with pytest.raises(UnreadableFile, match="damaged"):
        open_rows(_write(tmp_path / "rows.parquet", "PAR1 but not really"))


def test_a_file_that_breaks_off_is_told_where_it_does(tmp_path: Path) -> None:
    """Rows before the damage come through; then the run ends with an error."""
    path = tmp_path / "rows.csv.gz"
    lines = "".join(f"{number},{number * 7919 % 9973}\n" for number in range(50_000))
    path.write_bytes(gzip.compress(("id,x\n" + lines).encode())[:-2_000])
    rows = open_rows(path).rows([])
    before = list(islice(rows, 10_000))
    with pytest.raises(UnreadableFile, match="damaged"):
        list(rows)
    assert len(before) == 10_000
