"""How long a test waits before it says that something will never come."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 240.0
"""Ends what would hang, and is waited for in no other case.

A machine that is busy with other things may take many times what a quiet one does, and that says
nothing of the code: so it is long.
"""

LONGEST_ANSWER_S: Final = 20.0
"""Longer than the API takes to say that a service is away, on a busy machine as well.

An answer that nobody bounds takes as long as the service is away, or as TCP tries, which is longer.
"""


def wait_for(condition: Callable[[], bool], what: str, *, every_s: float = 0.05) -> None:
    """Wait until a condition holds, and look seldom where to look is dear.

    Raises:
        TimeoutError: when it does not come true in time.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {PATIENCE_S:.0f} s for {what}")
        time.sleep(every_s)
