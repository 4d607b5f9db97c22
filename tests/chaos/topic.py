"""Rows 20, 21 and 27: the topic created anew, cut short by retention, or given more partitions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from finguard.adapters.kafka.source import topic_identity
from finguard.errors import ServiceUnavailable
from tests.chaos.comparison import Log
from tests.chaos.trial import PARTITIONS, Trial, expect_loud_stop
from tests.patience import wait_for

ACCEPT: Final = {"FINGUARD_ACCEPT_DATA_LOSS": "true"}


def created_anew(trial: Trial, *, messages: int) -> None:
    """20: deleted and created again, under a running detector and between two."""
    trial.fill(messages, seed=20)
    with trial.member() as member:
        trial.settle()
        old = trial.site.records()
        _create_anew(trial)
        trial.kills += 1
        trial.fill(messages, seed=21)
        expect_loud_stop(member, "topic")
    trial.refused("deleted and created again", "FINGUARD_ACCEPT_DATA_LOSS=true")
    with trial.member(env=ACCEPT):
        trial.recovery_s = None
        trial.settle()
    trial.logs = [old, trial.site.records()]


def _create_anew(trial: Trial) -> None:
    with _admin(trial) as admin:
        admin.delete_topics([trial.site.topic])

    def is_gone() -> bool:
        try:
            topic_identity(trial.site.kafka, trial.site.topic)
        except ServiceUnavailable:
            return True
        return False

    wait_for(is_gone, "the topic to be gone")


def cut_short(trial: Trial, *, messages: int) -> None:
    """21: retention deletes what was not judged, while no detector runs."""
    trial.fill(messages, seed=22)
    with trial.member():
        trial.settle()
    judged = trial.site.records()
    trial.fill(messages, seed=23)
    whole = trial.site.records()
    # Half of what is new, in every partition.
    cuts = {p: (len(judged[p]) + len(records)) // 2 for p, records in whole.items()}
    with _admin(trial) as admin:
        admin.delete_records(
            {TopicPartition(trial.site.topic, p): offset for p, offset in cuts.items()}
        )
    trial.kills += 1
    gaps = {f"{cuts[p] - len(judged[p]):,} transactions" for p in whole}
    with trial.member() as member:
        member.expect_exit(1)
        assert any(gap in member.output() for gap in gaps), member.output()
    trial.refused("were deleted by retention", "FINGUARD_ACCEPT_DATA_LOSS=true")
    with trial.member(env=ACCEPT):
        trial.recovery_s = None
        trial.settle()
    trial.logs = [{p: judged[p] + records[cuts[p] :] for p, records in whole.items()}]


def repartitioned(trial: Trial, *, messages: int, by_itself: bool) -> None:
    """27: partitions are added; nobody judges a user whose history lies in another one."""
    trial.fill(messages, seed=24)
    with trial.member() as member:
        trial.settle()
        with _admin(trial) as admin:
            admin.create_partitions({trial.site.topic: 2 * PARTITIONS})
        trial.kills += 1
        trial.fill(messages, seed=24)
        if by_itself:
            expect_loud_stop(member, "partitions")
        # Where the first still runs, this one joins and makes the group look at the topic again.
        trial.refused("had 6 partitions and now has 12")
        if not by_itself:
            expect_loud_stop(member, "partitions")
    stopped_at = dict(trial.site.query("SELECT partition, next_offset FROM progress"))
    assert set(stopped_at) == set(range(PARTITIONS))
    log: Log = {p: records[: stopped_at.get(p, 0)] for p, records in trial.site.records().items()}
    trial.logs = [log]


@contextmanager
def _admin(trial: Trial) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(**trial.site.kafka)
    try:
        yield admin
    finally:
        admin.close()
