"""Lists, shows, replays and discards dead letters."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Final

from tqdm import tqdm

from finguard.adapters.kafka.connection import connection_arguments
from finguard.adapters.kafka.letter_archive import KafkaLetterArchive
from finguard.adapters.kafka.replay_topic import KafkaReplayTopic
from finguard.adapters.postgres.connection import connector
from finguard.adapters.postgres.dead_letters import PostgresLetterIndex
from finguard.adapters.postgres.migrate import migrate
from finguard.adapters.postgres.pool import ConnectionPool
from finguard.commands import letter_views
from finguard.dead_letters.desk import CHUNK, Desk
from finguard.dead_letters.outcomes import Edit, Outcome
from finguard.domain.dead_letters import STAGES, STATUSES, Actor, LetterFilter
from finguard.errors import ConfigurationError, FinGuardError
from finguard.program import stop_on_signals
from finguard.settings import Settings

_TIMEOUT_S: Final = 15.0
_MAX_ID: Final = 2**63 - 1

Work = Callable[[Sequence[int]], list[Outcome]]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `dead-letters` and what it can do."""
    parser = commands.add_parser("dead-letters", help=__doc__, description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_list(verbs.add_parser("list", help="list letters, newest first"))
    _add_show(verbs.add_parser("show", help="show all there is on one letter"))
    _add_replay(verbs.add_parser("replay", help="send messages to the transactions topic again"))
    _add_discard(verbs.add_parser("discard", help="say that nothing will come of letters"))


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_list)
    _add_filter(parser, status="any status")
    parser.add_argument("--limit", type=_whole, default=50, metavar="N", help="at most N (50)")
    parser.add_argument("--json", action="store_true", help="a JSON array instead of a table")


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_show)
    parser.add_argument("id", type=_whole, metavar="ID")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON object, with bytes in base64")
    form.add_argument("--raw", action="store_true", help="the message's value alone, byte for byte")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_replay, parser=parser)
    _add_choice(parser)
    parser.add_argument(
        "--value", metavar="FILE", help="send FILE instead of the message (- for standard input)"
    )
    parser.add_argument("--key", metavar="TEXT", help="send it under another key")
    parser.add_argument(
        "--again",
        action="store_true",
        help="also what was replayed already and has had no answer",
    )


def _add_discard(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_discard, parser=parser)
    _add_choice(parser)
    parser.add_argument("--because", required=True, metavar="TEXT", help="why; it is kept")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", type=_whole, nargs="*", metavar="ID")
    parser.add_argument("--all", action="store_true", help="every letter that the filter means")
    _add_filter(parser, status="open")
    parser.add_argument("--limit", type=_whole, metavar="N", help="at most N, the oldest first")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")


def _add_filter(parser: argparse.ArgumentParser, *, status: str) -> None:
    group = parser.add_argument_group("filter", "each option but the times may be repeated")
    group.add_argument("--reason", dest="reasons", action="append", metavar="R", help="a reason")
    group.add_argument(
        "--stage", dest="stages", action="append", choices=STAGES, help="where it failed"
    )
    group.add_argument(
        "--status", dest="statuses", action="append", choices=STATUSES, help=f"({status})"
    )
    group.add_argument(
        "--since", type=_moment, metavar="ISO8601", help="taken by Kafka then or later"
    )
    group.add_argument("--until", type=_moment, metavar="ISO8601", help="taken by Kafka before")


def _list(settings: Settings, chosen: argparse.Namespace) -> int:
    with _desk(settings) as desk:
        letters = desk.index.newest(_filter(chosen), below=None, limit=chosen.limit)
    view = letter_views.as_json if chosen.json else letter_views.as_table
    sys.stdout.write(view(letters))
    return 0


def _show(settings: Settings, chosen: argparse.Namespace) -> int:
    with _desk(settings) as desk:
        file = desk.file(chosen.id)
    if file is None:
        raise FinGuardError(f"there is no dead letter {chosen.id}")
    if not chosen.raw:
        view = letter_views.file_as_json if chosen.json else letter_views.file_as_text
        sys.stdout.write(view(file))
    elif file.message is None:
        raise FinGuardError(f"Kafka holds the message of dead letter {chosen.id} no longer")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(file.message.value or b"")
    return 0


def _replay(settings: Settings, chosen: argparse.Namespace) -> int:
    _refuse_vague_choice(chosen)
    if (chosen.value, chosen.key) != (None, None) and len(chosen.ids) != 1:
        chosen.parser.error("--value and --key are for a single letter: name its id")
    edit, actor = _edit(chosen), _actor()
    with _desk(settings) as desk:
        return _work_off(
            desk,
            chosen,
            lambda ids: desk.replay(
                ids, actor, edit=edit, again=chosen.again, dry_run=chosen.dry_run
            ),
        )


