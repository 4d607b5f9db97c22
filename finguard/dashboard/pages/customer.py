"""The customer page: what somebody usually does, what was found, and what is kept quiet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import streamlit as st

from finguard.dashboard.charts.places import places_frame, places_map
from finguard.dashboard.charts.spending import currencies, spending_frame, spending_over_time
from finguard.dashboard.charts.world import CREDIT
from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.alerts import Alert, AlertFilter
from finguard.dashboard.client.customers import (
    AlertCounts,
    Customer,
    CustomerTransaction,
    CustomerTransactions,
    Profile,
)
from finguard.dashboard.client.http import NotFound, Refused
from finguard.dashboard.period import ALL_TIME
from finguard.dashboard.quiet import KINDS, scope, until
from finguard.dashboard.session import Session, clock, current
from finguard.dashboard.widgets import alert_rows, customer_links, states, suppressions
from finguard.dashboard.widgets.drawing import draw
from finguard.dashboard.widgets.range_picker import KEY as RANGE
from finguard.dashboard.widgets.range_picker import chosen_period, parameters
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import NOTHING, QUIET, STATUSES, ago, count, escape, money, named

LISTED: Final = 4
SUGGESTED: Final = 6
MOST_ID_CHARS: Final = 64

_MAX_AGE_S: Final = 5.0
"""Three questions at a time, and none of them is about this second."""

_SUGGESTIONS_MAX_AGE_S: Final = 30.0


class _Nobody(NamedTuple):
    """No customer of this name: nothing is known of them, or nobody can be called so."""

    reason: str
    possible: bool


def _page() -> None:
    session = current()
    user_id = st.text_input(
        "Customer",
        key=customer_links.PARAMETER,
        max_chars=MOST_ID_CHARS,
        placeholder="The customer's id, such as u-17",
        icon=":material/search:",
        width=420,
        bind="query-params",
    ).strip()
    if not user_id:
        _suggest(session)
        return
    key = suppressions.customer_key(user_id)
    if session.feed.has(key):
        known = _ask(session, user_id)
    else:
        with st.spinner("Looking the customer up …"):
            known = _ask(session, user_id)
    st.fragment(_live, run_every=session.refresh_s)(session, user_id)
    if not isinstance(known, _Nobody) or known.possible:
        suppressions.show(session, user_id)


def _suggest(session: Session) -> None:
    """Nobody is chosen: whom one might look at."""
    period, now = chosen_period(), datetime.now(UTC)
    top = session.ask(
        ("top-users", period),
        lambda api: api.statistics.top_users(period.start(now), period.end, SUGGESTED),
        _SUGGESTIONS_MAX_AGE_S,
    )
    states.outage(session)
    states.empty(
        "Whom do you look for?",
        "Enter a customer's id above, exactly as transactions have it. Ids stand with every alert.",
    )
    if not top or not top.rows:
        return
    st.markdown(f"**Most alerts** in {period.phrase}")
    with st.container(horizontal=True, gap="small", key="suggested"):
        for row in top.rows:
            label = f"{escape(row.user_id)} :gray[· {count(row.alerts)}]"
            customer_links.link(label, row.user_id, parameters())


def _live(session: Session, user_id: str) -> None:
    """What is known of a customer; runs again now and then."""
    known = _ask(session, user_id)
    if known is None or isinstance(known, _Nobody):
        states.outage(session)
        if known is not None:
            _unknown(user_id, known)
        return
    remembered = session.ask(
        ("customer-transactions", user_id),
        lambda api: api.customers.transactions(user_id),
        _MAX_AGE_S,
    )
    page = session.ask(
        ("customer-alerts", user_id),
        lambda api: api.alerts.page(AlertFilter(user_id=user_id), LISTED),
        _MAX_AGE_S,
    )
    states.outage(session)
    _headline(known)
    _figures(known)
    left, right = st.columns([2, 1], gap="small")
    with left:
        _spending(remembered)
    with right:
        _alerts(user_id, page.items if page else (), known.alerts)
    if known.profile is not None:
        left, right = st.columns([2, 1], gap="small")
        with left:
            _places(known.profile)
        with right:
            _usual(known.profile)


def _ask(session: Session, user_id: str) -> Customer | _Nobody | None:
    def look(api: ApiClient) -> Customer | _Nobody:
        try:
            return api.customers.one(user_id)
        except NotFound as error:
            return _Nobody(str(error), possible=True)
        except Refused as error:
            return _Nobody(str(error), possible=False)

    return session.ask(suppressions.customer_key(user_id), look, _MAX_AGE_S)


def _unknown(user_id: str, nobody: _Nobody) -> None:
    if not nobody.possible:
        states.empty(
            "Nobody can be called so",
            f"{escape(nobody.reason)}. Enter the id exactly as transactions have it.",
        )
        return
    states.empty(
        f"Nothing is known of {escape(user_id)}",
        "Is the id written exactly as transactions have it, with its capitals? Somebody without "
        "an alert is forgotten when they have not paid for long. You can allow or snooze a "
        "customer all the same, before they pay for the first time.",
    )


def _headline(known: Customer) -> None:
    with st.container(gap=None, key="customer"):
        st.markdown(f"#### {escape(known.user_id)}", anchors=False)
        for entry in known.suppressions:
            st.markdown(
                f"{QUIET} **{KINDS[entry.kind]}** {escape(scope(entry).lower())} "
                f"{escape(until(entry, clock()))} :gray[:small[· {escape(entry.created_by)}]]"
            )
    if not known.profile_available:
        st.warning(
            "The detector's memory cannot be asked right now: what you see comes from the "
            "database alone. Is Redis running? This page fills by itself.",
            icon=":material/memory:",
        )
    elif known.profile is None:
        st.info(
            "The detector remembers no transactions of this customer: they have not paid for "
            "longer than it keeps them.",
            icon=":material/history_toggle_off:",
        )


def _figures(known: Customer) -> None:
    profile, alerts = known.profile, known.alerts
    usual = profile.amounts[0] if profile and profile.amounts else None
    first = [at for at in (alerts.first_at, profile and profile.first_at) if at]
    last = [at for at in (alerts.last_at, profile and profile.last_at) if at]
    with st.container(horizontal=True, gap="small", key="figures"):
        st.metric(
            "Usual amount",
            money(usual.median, usual.currency) if usual else NOTHING,
            help="The median of the remembered transactions in the currency used most.",
            border=True,
        )
        st.metric(
            "Largest amount",
            money(usual.largest, usual.currency) if usual else NOTHING,
            help="Of the remembered transactions in the same currency.",
            border=True,
        )
        st.metric(
            "Alerts",
            count(alerts.total),
            help=f"Of all time; {count(alerts.open)} open, {count(alerts.suppressed)} suppressed.",
            border=True,
        )
        _moment("First seen", min(first, default=None))
        _moment("Last seen", max(last, default=None))


def _moment(label: str, at: datetime | None) -> None:
    st.metric(
        label,
        ago(at, datetime.now(UTC)) if at else NOTHING,
        help=f"{clock().full(at)}, as far as alerts and the detector's memory tell."
        if at
        else "Neither alerts nor the detector's memory tell.",
        border=True,
    )


def _spending(remembered: CustomerTransactions | None) -> None:
    with st.container(border=True, height="stretch", key="spending"):
        items: Sequence[CustomerTransaction] = remembered.items if remembered else ()
        paid = currencies(items)
        if not paid:
            st.markdown("**Amounts** over time")
            st.caption("No transactions are remembered.")
            return
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown("**Amounts** over time", width="content")
            chosen = _currency(paid)
        frame = spending_frame(items, chosen)
        plural = "" if len(frame) == 1 else "s"
        draw("Points: each amount, over time", spending_over_time, frame, 300)
        st.caption(
            f"▲ flagged  ● not flagged · {count(len(frame))} transaction{plural} in "
            f"{escape(chosen)} that the detector remembers"
        )


def _currency(paid: Sequence[str]) -> str:
    """Which currency is drawn: amounts of two would not be comparable."""
    if len(paid) == 1:
        return paid[0]
    chosen = st.selectbox("Currency", paid, key="currency", width=110, label_visibility="collapsed")
    return chosen or paid[0]


def _alerts(user_id: str, alerts: Sequence[Alert], counts: AlertCounts) -> None:
    kept = {RANGE: ALL_TIME.label, customer_links.PARAMETER: user_id}
    with st.container(border=True, height="stretch", key="customer-alerts", gap="small"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown("**Newest** alerts", width="content")
            if counts.total:
                customer_links.alerts_link(f"All {count(counts.total)}", user_id, kept)
        if not counts.total:
            st.caption("None. That is good news.")
        for alert in alerts:
            alert_rows.row(alert, datetime.now(UTC), named(STATUSES, alert.status), kept)


def _places(profile: Profile) -> None:
    with st.container(border=True, height="stretch", key="places"):
        st.markdown("**Where** they pay in person")
        if not profile.places:
            st.caption("Only online, as far as is remembered.")
            return
        frame = places_frame(profile.places)
        draw("Map of the world: the cities where they pay", places_map, frame, 310)
        st.caption(
            f"◆ visited last  ● earlier · the larger, the more transactions there · {CREDIT}"
        )


def _usual(profile: Profile) -> None:
    with st.container(border=True, height="stretch", key="usual"):
        written(
            "Usual amounts",
            [
                (
                    each.currency,
                    count(each.transactions),
                    f"{each.median:,.2f}",
                    f"{each.largest:,.2f}",
                )
                for each in profile.amounts
            ],
            ("Currency", "Payments", "Median", "Largest"),
        )
        flagged = profile.flagged
        misplaced = f"; of {count(flagged)} the place was found impossible" if flagged else ""
        st.caption(
            f"Of {count(profile.transactions)} remembered transactions, from "
            f"{escape(clock().full(profile.first_at))} to "
            f"{escape(clock().full(profile.last_at))}{misplaced}."
        )


_page()
