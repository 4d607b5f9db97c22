"""Allow and snooze: what keeps a customer's alerts quiet, and a way to change that."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, NoReturn

import streamlit as st

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.customers import Kind, NewSuppression, Suppression, SuppressionPage
from finguard.dashboard.client.http import (
    ApiUnavailable,
    NotFound,
    Refused,
    Throttled,
    Unauthorized,
)
from finguard.dashboard.quiet import (
    EVERY_RULE,
    KINDS,
    MEANINGS,
    OTHER,
    STATES,
    end_of,
    ends,
    past_frame,
    scope,
    until,
)
from finguard.dashboard.session import Session, clock
from finguard.dashboard.wording import RULES, escape

MOST_REASON_CHARS: Final = 500

_LISTED: Final = 50
_MAX_AGE_S: Final = 10.0


class _Notice(NamedTuple):
    """What the viewer's last change has come to."""

    text: str
    done: bool


def customer_key(user_id: str) -> tuple[str, str]:
    """Under which the page's feed keeps what is known of a customer, whose entries stand in it."""
    return "customer", user_id


def show(session: Session, user_id: str) -> None:
    """Draw it; a fragment of its own, which no refresh of the page touches while somebody types."""
    st.fragment(_panel)(session, user_id)


def _panel(session: Session, user_id: str) -> None:
    with st.container(border=True, key="quiet", gap="small"):
        st.markdown("**Allow and snooze** :gray[:small[· recorded and counted as ever, but quiet]]")
        page = session.ask(
            _history(user_id),
            lambda api: api.customers.suppressions(user_id, _LISTED),
            _MAX_AGE_S,
        )
        _notice(user_id)
        if page is None:
            st.caption("What keeps these alerts quiet cannot be shown while the API is away.")
            return
        _active(session, user_id, [entry for entry in page.items if entry.state == "active"])
        if session.may("analyst"):
            _form(session, user_id)
        else:
            st.caption("You see everything. To allow or snooze takes the role analyst.")
        _past(page)


def _notice(user_id: str) -> None:
    notice = st.session_state.get(_named("notice", user_id))
    if not isinstance(notice, _Notice):
        return
    if notice.done:
        st.success(escape(notice.text), icon=":material/check:")
    else:
        st.error(escape(notice.text), icon=":material/block:")


def _active(session: Session, user_id: str, entries: Sequence[Suppression]) -> None:
    if not entries:
        st.caption("Nothing keeps this customer's alerts quiet.")
    for entry in entries:
        number = entry.suppression_id
        with st.container(
            horizontal=True,
            horizontal_alignment="distribute",
            vertical_alignment="center",
            key=f"active-{number}",
        ):
            with st.container(gap=None):
                st.markdown(
                    f":blue-badge[{STATES[entry.state]}] **{KINDS[entry.kind]}** "
                    f"{escape(scope(entry).lower())} {escape(until(entry, clock()))}"
                )
                st.caption(
                    f"{escape(entry.reason)} · {escape(entry.created_by)}, "
                    f"{escape(clock().full(entry.created_at))}"
                )
            if session.may("analyst") and st.button("Withdraw", key=f"withdraw-{number}"):
                _withdraw(session, user_id, number)


def _withdraw(session: Session, user_id: str, number: int) -> None:
    _change(
        session,
        user_id,
        lambda api: api.customers.withdraw(user_id, number),
        "Withdrawn: it no longer counts. What it has marked stays marked.",
    )


def _form(session: Session, user_id: str) -> None:
    """What to add. Not a form of Streamlit's, since the ends to choose from depend on the kind."""
    turn = st.session_state.setdefault(_named("turn", user_id), 0)
    with st.expander("Add an entry", icon=":material/add:", key="add"):
        kind = _kind(f"{_named('kind', user_id)}-{turn}")
        st.caption(MEANINGS[kind])
        now = datetime.now(UTC)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            rule = st.selectbox(
                "Alerts of",
                [EVERY_RULE, *RULES],
                format_func=_rule_name,
                key=f"of-{turn}",
                width=190,
            )
            label = st.selectbox("Ends", ends(kind), key=f"ends-{kind}-{turn}", width=190)
            other = _other_end(now, f"end-{turn}") if label == OTHER else None
        reason = st.text_input(
            "Reason",
            max_chars=MOST_REASON_CHARS,
            placeholder="Why, for whoever comes after you",
            key=f"reason-{turn}",
        )
        if not st.button(KINDS[kind], type="primary", key=f"suppress-{turn}"):
            return
    if not reason.strip():
        _tell(user_id, _Notice("Say why, for whoever comes after you.", done=False))
    new = NewSuppression(
        kind=kind,
        rule=None if rule == EVERY_RULE else rule,
        reason=reason.strip(),
        expires_at=end_of(label, now, other),
    )
    _change(
        session,
        user_id,
        lambda api: api.customers.suppress(user_id, new),
        "Added: alerts that are found from now on carry the mark, and nobody is told of them.",
        lambda: st.session_state.update({_named("turn", user_id): turn + 1}),
    )


def _kind(key: str) -> Kind:
    return st.segmented_control(
        "Kind",
        list(KINDS),
        format_func=lambda kind: KINDS[kind],
        default="snooze",
        required=True,
        key=key,
        label_visibility="collapsed",
    )


def _other_end(now: datetime, key: str) -> datetime:
    """An end of one's own, in the viewer's zone."""
    zone = clock().zone
    tomorrow = (now + timedelta(days=1)).astimezone(zone).replace(second=0, microsecond=0)
    chosen = st.datetime_input(
        f"On ({escape(clock().name)})",
        tomorrow.replace(tzinfo=None),
        key=key,
        step=timedelta(minutes=1),
        format="YYYY-MM-DD",
        width=220,
    )
    return chosen.replace(tzinfo=zone)


def _rule_name(code: str) -> str:
    return RULES.get(code, code)


def _past(page: SuppressionPage) -> None:
    frame = past_frame(page.items)
    if frame.empty:
        return
    more = "+" if page.next_cursor else ""
    with st.expander(f"Past entries ({len(frame)}{more})", icon=":material/history:", key="past"):
        st.dataframe(
            frame,
            hide_index=True,
            column_config={
                name: st.column_config.DatetimeColumn(
                    format="D MMM YYYY HH:mm", timezone=str(clock().zone)
                )
                for name in ("Since", "Ends", "Withdrawn")
            },
            alt="Entries that no longer count, newest first",
        )
        if more:
            st.caption(f"Older ones than the latest {_LISTED} are in the API's list.")


def _change(
    session: Session,
    user_id: str,
    do: Callable[[ApiClient], Suppression],
    told: str,
    then: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Do it, and draw the page anew with what has come of it."""
    try:
        session.act(do)
    except Unauthorized:
        session.expire()
    except Throttled as error:
        _tell(user_id, _Notice(f"Not done: {error}.", done=False))
    except (NotFound, Refused, ApiUnavailable) as error:
        session.feed.forget(_history(user_id))
        _tell(user_id, _Notice(f"Not done: {error}", done=False))
    session.feed.forget(_history(user_id))
    session.feed.forget(customer_key(user_id))
    then()
    _tell(user_id, _Notice(told, done=True))


def _tell(user_id: str, notice: _Notice) -> NoReturn:
    st.session_state[_named("notice", user_id)] = notice
    st.rerun()


def _history(user_id: str) -> tuple[str, str]:
    return "suppressions", user_id


def _named(what: str, user_id: str) -> str:
    return f"finguard-quiet-{what}-{user_id}"
