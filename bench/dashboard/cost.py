"""What open dashboards cost the API: one by one, and many at once beside other clients."""

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any, Final

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tqdm import tqdm

from bench.api.bed import Bed, Served, log_in
from bench.api.client import Load, measure
from bench.api.operations import Operation
from bench.api.services import processor_s, server_pid
from bench.dashboard.bed import REFRESH_S, Shown
from bench.dashboard.viewers import Address, viewing
from bench.figures import percentiles

SETTLE_S: Final = 5.0
ROUNDS: Final = 3
_SECONDS: Final = "finguard_api_request_seconds"


def measure_refreshes(
    bed: Bed, shown: Shown, addresses: dict[str, Address], seconds: int
) -> dict[str, Any]:
    """What a page that one viewer has open costs the API at each of its refreshes.

    The API itself counts the requests, and how long each took from its begin to the end of its
    answer; nobody else asks meanwhile.
    """
    found = {}
    for name, address in tqdm(addresses.items(), desc="refreshes", unit="page"):
        with viewing(shown, [address]) as viewers:
            time.sleep(SETTLE_S)
            found[name] = _refresh(bed, shown, seconds)
            viewers.leave()
    return found


def _refresh(bed: Bed, shown: Shown, seconds: int) -> dict[str, Any]:
    pids = {"api": shown.api.pid, "postgres": server_pid(bed), "dashboard": shown.pid}
    before, used_before_s = _asked(shown.api), {name: processor_s(pids[name]) for name in pids}
    time.sleep(seconds)
    after, used_after_s = _asked(shown.api), {name: processor_s(pids[name]) for name in pids}
    refreshes = seconds / REFRESH_S
    requests, request_s = (now - then for now, then in zip(after, before, strict=True))
    return {
        "requests": round(requests / refreshes, 2),
        "ms": round(1000 * request_s / refreshes, 1),
        **{
            f"{name}_cpu_ms": round(
                1000 * (used_after_s[name] - used_before_s[name]) / refreshes, 1
            )
            for name in pids
        },
    }


def _with_new_token(api: Served) -> Served:
    """The same API: one token does not last for all rounds."""
    return replace(api, token=log_in(f"http://127.0.0.1:{api.port}"))


def _asked(api: Served) -> tuple[float, float]:
    """Requests of the API's operations so far, and the seconds that they took."""
    text = httpx.get(f"http://127.0.0.1:{api.port}/metrics", timeout=10).text
    counted = dict.fromkeys(("count", "sum"), 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind = sample.name.removeprefix(f"{_SECONDS}_")
            if kind in counted and sample.labels["route"].startswith("/api/"):
                counted[kind] += sample.value
    return counted["count"], counted["sum"]


def measure_crowd(
    shown: Shown, operations: Sequence[Operation], addresses: Sequence[Address], load: Load
) -> dict[str, Any]:
    """The API's answers to other clients, in turns without and with open dashboards."""
    measure(shown.api, operations, Load(clients=4, times=1), "crowd: warm-up")
    alone: list[dict[str, float]] = []
    beside: list[dict[str, float]] = []
    asked, drawn, errors = 0, 0, 0
    for number in range(1, ROUNDS + 1):
        for latencies, viewed in ((alone, ()), (beside, addresses)):
            title = f"crowd: round {number}, {len(viewed)} dashboards"
            with viewing(shown, viewed) as viewers:
                time.sleep(SETTLE_S)
                measured = measure(_with_new_token(shown.api), operations, load, title)
                seen = viewers.leave()
            everything = sorted(ms for each in measured.latencies_ms.values() for ms in each)
            latencies.append(percentiles(everything))
            errors += sum(map(len, measured.errors.values()))
            asked += seen.asked
            drawn += seen.drawn
    return {
        "dashboards": len(addresses),
        "requests_per_s": load.clients * (load.rate or 0),
        "alone": alone,
        "beside": beside,
        "errors": errors,
        "live_parts_asked": asked,
        "live_parts_drawn": drawn,
        "p99_ratio": round(
            median(each["p99"] for each in beside) / median(each["p99"] for each in alone), 2
        ),
    }
