"""The desk with a detector behind it: every replay counts once, and ends in a clear state."""

import msgspec
import pytest

from finguard.dead_letters.desk import CHUNK
from finguard.dead_letters.outcomes import Edit
from finguard.domain.dead_letters import ATTEMPT_HEADER, REPLAY_HEADER, LetterFilter
from finguard.domain.stream import Place
from finguard.domain.verdict import Finding, Rule
from finguard.errors import ServiceUnavailable
from finguard.pipeline.dead_letter_limit import DeadLetterLimit
from finguard.pipeline.ports import Ports
from tests.unit.dead_letters.offices import ANN, BAD, GOOD, Office, record
from tests.unit.pipeline.worlds import Faulty

HEADERS = [("traceparent", b"00-1"), ("dlq.attempt", b"4"), ("dlq.replay.of", b"99")]


class Crash(BaseException):
    """The process dies here."""


def broken(*_: object) -> Finding | None:
    """A rule after a bad deploy."""
    raise ZeroDivisionError


def test_a_replay_carries_the_message_and_says_what_it_is() -> None:
    """Key, value, own headers and partition are the original's; FinGuard's headers are new."""
    office = Office(record(0, headers=HEADERS))
    outcome = office.replay(1)
    sent = office.world.log[0][-1]
    assert (outcome.result, outcome.place) == ("replayed", Place(0, 1))
    assert (sent.partition, sent.key, sent.value) == (0, b"user-1", BAD)
    assert sent.headers == (
        ("traceparent", b"00-1"),
        (REPLAY_HEADER, b"1"),
        (ATTEMPT_HEADER, b"1"),
    )
    assert office.letter(1).status == "replayed"


def test_what_is_still_bad_becomes_the_chains_next_letter() -> None:
    """It counts its attempts, and the first letter says what followed it."""
    office = Office(record(0))
    office.replay(1)
    office.judge()
    office.replay(2)
    office.judge()
    assert office.statuses() == {1: ("replayed", 1), 2: ("replayed", 2), 3: ("open", 3)}
    assert [letter.dead_letter_id for letter in office.desk.index.chain(office.letter(2))] == [
        1,
        2,
        3,
    ]
    assert office.letter(1).followed_by == 3


def test_an_edit_that_is_good_resolves_the_whole_chain() -> None:
    """The transaction counts, and no letter of its chain needs anybody any more."""
    office = Office(record(0))
    office.replay(1)
    office.judge()
    outcome = office.replay(2, edit=Edit(value=GOOD))
    assert outcome.result == "replayed"
    assert office.statuses()[2] == ("replayed", 2)
    office.judge()
    assert office.statuses() == {1: ("resolved", 1), 2: ("resolved", 2)}
    assert office.counted == 1
    assert office.letter(2).status_by == "detector"


def test_a_rule_that_was_mended_resolves_its_letters_unchanged() -> None:
    """What a broken rule has buried is judged well once the rule is mended."""
    office = Office(record(0, b"?"))
    office.append(GOOD, ())
    office.judge((Rule("broken", broken),))
    assert office.letter(2).reason == "rule_failed"
    office.replay(2)
    office.judge()
    assert office.statuses() == {1: ("open", 1), 2: ("resolved", 1)}


def test_a_second_replay_waits_for_the_first_ones_answer() -> None:
    """To ask twice sends once."""
    office = Office(record(0))
    office.replay(1)
    assert office.replay(1).result == "unchanged"
    assert len(office.world.log[0]) == 2


def test_the_same_replay_twice_in_the_topic_makes_one_further_letter() -> None:
    """A crash between sending and saying so costs nothing, whatever the detector thinks of it."""
    office = Office(record(0))
    office.replay(1)
    office.replay(1, again=True)
    office.judge()
    assert len(office.world.log[0]) == 3
    assert office.statuses() == {1: ("replayed", 1), 2: ("open", 2)}


def test_the_same_good_replay_twice_counts_once() -> None:
    """The profile knows the transaction."""
    office = Office(record(0))
    office.replay(1, edit=Edit(value=GOOD))
    office.replay(1, edit=Edit(value=GOOD), again=True)
    office.judge()
    assert office.statuses() == {1: ("resolved", 1)}
    assert office.counted == 1


def test_a_replay_nobody_heard_of_may_be_sent_again() -> None:
    """Kafka's answer is lost: the letter stays open, and the verdict on what arrived counts."""
    office = Office(record(0))
    topic = Faulty(office.topic, "publish", fails_after=lambda _: ServiceUnavailable("no answer"))
    with pytest.raises(ServiceUnavailable):
        office.desk_on(topic=topic).replay([1], ANN)
    assert office.statuses() == {1: ("open", 1)}
    assert office.replay(1).result == "replayed"
    office.judge()
    assert office.statuses() == {1: ("replayed", 1), 2: ("open", 2)}


