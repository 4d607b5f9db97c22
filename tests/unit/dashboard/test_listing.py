"""The table of alerts and its pages."""

from datetime import UTC, datetime

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.alerts import Alert, AlertFilter, AlertPage
from finguard.dashboard.listing import Listing, alerts_frame
from finguard.dashboard.paging import PAGE_SIZE
from finguard.dashboard.wording import NOTHING
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import alert


def page(*numbers: int, more: str | None = None) -> AlertPage:
    """Alerts with these numbers."""
    items = tuple(Alert.model_validate(alert(number)) for number in numbers)
    return AlertPage(items=items, next_cursor=more)


def loaded(listing: Listing, client: ApiClient) -> AlertPage:
    """What the API answers for this page."""
    answer = listing.load(client, AlertFilter())
    assert isinstance(answer, AlertPage)
    return answer


def test_pages_lead_there_and_back() -> None:
    """Older and newer walk along the cursors, and each page is asked for by its own."""
    api = FakeApi(alerts=[alert(number) for number in range(PAGE_SIZE + 5, 0, -1)])
    client = api.session().act(lambda client: client)
    listing = Listing(("All",))
    listing.begin(loaded(listing, client))

    listing.older()
    second = loaded(listing, client)
    listing.begin(second)

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


def test_new_alerts_are_counted_without_being_shown() -> None:
    """They are told of on every page, until the list begins anew; the page stays as it is."""
    listing = Listing(("All",))
    listing.begin(page(3, 2, more="x"))

    assert listing.look(page(5, 4, 3, 2)) == 2
    assert [alert.alert_id for alert in listing.items] == [3, 2]

    listing.older()
    listing.begin(page(1))

    assert listing.look(page(5, 4, 3, 2)) == 2


def test_what_moves_up_is_not_new() -> None:
    """Where alerts leave the list because they were triaged, older ones take their places."""
    listing = Listing(("All",))
    listing.begin(page(9, 8, more="x"))

    assert listing.look(page(9, 7, more="x")) == 0
    assert listing.look(page(10, 9, more="x")) == 1


def test_in_another_order_new_ones_are_known_by_the_newest() -> None:
    """The page itself tells nothing of what is new when it begins with the highest score."""
    listing = Listing(("All",), sort="score")
    listing.begin(page(2, 7, more="x"))

    assert listing.look(page(7, 6)) == 0
    assert listing.look(page(8, 7, 6)) == 1


def test_a_change_is_shown_in_place() -> None:
    """A row takes on what colleagues did, and never what it was before."""
    listing = Listing(("All",))
    listing.begin(page(3, 2))
    now = Alert.model_validate(alert(2, status="investigating", assignee="bob", version=2))

    listing.replace([now])
    listing.look(page(3, 2))

    assert listing.items[1] == now
    assert [row.alert_id for row in listing.items] == [3, 2]


def test_rows_and_alerts_find_each_other() -> None:
    """An alert is known by its row and by its number, and so are its neighbours."""
    listing = Listing(("All",), page=page(7, 5))

    assert (listing.row_of(5), listing.row_of(6), listing.row_of(None)) == (1, None, None)
    assert [found and found.alert_id for found in map(listing.alert_in, (0, 2))] == [7, None]
    assert (listing.beside(7, 1), listing.beside(7, -1), listing.beside(6, 1)) == (5, None, None)


def test_a_click_means_an_alert_and_a_mark_means_none() -> None:
    """A second click on the same cell unselects it, and still means its alert."""
    listing = Listing(("All",), page=page(7, 5))

    clicks = [
        listing.click(cells, rows) for cells, rows in (((1,), ()), ((), ()), ((), (0,)), ((), ()))
    ]

    assert [clicked and clicked.alert_id for clicked in clicks] == [5, 5, None, None]


def test_marks_can_be_set_anew() -> None:
    """After a decision those stay marked to which nothing was done."""
    listing = Listing(("All",), page=page(7, 5))

    listing.mark([5, 99])

    assert (listing.marked, listing.turn) == ((1,), 1)


def test_the_table_is_in_words_and_keeps_instants() -> None:
    """Codes become words with shapes; times stay times, so that they sort."""
    frame = alerts_frame(page(1).items)

    row = frame.iloc[0].to_dict()

    assert (row["Severity"], row["Rule"]) == ("▲ High", "Impossible travel")
    assert (row["Amount"], row["Status"], row["Assignee"]) == ("129.90 USD", "Open", NOTHING)
    assert frame["When"].tolist() == [datetime(2026, 3, 1, 11, 59, 31, tzinfo=UTC)]


def test_an_empty_table_has_its_columns() -> None:
    """Nothing to show is no error."""
    assert list(alerts_frame([]).columns)[:2] == ["Open", "When"]
