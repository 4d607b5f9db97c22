"""One judged batch on its way into the services: steps 4 to 6 of docs/delivery.md."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from finguard.domain.stream import ProfileSave
from finguard.domain.telemetry import Step as StepName
from finguard.pipeline.batch import Judgement
from finguard.pipeline.ports import Ports
from finguard.pipeline.writer import Step


class BatchWrite(msgspec.Struct):
    """A batch that is being written.

    Attributes:
        judged: what came of it. saves: what becomes of the profiles.
        records: how many it has. laps: what its first steps took, in seconds.
        stored_us: when PostgreSQL had its effects, microseconds since 1970; None before, and where
            it has none.
        refused: what Redis refused of it, with the watermarks found instead.
    """

    judged: Judgement
    saves: Sequence[ProfileSave]
    records: int
    laps: Mapping[StepName, float]
    stored_us: int | None = None
    refused: Mapping[int, int | None] = {}

    def steps(self, ports: Ports) -> list[Step]:
        """What is to be done, in order; each may be done again."""
        effects = self.judged.effects
        letters = effects.dead_letters

        def publish() -> None:
            nonlocal letters
            letters = ports.dead_letters.publish(effects.dead_letters)

        def record() -> None:
            ports.ledger.record(msgspec.structs.replace(effects, dead_letters=letters))
            self.stored_us = time.time_ns() // 1_000

        def save() -> None:
            self.refused = ports.profiles.save(self.saves)

        steps = [Step("redis", "redis", save)]  # 6.
        if effects.spans:
            steps.insert(0, Step("postgresql", "postgresql", record))  # 5.
        if effects.dead_letters:
            steps.insert(0, Step("dead_letters", "kafka", publish))  # 4.
        return steps