def test_a_verdict_marks_a_replay_that_nobody_confirmed() -> None:
    """Whoever sent it died before saying so; the detector has seen it."""
    office = Office(record(0))
    index = Faulty(office.index, "confirm", fails=lambda _: Crash())
    with pytest.raises(Crash):
        office.desk_on(index=index).replay([1], ANN)
    assert office.statuses() == {1: ("open", 1)}
    office.judge()
    assert office.statuses() == {1: ("replayed", 1), 2: ("open", 2)}
    assert "came back as letter 2" in office.replay(1).words
    assert office.replay(1).refusal == "superseded"


def test_attempts_are_capped() -> None:
    """A message that was tried as often as is allowed is refused with the setting's name."""
    office = Office(record(0), max_attempts=3)
    for letter in (1, 2):
        office.replay(letter)
        office.judge()
    outcome = office.replay(3)
    assert outcome.result == "refused"
    assert "tried 3 times" in outcome.words
    assert "FINGUARD_DEAD_LETTER_MAX_ATTEMPTS" in outcome.words
    assert outcome.refusal == "exhausted"
    assert len(office.world.log[0]) == 3


def test_an_edit_that_would_be_rejected_is_refused_at_once() -> None:
    """It costs no attempt, and the words are the detector's own."""
    office = Office(record(0))
    outcome = office.replay(1, edit=Edit(value=GOOD, key=b"somebody"))
    assert (outcome.result, office.statuses()) == ("refused", {1: ("open", 1)})
    assert "key_mismatch" in outcome.words
    assert outcome.refusal == "rejected"


def test_a_key_alone_may_be_edited_and_moves_the_message() -> None:
    """Under another key the message goes where that key's messages go, not where it lay."""
    office = Office(record(0, GOOD, key=b"wrong"))
    office.replay(1, edit=Edit(key=b"user-1"))
    assert office.letter(1).replay_partition == 0
    office.judge()
    assert office.statuses() == {1: ("resolved", 1)}


def test_a_message_that_is_lost_is_refused_in_words() -> None:
    """Nothing is sent, and the letter stays as it was."""
    office = Office(record(0))
    rows = office.index.rows
    rows[1] = msgspec.structs.replace(rows[1], dlq_offset=None)
    assert "no longer" in office.replay(1).words
    assert office.replay(1).refusal == "gone"
    assert office.statuses() == {1: ("open", 1)}


def test_a_message_without_key_and_value_needs_an_edit() -> None:
    """Kafka's client does not send such a message, and it could never be a transaction."""
    office = Office(record(0, None, key=None))
    assert office.replay(1).result == "refused"
    assert office.replay(1, edit=Edit(key=b"user-1", value=GOOD)).result == "replayed"
    office.judge()
    assert office.statuses() == {1: ("resolved", 1)}


def test_a_dry_run_does_nothing() -> None:
    """It says what would be done, of letters that would be refused as well."""
    office = Office(record(0))
    outcomes = office.desk.replay([1, 7], ANN, dry_run=True)
    assert [outcome.result for outcome in outcomes] == ["replayed", "unknown"]
    assert [o.result for o in office.desk.discard([1], "no use", ANN, dry_run=True)] == [
        "discarded"
    ]
    assert office.statuses() == {1: ("open", 1)}
    assert office.index.audit == []


def test_a_discarded_letter_is_done_until_somebody_thinks_again() -> None:
    """A discard says why, is no error twice, and may be undone by a replay."""
    office = Office(record(0))
    assert [o.result for o in office.desk.discard([1], "no use", ANN)] == ["discarded"]
    assert [o.result for o in office.desk.discard([1], "no use", ANN)] == ["unchanged"]
    assert (office.letter(1).status_by, office.letter(1).status_note) == ("ann", "no use")
    office.replay(1, edit=Edit(value=GOOD))
    office.judge()
    assert office.statuses() == {1: ("resolved", 1)}
    assert [o.result for o in office.desk.discard([1], "no use", ANN)] == ["refused"]


def test_a_discard_outlives_a_verdict_that_comes_later() -> None:
    """What a person has said meanwhile is not overwritten by the detector."""
    office = Office(record(0))
    office.replay(1, edit=Edit(value=GOOD))
    office.desk.discard([1], "it is settled by phone", ANN)
    office.judge()
    assert office.statuses() == {1: ("discarded", 1)}


