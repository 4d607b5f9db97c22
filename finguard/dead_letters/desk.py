"""The desk at which dead letters are worked off: shown, sent again, or discarded."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from finguard.dead_letters.outcomes import Edit, File, Outcome
from finguard.dead_letters.ports import LetterArchive, LetterIndex, ReplayTopic
from finguard.domain.dead_letters import (
    Actor,
    Letter,
    LetterFilter,
    Message,
    Position,
    Replay,
    SentReplay,
)
from finguard.domain.stream import Place
from finguard.domain.transaction import decode
from finguard.errors import InvalidMessage

CHUNK: Final = 100
"""So many letters are read, sent and noted together: bounded in memory, and soon done."""

_REMEDY: Final = "replay it with another value, or discard it"
_TOO_LARGE: Final = (
    "the transactions topic takes no message as large as this; raise its max.message.bytes, "
    "replay it with a shorter value, or discard it"
)


class Desk:
    """Works on dead letters; as safe for several threads as the ports are.

    Args:
        max_attempts: a message that was tried so often is not replayed any more.
        clock: seconds since 1970, to judge an edited message's timestamp by.
    """

    def __init__(
        self,
        index: LetterIndex,
        archive: LetterArchive,
        topic: ReplayTopic,
        *,
        max_attempts: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.index = index
        self._archive = archive
        self._topic = topic
        self._max_attempts = max_attempts
        self._clock = clock

    def file(self, dead_letter_id: int) -> File | None:
        """All there is on a letter, or None if there is no such letter."""
        letter = self.index.find([dead_letter_id]).get(dead_letter_id)
        if letter is None:
            return None
        message = self._archive.read([letter]).get(dead_letter_id)
        return File(letter, message, self.index.chain(letter))

    def chunks(
        self, wanted: LetterFilter, *, latest_id: int, limit: int | None = None
    ) -> Iterator[list[int]]:
        """The ids of all letters that a filter means, oldest first, a chunk at a time.

        Args:
            wanted: which letters.
            latest_id: from `index.count`; what comes later, such as a replay that is still bad, is
                left for another time.
            limit: at most so many.
        """
        above: Position | None = None
        left = limit
        while left is None or left > 0:
            letters = self.index.oldest(
                wanted,
                above=above,
                latest_id=latest_id,
                limit=CHUNK if left is None else min(CHUNK, left),
            )
            if not letters:
                return
            yield [letter.dead_letter_id for letter in letters]
            above = Position(letters[-1].published_at, letters[-1].dead_letter_id)
            left = None if left is None else left - len(letters)

    def replay(
        self,
        ids: Sequence[int],
        actor: Actor,
        *,
        edit: Edit | None = None,
        again: bool = False,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Send letters' messages to the transactions topic again.

        First the index notes what is about to be sent, then Kafka acknowledges it, then the index
        notes that. A crash between leaves letters that may simply be replayed again.

        Args:
            ids: of at most `CHUNK` letters.
            actor: who wants it.
            edit: what to send instead; only for a single letter.
            again: also what was sent already and has had no answer.
            dry_run: find out what would be done, and do nothing.

        Returns:
            An outcome for each id, in their order.

        Raises:
            ServiceUnavailable: when a service is away; to try again is safe.
        """
        letters = self.index.find(ids)
        outcomes = {id_: self._barred(id_, letters.get(id_), again=again) for id_ in ids}
        free = [letters[id_] for id_, outcome in outcomes.items() if outcome is None]
        prepared = self._prepare(free, edit)
        outcomes |= {id_: done for id_, done in prepared.items() if isinstance(done, Outcome)}
        ready = [replay for replay in prepared.values() if isinstance(replay, Replay)]
        outcomes |= self._rehearse(ready) if dry_run else self._send(ready, actor)
        return [outcome for id_ in ids if (outcome := outcomes[id_]) is not None]

    def discard(
        self, ids: Sequence[int], note: str, actor: Actor, *, dry_run: bool = False
    ) -> list[Outcome]:
        """Say of letters that nothing will come of them; Kafka keeps their messages all the same.

        Args:
            ids: of at most `CHUNK` letters.
            note: why.
            actor: who says so.
            dry_run: find out what would be done, and do nothing.
        """
        letters = self.index.find(ids)
        outcomes = {id_: _undiscardable(id_, letters.get(id_)) for id_ in ids}
        free = [letters[id_] for id_, outcome in outcomes.items() if outcome is None]
        done = {letter.dead_letter_id for letter in free}
        if free and not dry_run:
            done = self.index.discard(free, note, actor)
        for letter in free:
            id_ = letter.dead_letter_id
            outcomes[id_] = Outcome(id_, "discarded", "discarded") if id_ in done else _moved(id_)
        return [outcome for id_ in ids if (outcome := outcomes[id_]) is not None]

    def _barred(self, id_: int, letter: Letter | None, *, again: bool) -> Outcome | None:
        """Why a letter may not be replayed; None if it may."""
        if letter is None:
            return Outcome(id_, "unknown", "there is no such letter")
        if letter.status == "resolved":
            return Outcome(id_, "unchanged", "resolved: its message has been judged well")
        if letter.followed_by is not None:
            words = f"was replayed and came back as letter {letter.followed_by}; work on that one"
            return Outcome(id_, "refused", words, refusal="superseded")
        if letter.status == "replayed" and not again:
            return Outcome(id_, "unchanged", "was replayed already; the detector has not answered")
        if letter.attempt >= self._max_attempts:
            return Outcome(
                id_,
                "refused",
                f"was tried {letter.attempt} times, and FINGUARD_DEAD_LETTER_MAX_ATTEMPTS allows "
                f"{self._max_attempts}; raise it, or discard the letter",
                refusal="exhausted",
            )
        return None

    def _prepare(self, letters: Sequence[Letter], edit: Edit | None) -> dict[int, Replay | Outcome]:
        if not letters:
            return {}
        messages = self._archive.read(letters)
        topic_id = self._topic.identity().topic_id
        return {
            letter.dead_letter_id: self._prepared(
                letter, messages.get(letter.dead_letter_id), topic_id, edit or Edit()
            )
            for letter in letters
        }

    def _prepared(
        self, letter: Letter, message: Message | None, topic_id: str, edit: Edit
    ) -> Replay | Outcome:
        id_ = letter.dead_letter_id
        if message is None:
            words = "Kafka holds its message no longer; discard it"
            return Outcome(id_, "refused", words, refusal="gone")
        if edit.value is None and not message.whole:
            words = f"its value was cut, and Kafka holds the original no longer; {_REMEDY}"
            return Outcome(id_, "refused", words, refusal="cut")
        key = message.key if edit.key is None else edit.key
        value = message.value if edit.value is None else edit.value
        if key is None and value is None:
            words = f"it has neither key nor value; there is nothing to send; {_REMEDY}"
            return Outcome(id_, "refused", words, refusal="empty")
        if edit != Edit() and (complaint := self._complaint(key, value)):
            words = f"edited, it would be rejected again: {complaint}"
            return Outcome(id_, "refused", words, refusal="rejected")
        # Where its producer has put this key's messages, however that chooses partitions: the
        # user's history lies there. Another key goes where Kafka's own clients put it.
        stays = key == message.key and letter.topic_id == topic_id
        return Replay(
            letter=letter,
            key=key,
            value=value,
            own_headers=message.own_headers,
            partition=letter.partition if stays else None,
            edited=edit != Edit(),
        )

    def _complaint(self, key: bytes | None, value: bytes | None) -> str | None:
        """What the detector would say of a message at once."""
        try:
            decode(value, key=key, published_us=int(1_000_000 * self._clock()))
        except InvalidMessage as error:
            return str(error)
        return None

    def _rehearse(self, replays: Sequence[Replay]) -> dict[int, Outcome | None]:
        return {
            replay.letter.dead_letter_id: _replayed(replay, None, "would be replayed")
            for replay in replays
        }

    def _send(self, replays: Sequence[Replay], actor: Actor) -> dict[int, Outcome | None]:
        if not replays:
            return {}
        begun = self.index.begin(replays, actor)
        outcomes: dict[int, Outcome | None] = {
            replay.letter.dead_letter_id: _moved(replay.letter.dead_letter_id) for replay in replays
        }
        ready = [replay for replay in replays if replay.letter.dead_letter_id in begun]
        sent = []
        for replay, place in zip(ready, self._topic.publish(ready), strict=True):
            id_ = replay.letter.dead_letter_id
            if place is None:
                outcomes[id_] = Outcome(id_, "refused", _TOO_LARGE, refusal="too_large")
            else:
                sent.append(SentReplay(replay, place))
                outcomes[id_] = _replayed(replay, place, "replayed")
        self.index.confirm(sent)
        return outcomes


def _undiscardable(id_: int, letter: Letter | None) -> Outcome | None:
    if letter is None:
        return Outcome(id_, "unknown", "there is no such letter")
    if letter.status == "discarded":
        return Outcome(id_, "unchanged", "was discarded already")
    if letter.status == "resolved":
        words = "is resolved: its message has been judged well"
        return Outcome(id_, "refused", words, refusal="resolved")
    return None


def _moved(id_: int) -> Outcome:
    words = "somebody else has just changed it; look at it again"
    return Outcome(id_, "refused", words, refusal="changed")


def _replayed(replay: Replay, place: Place | None, verb: str) -> Outcome:
    attempt = replay.letter.attempt + 1
    return Outcome(
        replay.letter.dead_letter_id,
        "replayed",
        f"{verb}{', edited,' if replay.edited else ''} as attempt {attempt}",
        place,
    )
