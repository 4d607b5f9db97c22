"""Turns the pages of a list that stands still while it is read."""

from dataclasses import dataclass, field
from typing import Final, Generic

from finguard.dashboard.client.http import Item, Page

PAGE_SIZE: Final = 50
"""No more than the API takes in one bulk request: all of a page can be worked on at once."""


@dataclass
class Paging(Generic[Item]):
    """One page of a list, and the way back to its beginning.

    Attributes:
        name: tells this filter and order from others; the same ones keep their page.
        cursors: where each page up to this one begins; None is the beginning.
        page: what the API answered; None until it did.
        turn: raised whenever another page is shown, so that a selection does not outlive it.
    """

    name: tuple[str, ...]
    cursors: list[str | None] = field(default_factory=lambda: [None])
    page: Page[Item] | None = None
    turn: int = 0

    @property
    def items(self) -> tuple[Item, ...]:
        """What stands on this page."""
        return self.page.items if self.page else ()

    @property
    def first_number(self) -> int:
        """The place of this page's first item among all, counted from 1."""
        return (len(self.cursors) - 1) * PAGE_SIZE + 1

    @property
    def last_number(self) -> int:
        """The place of its last one."""
        return self.first_number + len(self.items) - 1

    def older(self) -> None:
        """Turn to the next page."""
        if self.page and self.page.next_cursor:
            self.cursors.append(self.page.next_cursor)
            self._turned()

    def newer(self) -> None:
        """Turn back."""
        if len(self.cursors) > 1:
            self.cursors.pop()
            self._turned()

    def newest(self) -> None:
        """Begin anew with what has come or changed since."""
        self.cursors = [None]
        self._turned()

    def _turned(self) -> None:
        """Another page is to be shown, which has to be asked for."""
        self.page = None
        self.turn += 1
