"""The bench's report: what others look for in its JSON, and its tables."""

from pathlib import Path
from typing import Any

import pytest

from bench.detector.charts import draw
from bench.detector.report import markdown, merged
from bench.figures import at, percentiles, store


def system(tps: int) -> dict[str, Any]:
    """A system's figures."""
    return {
        "guarantee": "none",
        "tps": tps,
        "tps_least": tps - 10,
        "tps_most": tps + 10,
        "warm_tps": 2 * tps,
        "cpu_s_per_million": 20.0,
        "services_cpu_s_per_million": 10.0,
        "rounds": 3,
        "alerts": {"velocity": 7},
        "missing": 0,
        "extra": 0,
    }


THROUGHPUT = {
    "measured": "today",
    "messages": 1_000,
    "systems": {
        "FinGuard": system(600),
        "Kafka Streams": system(400),
        "Kafka Streams, one thread": system(200),
        "Quix Streams": system(300),
        "Batched loop": system(900),
        "Naive loop": system(30),
    },
    "two_processes": system(800),
}
LATENCY = {
    "measured": "yesterday",
    "rates": {
        "2000": {
            "p50": 5.0,
            "p99": 20.0,
            "max": 40.0,
            "alerts": 100,
            "from_due": {"p50": 9.0, "p99": 25.0, "max": 45.0},
            "publisher_behind_max": 3.0,
            "curve": [1.0, 5.0, 40.0],
        }
    },
}


def test_the_summary_holds_the_figures_that_others_look_for() -> None:
    """Ratios are those to the fastest streaming peer and to the naive loop."""
    report = merged({"throughput": THROUGHPUT, "latency": LATENCY}, Path("none"))
    assert report["finguard_tps"] == 600
    assert report["peers"] == {
        "Kafka Streams": 400,
        "Kafka Streams, one thread": 200,
        "Quix Streams": 300,
        "Batched loop": 900,
        "Naive loop": 30,
    }
    assert report["ratio_to_fastest_peer"] == pytest.approx(1.5)
    assert report["ratio_to_naive"] == pytest.approx(20)
    assert report["latency_ms"] == {"2000": {"p50": 5.0, "p99": 20.0, "max": 40.0}}


def test_parts_not_measured_now_are_kept(tmp_path: Path) -> None:
    """A run of one part leaves the others' figures and where they are from."""
    file = tmp_path / "detector.json"
    store(merged({"latency": LATENCY}, file), file)
    report = merged({"throughput": THROUGHPUT}, file)
    assert report["parts"]["latency"]["measured"] == "yesterday"
    assert "latency_ms" in report


def test_the_tables_show_differences_in_alerts() -> None:
    """A system that finds something else is not shown as doing the same work."""
    wrong = {**system(300), "missing": 2, "extra": 1}
    part = {**THROUGHPUT, "systems": {**THROUGHPUT["systems"], "Quix Streams": wrong}}  # type: ignore[dict-item] # a dict of dicts
    text = markdown(merged({"throughput": part}, Path("none")))
    assert "2 missing, 1 more" in text
    assert "| the same" in text
    assert "today" in text


def test_percentiles_are_values_that_occurred() -> None:
    """The 99th of a hundred values is the 99th."""
    ordered = [float(number) for number in range(1, 101)]
    assert percentiles(ordered) == {"p50": 50.0, "p99": 99.0, "max": 100.0}
    assert at([7.0], 0.99) == pytest.approx(7.0)


def test_the_pictures_are_drawn(tmp_path: Path) -> None:
    """Both are SVG and name every system and every rate."""
    draw({"parts": {"throughput": THROUGHPUT, "latency": LATENCY}}, tmp_path)
    bars = (tmp_path / "throughput.svg").read_text("utf-8")
    assert all(name in bars for name in ("FinGuard", "Kafka Streams", "Naive loop"))
    assert "2,000/s: p50 5.0 ms" in (tmp_path / "latency.svg").read_text("utf-8")
