"""Dead letters in tables, words and charts."""

from datetime import UTC, datetime, timedelta

from finguard.dashboard.charts.reasons import OTHERS, reasons_frame, reasons_over_time, tracks_frame
from finguard.dashboard.client.letters import (
    Edit,
    Letter,
    LetterCounts,
    LetterPage,
    Outcome,
)
from finguard.dashboard.client.statistics import Bucket
from finguard.dashboard.letter_actions import told
from finguard.dashboard.letter_history import whole_counts
from finguard.dashboard.letter_listing import LetterListing, letters_frame
from finguard.dashboard.letter_wording import REASONS, action_name, size, state
from finguard.dashboard.wording import Clock
from tests.unit.dashboard.letter_samples import counts, letter
from tests.unit.dashboard.samples import NOW


def page(*numbers: int, more: str | None = None, **changes: object) -> LetterPage:
    """Letters with these numbers."""
    items = tuple(Letter.model_validate(letter(number, **changes)) for number in numbers)
    return LetterPage(items=items, next_cursor=more)


def counted(*rows: dict[str, int]) -> LetterCounts:
    """Counts of these minutes."""
    return LetterCounts.model_validate(counts("minute", *rows))


def outcome(letter_id: int, what: str) -> Outcome:
    """What became of a letter."""
    return Outcome(
        dead_letter_id=letter_id, outcome=what, detail=f"Letter {letter_id}: {what}.", current=None
    )


def test_letters_change_in_their_places() -> None:
    """A new status is shown where the old one was; the same again is no change."""
    listing = LetterListing(("All",), page=page(3, 2, 1))

    assert listing.update(page(2, status="resolved").items)
    assert [item.status for item in listing.items] == ["open", "resolved", "open"]
    assert not listing.update(page(2, status="resolved").items)
    assert not LetterListing(("All",)).update(page(2).items)


def test_what_came_and_what_went_is_counted() -> None:
    """What has only moved beyond the page's end did not go."""
    listing = LetterListing(("All",), page=page(4, 3, 2, 1, more="x"))

    assert listing.arrived(page(6, 5, 4, 3, more="x")) == 2
    assert listing.left(page(6, 5, 4, 3, more="x")) == 0
    assert listing.left(page(4, 2, 1, 0, more="x")) == 1
    assert listing.left(page()) == 4


def test_rows_and_letters_find_each_other() -> None:
    """By place and by number; what is not there is none."""
    listing = LetterListing(("All",), page=page(7, 5))

    assert (listing.row_of(5), listing.row_of(6), listing.row_of(None)) == (1, None, None)
    assert listing.letters_in([1, 0, 9]) == [7, 5]


def test_the_table_is_in_words() -> None:
    """Codes become words, and times stay times."""
    row = letters_frame(page(1).items).iloc[0].to_dict()

    assert (row["Status"], row["Reason"]) == ("○ Open", "Amount")
    assert row["Why"] == "The amount is not a finite number"
    assert row["Taken"] == datetime(2026, 3, 1, 12, 0, 31, tzinfo=UTC)


def test_each_state_says_what_to_do() -> None:
    """And who did what was done."""

    def words(**changes: object) -> str:
        at = {"status_by": "ann", "status_at": NOW.isoformat()}
        return state(Letter.model_validate(letter(1, **(at | changes))), Clock())

    assert "replay it" in words(status="open")
    assert "The detector's word is awaited" in words(status="replayed")
    assert "Work on the later attempt" in words(status="replayed", followed_by=2)
    assert "nothing left to do" in words(status="resolved")
    assert words(status="discarded", status_note="a test").endswith("UTC: “a test”")
    assert words(status="discarded").startswith("Discarded by ann on 1 Mar 2026")


def test_actions_and_sizes_are_told_in_words() -> None:
    """Also those that are new to the dashboard."""
    assert action_name("dead_letter.replay", edited=True) == "Replayed, edited"
    assert action_name("dead_letter.discard", edited=False) == "Discarded"
    assert (size(None), size(1), size(2_000)) == ("unknown", "1 byte", "2,000 bytes")


