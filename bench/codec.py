"""What one event costs to decode: msgspec, pydantic and the standard library side by side."""

import json
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pydantic

from bench.machine import describe
from finguard.domain.transaction import Channel, Transaction, decode, encode

EVENT = Transaction(
    transaction_id="tx-4f9c2a71b08e63d5",
    user_id="user-004211",
    amount=Decimal("123.45"),
    currency="USD",
    merchant="Corner Books",
    category="books",
    channel="in_person",
    city="Istanbul",
    country="TR",
    lat=41.0138,
    lon=28.9497,
    timestamp=datetime(2026, 1, 1, tzinfo=UTC),
)
PAYLOAD = encode(EVENT)
KEY = EVENT.user_id.encode()
PUBLISHED_US = EVENT.time_us
REPEATS, ROUNDS = 5, 50_000


class Model(pydantic.BaseModel):
    """The same event as a pydantic model would have it."""

    transaction_id: str = pydantic.Field(min_length=1, max_length=64)
    user_id: str = pydantic.Field(min_length=1, max_length=64)
    amount: Decimal = pydantic.Field(ge=0)
    currency: str = pydantic.Field(min_length=3, max_length=3)
    merchant: str
    category: str
    channel: Channel
    city: str
    country: str = pydantic.Field(min_length=2, max_length=2)
    lat: float = pydantic.Field(ge=-90, le=90)
    lon: float = pydantic.Field(ge=-180, le=180)
    timestamp: pydantic.AwareDatetime
    location_radius_km: float | None = None


def main() -> None:
    """Print the best of several rounds of each, in microseconds an event."""
    decoder = msgspec.json.Decoder(Transaction)
    candidates: dict[str, Callable[[], object]] = {
        "FinGuard's decode, every check": lambda: decode(
            PAYLOAD, key=KEY, published_us=PUBLISHED_US
        ),
        "msgspec, types and bounds only": lambda: decoder.decode(PAYLOAD),
        "pydantic, types and bounds only": lambda: Model.model_validate_json(PAYLOAD),
        "json.loads, no check at all": lambda: json.loads(PAYLOAD),
    }
    print(describe("msgspec", "pydantic"), f"{len(PAYLOAD)} bytes", sep="; ")  # noqa: T201
    for name, call in candidates.items():
        best_s = min(timeit.repeat(call, number=ROUNDS, repeat=REPEATS)) / ROUNDS
        print(f"{name:34} {best_s * 1e6:6.2f} µs")  # noqa: T201


if __name__ == "__main__":
    main()
