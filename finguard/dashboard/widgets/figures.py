"""The row of live figures at the top of the overview."""

from decimal import Decimal
from typing import Final, Literal, NamedTuple

import streamlit as st

from finguard.dashboard.client.statistics import AmountAtRisk, Summary
from finguard.dashboard.client.system import Detectors
from finguard.dashboard.period import Period
from finguard.dashboard.seen import Histogram
from finguard.dashboard.widgets.detector_charts import latest, told_of
from finguard.dashboard.wording import (
    MINUS,
    NOTHING,
    STATUSES,
    change,
    count,
    escape,
    money,
    named,
    pace,
    percent,
    short_money,
)

_MOST_CURRENCIES: Final = 12


class View(NamedTuple):
    """What the figures are made of; None where the API has not said it yet.

    Attributes:
        summary: of the period.
        previous: of the stretch of equal length before it.
        detectors: as they are now, whatever the period.
        latency: from Kafka to the stored alert, lately.
    """

    summary: Summary
    previous: Summary | None
    detectors: Detectors | None
    latency: Histogram | None


def show(view: View, period: Period) -> None:
    """Eight figures; those of the period with their change against the one before."""
    summary, previous = view.summary, view.previous
    with st.grid(4, min_column_width=170, gap="small", key="figures"):
        _pace(view, period)
        _figure(
            "Alerts",
            count(summary.alerts),
            _change(summary.alerts, previous.alerts if previous else None),
            "Findings of the rules. One transaction can break several rules.",
        )
        _figure(
            "Fraud rate",
            percent(summary.fraud_rate),
            _change(summary.fraud_rate, previous.fraud_rate if previous else None),
            f"{count(summary.alerted_transactions)} of {count(summary.transactions)} transactions "
            "have at least one alert.",
        )
        risk = summary.amount_at_risk
        _figure(
            "Amount at risk",
            short_money(risk.usd_equivalent, "USD"),
            _change(
                risk.usd_equivalent, previous.amount_at_risk.usd_equivalent if previous else None
            ),
            _by_currency(risk),
        )
        _figure(
            "Open alerts",
            count(summary.open_alerts),
            None,
            _by_status(summary.by_status, period),
            "of all time",
        )
        _figure(
            "Dead letters",
            count(summary.dead_letters),
            _share(summary.dead_letters, summary.dead_letters + summary.transactions),
            "Messages that could not be read as transactions. They were put aside, not lost.",
            "of messages",
        )
        _lag(view.detectors)
        _latency(view.latency)


def _pace(view: View, period: Period) -> None:
    detectors, summary, previous = view.detectors, view.summary, view.previous
    _figure(
        "Transactions/s",
        pace(detectors.transactions_per_second) if detectors else NOTHING,
        _change(summary.transactions, previous.transactions if previous else None),
        f"Judged now, by all detectors. The change is that of all transactions: "
        f"{count(summary.transactions)} in {period.phrase}, by the time at which they happened.",
    )


def _lag(detectors: Detectors | None) -> None:
    lag = detectors.lag if detectors else None
    _figure(
        "Lag",
        NOTHING if lag is None or not detectors or not detectors.alive else count(lag),
        None,
        "Transactions that wait in Kafka for the detectors that run.",
        "transactions wait",
    )


def _latency(latency: Histogram | None) -> None:
    value, counted = NOTHING, "no alert yet"
    if latency is not None and latency.counts[-1]:
        value, counted = latest(latency, 0.99), told_of(latency)
    _figure(
        "Latency, p99",
        value,
        None,
        "From the moment Kafka took a transaction until its alert was stored: 99 of 100 alerts "
        f"took no longer. Estimated from the detectors' histogram of {escape(counted)}.",
        "to the alert",
    )


def _figure(label: str, value: str, delta: str | None, explanation: str, beside: str = "") -> None:
    """One card; `beside` says what the figure or the percentage is of, where it is no change."""
    still = bool(beside) or delta in {None, "0 %"}
    if delta is None and beside:
        delta, beside = beside, ""
    st.metric(
        label,
        value,
        delta,
        # Grey: whether more is better is not for a colour to say.
        delta_color="off",
        delta_arrow="off" if still else _arrow(delta),
        delta_description=beside or (None if still else "vs. before"),
        help=explanation,
        border=True,
        height="stretch",
    )


def _arrow(delta: str | None) -> Literal["up", "down"]:
    """Which way; Streamlit itself knows no minus sign but the hyphen."""
    return "down" if delta and delta.startswith(MINUS) else "up"


def _change(now: float | Decimal | None, before: float | Decimal | None) -> str | None:
    return None if now is None or before is None else change(float(now), float(before))


def _share(part: int, whole: int) -> str | None:
    return percent(part / whole) if 0 < part <= whole else None


def _by_currency(risk: AmountAtRisk) -> str:
    if not risk.by_currency:
        return "Nothing is at risk."
    largest = sorted(risk.by_currency.items(), key=lambda item: item[1], reverse=True)
    listed = ", ".join(money(amount, currency) for currency, amount in largest[:_MOST_CURRENCIES])
    left_out = ", ".join(risk.without_equivalent)
    without = f" Without {left_out}, for which no equivalent is known." if left_out else ""
    return escape(f"All alerted transactions, roughly in US dollars.{without} Exactly: {listed}.")


def _by_status(statuses: dict[str, int], period: Period) -> str:
    listed = ", ".join(
        f"{named(STATUSES, status).lower()} {count(number)}" for status, number in statuses.items()
    )
    return escape(f"Alerts that wait for somebody, however old. Of {period.phrase}: {listed}.")
