"""What a person sees while services start: one refreshed line, or plain lines in a log."""

import io
import os
import time
from collections.abc import Mapping
from typing import TextIO

REMINDER_S = 5.0


class Console:
    """Writes progress to a stream; refreshes one line in place when that is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty()
        self.has_colours = self.is_terminal and "NO_COLOR" not in os.environ
        self._reminded_s = time.monotonic()
        self._is_open = False

    @property
    def stream(self) -> TextIO:
        """Return the stream, for libraries that write their own progress to it."""
        return self._stream

    def line(self, text: str) -> None:
        """Write a line that stays."""
        self._clear()
        try:
            print(text, file=self._stream, flush=True)
        except BrokenPipeError:
            # Say nothing more, so that what comes after this error can still tidy up.
            self._stream = io.StringIO()
            raise

    def waiting(self, waits: Mapping[str, float]) -> None:
        """Show what is being waited for, and since how many seconds."""
        text = "  waiting for " + ", ".join(f"{name} {s:.0f} s" for name, s in waits.items())
        if self.is_terminal:
            self._clear()
            print(text, end="", file=self._stream, flush=True)
            self._is_open = True
        elif time.monotonic() - self._reminded_s > REMINDER_S:
            self._reminded_s = time.monotonic()
            self.line(text)

    def _clear(self) -> None:
        if self._is_open:
            print("\r\x1b[K", end="", file=self._stream)
            self._is_open = False
