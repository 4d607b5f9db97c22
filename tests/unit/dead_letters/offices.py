"""A detector's world with a desk at which its dead letters are worked off, all in memory."""

from collections.abc import Sequence

from finguard.adapters.memory_replays import MemoryArchive, MemoryReplayTopic
from finguard.dead_letters.desk import Desk
from finguard.dead_letters.outcomes import Edit, Outcome
from finguard.dead_letters.ports import LetterIndex, ReplayTopic
from finguard.domain.dead_letters import Actor, Letter
from finguard.domain.stream import Record
from finguard.domain.verdict import Rule
from finguard.pipeline.dead_letter_limit import DeadLetterLimit
from tests.unit.pipeline.worlds import START_MS, TOPIC, World

ANN = Actor("ann")

GOOD = (
    b'{"transaction_id":"t1","user_id":"user-1","amount":5,"currency":"USD","merchant":"m",'
    b'"category":"c","channel":"online","city":"Istanbul","country":"TR","lat":41,"lon":29,'
    b'"timestamp":"2025-12-31T12:00:00Z"}'
)
BAD = GOOD.replace(b'"amount":5', b'"amount":NaN')


def record(
    offset: int,
    value: bytes | None = BAD,
    *,
    key: bytes | None = b"user-1",
    partition: int = 0,
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> Record:
    """A record of the transactions topic."""
    return Record("transactions", partition, offset, START_MS, key, value, tuple(headers))


class Office:
    """A topic that has been judged once, and the desk.

    Args:
        records: of partition 0.
    """

    def __init__(self, *records: Record, max_attempts: int = 5) -> None:
        self.world = World({0: list(records)})
        self.world.ledger.admit(TOPIC, accept_data_loss=False)
        self.topic = MemoryReplayTopic(self.world.log, identity=TOPIC, timestamp=START_MS)
        self.index = self.world.ledger.letters
        self._max_attempts = max_attempts
        self.desk = self.desk_on()
        self.judge()

    def desk_on(
        self, *, index: LetterIndex | None = None, topic: ReplayTopic | None = None
    ) -> Desk:
        """Another desk on the same world, with a port of its own."""
        return Desk(
            index or self.index,
            MemoryArchive(self.world.dead_letters.letters),
            topic or self.topic,
            max_attempts=self._max_attempts,
            clock=lambda: START_MS / 1000,
        )

    def judge(self, rules_used: Sequence[Rule] | None = None) -> None:
        """Let a detector read everything that is new."""
        self.world.run(limit=DeadLetterLimit(max_ratio=1, max_run=1_000), rules_used=rules_used)

    def replay(self, letter: int, *, edit: Edit | None = None, again: bool = False) -> Outcome:
        """Replay one letter."""
        (outcome,) = self.desk.replay([letter], ANN, edit=edit, again=again)
        return outcome

    def letter(self, letter: int) -> Letter:
        """One letter as it stands now."""
        return self.desk.index.find([letter])[letter]

    def statuses(self) -> dict[int, tuple[str, int]]:
        """Status and attempt of every letter."""
        rows = self.index.rows.values()
        return {row.dead_letter_id: (row.status, row.attempt) for row in rows}

    def append(self, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> None:
        """A stranger's message."""
        log = self.world.log[0]
        log.append(record(log[-1].offset + 1, value, headers=headers))

    @property
    def counted(self) -> int:
        """Transactions that were judged well."""
        return sum(self.world.ledger.transactions.values())
