"""Alerts one below the other, each with a way to its detail."""

from datetime import datetime

import streamlit as st

from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.session import clock
from finguard.dashboard.widgets import alert_detail
from finguard.dashboard.wording import (
    QUIET,
    RULES,
    SEVERITIES,
    SEVERITY_BADGES,
    ago,
    escape,
    money,
    named,
)


def row(alert: Alert, now: datetime, who: str, parameters: dict[str, str]) -> None:
    """Draw one.

    Args:
        alert: which.
        now: what it is so long ago from.
        who: what its last line says of whose it is, or of its state.
        parameters: what the link to its detail keeps.
    """
    colour = SEVERITY_BADGES[alert.severity]
    mark = f" {QUIET}" if alert.suppressed_by is not None else ""
    with st.container(gap=None, key=f"alert-{alert.alert_id}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(
                f":{colour}-badge[{SEVERITIES[alert.severity]}] "
                f"**{escape(named(RULES, alert.rule))}**{mark}",
                width="content",
            )
            alert_detail.link("Why?", alert.alert_id, parameters)
        amount = money(alert.amount, alert.currency)
        st.markdown(escape(alert.story))
        st.caption(
            f"{ago(alert.occurred_at, now)} · {escape(who)} · {escape(amount)}",
            help=clock().full(alert.occurred_at),
        )
