"""What a customer spends and where: the frames, and what the figures are made of."""

from datetime import UTC, datetime, timedelta

from finguard.dashboard.charts.places import EARLIER, LATEST, places_frame, places_map
from finguard.dashboard.charts.spending import (
    FLAGGED,
    PLAIN,
    currencies,
    spending_frame,
    spending_over_time,
)
from finguard.dashboard.client.customers import CustomerTransaction, Place
from tests.unit.dashboard.fake_customers import transaction

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def paid(name: str, minute: int = 0, **changes: object) -> CustomerTransaction:
    """A transaction some minutes after noon."""
    at = (NOON + timedelta(minutes=minute)).isoformat()
    return CustomerTransaction.model_validate(transaction(name, occurred_at=at, **changes))


def place(city: str, minute: int, transactions: int = 1) -> Place:
    """A city where somebody was last some minutes after noon."""
    return Place(
        city=city,
        country="TR",
        lat=41.0,
        lon=29.0,
        transactions=transactions,
        last_at=NOON + timedelta(minutes=minute),
    )


def test_transactions_with_an_alert_or_an_impossible_place_are_marked() -> None:
    """Either of them is a flag; both are marked by shape and colour."""
    frame = spending_frame(
        [paid("c", 2, alert_ids=[4]), paid("b", 1, flagged=True), paid("a")], "TRY"
    )

    assert list(frame["transaction"]) == ["a", "b", "c"]
    assert list(frame["mark"]) == [PLAIN, FLAGGED, FLAGGED]
    encoding = spending_over_time(frame, 300).to_dict()["layer"][1]["encoding"]
    for sign in ("color", "shape"):
        assert encoding[sign]["scale"]["domain"] == [FLAGGED, PLAIN]
        assert len(set(encoding[sign]["scale"]["range"])) == 2


def test_amounts_of_one_currency_are_drawn_together() -> None:
    """The most frequent currency is the first to choose; amounts of two are not comparable."""
    pasts = [paid("a", currency="EUR"), paid("b"), paid("c", 1), paid("d", currency="CHF")]

    assert currencies(pasts) == ["TRY", "CHF", "EUR"]
    assert list(spending_frame(pasts, "EUR")["money"]) == ["129.90 EUR"]


def test_a_transaction_says_where_it_was() -> None:
    """In a city, or online, of which nobody keeps a place."""
    online = {"channel": "online", "city": None, "country": None}
    frame = spending_frame([paid("a"), paid("b", 1, **online)], "TRY")

    assert list(frame["place"]) == ["Istanbul, TR", "online"]


def test_nothing_can_be_drawn_as_well() -> None:
    """No transaction and no place make charts without a mark."""
    assert currencies([]) == []
    assert spending_over_time(spending_frame([], "TRY"), 300).to_dict()["layer"]
    assert places_map(places_frame([]), 300).to_dict()["layer"]


def test_the_place_visited_last_is_on_top_and_has_a_shape_of_its_own() -> None:
    """The others are smaller or larger by their transactions."""
    frame = places_frame([place("Izmir", 9, transactions=2), place("Ankara", 1)])

    assert list(frame["place"]) == ["Ankara, TR", "Izmir, TR"]
    assert list(frame["which"]) == [EARLIER, LATEST]
    encoding = places_map(frame, 300).to_dict()["layer"][1]["encoding"]
    assert encoding["size"]["field"] == "transactions"
    assert len(set(encoding["shape"]["scale"]["range"])) == 2
