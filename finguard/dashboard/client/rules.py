"""The rules over the API: what they mean, and how the running detectors apply them."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from finguard.dashboard.client.http import Answer, Connection


class Variant(Answer):
    """A rule as some of the detectors apply it."""

    version: int
    limits: dict[str, JsonValue]
    detectors: tuple[str, ...]


class Rule(Answer):
    """A rule, and how the running detectors apply it."""

    rule: str
    meaning: str
    status: Literal["agreed", "disagreed", "not_applied"]
    variants: tuple[Variant, ...] = Field(description="most used first")


class Rules(Answer):
    """All that the API or a running detector knows."""

    detectors: int = Field(description="how many run")
    items: tuple[Rule, ...]


@dataclass(frozen=True)
class RuleBook:
    """What transactions are judged by."""

    connection: Connection

    def all(self) -> Rules:
        """Every rule."""
        return self.connection.get("/api/v1/rules", Rules)
