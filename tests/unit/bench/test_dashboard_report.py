"""The report of the dashboard's bench: its tables, and what a partial run keeps."""

from pathlib import Path

from bench.dashboard.report import markdown, merged
from bench.figures import store

VISITS = {"figures": {"overview": {"p50": 812.4, "p99": 990.0, "max": 1234.5}}, "measured": "today"}
COST = {"requests": 2.5, "ms": 31.0, "api_cpu_ms": 20.0, "postgres_cpu_ms": 9.0}
REFRESHES = {"figures": {"alerts": {**COST, "dashboard_cpu_ms": 40.0}}, "measured": "yesterday"}
CROWD = {
    "figures": {
        "dashboards": 20,
        "requests_per_s": 40.0,
        "alone": [{"p50": 5.0, "p99": 50.0, "max": 60.0}],
        "beside": [{"p50": 6.0, "p99": 75.0, "max": 90.0}],
        "errors": 0,
        "live_parts_asked": 2_000,
        "live_parts_drawn": 1_900,
        "p99_ratio": 1.5,
    },
    "measured": "today",
}


def test_each_part_has_its_table_and_what_it_was_measured_on() -> None:
    """Waits in whole milliseconds; the ratio in words."""
    text = markdown({"visits": VISITS, "refreshes": REFRESHES, "crowd": CROWD})

    assert "| overview | 812 ms | 1,234 ms |" in " ".join(text.split())
    assert "| alerts | 2.5 | 31.0 ms | 20.0 ms | 9.0 ms | 40.0 ms |" in " ".join(text.split())
    assert "| 20 dashboards | 6.0, 75.0 ms |" in " ".join(text.split())
    assert "p99 with 20 dashboards: **1.5 times** that without" in text
    assert "95% of the 2,000 live parts that were due." in text
    assert text.count("*today*") == 2


def test_parts_that_a_run_leaves_out_are_kept(tmp_path: Path) -> None:
    """Each with its own date."""
    file = tmp_path / "dashboard.json"
    store(merged({"visits": VISITS}, file), file)

    report = merged({"refreshes": REFRESHES}, file)

    assert report == {"visits": VISITS, "refreshes": REFRESHES}
