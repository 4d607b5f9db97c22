"""Numbers, times and strangers' text in words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.dashboard.wording import (
    RULES,
    Clock,
    ago,
    change,
    duration,
    escape,
    money,
    named,
    pace,
    percent,
    short_duration,
    short_money,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** _it_", r"\*\*bold\*\* \_it\_"),
        ("$x^2$", r"\$x\^2\$"),
        ("[link](http://evil)", r"\[link\]\(http\:\/\/evil\)"),
        ("<script>", r"\<script\>"),
        (":red[x]", r"\:red\[x\]"),
        ("two\nlines\t\there", "two lines here"),
        ("São Paulo 東京", "São Paulo 東京"),
        ("12:30:45", r"12\:30\:45"),
    ],
)
def test_markdown_is_shown_letter_by_letter(text: str, shown: str) -> None:
    """Everything that markdown or Streamlit would act on is disarmed."""
    assert escape(text) == shown


def test_an_emoji_code_stays_text() -> None:
    """Streamlit replaces codes in the finished text, where backslashes are gone already."""
    assert escape(":fire:") == "\\:\u2060fire\\:"


@given(st.text())
def test_no_mark_stands_without_its_backslash(text: str) -> None:
    """Whatever the text, each ASCII punctuation mark in the result is escaped."""
    unescaped = escape(text)
    marks = [place for place, letter in enumerate(unescaped) if letter in "$*_[]<>`:#|~!()"]

    assert all(unescaped[place - 1] == "\\" for place in marks)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, "–"),  # noqa: RUF001
        (0.0, "0.0 %"),
        (0.5, "50.0 %"),
        (0.0123, "1.23 %"),
        (0.00012, "0.012 %"),
        (0.000001, "< 0.001 %"),
    ],
)
def test_a_share_has_the_digits_it_needs(share: float | None, shown: str) -> None:
    """A small share is not rounded to nothing."""
    assert percent(share) == shown


def test_money_has_separators_and_its_currency() -> None:
    """Amounts are never without a unit."""
    assert money(Decimal(12500), "USD") == "12,500.00 USD"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("9870.6"), "9,871 USD"),
        (Decimal(1_234_567), "1.23 M USD"),
        (Decimal(2_500_000_000), "2.50 bn USD"),
    ],
)
def test_large_money_fits_a_card(amount: Decimal, shown: str) -> None:
    """Millions and billions are shortened, and say so."""
    assert short_money(amount, "USD") == shown


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        (112, 100, "+12 %"),
        (50, 100, "−50 %"),  # noqa: RUF001
        (100, 100, "0 %"),
        (4_700, 100, "×47"),  # noqa: RUF001
        (5, 0, None),
    ],
)
def test_a_change_is_told_against_what_was(now: float, before: float, shown: str | None) -> None:
    """Nothing is compared with nothing, and great growth is told as a factor."""
    assert change(now, before) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 seconds"),
        (0.06, "0.06 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (5400, "1.5 hours"),
        (172_800, "2 days"),
    ],
)
def test_a_duration_takes_its_largest_unit(seconds: float, shown: str) -> None:
    """Seconds turn into minutes, hours and days, with singular and plural."""
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-3, "just now"), (0.4, "just now"), (1.9, "1 second ago"), (7200, "2 hours ago")],
)
def test_the_past_is_told_in_whole_units(seconds: float, shown: str) -> None:
    """A clock slightly ahead does not lead into the future."""
    assert ago(NOON - timedelta(seconds=seconds), NOON) == shown


def test_times_are_the_viewers_with_utc_beside() -> None:
    """A full time names UTC wherever the viewer's clock differs from it."""
    istanbul = Clock.of("Europe/Istanbul")

    assert istanbul.full(NOON) == "1 Mar 2026 15:00:00 (12:00:00 UTC)"
    assert Clock().full(NOON) == "1 Mar 2026 12:00:00 UTC"


def test_utc_on_another_day_says_its_date() -> None:
    """Where midnight lies between both clocks the date stands with both times."""
    auckland = Clock.of("Pacific/Auckland")

    assert auckland.full(NOON) == "2 Mar 2026 01:00:00 (01 Mar 12:00:00 UTC)"


@pytest.mark.parametrize(
    ("days", "shown"),
    [(0, "12:00:00"), (1, "28 Feb 12:00:00"), (3000, "13 Dec 2017 12:00:00")],
)
def test_a_date_appears_where_it_is_not_todays(days: int, shown: str) -> None:
    """The further away, the more of the date is needed."""
    assert Clock().time(NOON - timedelta(days=days), NOON) == shown


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../../etc/passwd"])
def test_an_unknown_zone_is_utc(zone: str | None) -> None:
    """The browser's word is not trusted to be a zone."""
    assert Clock.of(zone).name == "UTC"


def test_a_rule_of_tomorrow_has_a_name() -> None:
    """A code that the dashboard does not know yet is told in words."""
    assert named(RULES, "card_testing") == "Card testing"


def test_a_pace_has_as_many_digits_as_it_takes() -> None:
    """Slow ones are told apart, fast ones are read at a glance."""
    assert [pace(value) for value in (0.0, 0.44, 9.96, 205.4, 12_345.0)] == [
        "0 /s",
        "0.4 /s",
        "10.0 /s",
        "205 /s",
        "12,345 /s",
    ]


def test_a_short_length_of_time_fits_a_card() -> None:
    """In the unit that leaves two or three digits."""
    assert [short_duration(value) for value in (0.0006, 0.085, 1.44, 99.9, 3_600)] == [
        "0.6 ms",
        "85 ms",
        "1.4 s",
        "99.9 s",
        "60 min",
    ]