def test_outcomes_are_summed_up_and_refusals_told_one_by_one() -> None:
    """Six of them at most; a single letter's is told as the API says it."""
    assert told([outcome(1, "replayed")], 1).lines == ("Letter 1: replayed.",)

    several = told([outcome(1, "replayed"), outcome(2, "refused")], None)
    assert (several.kind, several.lines) == (
        "warning",
        ("1 replayed, 1 refused", "Letter 2: refused."),
    )

    many = told([outcome(number, "refused") for number in range(9)], None)
    assert many.lines[0] == "9 refused"
    assert many.lines[-1] == "And 3 more; open them one by one to see why."


def test_only_what_changes_is_in_an_edit() -> None:
    """What is not given stays as it was."""
    assert Edit().body() == {}
    assert Edit(key={"text": "u"}).body() == {"key": {"text": "u"}}


def test_reasons_are_ordered_and_rare_ones_come_last_together() -> None:
    """The commonest first; six rows at most, so that the chart stays legible."""
    busy = {reason: 20 - place for place, reason in enumerate(list(REASONS)[:8])}
    letters = counted(busy, {}, {"amount": 5})

    frame = reasons_frame(letters, REASONS)

    assert list(dict.fromkeys(frame["reason"])) == [
        "Amount", "Conflict", "Country", "Currency", "Duplicate key", OTHERS,
    ]  # fmt: skip
    assert frame[frame["reason"] == "Amount"]["letters"].tolist() == [20, 5]
    assert frame[frame["reason"] == OTHERS]["total"].unique().tolist() == [15 + 14 + 13]
    assert (frame["end"] - frame["begin"]).unique().tolist() == [timedelta(minutes=1)]


def test_each_reason_has_a_strip_as_long_as_the_range() -> None:
    """So that times without any are seen to have none."""
    letters = counted({"schema": 1}, {}, {}, {"unheard_of": 1})

    tracks = tracks_frame(reasons_frame(letters, REASONS), letters)

    assert tracks["reason"].tolist() == ["Schema", "Unheard of"]
    assert (tracks["end"] - tracks["begin"]).unique().tolist() == [timedelta(minutes=4)]


def test_a_cell_tells_its_figure_and_new_figures_redraw_nothing_else() -> None:
    """The tooltip has what the shade only hints at; only the chart's data changes."""

    def chart(number: int) -> dict[str, object]:
        letters = counted({"schema": number}, {"schema": 1})
        frame = reasons_frame(letters, REASONS)
        drawn: dict[str, object] = reasons_over_time(
            frame, tracks_frame(frame, letters), "#123456"
        ).to_dict()
        return drawn

    layers = chart(1)["layer"]
    assert isinstance(layers, list)
    fields = {shown["field"] for shown in layers[1]["encoding"]["tooltip"]}
    assert {"reason", "utc", "letters", "total"} == fields - {"begin"}

    def specification(number: int) -> str:
        drawn = chart(number)
        layers = drawn["layer"]
        assert isinstance(layers, list)
        return repr(
            [{key: part for key, part in layer.items() if key != "data"} for layer in layers]
        )

    assert specification(1) == specification(7)


def test_nothing_at_all_can_be_drawn() -> None:
    """An empty range is no error."""
    letters = counted()
    frame = reasons_frame(letters, REASONS)

    assert frame.empty
    assert reasons_over_time(frame, tracks_frame(frame, letters), "#123456").to_dict()["layer"]


def test_everything_is_cut_to_where_there_is_any() -> None:
    """Few days are told by hours, and few hours by minutes."""
    asked: list[Bucket] = []

    def ask(bucket: Bucket, start: datetime, end: datetime) -> LetterCounts:
        assert start < end
        asked.append(bucket)
        return counted({}, {"schema": 1}, {}, {"amount": 2}, {}).model_copy(
            update={"bucket": bucket}
        )

    whole = whole_counts(ask, NOW)

    assert whole is not None
    assert asked == ["day", "hour", "minute"]
    assert [row.by_reason for row in whole.rows] == [{"schema": 1}, {}, {"amount": 2}]


def test_without_an_answer_there_is_nothing_to_draw() -> None:
    """The API may be away."""
    assert whole_counts(lambda *_: None, NOW) is None
