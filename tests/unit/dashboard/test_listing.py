"""The table of alerts and its pages."""

from datetime import UTC, datetime

from finguard.dashboard.client.alerts import Alert, AlertFilter, AlertPage
from finguard.dashboard.listing import PAGE_SIZE, Listing, alerts_frame
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import alert


def page(*numbers: int, more: str | None = None) -> AlertPage:
    """Alerts with these numbers."""
    items = tuple(Alert.model_validate(alert(number)) for number in numbers)
    return AlertPage(items=items, next_cursor=more)


def test_pages_lead_there_and_back() -> None:
    """Older and newer walk along the cursors, and each page is asked for by its own."""
    api = FakeApi(alerts=[alert(number) for number in range(PAGE_SIZE + 5, 0, -1)])
    client = api.session().act(lambda client: client)
    listing = Listing(("All",))
    listing.page = listing.load(client, AlertFilter())

    listing.older()
    second = listing.page = listing.load(client, AlertFilter())

    assert [item.alert_id for item in second.items] == [5, 4, 3, 2, 1]
    assert listing.first_number == PAGE_SIZE + 1

    listing.newer()

    assert listing.first_number == 1
    assert listing.row_of(5) is None


def test_there_is_nothing_before_the_first_or_after_the_last_page() -> None:
    """Turning at either end changes nothing."""
    listing = Listing(("All",), page=page(1))

    listing.older()
    listing.newer()

    assert (listing.page, listing.turn) == (page(1), 0)


def test_new_alerts_are_counted_on_the_first_page_only() -> None:
    """Further back, what arrives at the front is no news."""
    listing = Listing(("All",), page=page(3, 2, more="x"))

    assert listing.unseen(page(5, 4, 3, 2)) == 2

    listing.older()
    listing.page = page(1)

    assert listing.unseen(page(5, 4, 3, 2)) == 0


def test_rows_and_alerts_find_each_other() -> None:
    """An alert is known by its row and by its number; what is not there is none."""
    listing = Listing(("All",), page=page(7, 5))

    assert (listing.row_of(5), listing.row_of(6), listing.row_of(None)) == (1, None, None)
    assert (listing.alert_in(0), listing.alert_in(2)) == (7, None)


def test_the_table_is_in_words_and_keeps_instants() -> None:
    """Codes become words with shapes; times stay times, so that they sort."""
    frame = alerts_frame(page(1).items)

    row = frame.iloc[0].to_dict()

    assert (row["Severity"], row["Rule"]) == ("▲ High", "Impossible travel")
    assert (row["Amount"], row["Status"]) == ("129.90 USD", "Open")
    assert frame["When"].tolist() == [datetime(2026, 3, 1, 11, 59, 31, tzinfo=UTC)]


def test_an_empty_table_has_its_columns() -> None:
    """Nothing to show is no error."""
    assert list(alerts_frame([]).columns)[:2] == ["When", "Severity"]
