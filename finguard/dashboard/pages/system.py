"""The system page: what runs, how far it has got, and who changed what."""

from typing import Final

import streamlit as st

from finguard.dashboard.client.system import Dependency, Detectors
from finguard.dashboard.session import Session, clock, current
from finguard.dashboard.system_tables import audit_frame, detectors_frame
from finguard.dashboard.widgets import detector_charts, header, states
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import NOTHING, short_duration

_MAX_AGE_S: Final = 5.0
_AUDIT_MAX_AGE_S: Final = 10.0
_VERSION_MAX_AGE_S: Final = 300.0
_ENTRIES: Final = 50
_CURSORS: Final = "finguard-audit-cursors"
"""Where each page of the audit log up to the one shown begins, in the session's state."""


def _live() -> None:
    """What changes by itself."""
    session = current()
    states.outage(session)
    detectors = header.detectors(session)
    if detectors is not None:
        _detectors(session, detectors)
    left, right = st.columns(2, gap="medium")
    with left:
        _dependencies(session)
    with right:
        _versions(session)


def _detectors(session: Session, detectors: Detectors) -> None:
    st.markdown("##### Detectors", anchors=False)
    if not detectors.items:
        states.empty(
            "No detector runs",
            "Start one with `python detector.py`; run as many as the topic has partitions.",
        )
        return
    detector_charts.show(session, detectors)
    st.dataframe(
        detectors_frame(detectors.items),
        hide_index=True,
        key="detectors",
        column_config={
            name: st.column_config.DatetimeColumn(
                format="D MMM HH:mm:ss", timezone=str(clock().zone)
            )
            for name in ("Running since", "Last sign of life")
        },
        alt="Detectors, the eldest first",
    )


def _dependencies(session: Session) -> None:
    readiness = session.ask(
        "readiness", lambda api: api.system.readiness(), _MAX_AGE_S, by_itself=True
    )
    if readiness is None:
        return
    written(
        "What the API needs",
        [
            ("PostgreSQL", *_dependency(readiness.postgresql)),
            ("Redis", *_dependency(readiness.redis)),
        ],
        ("Service", "State", "Latency"),
    )


def _dependency(service: Dependency) -> tuple[str, str]:
    state = "✓ answers" if service.status == "ok" else "✗ is away"
    latency = service.latency_ms
    return state, NOTHING if latency is None else short_duration(latency / 1000)


def _versions(session: Session) -> None:
    version = session.ask("version", lambda api: api.system.version(), _VERSION_MAX_AGE_S)
    if version is None:
        return
    written(
        "Versions of the API",
        [
            ("FinGuard", version.version),
            ("Python", version.python),
            ("Tables", version.newest_migration or NOTHING),
        ],
    )


def _audit() -> None:
    session = current()
    st.markdown("##### Audit log", anchors=False)
    if not session.may("admin"):
        states.not_allowed("admin")
        return
    cursors: list[int | None] = st.session_state.setdefault(_CURSORS, [None])
    page = session.ask(
        ("audit", cursors[-1]),
        lambda api: api.system.audit_log(_ENTRIES, cursors[-1]),
        _AUDIT_MAX_AGE_S,
    )
    if page is None:
        return
    if not page.items:
        st.caption("Nobody has changed anything yet.")
        return
    st.dataframe(
        audit_frame(page.items),
        hide_index=True,
        key=f"audit-{cursors[-1]}",
        column_config={
            "When": st.column_config.DatetimeColumn(
                format="D MMM YYYY HH:mm:ss", timezone=str(clock().zone)
            )
        },
        alt="Changes, newest first",
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            "Newer",
            key=f"audit-newer-{len(cursors)}",
            disabled=len(cursors) == 1,
            on_click=_turn,
            args=(cursors[:-1],),
        )
        st.button(
            "Older",
            key=f"audit-older-{len(cursors)}",
            disabled=page.next_cursor is None,
            on_click=_turn,
            args=([*cursors, page.next_cursor],),
        )


def _turn(cursors: list[int | None]) -> None:
    """Turn to a page by its place, not by a step: Streamlit may call this twice for one press."""
    st.session_state[_CURSORS] = cursors


st.fragment(_live, run_every=current().refresh_s)()
st.fragment(_audit, run_every=_AUDIT_MAX_AGE_S)()
