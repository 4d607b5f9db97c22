"""How long a test waits before it says that something will never come."""

from typing import Final

PATIENCE_S: Final = 240.0
"""Ends what would hang, and is waited for in no other case.

A machine that is busy with other things may take many times what a quiet one does, and that says
nothing of the code: so it is long.
"""

LONGEST_ANSWER_S: Final = 20.0
"""Longer than the API takes to say that a service is away, even on a busy machine.

While a test holds the service up, an answer that nobody bounds would take for ever.
"""
