"""One dead letter: what it is, why it is one, its message as bytes, and what people did with it."""

from typing import Final, Literal

import streamlit as st

from finguard.dashboard import address, letter_actions
from finguard.dashboard.client.http import NotFound
from finguard.dashboard.client.letters import Content, Letter, LetterDetail, Message
from finguard.dashboard.letter_wording import (
    MEANINGS,
    REASONS,
    STAGES,
    STATUS_BADGES,
    STATUSES,
    action_name,
    delay,
    missing_message,
    sentence,
    size,
    state,
)
from finguard.dashboard.payload import MAX_BYTES, base64_lines, hexdump, measured
from finguard.dashboard.session import Session, clock
from finguard.dashboard.widgets import letter_desk
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import NOTHING, Clock, count, duration, escape, named

PARAMETER: Final = "letter"
"""Names the letter in the URL."""

View = Literal["Text", "Hex", "Base64"]

_VIEWS: Final[tuple[View, ...]] = ("Text", "Hex", "Base64")
_A_WHILE_S: Final = 300.0
"""A message never changes; what changes is watched by `state_of`."""

_CALM_S: Final = 5.0
_LONG_CHARS: Final = 700
_HIGH_PX: Final = 240


def choose(letter_id: int | None) -> None:
    """Name a letter in the URL, or none."""
    address.name(PARAMETER, letter_id)
    letter_actions.forget_notice()


def of(session: Session, letter_id: int) -> LetterDetail | None:
    """What the API says of a letter, with its message; None while it is away.

    Raises:
        NotFound: there is no such letter.
    """
    return session.ask(
        letter_actions.letter_key(letter_id),
        lambda api: api.letters.one(letter_id, MAX_BYTES),
        _A_WHILE_S,
    )


def has_changed(session: Session, drawn: LetterDetail) -> bool:
    """Whether a letter is not as it was drawn; then it will be asked for anew."""
    letter_id = drawn.dead_letter_id
    try:
        now = session.ask(
            letter_actions.state_key(letter_id),
            lambda api: api.letters.one(letter_id, 0),
            None if drawn.waits else _CALM_S,
        )
    except NotFound:
        now = None
    else:
        if now is None or _without_message(now) == _without_message(drawn):
            return False
    session.feed.forget(letter_actions.letter_key(letter_id))
    return True


def _without_message(letter: LetterDetail) -> LetterDetail:
    return letter.model_copy(update={"message": None})


def show(session: Session, letter_id: int) -> LetterDetail | None:
    """Draw the detail of a letter, with a way to close it; what was drawn."""
    with st.container(border=True, key="letter-detail", gap="small"):
        try:
            letter = of(session, letter_id)
        except NotFound:
            st.info(f"There is no dead letter {letter_id}.", icon=":material/search_off:")
            _close(letter_id)
            return None
        if letter is None:
            st.caption("This letter cannot be shown while the API is away.")
            return None
        _headline(letter)
        letter_actions.show_notice(letter_id)
        letter_desk.show_actions(session, letter)
        _message(letter)
        letter_desk.show_editor(session, letter)
        _origin(letter, clock())
        _headers(letter.message)
        _attempts(letter, clock())
        _history(letter, clock())
        return letter


def _close(letter_id: int) -> None:
    st.button(
        "Close",
        icon=":material/close:",
        type="tertiary",
        key=f"letter-close-{letter_id}",
        on_click=choose,
        args=(None,),
    )


def _headline(letter: LetterDetail) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        colour = STATUS_BADGES.get(letter.status, "gray")
        st.markdown(
            f":{colour}-badge[{escape(named(STATUSES, letter.status))}] "
            f"**{escape(named(REASONS, letter.reason))}** "
            f":gray[letter {letter.dead_letter_id}, attempt {letter.attempt}]",
            width="content",
        )
        _close(letter.dead_letter_id)
    st.markdown(f"##### {escape(sentence(letter.detail))}", anchors=False)
    if letter.reason in MEANINGS:
        st.caption(MEANINGS[letter.reason])
    st.markdown(escape(state(letter, clock())))
    if letter.followed_by is not None:
        _open(letter, letter.followed_by, "follow")