def test_somebody_elses_change_meanwhile_is_not_overwritten() -> None:
    """Two who decide at the same time: the second is told to look again."""
    office = Office(record(0))

    def discard(_: int) -> None:
        office.desk.discard([1], "no use", ANN)

    index = Faulty(office.index, "find", fails_after=discard)
    (outcome,) = office.desk_on(index=index).replay([1], ANN)
    assert (outcome.result, office.statuses()) == ("refused", {1: ("discarded", 1)})
    assert len(office.world.log[0]) == 1


def test_every_letter_is_found_once_whatever_becomes_of_it_meanwhile() -> None:
    """Replays by filter end, although each makes a letter that the filter means as well."""
    office = Office(*(record(offset) for offset in range(2 * CHUNK + 7)))
    wanted = LetterFilter(statuses=("open",))
    count, latest_id = office.desk.index.count(wanted)
    seen = []
    for ids in office.desk.chunks(wanted, latest_id=latest_id):
        office.desk.replay(ids, ANN)
        office.judge()
        seen += ids
    assert seen == list(range(1, count + 1))
    assert office.desk.index.count(wanted)[0] == count


def test_a_limit_takes_the_oldest() -> None:
    """At most so many, however many chunks they are."""
    office = Office(*(record(offset) for offset in range(CHUNK + 50)))
    chunks = office.desk.chunks(LetterFilter(), latest_id=CHUNK + 50, limit=CHUNK + 20)
    assert [i for ids in chunks for i in ids] == list(range(1, CHUNK + 21))


@pytest.mark.parametrize(
    "name",
    [b"1", b"0", b"-1", b"", b"1" * 5000, b"9" * 18, "²".encode(), b"\xff", b" 1", b"1e3"],
)
def test_hostile_headers_change_nothing(name: bytes) -> None:
    """Strangers who name a letter, in whatever way, neither settle it nor stop the detector."""
    office = Office(record(0))
    office.append(GOOD, [(REPLAY_HEADER, name), (ATTEMPT_HEADER, name)])
    office.append(b"?", [(REPLAY_HEADER, name), (ATTEMPT_HEADER, name)])
    office.judge()
    assert office.statuses() == {1: ("open", 1), 2: ("open", 1)}
    assert office.letter(2).replay_of is None


def test_a_stranger_cannot_settle_a_letter_that_is_being_replayed() -> None:
    """Only the bytes that were sent for a letter settle it, and only in their partition."""
    office = Office(record(0))
    office.replay(1, edit=Edit(value=GOOD))
    other = GOOD.replace(b'"t1"', b'"t2"')
    office.append(other, [(REPLAY_HEADER, b"1")])
    office.append(b"?", [(REPLAY_HEADER, b"1")])
    sent = office.world.log[0].pop(1)
    office.judge()
    assert office.statuses() == {1: ("replayed", 1), 2: ("open", 1)}
    office.world.log[0].append(
        record(office.world.log[0][-1].offset + 1, sent.value, headers=sent.headers)
    )
    office.judge()
    assert office.statuses() == {1: ("resolved", 1), 2: ("open", 1)}


def test_replays_of_poison_are_no_flood() -> None:
    """An operator's thousand replays that are still bad do not stop the detector."""
    office = Office(*(record(offset) for offset in range(30)))
    for first in range(1, 31, 10):
        office.desk.replay(list(range(first, first + 10)), ANN)
    office.world.run(limit=DeadLetterLimit(max_ratio=1, max_run=5))
    assert len(office.statuses()) == 60


@pytest.mark.parametrize("method", ["publish", "record", "save"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_detector_that_dies_over_replays_leaves_what_one_long_run_leaves(
    method: str, *, after: bool
) -> None:
    """One replay is still bad and one is good; a crash at any step changes nothing."""
    office = Office(record(0), record(1))
    office.replay(1)
    office.replay(2, edit=Edit(value=GOOD))
    port = {"publish": "dead_letters", "record": "ledger", "save": "profiles"}[method]

    def wrap(ports: Ports) -> Ports:
        fault = {"fails_after" if after else "fails": lambda _: Crash()}
        return msgspec.structs.replace(
            ports, **{port: Faulty(getattr(ports, port), method, **fault)}
        )

    with pytest.raises(Crash):
        office.world.run(wrap=wrap)
    office.judge()
    assert office.statuses() == {1: ("replayed", 1), 2: ("resolved", 1), 3: ("open", 2)}
    assert office.counted == 1
