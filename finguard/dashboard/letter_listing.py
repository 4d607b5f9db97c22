"""The table of dead letters: which ones, which page of them, and as a data frame."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.letters import Letter, LetterFilter, LetterPage
from finguard.dashboard.letter_wording import REASONS, STATUSES, sentence
from finguard.dashboard.paging import PAGE_SIZE, Paging
from finguard.dashboard.wording import named

COLUMNS: Final = ("Taken", "Status", "Reason", "Why", "Attempt", "Letter")


@dataclass
class LetterListing(Paging[Letter]):
    """A page of dead letters whose rows stay in their places while it is read."""

    @property
    def now_key(self) -> tuple[str, ...]:
        """Under which the feed keeps this page as it is now."""
        return "letters-now", *self.name, *(cursor or "" for cursor in self.cursors)

    @property
    def words(self) -> str:
        """Which ones these are."""
        if not self.items:
            return "No dead letters"
        return f"Dead letters {self.first_number:,} to {self.last_number:,}, newest first"

    def load(self, api: ApiClient, chosen: LetterFilter) -> LetterPage:
        """Ask for this page."""
        return api.letters.page(chosen, PAGE_SIZE, self.cursors[-1])

    def update(self, letters: Iterable[Letter]) -> bool:
        """Put letters as they are now in the places of what they were; whether any differs."""
        if self.page is None:
            return False
        now = {letter.dead_letter_id: letter for letter in letters}
        items = tuple(now.get(letter.dead_letter_id, letter) for letter in self.page.items)
        differs = items != self.page.items
        self.page = self.page.model_copy(update={"items": items})
        return differs

    def arrived(self, fresh: LetterPage) -> int:
        """How many letters of the same page, asked for anew, are not on this one."""
        shown = {letter.dead_letter_id for letter in self.items}
        return sum(letter.dead_letter_id not in shown for letter in fresh.items)

    def left(self, fresh: LetterPage) -> int:
        """How many letters of this page do not fit the filter any more."""
        there = {letter.dead_letter_id for letter in fresh.items}
        last = fresh.items[-1] if fresh.items and fresh.next_cursor else None
        return sum(
            letter.dead_letter_id not in there and (last is None or _place(letter) > _place(last))
            for letter in self.items
        )

    def row_of(self, letter_id: int | None) -> int | None:
        """The row in which a letter stands on this page."""
        numbers = [letter.dead_letter_id for letter in self.items]
        return numbers.index(letter_id) if letter_id in numbers else None

    def letter_in(self, row: int) -> int | None:
        """The letter that stands in a row of this page."""
        return self.items[row].dead_letter_id if 0 <= row < len(self.items) else None

    def letters_in(self, rows: Sequence[int]) -> list[int]:
        """The letters that stand in some rows of this page."""
        found = (self.letter_in(row) for row in sorted(rows))
        return [letter_id for letter_id in found if letter_id is not None]


def letters_frame(letters: Sequence[Letter]) -> pd.DataFrame:
    """A row per letter in words, in the order given; `Taken` keeps its instant."""
    rows = [
        (
            letter.published_at,
            named(STATUSES, letter.status),
            named(REASONS, letter.reason),
            sentence(letter.detail),
            letter.attempt,
            letter.dead_letter_id,
        )
        for letter in letters
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["Taken"] = pd.to_datetime(frame["Taken"], utc=True)
    return frame


def _place(letter: Letter) -> tuple[datetime, int]:
    """In the order of the list: greater stands further up."""
    return letter.published_at, letter.dead_letter_id
