"""Dead letters: the list and each one."""

from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Response

from finguard.adapters.postgres import audit
from finguard.adapters.postgres.audit import AuditFilter
from finguard.adapters.postgres.pool import Row
from finguard.api.access import require
from finguard.api.cursor import encode_letter_cursor
from finguard.api.letter_inputs import ContentQuery, LetterId, LetterQuery
from finguard.api.letter_outputs import DeadLetterFile, DeadLetterPage, file_of, shown
from finguard.api.links import Link, leads_to
from finguard.api.paths import LETTER
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.services import Provided, Services
from finguard.domain.dead_letters import Letter, Position
from finguard.errors import ServiceUnavailable

MAX_HISTORY: Final = 50

_FIRST: Final = {"dead_letter_id": "$response.body#/items/0/dead_letter_id"}
_THIS: Final = {"dead_letter_id": "$response.body#/dead_letter_id"}

router = APIRouter(
    prefix="/api/v1/dead-letters", tags=["dead letters"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "",
    summary="List dead letters",
    response_description="A page of dead letters.",
    responses=leads_to(
        HTTPStatus.OK,
        Link("list_dead_letters", {"cursor": "$response.body#/next_cursor"}),
        Link("read_dead_letter", _FIRST),
        Link("replay_dead_letter", _FIRST),
        Link("discard_dead_letter", _FIRST),
    )
    | documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def list_dead_letters(query: Annotated[LetterQuery, Query()], services: Provided) -> DeadLetterPage:
    """Messages that were no transactions and match every filter given, newest first.

    `from` and `to` are about when Kafka took the message. A filter that is given several times
    matches any of its values. To read on, pass `next_cursor` as `cursor` with the same filters.
    """
    found = services.letters.index.newest(
        query.wanted(), below=query.below(), limit=query.limit + 1
    )
    page = found[: query.limit]
    last = Position(page[-1].published_at, page[-1].dead_letter_id) if page else None
    return DeadLetterPage(
        items=[shown(letter) for letter in page],
        next_cursor=encode_letter_cursor(last) if last and len(found) > query.limit else None,
    )


@router.get(
    f"/{LETTER}",
    summary="Read a dead letter",
    response_model=DeadLetterFile,
    response_description="The dead letter.",
    responses=leads_to(
        HTTPStatus.OK,
        Link("replay_dead_letter", _THIS),
        Link("discard_dead_letter", _THIS),
    )
    | documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def read_dead_letter(
    dead_letter_id: Annotated[LetterId, Path()],
    query: Annotated[ContentQuery, Query()],
    services: Provided,
) -> Response:
    r"""One dead letter with its message, all attempts of it, and what people did with it.

    The message is a stranger's. It comes as text in which whatever is not printable is written out
    (`\x1b`), so that it cannot act on a terminal or turn a line's direction, and as its bytes; HTML
    in it is not escaped, so show it as text. It is read from Kafka; without Kafka the rest comes
    all the same, and says so.
    """
    letter, attempts, history = await to_thread.run_sync(_read, services, dead_letter_id)
    try:
        message = await services.letters.message(letter)
    except ServiceUnavailable:
        message, status = None, "unavailable"
    else:
        status = "gone" if message is None else "whole" if message.whole else "cut"

    def body() -> str:
        return file_of(
            letter,
            message,
            status,
            attempts=attempts,
            history=history,
            max_bytes=query.max_bytes,
        ).model_dump_json()

    # In a thread, since a large message takes a while to write out.
    return Response(await to_thread.run_sync(body), media_type="application/json")


def no_such_letter() -> ProblemError:
    """The id is nobody's."""
    return ProblemError(
        HTTPStatus.NOT_FOUND, "no-such-dead-letter", "There is no such dead letter."
    )


def _read(services: Services, dead_letter_id: int) -> tuple[Letter, list[Letter], list[Row]]:
    """What PostgreSQL knows: the letter, all attempts, and what people did."""
    index = services.letters.index
    letter = index.find([dead_letter_id]).get(dead_letter_id)
    if letter is None:
        raise no_such_letter()
    wanted = AuditFilter(kind="dead_letter", subject=str(dead_letter_id))
    with services.database.cursor() as cursor:
        history = audit.list_entries(cursor, wanted, below=None, limit=MAX_HISTORY)
    return letter, index.chain(letter), history