def _open(shown: Letter, letter_id: int, name: str = "open") -> None:
    st.button(
        f"Open letter {letter_id}",
        icon=":material/chevron_right:",
        icon_position="right",
        type="tertiary",
        key=f"letter-{name}-{shown.dead_letter_id}-{letter_id}",
        on_click=choose,
        args=(letter_id,),
    )


def _message(letter: LetterDetail) -> None:
    missing = missing_message(letter.message_status)
    if missing:
        st.warning(missing, icon=":material/content_cut:")
    if letter.message is None:
        return
    view = st.segmented_control(
        "The message as",
        _VIEWS,
        default=_VIEWS[0],
        required=True,
        key="letter-view",
        label_visibility="collapsed",
        persist_state="page",
    )
    _bytes("Value", letter.message.value, view)
    _bytes("Key", letter.message.key, view)


def _bytes(title: str, content: Content | None, view: View) -> None:
    """Somebody's bytes, as text of one kind or another: never as markdown, never as HTML."""
    if content is None:
        st.markdown(f"**{title}** :gray[:small[· none]]")
        return
    st.markdown(f"**{title}** :gray[:small[· {measured(content)}]]")
    if not content.size:
        st.caption("It is there, and empty.")
        return
    drawn = {"Text": content.text, "Hex": hexdump(content.data), "Base64": base64_lines(content)}
    st.code(
        drawn[view],
        language=None,
        wrap_lines=view == "Text",
        height=_HIGH_PX if len(drawn[view]) > _LONG_CHARS else "content",
    )


def _origin(letter: LetterDetail, viewer: Clock) -> None:
    source, buried = letter.source, letter.buried_at
    rows = [
        ("Taken", viewer.full(letter.published_at)),
        ("From", _place(source.topic, source.partition, source.offset)),
        (
            "Found bad",
            f"{viewer.full(letter.recorded_at)}, {duration(delay(letter))} later",
        ),
        ("While", named(STAGES, letter.stage).lower()),
        ("Error", letter.error_class or "unknown"),
        ("Size", size(letter.size)),
        (
            "Buried at",
            _place("the dead-letter topic", buried.partition, buried.offset) if buried else NOTHING,
        ),
    ]
    written("Where it came from", rows)


def _place(topic: str, partition: int, offset: int) -> str:
    return f"{topic}, partition {partition}, offset {count(offset)}"


def _headers(message: Message | None) -> None:
    if message is None or not message.headers:
        return
    rows = [
        (
            header.name or "(no name)",
            "none" if header.value is None else header.value.text or "(empty)",
            "" if header.value is None else measured(header.value),
        )
        for header in message.headers
    ]
    with st.expander(f"Headers ({count(message.header_count)})", key="letter-headers"):
        written("The message's own, then FinGuard's", rows, ("Name", "Value", "Size"))
        if message.header_count > len(rows):
            st.caption(f"{count(message.header_count - len(rows))} more are not shown.")


def _attempts(letter: LetterDetail, viewer: Clock) -> None:
    if len(letter.attempts) <= 1:
        return
    rows = [
        (
            f"{attempt.attempt}",
            _this(attempt, letter),
            named(STATUSES, attempt.status),
            named(REASONS, attempt.reason),
            viewer.full(attempt.published_at),
        )
        for attempt in letter.attempts
    ]
    written("Attempts", rows, ("Attempt", "Letter", "Status", "Reason", "Taken"))
    with st.container(horizontal=True, gap="small", key="letter-attempts"):
        for attempt in letter.attempts:
            number = attempt.dead_letter_id
            if number not in {letter.dead_letter_id, letter.followed_by}:
                _open(letter, number)


def _this(attempt: Letter, letter: LetterDetail) -> str:
    number = str(attempt.dead_letter_id)
    return f"{number} (this one)" if attempt.dead_letter_id == letter.dead_letter_id else number


def _history(letter: LetterDetail, viewer: Clock) -> None:
    if not letter.history:
        return
    rows = [
        (
            viewer.full(done.at),
            done.actor,
            action_name(done.action, edited=done.edited),
            done.note or NOTHING,
        )
        for done in letter.history
    ]
    written("History", rows, ("When", "Who", "What", "Why"))
