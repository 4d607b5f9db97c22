"""One alert: its story, what was compared with what, where, and what else belongs to it."""

from pathlib import Path
from typing import Final

import streamlit as st

from finguard.dashboard.charts.world import (
    CREDIT,
    arcs_frame,
    origins_frame,
    points_frame,
    world_map,
)
from finguard.dashboard.client.alerts import AlertDetail
from finguard.dashboard.client.http import NotFound
from finguard.dashboard.evidence import Explanation, Journey, explain
from finguard.dashboard.session import Session, clock
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import (
    CHANNELS,
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

_PAGE: Final = Path(__file__).parents[1] / "pages" / "alerts.py"
_MOST_LISTED: Final = 12
_A_WHILE_S: Final = 300.0
"""Evidence never changes; only the status may."""


def chosen_alert() -> int | None:
    """The alert that the URL names."""
    text = st.query_params.get(PARAMETER, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - bigint


def choose(alert_id: int | None) -> None:
    """Name an alert in the URL, or none."""
    if alert_id is not None:
        st.query_params[PARAMETER] = str(alert_id)
    elif PARAMETER in st.query_params:
        del st.query_params[PARAMETER]


def link(label: str, alert_id: int, parameters: dict[str, str]) -> None:
    """A link to an alert that keeps the parameters given."""
    st.page_link(
        _PAGE,
        label=label,
        icon=":material/chevron_right:",
        icon_position="right",
        query_params=parameters | {PARAMETER: str(alert_id)},
    )


def of(session: Session, alert_id: int) -> AlertDetail | None:
    """What the API says of an alert; None while it is away.

    Raises:
        NotFound: there is no such alert.
    """
    return session.ask(("alert", alert_id), lambda api: api.alerts.one(alert_id), _A_WHILE_S)


def show(session: Session, alert_id: int) -> None:
    """Draw the detail of an alert, with a way to close it."""
    with st.container(border=True, key="detail", gap="small"):
        try:
            alert = of(session, alert_id)
        except NotFound:
            st.info(f"There is no alert {alert_id}.", icon=":material/search_off:")
            _close()
            return
        if alert is None:
            st.caption("This alert cannot be shown while the API is away.")
            return
        explanation = explain(alert.rule, alert.evidence)
        _headline(alert)
        _facts(alert, clock())
        _evidence(explanation)
        _journeys(alert, explanation.journeys, clock())
        _transactions(explanation)
        _incident(alert)
        _source(alert, clock())


def _close() -> None:
    st.button(
        "Close",
        icon=":material/close:",
        type="tertiary",
        key="close",
        on_click=choose,
        args=(None,),
    )


def _headline(alert: AlertDetail) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(
            f":{SEVERITY_BADGES[alert.severity]}-badge[{SEVERITIES[alert.severity]}] "
            f"**{escape(named(RULES, alert.rule))}** "
            f":gray-badge[{escape(named(STATUSES, alert.status))}]",
            width="content",
        )
        _close()
    st.markdown(f"##### {escape(alert.story)}", anchors=False)


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


def _journeys(alert: AlertDetail, journeys: tuple[Journey, ...], viewer: Clock) -> None:
    if not journeys:
        return
    travels = [(alert, journey.compared_with) for journey in journeys]
    st.altair_chart(
        world_map(
            points_frame([alert]), arcs_frame(travels), origins_frame(travels), height_px=210
        ),
    )
    st.caption(f"From the compared place (ring) to the alert · {CREDIT}")
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


def _transactions(explanation: Explanation) -> None:
    identifiers = explanation.transaction_ids
    if not identifiers:
        return
    listed = ", ".join(escape(identifier) for identifier in identifiers[:_MOST_LISTED])
    rest = len(identifiers) - _MOST_LISTED
    st.markdown("**Counted together with**")
    st.caption(listed + (f" and {rest} more" if rest > 0 else ""))


def _incident(alert: AlertDetail) -> None:
    others = [number for number in alert.incident_alert_ids if number != alert.alert_id]
    if not others:
        return
    st.markdown(f"**Same incident**: {len(others)} more within half an hour of this user")
    with st.container(horizontal=True, gap="small"):
        for number in others[:_MOST_LISTED]:
            link(f"Alert {number}", number, st.query_params.to_dict())


def _source(alert: AlertDetail, viewer: Clock) -> None:
    waited_s = (alert.detected_at - alert.published_at).total_seconds()
    source = alert.source
    st.caption(
        f"Judged {duration(max(0.0, waited_s))} after Kafka took it, "
        f"{escape(viewer.full(alert.detected_at))}, by version {alert.rule_version} of the rule. "
        f"Source: {escape(source.topic)}, partition {source.partition}, offset {source.offset:,}."
    )
