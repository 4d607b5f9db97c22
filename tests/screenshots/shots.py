"""What is to be seen in the pictures, and how."""

from typing import Final, Literal, NamedTuple


class Look(NamedTuple):
    """A way to look at the pages.

    Attributes:
        suffix: of the pictures' names.
        theme: what the browser prefers. width: of the window, in pixels; height: likewise.
    """

    suffix: str
    theme: Literal["light", "dark"]
    width: int
    height: int


LOOKS: Final = (
    Look("", "light", 1280, 900),
    Look("-dark", "dark", 1280, 900),
    Look("-phone", "light", 390, 844),
)


class Found(NamedTuple):
    """What the scene has to show in detail.

    Attributes:
        alert: id of an impossible journey's alert. customer: whose it is. letter: id of a dead
            letter.
    """

    alert: int
    customer: str
    letter: int


EMPTY: Final = {
    "overview-empty": "",
    "alerts-empty": "alerts",
    "customer-empty": "customer",
    "dead-letters-empty": "dead_letters",
    "rules-empty": "rules",
    "system-empty": "system",
}


def furnished(found: Found) -> dict[str, str]:
    """Each page with data: its picture's name, and its address below the dashboard's."""
    day = "range=24+h"
    return {
        "overview": f"?{day}",
        "alerts": f"alerts?{day}",
        "alert": f"alerts?{day}&alert={found.alert}",
        "customer": f"customer?{day}&user={found.customer}",
        "dead-letters": f"dead_letters?{day}",
        "dead-letter": f"dead_letters?{day}&letter={found.letter}",
        "rules": f"rules?{day}",
        "system": f"system?{day}",
    }
