"""Replays of whole files: order, rejects, and the real data."""

import csv
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Event

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from structlog.testing import capture_logs

from finguard.domain.transaction import decode
from finguard.errors import FinGuardError
from finguard.simulator.replay.job import ReplayOptions, replay_job
from finguard.simulator.replay.rows import UnreadableFile
from finguard.simulator.run import run
from tests.unit.simulator.memory_publisher import MemoryPublisher

NOW_US = 1_767_225_600_000_000
HEADER = "transaction_id,user_id,amount,currency,merchant,category,city,country,lat,lon,timestamp\n"
GOOD = "t{},ann,12.3,EUR,Shop,books,Brussels,BE,50.8,4.3,2018-06-01T00:00:00Z\n"
BAD = "t{},ann,much,EUR,Shop,books,Brussels,BE,50.8,4.3,2018-06-01T00:00:00Z\n"


def _replay(path: Path, **options: object) -> MemoryPublisher:
    publisher = MemoryPublisher(capacity=10)
    run(replay_job(ReplayOptions(path=path, **options), NOW_US), publisher, Event())  # type: ignore[arg-type]
    return publisher


def _lines(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + "".join(lines), "utf-8")
    return path


def test_bad_rows_are_skipped_and_told(tmp_path: Path) -> None:
    """The first five by line and reason, all by number; the good ones are published."""
    rows = [(BAD if number % 2 else GOOD).format(number) for number in range(20)]
    with capture_logs() as logs:
        publisher = _replay(_lines(tmp_path, *rows))
    assert publisher.delivered == 10
    told = [log for log in logs if log["event"] == "row skipped"]
    assert [log["row"] for log in told] == [3, 5, 7, 9, 11]
    assert told[0]["reason"] == "unfit: amount: 'much' is no number"
    assert logs[-1] == {"event": "rows skipped", "count": 10, "log_level": "warning"}


def test_a_file_of_nothing_but_bad_rows_is_an_error(tmp_path: Path) -> None:
    """Somebody got the mapping wrong, and a script must notice."""
    with pytest.raises(FinGuardError, match="not one row could be published"):
        _replay(_lines(tmp_path, *(BAD.format(number) for number in range(3))))


def test_a_file_without_rows_is_no_error(tmp_path: Path) -> None:
    """There was nothing to do, and it is done."""
    assert _replay(_lines(tmp_path)).delivered == 0


def test_a_limit_counts_what_is_published(tmp_path: Path) -> None:
    """Bad rows on the way do not use it up, and rows after it are not even read."""
    path = _lines(tmp_path, BAD.format(0), GOOD.format(1), GOOD.format(2), BAD.format(3))
    with capture_logs() as logs:
        assert _replay(path, limit=2).delivered == 2
    assert logs[-1]["count"] == 1


def test_rows_before_the_damage_are_delivered(tmp_path: Path) -> None:
    """A file that breaks off ends the run with an error, and loses nothing that was read."""
    path = tmp_path / "sales.csv.gz"
    text = HEADER + "".join(GOOD.format(number) for number in range(5_000))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=0)[:200_000])
    publisher = MemoryPublisher(capacity=10)
    with pytest.raises(UnreadableFile, match="damaged"):
        run(replay_job(ReplayOptions(path=path), NOW_US), publisher, Event())
    assert publisher.delivered > 1_000
    assert publisher.failed == 0


def test_the_handbook_sample_is_published_whole_and_in_order(data_folder: Path) -> None:
    """Real data: every row, as the file writes it, without its labels."""
    path = data_folder / "handbook_sample_2days.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    publisher = _replay(path)
    assert publisher.delivered == len(rows) == 19_134
    for row, (key, value) in zip(rows, publisher.messages, strict=True):
        transaction = decode(value, key=key, published_us=NOW_US)
        assert row["transaction_id"] == transaction.transaction_id
        assert row["user_id"] == transaction.user_id
        assert round(Decimal(row["amount"]), 4) == transaction.amount
        assert float(row["lat"]) == transaction.lat
        assert b"label" not in (value or b"")


@pytest.mark.parametrize("name", ["handbook_2018-04-01_to_07-24", "sparkov_dev"])
def test_the_real_parquet_files_fit_as_they_are(name: str, data_folder: Path) -> None:
    """Amounts are those of the file's doubles written shortly; nothing is skipped."""
    path = data_folder / f"{name}.parquet"
    publisher = _replay(path, limit=5_000)
    assert publisher.delivered == 5_000
    for cells, (key, value) in zip(_first_rows(path), publisher.messages, strict=False):
        transaction = decode(value, key=key, published_us=NOW_US)
        assert cells["transaction_id"] == transaction.transaction_id
        assert round(Decimal(repr(cells["amount"])), 4) == transaction.amount


def _first_rows(path: Path) -> Iterator[dict[str, object]]:
    yield from next(pq.ParquetFile(path).iter_batches(5_000)).to_pylist()
