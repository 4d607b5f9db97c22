"""Dead letters in a real browser: poison arrives, is read, mended and sent again, or discarded."""

import json
import re
from uuid import uuid4

import pytest
from kafka import KafkaProducer
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.tables import click_row_until, table, wait_until_drawn
from tests.acceptance.test_browser import (
    browser,
    log_in,
    page,
    reload,
)
from tests.acceptance.whole import Whole, api_client
from tests.integration.api.serving import sign_in
from tests.patience import PATIENCE_S, wait_for

__all__ = ["browser", "page"]

HOSTILE = '<img src=x onerror="window.owned=1"> **bold** [x](javascript:alert(1)) :fire: $x^2$'


class Poison:
    """A message that is nearly a transaction, of a user of its own.

    Attributes:
        user: who is its key as well.
        letter: the dead letter that it became.
    """

    def __init__(self, whole: Whole) -> None:
        self.user = f"user-{uuid4().hex[:8]}"
        self._whole = whole
        producer = KafkaProducer(**whole.site.kafka)
        try:
            value = self.value(amount=-1).encode()
            taken = producer.send(whole.site.topic, value, self.user.encode()).get(
                timeout=PATIENCE_S
            )
        finally:
            producer.close()
        self._place = (taken.partition, taken.offset)
        wait_for(lambda: self._rows() != [], "the message to become a dead letter")
        ((self.letter, _),) = self._rows()

    def value(self, **changes: object) -> str:
        """The message, with other fields in it."""
        return json.dumps(
            {
                "transaction_id": f"tx-{self.user}",
                "user_id": self.user,
                "amount": 12.5,
                "currency": "EUR",
                "merchant": HOSTILE,
                "category": "books",
                "channel": "online",
                "city": "Istanbul",
                "country": "TR",
                "lat": 41.0,
                "lon": 29.0,
                "timestamp": "2026-01-01T12:00:00Z",
                **changes,
            }
        )

    def status(self) -> str:
        """What the database says of it."""
        ((_, status),) = self._rows()
        return status

    def _rows(self) -> list[tuple[int, str]]:
        return self._whole.site.query(
            "SELECT dead_letter_id, status FROM dead_letters"
            ' WHERE partition = %s AND "offset" = %s',
            *self._place,
        )


@pytest.fixture
def poison(whole: Whole) -> Poison:
    """One that has just arrived."""
    return Poison(whole)


@pytest.fixture
def desk(page: Page, poison: Poison) -> Page:
    """The dead letters page, as somebody who has just logged in sees it, with poison on it."""
    assert poison.status() == "open"
    log_in(page)
    page.get_by_role("link", name="Dead letters").first.click()
    expect(table(page)).to_be_visible()
    return page


def detail(page: Page) -> Locator:
    """The panel of the letter that is open."""
    return page.locator(".st-key-letter-detail")


def click_open(page: Page, poison: Poison) -> None:
    """Click the newest letter, which it is."""
    click_row_until(page, 0, lambda: open_letter(page) == poison.letter)
    wait_until_drawn(page)


def open_letter(page: Page) -> int | None:
    """The number of the letter that is open now."""
    shown = " ".join(detail(page).all_inner_texts())
    found = re.search(r"letter (\d+), attempt", shown)
    return int(found[1]) if found else None


def replay_edited(page: Page, outcome: re.Pattern[str]) -> None:
    """Replay what the editor holds, once more where Kafka took too long, as the page says.

    Args:
        page: with a letter in the editor.
        outcome: what it is to come to, in the page's words.
    """
    wait_until_drawn(page)
    told = detail(page).get_by_text(outcome)
    trouble = detail(page).get_by_text(re.compile(r"No answer: |Nothing was done\. (?!value)"))
    button = detail(page).get_by_role("button", name="Replay edited")
    button.click()
    expect(told.or_(trouble).first).to_be_visible()
    while not told.count():
        page.wait_for_timeout(3_000)
        wait_until_drawn(page)
        if trouble.count():
            button.click()


