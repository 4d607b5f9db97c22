"""Answers shared by panels, kept through an outage."""

from datetime import timedelta

import httpx
import pytest

from finguard.dashboard.answers import Summary
from finguard.dashboard.client import ApiClient, ApiUnavailable, Unauthorized
from finguard.dashboard.feed import Feed, Pulse
from tests.unit.dashboard.fake_api import NOW, summary


class Clockwork:
    """A clock that only moves when told to."""

    now_s = 0.0

    def __call__(self) -> float:
        """Seconds since whenever."""
        return self.now_s


class Answers:
    """Gives its answers in turn, and raises those that are errors."""

    def __init__(self, *answers: object) -> None:
        self.left = list(answers)

    def __call__(self, _api: ApiClient) -> object:
        """The next answer."""
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


API = ApiClient(httpx.Client())
AWAY = ApiUnavailable("nothing answers")


@pytest.fixture
def clockwork() -> Clockwork:
    """The clock of the feed."""
    return Clockwork()


@pytest.fixture
def feed(clockwork: Clockwork) -> Feed:
    """A feed whose answers are fresh for two seconds."""
    return Feed(2.0, _monotonic_s=clockwork)


def test_panels_that_ask_the_same_cost_one_request(feed: Feed) -> None:
    """Within the time that an answer is fresh it is not asked for again."""
    answers = Answers("one", "two")

    assert [feed.ask(API, "key", answers), feed.ask(API, "key", answers)] == ["one", "one"]


def test_an_old_answer_is_asked_for_again(feed: Feed, clockwork: Clockwork) -> None:
    """Freshness ends."""
    answers = Answers("one", "two")
    feed.ask(API, "key", answers)

    clockwork.now_s = 2.0

    assert feed.ask(API, "key", answers) == "two"


def test_an_answer_may_be_fresh_for_longer(feed: Feed, clockwork: Clockwork) -> None:
    """What changes seldom is asked for seldom."""
    answers = Answers("one", "two")
    feed.ask(API, "key", answers, max_age_s=60)

    clockwork.now_s = 59.0

    assert feed.ask(API, "key", answers, max_age_s=60) == "one"


def test_through_an_outage_the_last_answer_stays(feed: Feed, clockwork: Clockwork) -> None:
    """The page keeps what it had, and knows since when it is old."""
    answers = Answers("one", AWAY)
    feed.ask(API, "key", answers)
    clockwork.now_s = 2.0

    assert feed.ask(API, "key", answers) == "one"
    assert feed.outage is not None
    assert feed.outage.reason == "nothing answers"


def test_one_panel_finds_out_for_all(feed: Feed) -> None:
    """While the API is away, panels do not wait for it one after the other."""
    feed.ask(API, "first", Answers(AWAY))

    assert feed.ask(API, "second", Answers()) is None


def test_the_api_returns(feed: Feed, clockwork: Clockwork) -> None:
    """After the outage answers are fresh and the outage is over."""
    answers = Answers(AWAY, "two")
    feed.ask(API, "key", answers)
    clockwork.now_s = 2.0

    assert feed.ask(API, "key", answers) == "two"
    assert feed.outage is None


def test_a_lasting_outage_keeps_its_beginning(feed: Feed, clockwork: Clockwork) -> None:
    """The banner says since when, not when it last tried."""
    answers = Answers(AWAY, AWAY)
    feed.ask(API, "key", answers)
    began = feed.outage
    clockwork.now_s = 2.0
    feed.ask(API, "key", answers)

    assert began is not None
    assert feed.outage is not None
    assert feed.outage.since == began.since


def test_a_login_that_is_over_is_no_outage(feed: Feed) -> None:
    """It is for the session to act on."""
    with pytest.raises(Unauthorized):
        feed.ask(API, "key", Answers(Unauthorized("expired")))

    assert feed.outage is None


def test_only_so_many_answers_are_kept(feed: Feed) -> None:
    """A dashboard left open for weeks does not grow."""
    for number in range(200):
        feed.ask(API, number, Answers("an answer"))

    assert not feed.has(0)
    assert feed.has(199)


def figures(transactions: int, **changes: object) -> Summary:
    """A summary with so many transactions and no alert."""
    return Summary.model_validate(
        summary(transactions=transactions, alerts=0, latest_alert_at=None, **changes)
    )


def test_growing_figures_are_a_sign_of_life() -> None:
    """Also of a replay, whose events are years old."""
    pulse = Pulse()
    pulse.feel("All", figures(10))
    pulse.feel("All", figures(11))

    assert pulse.live(NOW + timedelta(seconds=59))
    assert not pulse.live(NOW + timedelta(seconds=61))


def test_another_range_is_no_sign_of_life() -> None:
    """Figures of different ranges are not compared."""
    pulse = Pulse()
    pulse.feel("15 min", figures(10))
    pulse.feel("All", figures(9_000))

    assert not pulse.live(NOW)


def test_a_recent_alert_is_a_sign_of_life() -> None:
    """The first look at a live pipeline says so at once."""
    pulse = Pulse()
    pulse.feel("15 min", figures(10).model_copy(update={"latest_alert_at": NOW}))

    assert pulse.live(NOW)
