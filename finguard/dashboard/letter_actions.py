"""What the viewer does with dead letters, and how it is told what came of it."""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

import streamlit as st

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.http import (
    ApiUnavailable,
    NotFound,
    Refused,
    Throttled,
    Unauthorized,
)
from finguard.dashboard.client.letters import Edit, Letter, Outcome
from finguard.dashboard.session import Session
from finguard.dashboard.wording import duration, escape

_NOTICE: Final = "finguard-letter-notice"
_DEEDS: Final = "finguard-letter-deeds"
_TRIES: Final = "finguard-letter-tries"
_ICONS: Final = {
    "success": ":material/check:",
    "warning": ":material/info:",
    "error": ":material/block:",
}
_MOST_TOLD: Final = 6
_VERBS: Final = {
    "replayed": "replayed",
    "discarded": "discarded",
    "unchanged": "already so",
    "refused": "refused",
    "missing": "not found",
}


class Notice(NamedTuple):
    """What came of the last thing that the viewer did.

    Attributes:
        kind: how well it went.
        lines: in words, from anybody.
        place: the letter it was done to, or None for rows of the table.
    """

    kind: Literal["success", "warning", "error"]
    lines: tuple[str, ...]
    place: int | None = None


def letter_key(letter_id: int) -> tuple[str, int]:
    """Under which the feed keeps a letter with its message."""
    return "letter", letter_id


def state_key(letter_id: int) -> tuple[str, int]:
    """Under which the feed keeps the same without its message, which is asked for more often."""
    return "letter-state", letter_id


def replay(session: Session, ids: list[int], place: int | None, *, again: bool = False) -> None:
    """Send messages again as they are."""
    _do(session, place, lambda api: api.letters.replay(ids, again=again).results)


def discard(session: Session, ids: list[int], note: str, place: int | None) -> None:
    """Say of letters that nothing will come of them."""
    _do(session, place, lambda api: api.letters.discard(ids, note).results)


def replay_edited(session: Session, letter: Letter, edit: Edit) -> None:
    """Send something else in a message's place; a replay that has had no answer is no obstacle."""
    letter_id = letter.dead_letter_id
    _do(
        session,
        letter_id,
        lambda api: [api.letters.replay_edited(letter_id, edit, again=letter.waits)],
    )


def told(outcomes: Sequence[Outcome], place: int | None) -> Notice:
    """What became of letters, in words: a sum where they are several, and all that went amiss."""
    amiss = [told for told in outcomes if told.outcome in {"refused", "missing"}]
    lines = []
    if len(outcomes) > 1:
        counts = {
            verb: sum(outcome.outcome == code for outcome in outcomes)
            for code, verb in _VERBS.items()
        }
        lines.append(", ".join(f"{number} {verb}" for verb, number in counts.items() if number))
    listed = outcomes if len(outcomes) == 1 else amiss
    lines += [outcome.detail for outcome in listed[:_MOST_TOLD]]
    if len(listed) > _MOST_TOLD:
        lines.append(f"And {len(listed) - _MOST_TOLD} more; open them one by one to see why.")
    return Notice("warning" if amiss else "success", tuple(lines), place)


def show_notice(place: int | None) -> None:
    """Tell what came of what was done here, until something else is done."""
    notice = st.session_state.get(_NOTICE)
    if not isinstance(notice, Notice) or notice.place != place:
        return
    tell = {"success": st.success, "warning": st.warning, "error": st.error}[notice.kind]
    tell("  \n".join(escape(line) for line in notice.lines), icon=_ICONS[notice.kind])


def deeds() -> int:
    """How often something was done: in the key of a form, it empties the form afterwards."""
    return int(st.session_state.get(_DEEDS, 0))


def tries() -> int:
    """How often the API was asked to do something, whatever came of it."""
    return int(st.session_state.get(_TRIES, 0))


def note(notice: Notice) -> None:
    """Have something told."""
    st.session_state[_NOTICE] = notice


def forget_notice() -> None:
    """What was told is old news."""
    st.session_state.pop(_NOTICE, None)


def _do(
    session: Session, place: int | None, work: Callable[[ApiClient], Sequence[Outcome]]
) -> None:
    """Do it, remember what came of it, and draw the page as things are now."""
    st.session_state[_TRIES] = tries() + 1
    try:
        outcomes = session.act(work)
    except Unauthorized:
        session.expire()
    except (ApiUnavailable, Throttled, Refused, NotFound) as error:
        note(_failed(error, place))
        if place is not None:
            session.feed.forget(state_key(place))
    else:
        note(told(outcomes, place))
        st.session_state[_DEEDS] = deeds() + 1
        _take_over(session, outcomes, place)
    st.rerun()


def _take_over(session: Session, outcomes: Sequence[Outcome], place: int | None) -> None:
    """Show in the table what the API has just said; marked rows are done with."""
    if session.letters:
        session.letters.update(told.current for told in outcomes if told.current)
        session.letters.turn += place is None
        session.feed.forget(session.letters.now_key)
    for outcome in outcomes:
        session.feed.forget(letter_key(outcome.dead_letter_id))
        session.feed.forget(state_key(outcome.dead_letter_id))


def _failed(error: Exception, place: int | None) -> Notice:
    """Why nothing can be said of the letters, and what helps."""
    if isinstance(error, ApiUnavailable):
        words = f"No answer: {error}. It may have been done or not; to do the same again is safe."
    elif isinstance(error, Throttled):
        words = f"Too many requests. Wait {duration(error.wait_s)}, then try again."
    elif isinstance(error, NotFound):
        words = "There is no such letter any more. Choose another one."
    else:
        words = f"Nothing was done. {error}"
    return Notice("error", (words,), place)
