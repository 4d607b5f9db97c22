"""What the API tells of itself, of what it needs, and of the detectors."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

_LATENCY: Final[dict[str, Any]] = {
    "count": 200,
    "sum_s": 3.1,
    "p50_s": 0.0125,
    "p99_s": 0.058,
    "buckets": [
        {"le_s": 0.01, "count": 50},
        {"le_s": 0.015, "count": 150},
        {"le_s": 0.06, "count": 199},
        {"le_s": None, "count": 200},
    ],
}


class Dependency(BaseModel):
    """A service, and how it answers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ok", "latency_ms": 0.61, "required": True}]}
    )

    status: Literal["ok", "unavailable"]
    latency_ms: Annotated[float | None, Field(description="Of one small question.")]
    required: Annotated[bool, Field(description="Whether nothing can be answered without it.")]


class Readiness(BaseModel):
    """Whether requests would be answered, and how each service is that they need."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "postgresql": {"status": "ok", "latency_ms": 0.61, "required": True},
                    "redis": {"status": "ok", "latency_ms": 0.2, "required": False},
                }
            ]
        }
    )

    status: Literal["ok", "unavailable"]
    postgresql: Dependency
    redis: Dependency


class Version(BaseModel):
    """What is running."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"version": "0.1.0", "python": "3.11.9", "schema": "0009_alert_rollups"}]
        }
    )

    version: str
    python: str
    newest_migration: Annotated[
        str | None,
        Field(serialization_alias="schema", description="The newest migration of the database."),
    ]


class Partition(BaseModel):
    """How far a detector is in one of its partitions."""

    partition: int
    lag: Annotated[int | None, Field(description="Records that wait; null while unknown.")]
    position: Annotated[
        int | None, Field(description="Offset of the next record to judge; null while unknown.")
    ]


class LatencyBucket(BaseModel):
    """Alerts that took no longer than a bound."""

    le_s: Annotated[
        float | None, Field(description="The bound in seconds; null for all, however late.")
    ]
    count: int


class Latency(BaseModel):
    """How late alerts were: from the moment Kafka took an event until its alert was durable."""

    count: Annotated[
        int, Field(description="Alerts since the start; what came between two answers is new.")
    ]
    sum_s: Annotated[float, Field(description="All their latencies together, in seconds.")]
    p50_s: Annotated[
        float | None,
        Field(description="Half took no longer, estimated from the buckets; null without alerts."),
    ]
    p99_s: Annotated[
        float | None,
        Field(
            description="99 of 100 took no longer, estimated likewise. At the largest bound it "
            "means that or more."
        ),
    ]
    buckets: Annotated[
        list[LatencyBucket], Field(description="Cumulative: each counts those below it as well.")
    ]


class Detector(BaseModel):
    """A member of the group that judges transactions."""

    instance_id: str
    host: str
    version: str
    group_id: str
    topic: str
    started_at: datetime
    beat_at: Annotated[datetime, Field(description="Its latest sign of life.")]
    silent_s: Annotated[float, Field(description="Seconds since then, by the database's clock.")]
    status: Annotated[
        Literal["alive", "silent"],
        Field(description="`silent`: dead, or cut off from PostgreSQL; its figures are old."),
    ]
    partitions: Annotated[
        list[Partition] | None, Field(description="Null while the group has assigned nothing yet.")
    ]
    lag: Annotated[
        int | None, Field(description="Records that wait in its partitions; null while unknown.")
    ]
    transactions: Annotated[
        int | None, Field(description="Judged since it started; null where it does not tell.")
    ]
    transactions_per_second: Annotated[float, Field(description="Between its last two beats.")]
    latency: Annotated[
        Latency | None, Field(description="Since it started; null where it does not tell.")
    ]
    rebuilding: Annotated[bool, Field(description="Whether it folds lost profiles again.")]
    outage: Annotated[str | None, Field(description="The service that it waits for, if any.")]
    outage_since: datetime | None


class Detectors(BaseModel):
    """The detectors that run, or have ended without a word within a day; the eldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "alive": 1,
                    "lag": 12,
                    "transactions_per_second": 2150.4,
                    "latency": _LATENCY,
                    "items": [
                        {
                            "instance_id": "6d1b4e0c-6f0f-4d8b-9a52-0b3f6a1c7f11",
                            "host": "detector-1",
                            "version": "0.1.0",
                            "group_id": "finguard-detector",
                            "topic": "transactions",
                            "started_at": "2026-03-01T00:00:00Z",
                            "beat_at": "2026-03-01T12:00:00Z",
                            "silent_s": 1.4,
                            "status": "alive",
                            "partitions": [
                                {"partition": 0, "lag": 12, "position": 481516},
                                {"partition": 1, "lag": 0, "position": 479001},
                            ],
                            "lag": 12,
                            "transactions": 960517,
                            "transactions_per_second": 2150.4,
                            "latency": _LATENCY,
                            "rebuilding": False,
                            "outage": None,
                            "outage_since": None,
                        }
                    ],
                }
            ]
        }
    )

    alive: int
    lag: Annotated[
        int | None, Field(description="Of those alive; null while any of them does not know.")
    ]
    transactions_per_second: Annotated[float, Field(description="Of those alive.")]
    latency: Annotated[
        Latency | None,
        Field(
            description="Of all alerts of those alive; null where one does not tell, or counts by "
            "other bounds."
        ),
    ]
    items: list[Detector]
