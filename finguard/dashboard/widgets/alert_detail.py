"""One alert: its story, what was compared with what, where, and what else belongs to it."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import streamlit as st

from finguard.dashboard import address
from finguard.dashboard.charts.journey import journey_map, places_frame, way_frame
from finguard.dashboard.charts.transactions import transactions_frame, transactions_over_time
from finguard.dashboard.charts.world import CREDIT
from finguard.dashboard.client.alerts import AlertDetail
from finguard.dashboard.client.http import NotFound
from finguard.dashboard.evidence import Explanation, Journey, explain
from finguard.dashboard.session import Session, clock, ink
from finguard.dashboard.widgets import (
    alert_history,
    customer_links,
    range_picker,
    triage_panel,
)
from finguard.dashboard.widgets.drawing import draw
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import (
    CHANNELS,
    QUIET,
    RULES,
    SEVERITIES,
    SEVERITY_BADGES,
    STATUSES,
    Clock,
    duration,
    escape,
    money,
    named,
)

PARAMETER: Final = "alert"
"""Names the alert in the URL."""

ANCHOR: Final = "the-alert"
"""Where on the page it begins."""

_PAGE: Final = Path(__file__).parents[1] / "pages" / "alerts.py"
_MOST_LISTED: Final = 12
_A_WHILE_S: Final = 300.0
"""Evidence never changes; only the status may."""

_MAP_PX: Final = 220
_TIMELINE_PX: Final = 190


def link(label: str, alert_id: int, parameters: dict[str, str]) -> None:
    """A link to an alert that keeps the parameters given."""
    st.page_link(
        _PAGE,
        label=label,
        icon=":material/chevron_right:",
        icon_position="right",
        query_params=parameters | {PARAMETER: str(alert_id)},
    )


def of(session: Session, alert_id: int, max_age_s: float | None = _A_WHILE_S) -> AlertDetail | None:
    """What the API says of an alert; None while it is away.

    Raises:
        NotFound: there is no such alert.
    """
    return session.ask(("alert", alert_id), lambda api: api.alerts.one(alert_id), max_age_s)


def show(session: Session, alert_id: int) -> None:
    """Draw the detail of an alert, with ways to its neighbours and one to close it."""
    address.keep(PARAMETER, alert_id)
    with st.container(border=True, key="detail", gap="small"):
        try:
            alert = of(session, alert_id, max_age_s=None)
        except NotFound:
            _ways(session, alert_id)
            st.info(f"There is no alert {alert_id}.", icon=":material/search_off:")
            return
        if alert is None:
            _ways(session, alert_id)
            st.caption("This alert cannot be shown while the API is away.")
            return
        # The version is part of the question, so that it is asked once after each change.
        history = session.ask(
            ("history", alert_id, alert.version),
            lambda api: api.triage.history(alert_id),
            math.inf,
        )
        _headline(session, alert)
        triage_panel.show(session, alert, history or ())
        _explanation(alert)
        alert_history.show(history)
        _source(alert, clock())


def _explanation(alert: AlertDetail) -> None:
    explanation = explain(alert.rule, alert.evidence)
    _map(alert, explanation.journeys)
    _evidence(explanation)
    _journeys(explanation.journeys, clock())
    _recent(alert)
    _facts(alert, clock())
    _transactions(explanation)
    _others(alert)


def _ways(session: Session, alert_id: int) -> None:
    """To the alerts above and below in the list, and out of here."""
    listing = session.listing
    with st.container(horizontal=True, width="content", gap="small", key="ways"):
        for label, icon, shortcut, step in (
            ("Previous", ":material/arrow_upward:", "K", -1),
            ("Next", ":material/arrow_downward:", "J", 1),
        ):
            target = listing.beside(alert_id, step) if listing else None
            if st.button(
                label,
                icon=icon,
                shortcut=shortcut,
                key=f"{label.lower()}-{alert_id}",
                disabled=target is None,
                type="tertiary",
            ):
                address.name(PARAMETER, target)
                st.rerun()
        if st.button(
            "Close",
            icon=":material/close:",
            shortcut="X",
            key=f"close-{alert_id}",
            type="tertiary",
        ):
            address.name(PARAMETER, None)
            st.rerun()


def _headline(session: Session, alert: AlertDetail) -> None:
    _ways(session, alert.alert_id)
    st.markdown(
        f":{SEVERITY_BADGES[alert.severity]}-badge[{SEVERITIES[alert.severity]}] "
        f"**{escape(named(RULES, alert.rule))}** "
        f":gray-badge[{escape(named(STATUSES, alert.status))}]"
        + (f" {QUIET}" if alert.suppressed_by is not None else ""),
    )
    st.subheader(escape(alert.story), anchor=ANCHOR)
    st.caption(
        escape(
            f"{alert.user_id} · {money(alert.amount, alert.currency)} at {alert.merchant} · "
            f"{clock().time(alert.occurred_at, datetime.now(UTC))}"
        ),
        help=clock().full(alert.occurred_at),
    )
    customer_links.link("The customer", alert.user_id, range_picker.parameters())


def _facts(alert: AlertDetail, viewer: Clock) -> None:
    channel = named(CHANNELS, alert.channel).lower()
    facts = {
        "User": alert.user_id,
        "Amount": money(alert.amount, alert.currency),
        "Merchant": f"{alert.merchant} ({alert.category}, {channel})",
        "Place": f"{alert.city}, {alert.country}",
        "Happened": viewer.full(alert.occurred_at),
        "Transaction": alert.transaction_id,
        "Alert": f"{alert.alert_id}, score {alert.score} of 100",
    }
    written("What", list(facts.items()))


def _evidence(explanation: Explanation) -> None:
    written("Why", list(explanation.lines), ("", "Value", "Limit"))


def _map(alert: AlertDetail, journeys: tuple[Journey, ...]) -> None:
    """Both places of the worst journey."""
    if not journeys:
        return
    start = journeys[0].compared_with
    with st.container(key="journey"):
        places, way = places_frame(start, alert), way_frame(start, alert)
        words = f"Map: the way from {start.city} to {alert.city}"
        draw(words, journey_map, places, way, ink(), _MAP_PX)
    st.caption(f"From the compared place (ring) to the alert (diamond) · {CREDIT}")


def _journeys(journeys: tuple[Journey, ...], viewer: Clock) -> None:
    if not journeys:
        return
    rows = [
        (
            f"{journey.compared_with.city}, {journey.compared_with.country}"
            + (" (itself flagged)" if journey.compared_with.was_flagged else ""),
            viewer.full(journey.compared_with.happened_at),
            f"{journey.distance_km:,.0f} km, {journey.speed}",
            journey.compared_with.transaction_id,
        )
        for journey in journeys
    ]
    written("Compared with", rows, ("Place", "When", "Journey", "Transaction"))


def _recent(alert: AlertDetail) -> None:
    """What else this customer did lately."""
    st.markdown("**Recent transactions of this user** :gray[:small[· amount over time]]")
    if not alert.recent_transactions_available:
        st.caption("The detector's memory cannot be read right now; trying again by itself.")
        return
    frame = transactions_frame(alert)
    words = "Points: the user's latest amounts, over time"
    draw(words, transactions_over_time, frame, _TIMELINE_PX)
    if len(frame) == 1:
        st.caption("The detector remembers no other transaction of this user any more.")
    with st.expander("As a table"):
        rows = [
            (clock().full(at), *(str(cell) for cell in cells))
            for at, *cells in zip(
                frame["occurred_at"].dt.to_pydatetime(),
                *(frame[name] for name in ("money", "place", "mark", "transaction")),
                strict=True,
            )
        ][::-1]
        written("Recent transactions", rows, ("When", "Amount", "Where", "Which", "Transaction"))


def _transactions(explanation: Explanation) -> None:
    identifiers = explanation.transaction_ids
    if not identifiers:
        return
    listed = ", ".join(escape(identifier) for identifier in identifiers[:_MOST_LISTED])
    rest = len(identifiers) - _MOST_LISTED
    st.markdown("**Counted together with**")
    st.caption(listed + (f" and {rest} more" if rest > 0 else ""))


def _others(alert: AlertDetail) -> None:
    """The user's other alerts, those of the same incident marked."""
    if not alert.other_alerts:
        return
    st.markdown(f"**Other alerts of this user**: {len(alert.other_alerts)}")
    incident = set(alert.incident_alert_ids)
    with st.container(gap="small", key="others"):
        for other in alert.other_alerts[:_MOST_LISTED]:
            same = " · same incident" if other.alert_id in incident else ""
            label = (
                f"{SEVERITIES[other.severity]} {escape(named(RULES, other.rule))}, "
                f"{escape(clock().time(other.occurred_at, datetime.now(UTC)))}, "
                f"{escape(named(STATUSES, other.status))}{same}"
            )
            link(label, other.alert_id, st.query_params.to_dict())


def _source(alert: AlertDetail, viewer: Clock) -> None:
    waited_s = (alert.detected_at - alert.published_at).total_seconds()
    source = alert.source
    st.caption(
        f"Judged {duration(max(0.0, waited_s))} after Kafka took it, "
        f"{escape(viewer.full(alert.detected_at))}, by version {alert.rule_version} of the rule. "
        f"Source: {escape(source.topic)}, partition {source.partition}, offset {source.offset:,}."
    )
