"""The filter row above the alerts; every choice stands in the URL."""

from typing import Final

import streamlit as st

from finguard.dashboard.client.alerts import AlertFilter, Sort
from finguard.dashboard.filters import ANYONE, ME, NOBODY, SORTS, Choices, alert_filter, during
from finguard.dashboard.period import Period
from finguard.dashboard.session import Session
from finguard.dashboard.wording import RULES, SEVERITIES, STATUSES

MOST_EXPORTED: Final = 50_000
"""So many alerts a file has at most: the dashboard holds it while the browser fetches it."""

_LISTS: Final = ("rule", "severity", "status")
_TEXTS: Final = ("text", "country", "user")
_NUMBERS: Final = ("min_amount", "max_amount")
# Without their shapes: the names stand in the URL.
_SEVERITIES: Final = {code: code.capitalize() for code in SEVERITIES}
_URL: Final = "query-params"


def show(session: Session, period: Period) -> tuple[AlertFilter, Sort]:
    """Draw the row: which alerts, without a time, and in which order; and all of them as a file."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters", gap="small"):
        text = st.text_input(
            "Search",
            key="text",
            max_chars=100,
            width=150,
            placeholder="merchant, city, id",
            icon=":material/search:",
            bind=_URL,
        )
        rules, severities, statuses = (
            _several("Rule", "rule", RULES),
            _several("Severity", "severity", _SEVERITIES),
            _several("Status", "status", STATUSES),
        )
        assignee = st.selectbox(
            "Assignee",
            [ANYONE, ME, NOBODY],
            key="assignee",
            width=115,
            accept_new_options=True,
            help="Type a user name to see the alerts of somebody else.",
            bind=_URL,
        )
        sort = st.selectbox(
            "Order", list(SORTS), format_func=SORTS.__getitem__, key="sort", width=135, bind=_URL
        )
        choices = _more(
            Choices(
                text=text,
                rules=rules,
                severities=severities,
                statuses=statuses,
                assignee=assignee or ANYONE,
            )
        )
        if choices.tucked_away:
            st.caption(f"also by {', '.join(choices.tucked_away)}", width="content")
        chosen = alert_filter(choices, session.user.username if session.user else "")
        if chosen.parameters():
            st.button("Clear", type="tertiary", key="clear", on_click=clear)
        _file(session, chosen, sort, period)
    return chosen, sort


def _file(session: Session, chosen: AlertFilter, sort: Sort, period: Period) -> None:
    """All that is listed, made when it is asked for; always offered, also of an empty list.

    Not in the part of the page that is refreshed: each refresh would give the button another file
    and forget the one before, and a click that met it would download nothing.
    """
    st.download_button(
        "CSV",
        lambda: session.act(
            lambda api: api.alerts.export(during(chosen, period), MOST_EXPORTED, sort)
        ),
        "alerts.csv",
        "text/csv",
        key="csv",
        on_click="ignore",
        icon=":material/download:",
        help=f"All alerts that these filters match now, in this order, the first "
        f"{MOST_EXPORTED:,} at most. Choose a shorter time for a smaller file; the API's export "
        "itself goes up to a million.",
    )


def clear() -> None:
    """Take every filter away; the order and the time range stay."""
    for name in _LISTS:
        st.session_state[name] = []
    for name in _TEXTS:
        st.session_state[name] = ""
    for name in _NUMBERS:
        st.session_state[name] = None
    st.session_state["assignee"], st.session_state["score"] = ANYONE, 0


def _several(label: str, key: str, names: dict[str, str]) -> tuple[str, ...]:
    chosen = st.multiselect(
        label,
        list(names),
        format_func=lambda code: names.get(code, code),
        key=key,
        width=135,
        placeholder="Any",
        bind=_URL,
    )
    return tuple(chosen)


def _more(choices: Choices) -> Choices:
    """The filters that are needed less often; which of them are in use is always in sight."""
    with st.popover("More", icon=":material/tune:", key="more-filters"):
        user = st.text_input("User", key="user", max_chars=64, placeholder="any", bind=_URL)
        country = st.text_input(
            "Countries", key="country", max_chars=200, placeholder="any, or DE, TR", bind=_URL
        )
        least, most = (
            st.number_input(label, 0.0, 1e12, None, 100.0, key=key, placeholder="any", bind=_URL)
            for label, key in (("Amount from", "min_amount"), ("Amount to", "max_amount"))
        )
        st.caption("As a number, whatever the currency.")
        score = st.number_input("Score from", 0, 100, 0, 10, key="score", bind=_URL)
    return choices._replace(
        user=user, countries=country, min_amount=least, max_amount=most, min_score=score
    )
