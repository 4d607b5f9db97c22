"""What analysts do with dead letters: send them again, as they are or edited, or discard them."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Path
from fastapi.encoders import jsonable_encoder

from finguard.adapters.postgres.accounts import Author
from finguard.api.access import CurrentAuthor, require
from finguard.api.letter_desk import LetterDesk
from finguard.api.letter_inputs import (
    AS_IT_IS,
    BulkDiscard,
    BulkReplay,
    DiscardRequest,
    LetterId,
    ReplayRequest,
)
from finguard.api.letter_outputs import LetterOutcome, LetterOutcomes, outcome_of, shown
from finguard.api.letters import no_such_letter
from finguard.api.links import Link, leads_to
from finguard.api.paths import LETTER
from finguard.api.problems import GUARDED, FieldError, ProblemError, documented
from finguard.api.services import Provided
from finguard.dead_letters.outcomes import Edit, Outcome, Refusal
from finguard.domain.dead_letters import Actor, digest

router = APIRouter(
    prefix="/api/v1/dead-letters",
    tags=["dead letters"],
    dependencies=[Depends(require("analyst"))],
)

_CHANGING: Final = (
    *GUARDED,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

_LEADS_ON: Final = leads_to(
    HTTPStatus.OK, Link("read_dead_letter", {"dead_letter_id": "$response.body#/dead_letter_id"})
)

_MAX_TEXT: Final = 300

_GONE: Final[frozenset[Refusal]] = frozenset({"gone", "cut"})

_NAMES: Final[dict[Refusal, str]] = {
    "changed": "dead-letter-changed",
    "cut": "message-cut",
    "empty": "message-empty",
    "exhausted": "attempts-exhausted",
    "gone": "message-gone",
    "rejected": "edit-rejected",
    "resolved": "dead-letter-resolved",
    "superseded": "dead-letter-superseded",
    "too_large": "message-too-large",
}

Wanted = Annotated[LetterId, Path(description="The dead letter's id.")]


@router.post(
    "/replay",
    summary="Replay many dead letters",
    response_description="What became of each dead letter.",
    responses=documented(*_CHANGING),
)
async def replay_dead_letters(
    request: BulkReplay, author: CurrentAuthor, services: Provided
) -> LetterOutcomes:
    """Send the messages of some dead letters to the transactions topic again, as they are.

    Each letter stands for itself: one that cannot be replayed holds up no other. To send the same
    request again is safe, also where it was answered with 503: a letter that has been replayed is
    `unchanged`, and a message that Kafka got twice counts once.
    """
    ids = list(dict.fromkeys(request.ids))
    desk = services.letters
    outcomes = await desk.replay(ids, _actor(author), again=request.again)
    return await to_thread.run_sync(_told, desk, outcomes)


@router.post(
    "/discard",
    summary="Discard many dead letters",
    response_description="What became of each dead letter.",
    responses=documented(*_CHANGING),
)
def discard_dead_letters(
    request: BulkDiscard, author: CurrentAuthor, services: Provided
) -> LetterOutcomes:
    """Say of some dead letters that nothing will come of them; Kafka keeps their messages.

    Each letter stands for itself, and a request that comes again changes nothing.
    """
    ids = list(dict.fromkeys(request.ids))
    outcomes = services.letters.discard(ids, request.note, _actor(author))
    return _told(services.letters, outcomes)


@router.post(
    f"/{LETTER}/replay",
    summary="Replay a dead letter",
    response_description="What became of the dead letter.",
    responses=_LEADS_ON
    | documented(*_CHANGING, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE),
)
async def replay_dead_letter(
    dead_letter_id: Wanted,
    author: CurrentAuthor,
    services: Provided,
    request: ReplayRequest = AS_IT_IS,
) -> LetterOutcome:
    """Send the message to the transactions topic again, as it is or with another key or value.

    It is then judged like any other: judged well it resolves its letter; still bad it comes back as
    a letter of the next attempt. What was replayed or resolved already is `unchanged`, so that to
    send the same request again is safe, also where it was answered with 503: a message that Kafka
    got twice counts once. An edit is checked before it is sent, and kept in the audit log.
    """
    desk, edit = services.letters, request.edit()
    (outcome,) = await desk.replay([dead_letter_id], _actor(author), edit=edit, again=request.again)
    if outcome.result == "unchanged" and edit is not None:
        await _insist_on_same_edit(desk, outcome, edit)
    told = await to_thread.run_sync(_told, desk, [outcome])
    return _insist(outcome, told.results[0], edit)


@router.post(
    f"/{LETTER}/discard",
    summary="Discard a dead letter",
    response_description="What became of the dead letter.",
    responses=_LEADS_ON | documented(*_CHANGING, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def discard_dead_letter(
    dead_letter_id: Wanted,
    request: DiscardRequest,
    author: CurrentAuthor,
    services: Provided,
) -> LetterOutcome:
    """Say that nothing will come of it; Kafka keeps its message, and it can still be replayed.

    A letter that was discarded already stays as it is, with its first note.
    """
    (outcome,) = services.letters.discard([dead_letter_id], request.note, _actor(author))
    (told,) = _told(services.letters, [outcome]).results
    return _insist(outcome, told, None)


def _actor(author: Author) -> Actor:
    return Actor(author.actor, author.request_id)


def _told(desk: LetterDesk, outcomes: Sequence[Outcome]) -> LetterOutcomes:
    """The outcomes, each with its letter as it is now."""
    now = desk.index.find([outcome.dead_letter_id for outcome in outcomes])
    return LetterOutcomes(
        results=[outcome_of(outcome, now.get(outcome.dead_letter_id)) for outcome in outcomes]
    )


async def _insist_on_same_edit(desk: LetterDesk, outcome: Outcome, edit: Edit) -> None:
    """Let an edit pass that comes again; nobody must take another one for sent."""
    id_ = outcome.dead_letter_id
    letter = (await to_thread.run_sync(desk.index.find, [id_]))[id_]
    key, value = edit.key, edit.value
    if (key is None or value is None) and (message := await desk.message(letter)):
        key = message.key if key is None else key
        value = message.value if value is None else value
    if digest(key, value) != letter.replay_sha256:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "dead-letter-settled",
            f"Dead letter {id_}: {outcome.words}; this edit was not sent.",
            current=jsonable_encoder(shown(letter)),
        )


def _insist(outcome: Outcome, told: LetterOutcome, edit: Edit | None) -> LetterOutcome:
    """The outcome, unless nothing could be done."""
    if outcome.result == "unknown":
        raise no_such_letter()
    if outcome.refusal is None:
        return told
    detail, errors = told.detail, None
    if outcome.refusal == "rejected":
        detail = "The detector would reject the edited message again."
        part = "key" if edit is not None and edit.value is None else "value"
        errors = [FieldError(where=f"body.{part}", message=told.detail[:_MAX_TEXT])]
    raise ProblemError(
        HTTPStatus.GONE if outcome.refusal in _GONE else HTTPStatus.CONFLICT,
        _NAMES[outcome.refusal],
        detail,
        errors=errors,
        current=jsonable_encoder(told.current),
    )
