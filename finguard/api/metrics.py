"""The API's metrics for Prometheus: how many requests, of what kind, and how long they took."""

from typing import Final

from fastapi import APIRouter, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector

REQUESTS: Final = "finguard_api_requests_total"
SECONDS: Final = "finguard_api_request_seconds"

OTHER: Final = "other"
"""Stands for every method that no route could have, so that nobody can make the label grow."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Finer around what is promised: 50 ms for lists and 200 ms for statistics.
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5)


class ApiMetrics:
    """Counts requests by method, by the route's template and by the status' first digit.

    No label holds anything that a request could make up: paths are templates.
    """

    def __init__(self) -> None:
        # Else a second series would stand beside each counter, and say when it was made.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the package forgot it
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            REQUESTS,
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            SECONDS,
            "From a request's begin to the end of its answer.",
            ("method", "route"),
            registry=self._registry,
            buckets=_BUCKETS_S,
        )

    def observe(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count a request.

        Args:
            method: as it was sent.
            route: the template of its path.
            status: None where the connection ended before there was an answer.
            seconds: how long it took.
        """
        known = method if method in _METHODS else OTHER
        kind = "none" if status is None else f"{status // 100}xx"
        self._requests.labels(known, route, kind).inc()
        self._seconds.labels(known, route).observe(seconds)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


def router(metrics: ApiMetrics) -> APIRouter:
    """The page that Prometheus scrapes; open to all, and no operation of the API."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def show_metrics() -> Response:
        """All metrics."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes
