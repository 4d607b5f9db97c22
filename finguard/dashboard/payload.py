"""A stranger's bytes as a person can read and edit them, without anything being lost."""

from base64 import b64decode, b64encode
from binascii import Error
from typing import Final, Literal

from finguard.dashboard.client.letters import Content, Part
from finguard.dashboard.letter_wording import size
from finguard.dashboard.wording import count

MAX_BYTES: Final = 16_384
"""Of a key or a value, no more is shown, and no more can be edited."""

Form = Literal["Text", "Base64"]

_PER_LINE: Final = 8
_PLAIN: Final = range(0x20, 0x7F)


def hexdump(data: bytes) -> str:
    """A line per eight bytes: where they stand, each in hexadecimal, and those that are ASCII."""
    return "\n".join(
        f"{start:06x}  {line.hex(' '):<{3 * _PER_LINE - 1}}  {_ascii(line)}"
        for start in range(0, len(data), _PER_LINE)
        for line in (data[start : start + _PER_LINE],)
    )


def base64_lines(content: Content) -> str:
    """Its base64, in lines that fit a narrow screen."""
    text = content.base64
    return "\n".join(text[start : start + 48] for start in range(0, len(text), 48))


def measured(content: Content) -> str:
    """How much it is, and how much of that is shown."""
    if content.cut:
        return f"the first {count(len(content.data))} of {size(content.size)}"
    return size(content.size)


def editable(data: bytes) -> str | None:
    r"""The bytes as text that a text field shows and gives back unchanged, if they are such text.

    A field turns `\r\n` into `\n`, drops some control characters, and obeys those that turn the
    direction of writing.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in "\n\t" for char in text) else None


def form_of(content: Content | None) -> Form:
    """The form in which its bytes can be edited without losing any."""
    return "Text" if content is None or editable(content.data) is not None else "Base64"


def draft_of(content: Content | None, form: Form) -> str:
    """What a field of this form begins with."""
    if content is None:
        return ""
    return (editable(content.data) or "") if form == "Text" else content.base64


def converted(draft: str, form: Form) -> str:
    """A draft of the other form in this one; empty where it has none."""
    if form == "Base64":
        return b64encode(draft.encode("utf-8", "replace")).decode()
    try:
        return editable(_bytes_of(draft)) or ""
    except ValueError:
        return ""


def edited(draft: str, form: Form, original: Content | None) -> Part | None:
    """What to send for a draft; None where it is the original, of which then nothing is lost.

    Raises:
        ValueError: the draft is no base64; the message says what helps.
    """
    unchanged = draft_of(original, form)
    if draft == unchanged:
        return None
    if form == "Text":
        return {"text": draft}
    data = _bytes_of(draft)
    return None if original and data == original.data else {"base64": b64encode(data).decode()}


def _bytes_of(draft: str) -> bytes:
    try:
        return b64decode("".join(draft.split()), validate=True)
    except (Error, ValueError) as error:
        raise ValueError(
            "This is no base64: its letters come in fours, of A–Z, a–z, 0–9, + and /, with = at "  # noqa: RUF001 - dashes between two ends
            "the end. Mend it, or choose Text."
        ) from error


def _ascii(line: bytes) -> str:
    return "".join(chr(byte) if byte in _PLAIN else "·" for byte in line)
