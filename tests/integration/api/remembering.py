"""What a detector would have remembered of customers, written straight into Redis."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from devstack import Stack
from finguard.adapters.redis_profiles import RedisProfiles, connect_redis
from finguard.domain.profile import History, PastTransaction, Profile, encode_page
from finguard.domain.stream import ProfileSave
from finguard.domain.transaction import Transaction
from tests.integration.api.world import NOON
from tests.patience import PATIENCE_S

GROUP = "some-group"


def remember(stack: Stack, topic_id: str, partition: int, profiles: dict[str, bytes]) -> None:
    """Store profiles as a detector does."""
    client = connect_redis(stack.redis_url, timeout_s=PATIENCE_S)
    store = RedisProfiles(client, namespace=f"{GROUP}/{topic_id}", memory_s=3_600)
    refused = store.save([ProfileSave(partition, None, 7, profiles)])
    client.close()
    assert refused == {}


def transaction(number: int, **changes: Any) -> Transaction:  # noqa: ANN401 - any field
    """One of a customer's transactions, a minute apart."""
    fields: dict[str, Any] = {
        "transaction_id": f"t-{number}",
        "user_id": "u-1",
        "amount": Decimal("12.50"),
        "currency": "EUR",
        "merchant": "Corner Books",
        "category": "books",
        "channel": "in_person",
        "city": "Berlin",
        "country": "DE",
        "lat": 52.52,
        "lon": -13.405,
        "timestamp": NOON + number * timedelta(minutes=1),
        **changes,
    }
    return Transaction(**fields)


def profile(*transactions: Transaction) -> bytes:
    """The profile of these transactions."""
    made = Profile()
    for each in transactions:
        made = made.remember(PastTransaction.of(each), each.channel, History())
    return encode_page(made)
