"""Answers shared by panels, kept through an outage."""

import pytest

from finguard.dashboard.client.http import ApiUnavailable, CannotServe, Unauthorized
from finguard.dashboard.feed import Feed
from tests.unit.dashboard.fake_api import Clockwork

AWAY = ApiUnavailable("nothing answers")


class Answers:
    """Gives its answers in turn, and raises those that are errors."""

    def __init__(self, *answers: object) -> None:
        self.left = list(answers)

    def __call__(self) -> object:
        """The next answer."""
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clockwork() -> Clockwork:
    """The clock of the feed."""
    return Clockwork()


@pytest.fixture
def feed(clockwork: Clockwork) -> Feed:
    """A feed whose answers are fresh for two seconds."""
    return Feed(2.0, clockwork)


def test_panels_that_ask_the_same_cost_one_request(feed: Feed) -> None:
    """Within the time that an answer is fresh it is not asked for again."""
    answers = Answers("one", "two")

    assert [feed.ask("key", answers), feed.ask("key", answers)] == ["one", "one"]


def test_an_old_answer_is_asked_for_again(feed: Feed, clockwork: Clockwork) -> None:
    """Freshness ends."""
    answers = Answers("one", "two")
    feed.ask("key", answers)

    clockwork.now_s = 2.0

    assert feed.ask("key", answers) == "two"


def test_an_answer_may_be_fresh_for_longer(feed: Feed, clockwork: Clockwork) -> None:
    """What changes seldom is asked for seldom."""
    answers = Answers("one", "two")
    feed.ask("key", answers, max_age_s=60)

    clockwork.now_s = 59.0

    assert feed.ask("key", answers, max_age_s=60) == "one"


def test_through_an_outage_the_last_answer_stays(feed: Feed, clockwork: Clockwork) -> None:
    """The page keeps what it had, and knows since when it is old."""
    answers = Answers("one", AWAY)
    feed.ask("key", answers)
    clockwork.now_s = 2.0

    assert feed.ask("key", answers) == "one"
    assert feed.outage is not None
    assert feed.outage.reason == "nothing answers"


def test_one_panel_finds_out_for_all(feed: Feed) -> None:
    """While the API is away, panels do not wait for it one after the other."""
    feed.ask("first", Answers(AWAY))

    assert feed.ask("second", Answers()) is None


def test_the_api_returns(feed: Feed, clockwork: Clockwork) -> None:
    """After the outage answers are fresh and the outage is over."""
    answers = Answers(AWAY, "two")
    feed.ask("key", answers)
    clockwork.now_s = 2.0

    assert feed.ask("key", answers) == "two"
    assert feed.outage is None


def test_a_lasting_outage_keeps_its_beginning(feed: Feed, clockwork: Clockwork) -> None:
    """The banner says since when, not when it last tried."""
    answers = Answers(AWAY, AWAY)
    feed.ask("key", answers)
    began = feed.outage
    clockwork.now_s = 2.0
    feed.ask("key", answers)

    assert began is not None
    assert feed.outage is not None
    assert feed.outage.since == began.since


def test_a_login_that_is_over_is_no_outage(feed: Feed) -> None:
    """It is for the session to act on."""
    with pytest.raises(Unauthorized):
        feed.ask("key", Answers(Unauthorized("expired")))

    assert feed.outage is None


def test_only_so_many_answers_are_kept(feed: Feed) -> None:
    """A dashboard left open for weeks does not grow."""
    for number in range(200):
        feed.ask(number, Answers("an answer"))

    assert not feed.has(0)
    assert feed.has(199)


def test_a_refresh_costs_three_requests_at_most(feed: Feed, clockwork: Clockwork) -> None:
    """What is old but left over keeps its answer until the next refresh; what is new is asked."""
    for name in "abcd":
        feed.ask(name, lambda: "old")
    clockwork.now_s = 2.0

    assert [feed.ask(name, lambda: "new") for name in "abcd"] == ["new", "new", "new", "old"]
    assert feed.ask("e", lambda: "first") == "first"

    clockwork.now_s = 4.0

    assert feed.ask("d", lambda: "new") == "new"


def test_what_was_changed_is_asked_for_anew(feed: Feed) -> None:
    """After an action its answer is forgotten, however fresh it was."""
    feed.ask("key", Answers("before"))

    feed.forget("key")

    assert feed.ask("key", Answers("after")) == "after"


def test_what_is_answered_by_itself_is_asked_during_an_outage_and_ends_none(feed: Feed) -> None:
    """The API's own state is to be had while it cannot serve anything else."""
    feed.ask("key", Answers(CannotServe("it answered 503")))

    assert feed.ask("other", Answers("never asked")) is None
    assert feed.ask("state", Answers("not ready"), by_itself=True) == "not ready"
    assert feed.outage is not None


def test_an_api_that_does_not_answer_at_all_is_not_asked_twice(feed: Feed) -> None:
    """Each question would wait as long as the one before."""
    feed.ask("key", Answers(AWAY))

    assert feed.ask("state", Answers("never asked"), by_itself=True) is None
