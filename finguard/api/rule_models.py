"""What the API tells of the rules: what they mean, and within which limits they judge."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

_LIMITS: Final[dict[str, Any]] = {
    "min_distance_km": 100.0,
    "max_speed_kmh": 1000.0,
    "clock_skew_s": 60.0,
    "ground_speed_kmh": 300.0,
    "flight_speed_kmh": 850.0,
    "flight_overhead_s": 5400.0,
}

Limits = Annotated[
    dict[str, Any],
    Field(description="Each under a name that says its unit; amounts of money as text."),
]


class Variant(BaseModel):
    """A rule as some of the detectors apply it."""

    version: Annotated[int, Field(description="Raised whenever the rule's meaning changes.")]
    limits: Limits
    detectors: Annotated[list[str], Field(description="Their `instance_id`s.")]


class Rule(BaseModel):
    """A rule, and how the running detectors apply it."""

    rule: Annotated[str, Field(description="Its name, as alerts carry it.")]
    meaning: Annotated[str, Field(description="What it looks for, in plain words.")]
    status: Annotated[
        Literal["agreed", "disagreed", "not_applied"],
        Field(
            description="`agreed`: all running detectors apply the same; `disagreed`: they do not, "
            "as in the middle of a change, or some do not tell; `not_applied`: by none that runs."
        ),
    ]
    version: Annotated[int | None, Field(description="Null unless they agree.")]
    limits: Annotated[Limits | None, Field(description="Null unless they agree.")]
    variants: Annotated[
        list[Variant], Field(description="Each way of applying it that there is, most used first.")
    ]


class Rules(BaseModel):
    """All rules: those of this version, in the order of findings, then others that are applied."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "detectors": 1,
                    "items": [
                        {
                            "rule": "impossible_travel",
                            "meaning": "Somebody pays in person at two places, and there is no way "
                            "to be at both in the time between.",
                            "status": "agreed",
                            "version": 1,
                            "limits": _LIMITS,
                            "variants": [
                                {
                                    "version": 1,
                                    "limits": _LIMITS,
                                    "detectors": ["6d1b4e0c-6f0f-4d8b-9a52-0b3f6a1c7f11"],
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    detectors: Annotated[int, Field(description="How many run.")]
    items: list[Rule]
