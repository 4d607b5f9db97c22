"""What the API answers, with an example of each."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class PostgresHealth(BaseModel):
    """Whether PostgreSQL answers."""

    status: Literal["ok", "unavailable"]
    latency_ms: Annotated[float | None, Field(description="Of one small query.")]


class MigrationsHealth(BaseModel):
    """Whether the tables are those that this version needs."""

    status: Literal["current", "pending", "failed", "unknown"]
    applied: list[str]
    pending: list[str]


class Health(BaseModel):
    """How the API and what it needs are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "version": "0.1.0",
                    "postgres": {"status": "ok", "latency_ms": 0.61},
                    "migrations": {
                        "status": "current",
                        "applied": ["0001_detection", "0002_users"],
                        "pending": [],
                    },
                }
            ]
        }
    )

    status: Literal["ok", "unavailable"]
    version: str
    postgres: PostgresHealth
    migrations: MigrationsHealth


class Signal(BaseModel):
    """Yes or no, in the answer's status as well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok", "unavailable"]