def discard_elsewhere(whole: Whole, letter: int) -> None:
    """What a colleague does, of whom this browser knows nothing."""
    with api_client(whole.api) as api:
        sign_in(api)
        discard = f"/api/v1/dead-letters/{letter}/discard"
        api.post(discard, json={"note": "seen by a colleague"}).raise_for_status()


def test_a_hostile_message_is_shown_and_obeyed_by_nobody(desk: Page, poison: Poison) -> None:
    """From the table to its bytes: HTML and markdown in them are text."""
    page = desk
    click_open(page, poison)

    expect(page).to_have_url(re.compile(rf"/dead_letters\?.*letter={poison.letter}"))
    expect(detail(page)).to_contain_text("The amount must lie between 0 and")
    value = detail(page).get_by_test_id("stCode").first
    expect(value).to_contain_text("onerror=")
    expect(value).to_contain_text("**bold** [x](javascript:alert(1)) :fire:")
    expect(detail(page).locator("img, a[href^='javascript']")).to_have_count(0)
    assert page.evaluate("window.owned") is None

    detail(page).get_by_text("Hex", exact=True).click()
    expect(value).to_contain_text("000000  7b 22")


def test_a_mended_message_is_seen_to_be_resolved(desk: Page, whole: Whole, poison: Poison) -> None:
    """Refreshes leave what is typed alone; a bad edit is refused in words, a good one resolves."""
    page = desk
    page.evaluate("window.notReloaded = true")
    click_open(page, poison)
    detail(page).get_by_text("Edit and replay").click()
    field = detail(page).get_by_role("textbox", name="Value")
    expect(field).to_have_value(re.compile(r'"amount": -1'))

    # Typed, and not left: neither a piece of the page nor all of it, drawn anew, takes it away.
    field.fill(poison.value(amount=-2))
    another = Poison(whole)
    expect(page.get_by_role("button", name="new letter")).to_be_visible()
    discard_elsewhere(whole, another.letter)
    discard_elsewhere(whole, poison.letter)
    expect(detail(page)).to_contain_text("“seen by a colleague”")
    expect(field).to_have_value(re.compile(r'"amount": -2'))

    replay_edited(page, re.compile(r"value: .*rejected again: .*must lie between 0 and"))
    assert poison.status() == "discarded"

    field.fill(poison.value())
    wait_until_drawn(page)
    replay_edited(page, re.compile(r"There is nothing left to do\."))
    expect(detail(page)).to_contain_text("✓ Resolved")
    expect(detail(page).get_by_role("button", name="Replay")).to_have_count(0)
    assert poison.status() == "resolved"
    assert page.evaluate("window.notReloaded") is True


def test_a_letter_is_discarded_with_a_reason(desk: Page, poison: Poison) -> None:
    """Nothing happens before it is confirmed; the reason stays with the letter, after a reload."""
    page = desk
    click_open(page, poison)

    detail(page).get_by_role("button", name="Discard…").click()
    assert poison.status() == "open"
    page.get_by_role("textbox", name="Why will nothing come of it?").fill("A test of the new app.")
    page.get_by_role("button", name="Discard this letter").click()

    expect(detail(page)).to_contain_text("Discarded by admin")
    reload(page)
    expect(detail(page)).to_contain_text("“A test of the new app.”")
    assert poison.status() == "discarded"


def test_a_filter_of_dead_letters_stands_in_the_address(desk: Page, poison: Poison) -> None:
    """It survives a reload, with the letter that is open."""
    page = desk
    click_open(page, poison)
    page.get_by_role("combobox", name="Reason").click()
    page.get_by_role("option", name="Amount").click()
    expect(page).to_have_url(re.compile(r"reason=Amount"))

    reload(page)

    expect(page.get_by_role("combobox", name="Reason")).to_have_value("Amount")
    expect(detail(page)).to_contain_text(f"letter {poison.letter}, attempt")
