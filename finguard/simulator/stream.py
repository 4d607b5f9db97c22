"""The world as messages, with poison mixed in."""

from collections.abc import Iterable, Iterator
from itertools import count
from random import Random

from finguard.domain.transaction import encode
from finguard.simulator.message import Message
from finguard.simulator.poison import PoisonCabinet
from finguard.simulator.truth import Poison
from finguard.simulator.world import Event


def world_messages(events: Iterable[Event], *, seed: int, poison_rate: float) -> Iterator[Message]:
    """Encode the events and follow some with poison, so that it makes up a share of the messages.

    The poison's draws are its own: a seed gives the same transactions at every poison rate.
    """
    rng = Random(f"poison:{seed}")  # noqa: S311 - repeatable on purpose, guards nothing
    cabinet = PoisonCabinet(rng)
    sequence = count(1)
    for event in events:
        transaction = event.transaction
        key, time_us = transaction.user_id.encode(), transaction.time_us
        next(sequence)
        yield Message(key, encode(transaction), time_us, event.fraud)
        while rng.random() < poison_rate:
            poison = cabinet.brew(transaction)
            shown_key = None if poison.key is None else poison.key.decode()
            label = Poison(poison.kind, next(sequence), shown_key)
            yield Message(poison.key, poison.value, time_us, label)