def _discard(settings: Settings, chosen: argparse.Namespace) -> int:
    _refuse_vague_choice(chosen)
    actor = _actor()
    with _desk(settings) as desk:
        return _work_off(
            desk,
            chosen,
            lambda ids: desk.discard(ids, chosen.because, actor, dry_run=chosen.dry_run),
        )


def _refuse_vague_choice(chosen: argparse.Namespace) -> None:
    filtered = _filter(chosen) != LetterFilter() or chosen.all
    if chosen.ids and (filtered or chosen.limit):
        chosen.parser.error("name letters by their ids or by a filter, not by both")
    if not chosen.ids and not filtered:
        chosen.parser.error("name letters by their ids or by a filter, or say --all")


def _work_off(desk: Desk, chosen: argparse.Namespace, work: Work) -> int:
    """Do something to all chosen letters, a chunk at a time, until done or asked to stop.

    Returns:
        0; 1 where a letter was refused or the work was stopped.
    """
    stop = stop_on_signals()
    total, chunks = _chosen(desk, chosen)
    tally = letter_views.Tally(brief=not chosen.ids and not chosen.dry_run)
    try:
        # Nothing is shown where nobody watches.
        with tqdm(total=total, unit=" letters", disable=None, dynamic_ncols=True) as bar:
            for ids in chunks:
                if stop.is_set():
                    break
                for outcome in work(ids):
                    bar.clear()
                    tally.tell(outcome)
                bar.update(len(ids))
    finally:
        tally.sum_up(dry_run=chosen.dry_run, stopped=stop.is_set())
    return 1 if tally.refused or stop.is_set() else 0


def _chosen(desk: Desk, chosen: argparse.Namespace) -> tuple[int, Iterator[Sequence[int]]]:
    """How many letters are meant, and which, a chunk at a time."""
    if chosen.ids:
        ids = list(dict.fromkeys(chosen.ids))
        return len(ids), (ids[i : i + CHUNK] for i in range(0, len(ids), CHUNK))
    wanted = _filter(chosen, statuses=("open",))
    count, latest_id = desk.index.count(wanted)
    total = min(count, chosen.limit or count)
    return total, desk.chunks(wanted, latest_id=latest_id, limit=chosen.limit)


def _filter(chosen: argparse.Namespace, *, statuses: Sequence[str] | None = None) -> LetterFilter:
    return LetterFilter(
        reasons=chosen.reasons,
        stages=chosen.stages,
        statuses=chosen.statuses or statuses,
        since=chosen.since,
        until=chosen.until,
    )


def _edit(chosen: argparse.Namespace) -> Edit | None:
    if chosen.value is None and chosen.key is None:
        return None
    value = None
    try:
        if chosen.value is not None:
            value = sys.stdin.buffer.read() if chosen.value == "-" else _read(chosen.value)
    except OSError as error:
        raise ConfigurationError(f"--value {chosen.value}: {error.strerror}") from error
    key = chosen.key.encode("utf-8", "surrogateescape") if chosen.key is not None else None
    return Edit(key, value)


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    """The desk on the real services; Kafka is not asked before it is needed."""
    dsn = settings.postgres_dsn.get_secret_value()
    migrate(dsn, sslmode=settings.postgres_sslmode)
    kafka = connection_arguments(**settings.kafka_connection())
    topic = settings.kafka_topic
    pool = ConnectionPool(
        connector(dsn, sslmode=settings.postgres_sslmode, application_name="finguard-cli"),
        size=1,
        wait_s=_TIMEOUT_S,
        hold_s=_TIMEOUT_S,
    )
    archive = KafkaLetterArchive(
        kafka,
        topic=topic,
        dead_letter_topic=settings.kafka_dead_letter_topic,
        timeout_s=_TIMEOUT_S,
    )
    replays = KafkaReplayTopic(kafka, topic=topic, timeout_s=_TIMEOUT_S)
    try:
        yield Desk(
            PostgresLetterIndex(pool.transaction),
            archive,
            replays,
            max_attempts=settings.dead_letter_max_attempts,
        )
    finally:
        replays.close()
        archive.close()
        pool.close()


def _actor() -> Actor:
    try:
        return Actor(f"cli:{getuser()}")
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return Actor("cli:unknown")


def _whole(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MAX_ID:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {_MAX_ID}")
    return number


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
