"""The charts of the detectors: what the frames hold and what the figures are made of."""

from datetime import timedelta

from finguard.dashboard.charts.detectors import (
    lag_bars,
    lag_frame,
    latency_bars,
    latency_frame,
    throughput_frame,
    throughput_line,
)
from finguard.dashboard.client.system import Detector
from finguard.dashboard.seen import Histogram
from tests.unit.dashboard.samples import NOW, detector, partitions


def told(**changes: object) -> Detector:
    """A detector as the API tells it."""
    return Detector.model_validate(detector(**changes))


def test_partitions_are_ordered_whoever_owns_them() -> None:
    """Those of the dead have new owners; what is unknown is told as such, and not as nothing."""
    frame = lag_frame(
        [
            told(host="a", partitions=partitions(p2=12_345, p0=7)),
            told(host="b", partitions=partitions(p10=0, p1=None)),
            told(host="c", partitions=None),
            told(host="d", partitions=partitions(p0=99), status="silent"),
        ]
    )

    assert frame["partition"].tolist() == [0, 1, 2, 10]
    assert frame["host"].tolist() == ["a", "b", "a", "b"]
    assert frame["written"].tolist() == ["7", "?", "12k", "0"]


def test_a_few_records_are_no_tower() -> None:
    """The scale reaches ten at least, and above the highest bar."""
    assert lag_frame([told(partitions=partitions(p0=1))])["room"].tolist() == [10]
    assert lag_frame([told(partitions=partitions(p0=1_000))])["room"][0] > 1_000


def test_no_partitions_are_an_empty_frame() -> None:
    """Nobody owns any yet."""
    assert lag_frame([told(partitions=None)]).empty


def test_lag_is_drawn_as_bars_with_figures() -> None:
    """In the colour of text."""
    chart = lag_bars(lag_frame([told()]), "#123456").to_dict()

    assert [layer["mark"]["type"] for layer in chart["layer"]] == ["point", "bar", "text"]
    assert chart["layer"][2]["mark"]["color"] == "#123456"


def test_throughput_is_drawn_from_zero() -> None:
    """A scale that begins elsewhere makes a mountain of a ripple."""
    frame = throughput_frame([(NOW, 100.0), (NOW + timedelta(seconds=5), 101.0)])

    assert frame["utc"].tolist() == ["12:00:30", "12:00:35"]
    assert throughput_line(frame).to_dict()["encoding"]["y"]["scale"]["zero"]


def test_a_bucket_counts_its_own_alerts() -> None:
    """Cumulative counts would draw a rising slope of any latency."""
    frame = latency_frame(Histogram((0.0025, 1.0), (5, 5, 10)))

    assert frame["bucket"].tolist() == ["≤ 2.5 ms", "≤ 1 s", "> 1 s"]
    assert frame["alerts"].tolist() == [5, 0, 5]
    assert frame["so_far"].tolist() == [0.5, 0.5, 1.0]


def test_buckets_keep_their_order() -> None:
    """By time, and not by name or by size."""
    chart = latency_bars(latency_frame(Histogram((0.0025, 1.0), (0, 0, 0)))).to_dict()

    assert chart["encoding"]["x"]["sort"] is None
