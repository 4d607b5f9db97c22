"""What an analyst can do with one dead letter: replay it, edited or not, or discard it."""

from typing import Final

import streamlit as st

from finguard.dashboard import letter_actions
from finguard.dashboard.client.letters import Content, Edit, LetterDetail
from finguard.dashboard.letter_actions import Notice
from finguard.dashboard.letter_wording import size
from finguard.dashboard.payload import MAX_BYTES, Form, converted, draft_of, edited, form_of
from finguard.dashboard.session import Session
from finguard.dashboard.wording import count

_FORMS: Final[tuple[Form, ...]] = ("Text", "Base64")
_MAX_NOTE_CHARS: Final = 2_000
_MAX_CHARS: Final[dict[Form, int]] = {"Text": MAX_BYTES, "Base64": MAX_BYTES // 3 * 4 + 4}
_LINE_PX: Final = 68


def show_actions(session: Session, letter: LetterDetail) -> None:
    """Buttons for what can be done with it as it is; the API decides whether it may."""
    if not session.may("analyst"):
        st.caption("To replay or discard it takes the role analyst. Ask an administrator.")
        return
    if letter.status == "resolved":
        return
    letter_id = letter.dead_letter_id
    with st.container(horizontal=True, gap="small", key="letter-actions"):
        if is_replayable(letter) and st.button(
            replay_label(letter),
            icon=":material/replay:",
            key=f"letter-replay-{_as_seen(letter)}",
        ):
            letter_actions.replay(session, [letter_id], letter_id, again=letter.waits)
        if letter.status != "discarded":
            note = discard_form(f"letter-{letter_id}", "Discard this letter", disabled=False)
            if note:
                letter_actions.discard(session, [letter_id], note, letter_id)


def _as_seen(letter: LetterDetail) -> str:
    """What a button bears that sends a message: the letter, as it is shown, and after which try.

    A press that Streamlit delivers twice sends once: what was to be the first replay must not
    become the second, which is a matter of its own.
    """
    return f"{letter.dead_letter_id}-{letter.status}-{letter_actions.tries()}"


def is_replayable(letter: LetterDetail) -> bool:
    """Whether a replay has a chance: neither is it resolved nor has it a later attempt."""
    return letter.status != "resolved" and letter.followed_by is None


def replay_label(letter: LetterDetail) -> str:
    """What the button says, which sends a second time what has had no answer."""
    return "Replay again" if letter.waits else "Replay as it is"


def discard_form(name: str, label: str, *, disabled: bool) -> str:
    """A button that asks why before anything is done; the note, once that is confirmed."""
    deed = letter_actions.deeds()
    with st.popover(
        "Discard…", icon=":material/delete:", disabled=disabled, key=f"discard-{name}-{deed}"
    ):
        note = st.text_area(
            "Why will nothing come of it?",
            key=f"discard-note-{name}-{deed}",
            max_chars=_MAX_NOTE_CHARS,
            height=_LINE_PX + 30,
            placeholder="Kept with the letter, for whoever wonders",
        )
        confirmed = st.button(label, type="primary", key=f"discard-sure-{name}-{deed}")
        if confirmed and not note.strip():
            st.warning("Say why first.", icon=":material/edit:")
            return ""
        return note.strip() if confirmed else ""


def show_editor(session: Session, letter: LetterDetail) -> None:
    """A form for another key and value; what is typed there outlives every refresh."""
    if not session.may("analyst") or not is_replayable(letter) or letter.message is None:
        return
    letter_id, message = letter.dead_letter_id, letter.message
    with st.expander("Edit and replay", icon=":material/edit:", key=f"letter-edit-{letter_id}"):
        value_form, value = _field("Value", letter_id, message.value)
        key_form, key = _field("Key", letter_id, message.key)
        st.caption(
            "What you leave as it is goes out exactly as it came. Headers stay. The API checks an "
            "edit before it is sent, and keeps it in the audit log."
        )
        if st.button(
            "Replay edited",
            type="primary",
            icon=":material/replay:",
            key=f"letter-send-{_as_seen(letter)}",
        ):
            try:
                edit = Edit(
                    key=edited(key, key_form, message.key),
                    value=edited(value, value_form, message.value),
                )
            except ValueError as error:
                letter_actions.note(Notice("error", (f"Nothing was sent. {error}",), letter_id))
                st.rerun()
            _send(session, letter, edit)


def _send(session: Session, letter: LetterDetail, edit: Edit) -> None:
    if edit == Edit():
        words = (
            f"Nothing was sent: key and value are as they were. “{replay_label(letter)}” sends it."
        )
        letter_actions.note(Notice("warning", (words,), letter.dead_letter_id))
        st.rerun()
    letter_actions.replay_edited(session, letter, edit)


def _field(name: str, letter_id: int, original: Content | None) -> tuple[Form, str]:
    """A field for key or value: its form, and what stands in it."""
    base = f"letter-{name.lower()}-{letter_id}"
    own = form_of(original)
    form_key = f"{base}-form"

    def convert() -> None:
        """Carry what was typed over to the other form."""
        now: Form = st.session_state[form_key]
        before: Form = "Base64" if now == "Text" else "Text"
        draft = st.session_state.get(f"{base}-{before}", "")
        st.session_state[f"{base}-{now}"] = converted(draft, now)

    form = st.segmented_control(
        f"{name} as",
        _FORMS,
        default=own,
        required=True,
        key=form_key,
        on_change=convert,
        persist_state="page",
    )
    if own == "Base64" and form == "Text":
        st.caption(
            f"The {name.lower()} has bytes that a text field cannot hold; a text replaces it."
        )
    if original and original.cut:
        st.caption(
            f"Only the first {count(len(original.data))} of {size(original.size)} are here, and a "
            "transaction may have no more: shorten it to one that is whole."
        )
    st.session_state.setdefault(f"{base}-{form}", draft_of(original, form))
    draft = st.text_area(
        name,
        key=f"{base}-{form}",
        max_chars=_MAX_CHARS[form],
        height=200 if name == "Value" else _LINE_PX,
        label_visibility="collapsed",
        persist_state="page",
    )
    return form, draft
