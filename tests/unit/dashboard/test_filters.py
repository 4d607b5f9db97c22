"""From the filter row to the API's parameters."""

from finguard.dashboard.filters import Choices, alert_filter, country_codes


def test_nothing_chosen_asks_for_everything() -> None:
    """No empty parameter is sent."""
    assert alert_filter(Choices(), "ada").parameters() == {}
    assert Choices().tucked_away == ()


def test_assignees_are_anyone_nobody_or_a_name() -> None:
    """The viewer stands for themselves; names are as the API has them."""
    asked = [
        alert_filter(Choices(assignee=who), "ada").parameters() for who in ("Me", "Nobody", " Bob ")
    ]

    assert asked == [{"assignee": "ada"}, {"assigned": "false"}, {"assignee": "bob"}]


def test_countries_are_read_as_people_write_them() -> None:
    """Whatever stands between."""
    assert country_codes(" de,TR; fr  ") == ("DE", "TR", "FR")


def test_amounts_stay_exact() -> None:
    """As typed, without what binary fractions would add; zero is a limit, too."""
    chosen = alert_filter(Choices(min_amount=0.0, max_amount=0.1), "ada")

    assert chosen.parameters() == {"min_amount": "0.0", "max_amount": "0.1"}
    assert Choices(min_amount=0.0, countries="de").tucked_away == ("countries", "amount")
