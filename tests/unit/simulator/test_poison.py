"""Poison of every kind is refused, and by `InvalidMessage` alone."""

from itertools import islice
from random import Random

import pytest

from finguard.domain.transaction import decode, encode
from finguard.errors import InvalidMessage
from finguard.simulator.poison import KINDS, PoisonCabinet, make_poison
from finguard.simulator.stream import world_messages
from finguard.simulator.truth import Fraud, Poison
from tests.unit.simulator.worlds import SMALL, events

SAMPLES = [event.transaction for event in events(SMALL, 50)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_refused(kind: str) -> None:
    """Whatever the transaction it is made from, with and without the optional field."""
    for transaction in SAMPLES:
        poison = make_poison(kind, transaction)
        with pytest.raises(InvalidMessage):
            decode(poison.value, key=poison.key, published_us=transaction.time_us)


def test_the_samples_are_good() -> None:
    """What the poison is made from is itself accepted, so each kind is wrong in its own way."""
    for transaction in SAMPLES:
        key = transaction.user_id.encode()
        decode(encode(transaction), key=key, published_us=transaction.time_us)


def test_the_cabinet_holds_every_kind() -> None:
    """As many draws as there are kinds give each once."""
    cabinet = PoisonCabinet(Random(1))  # noqa: S311 - no secret
    drawn = [cabinet.brew(SAMPLES[0]).kind for _ in KINDS]
    assert sorted(KINDS) == sorted(drawn)


def test_poison_makes_up_its_share_and_is_labelled() -> None:
    """Labels name the kind, the key and the place in the run of what is refused, all of it."""
    stream = list(islice(world_messages(events(SMALL, 5_000), seed=1, poison_rate=0.1), 5_000))
    labelled = {}
    for message in stream:
        if isinstance(message.label, Poison):
            labelled[message.label.sequence] = message.label
    refused = set()
    for sequence, message in enumerate(stream, start=1):
        try:
            decode(message.value, key=message.key, published_us=message.time_us)
        except InvalidMessage:
            refused.add(sequence)
    assert labelled.keys() == refused
    assert 0.08 < len(refused) / len(stream) < 0.12
    for sequence, label in labelled.items():
        key = stream[sequence - 1].key
        assert (None if key is None else key.decode()) == label.key


def test_poison_leaves_the_transactions_as_they_are() -> None:
    """The same seed gives the same transactions with and without poison among them."""
    clean = list(world_messages(events(SMALL, 500), seed=1, poison_rate=0.0))
    mixed = list(world_messages(events(SMALL, 500), seed=1, poison_rate=0.3))
    assert clean == [message for message in mixed if not isinstance(message.label, Poison)]
    assert any(isinstance(message.label, Fraud) for message in mixed)
