"""What a rule compared with what, as lines for a person."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from finguard.dashboard.wording import NOTHING, count, duration, money

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """One comparison: what was measured, its value, and the limit it was held against."""

    what: str
    value: str
    limit: str = NOTHING


class _Evidence(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(_Evidence):
    """The earlier or later transaction that an alert was compared with."""

    transaction_id: str
    time_us: int
    city: str
    country: str
    lat: float
    lon: float
    radius_km: float = 0.0
    was_flagged: bool = False

    @property
    def happened_at(self) -> datetime:
        """Its event time."""
        return _EPOCH + timedelta(microseconds=self.time_us)


class Journey(_Evidence):
    """From the compared transaction to the alerted one."""

    compared_with: Place
    distance_km: float
    apart_s: float
    elapsed_s: float
    speed_kmh: float | None
    impossible: bool

    @property
    def speed(self) -> str:
        """The speed it would take."""
        if self.speed_kmh is None:
            return "two places at once"
        return f"{self.speed_kmh:,.0f} km/h"


class _TravelLimits(_Evidence):
    min_distance_km: float
    max_speed_kmh: float
    clock_skew_s: float
    ground_speed_kmh: float
    flight_speed_kmh: float
    flight_overhead_s: float


class _Travel(_Evidence):
    verdict: str
    journeys: tuple[Journey, ...]
    limits: _TravelLimits


class _Value(_Evidence):
    amount: Decimal
    currency: str
    threshold: Decimal
    usual_amount: Decimal | None


class _Velocity(_Evidence):
    count: int
    max_count: int
    total: Decimal
    max_total: Decimal
    currency: str
    window_s: float
    transaction_ids: tuple[str, ...] = ()


class Explanation(NamedTuple):
    """The evidence of one alert, ready to be shown.

    Attributes:
        lines: values against limits.
        journeys: of a travel rule, the worst first.
        transaction_ids: other transactions that counted towards it.
    """

    lines: tuple[Line, ...]
    journeys: tuple[Journey, ...] = ()
    transaction_ids: tuple[str, ...] = ()


def explain(rule: str, evidence: dict[str, JsonValue]) -> Explanation:
    """The evidence in words and units; of a rule that is new to the dashboard, as it stands."""
    try:
        if rule == "impossible_travel":
            return _travel(_Travel.model_validate(evidence))
        if rule == "high_value":
            return _value(_Value.model_validate(evidence))
        if rule == "velocity":
            return _velocity(_Velocity.model_validate(evidence))
    except ValidationError:
        pass
    return Explanation(tuple(_as_it_stands(evidence)))


def _travel(travel: _Travel) -> Explanation:
    limits = travel.limits
    journeys = tuple(
        sorted(
            travel.journeys, key=lambda journey: journey.distance_km / max(journey.elapsed_s, 1e-9)
        )
    )[::-1]
    if not journeys:
        return Explanation((Line("Verdict", travel.verdict),))
    worst = journeys[0]
    speed_limit = f"at most {limits.max_speed_kmh:,.0f} km/h"
    lines = [
        Line(
            "Distance",
            f"{worst.distance_km:,.0f} km",
            f"judged from {limits.min_distance_km:,.0f} km",
        ),
        Line(
            "Time between",
            duration(worst.apart_s),
            f"plus {duration(limits.clock_skew_s)} for clocks that differ",
        ),
        Line("Speed needed", worst.speed, speed_limit),
    ]
    if not worst.impossible:
        lines.append(
            Line(
                "Quickest way",
                "too soon for either",
                f"train {limits.ground_speed_kmh:,.0f} km/h, or flight "
                f"{limits.flight_speed_kmh:,.0f} km/h plus {duration(limits.flight_overhead_s)}",
            )
        )
    return Explanation(tuple(lines), journeys)


def _value(value: _Value) -> Explanation:
    currency = value.currency
    lines = [
        Line("Amount", money(value.amount, currency), f"below {money(value.threshold, currency)}")
    ]
    if value.usual_amount is None:
        lines.append(Line("Usual for this user", "too few transactions to say"))
    else:
        lines.append(Line("Usual for this user", money(value.usual_amount, currency)))
        if value.usual_amount > 0:
            times = value.amount / value.usual_amount
            lines.append(Line("Compared with usual", f"{times:,.0f} times as much"))
    return Explanation(tuple(lines))


def _velocity(velocity: _Velocity) -> Explanation:
    window = f"within {velocity.window_s:g} seconds"
    currency = velocity.currency
    lines = (
        Line(f"Transactions {window}", count(velocity.count), f"at most {velocity.max_count:,}"),
        Line(
            f"Total {window}",
            money(velocity.total, currency),
            f"at most {money(velocity.max_total, currency)}",
        ),
    )
    return Explanation(lines, transaction_ids=velocity.transaction_ids)


def _as_it_stands(evidence: dict[str, JsonValue]) -> list[Line]:
    return [
        Line(name.replace("_", " ").capitalize(), NOTHING if value is None else str(value))
        for name, value in evidence.items()
    ]
