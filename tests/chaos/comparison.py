"""What is stored, held against what one uninterrupted run would have stored."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from finguard.adapters.redis_profiles import RedisProfiles, connect_redis
from finguard.domain.profile import Profile, decode_profile
from finguard.domain.stream import Record
from finguard.pipeline.dead_letter_limit import DeadLetterLimit
from finguard.pipeline.detector import Policy
from finguard.settings import load_settings
from tests.acceptance.programs import Site, judge_in_memory, oracle_effects

Log = Mapping[int, list[Record]]
Effects = Counter[tuple[Any, ...]]
"""Every single effect; a transaction counted twice is there twice."""


class Difference(NamedTuple):
    """How far apart the stored and the expected effects are.

    Attributes:
        missing: effects of the oracle that are not stored.
        duplicated: stored effects that the oracle does not have.
        examples: some of both, for a person.
    """

    missing: int
    duplicated: int
    examples: tuple[str, ...]


def difference(site: Site, store: RedisProfiles, logs: Sequence[Log]) -> Difference:
    """Compare PostgreSQL, Redis and the dead-letter topic with the oracle.

    Args:
        site: what is stored.
        store: reads the profiles of the topic that is read last.
        logs: what was to be judged; several where the topic was created anew.
    """
    stored, expected = _single(site.effects()), Effects()
    for log in logs:
        expected += _single(oracle_effects(log, patient_policy()))
    expected += _profiles_of_oracle(logs[-1])
    stored += _profiles_in(store, expected)
    stored += _buried(site)
    expected += Counter({("buried", *key[1:3]) for key in expected if key[0] == "dead letter"})
    missing, duplicated = expected - stored, stored - expected
    return Difference(missing.total(), duplicated.total(), _examples(missing, duplicated))


def patient_policy() -> Policy:
    """The policy that the program builds, but for the limit on poison: the oracle never stops."""
    from detector import policy  # noqa: PLC0415 - an entry file, imported by nothing but tests

    return msgspec.structs.replace(
        policy(load_settings()), dead_letter_limit=DeadLetterLimit(max_ratio=1, max_run=10**9)
    )


def profile_store(redis_url: str, *, group: str, topic_id: str) -> RedisProfiles:
    """The profiles as the detector keeps them."""
    return RedisProfiles(
        connect_redis(redis_url),
        namespace=f"{group}/{topic_id}",
        memory_s=load_settings().memory_s(),
    )


def _single(effects: Mapping[str, Iterable[tuple[Any, ...]]]) -> Effects:
    single = Effects(("alert", *row) for row in effects["alerts"])
    single.update(("dead letter", *row) for row in effects["dead_letters"])
    for partition, minute, count in effects["transactions"]:
        single["transaction", partition, int(minute)] += count
    return single


def _profiles_of_oracle(log: Log) -> Effects:
    _, oracle = judge_in_memory(log, patient_policy())
    return Counter(
        ("profile", partition, user, _profile(pages))
        for partition, profiles in oracle.pages.items()
        for user, pages in profiles.items()
    )


def _profiles_in(store: RedisProfiles, expected: Effects) -> Effects:
    """The stored profiles of all users, looked for in every partition."""
    places = [(key[1], key[2]) for key in expected if key[0] == "profile"]
    users = sorted({user for _, user in places})
    _, found = store.load(dict.fromkeys({place[0] for place in places}, users))
    return Counter(
        ("profile", partition, user, _profile(pages))
        for partition, profiles in found.items()
        for user, pages in profiles.items()
    )


def _profile(pages: Sequence[bytes]) -> Profile:
    profile, _ = decode_profile(pages, load_settings().history())
    return profile


def _buried(site: Site) -> Effects:
    """Which records the dead-letter topic holds; twice is as good as once, see docs/delivery.md."""
    origins = set()
    for letters in site.records(site.dead_letter_topic).values():
        for letter in letters:
            headers = {name: value or b"" for name, value in letter.headers}
            origins.add(
                (
                    "buried",
                    int(headers["dlq.original.partition"]),
                    int(headers["dlq.original.offset"]),
                )
            )
    return Counter(origins)


def _examples(missing: Effects, duplicated: Effects) -> tuple[str, ...]:
    return tuple(
        f"{what}: {_brief(key)}"
        for what, effects in (("missing", missing), ("too many", duplicated))
        for key in list(effects)[:3]
    )


def _brief(key: tuple[Any, ...]) -> str:
    return " ".join("…" if isinstance(part, Profile) else str(part) for part in key)
