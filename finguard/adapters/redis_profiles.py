"""User profiles in Redis: each partition's move with its watermark, all together or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from finguard.domain.stream import ProfileSave
from finguard.errors import ConfigurationError, ServiceUnavailable

TIMEOUT_S: Final = 2.0
WATERMARK_TTL_S: Final = 7 * 86_400

_SAVE: Final = """
-- KEYS: the partition's watermark, then the profiles.
-- ARGV: the watermark expected ('' for none), the new one, seconds to live of the watermark and
-- of a profile, then the profiles.
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then
  return found
end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i + 3], 'EX', ARGV[4])
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return false
"""
"""Nothing is written before the comparison, and a script runs alone, so a save is atomic; the
append-only file keeps it as one transaction. Running it twice is refused by its own first run."""


class RedisProfiles:
    """The profile store. One value per user; a partition's keys share its hash tag.

    Args:
        client: made by `connect_redis`.
        namespace: keeps the state of one consumer group on one topic apart from others.
        memory_s: how far back a profile reaches. One that nobody touches disappears so much, and
            a week, after its last transaction. A watermark lives for that week: where the
            detector stood still for longer, it is gone as well, and the profiles are rebuilt
            rather than taken for whole.
    """

    def __init__(self, client: redis.Redis, *, namespace: str, memory_s: int) -> None:
        self._client = client
        self._namespace = sha256(namespace.encode()).hexdigest()[:8]
        self._profile_ttl_s = memory_s + WATERMARK_TTL_S
        with _translated():
            self._sha = str(client.script_load(_SAVE))

    def load(
        self, users: Mapping[int, Sequence[str]]
    ) -> tuple[dict[int, int | None], dict[int, dict[str, bytes]]]:
        """Read watermarks and profiles, all in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for partition, wanted in users.items():
            keys = [self._watermark_key(partition)]
            keys += [self._profile_key(partition, user) for user in wanted]
            pipeline.mget(keys)
        with _translated():
            answers: list[list[bytes | None]] = pipeline.execute()
        watermarks: dict[int, int | None] = {}
        profiles: dict[int, dict[str, bytes]] = {}
        for (partition, wanted), (mark, *values) in zip(users.items(), answers, strict=True):
            watermarks[partition] = None if mark is None else int(mark)
            profiles[partition] = {
                user: value for user, value in zip(wanted, values, strict=True) if value is not None
            }
        return watermarks, profiles

    def save(self, saves: Sequence[ProfileSave]) -> dict[int, int | None]:
        """Write every partition whose watermark is the expected one, in one round trip."""
        with _translated():
            try:
                answers = self._run(saves)
            except NoScriptError:  # Redis was restarted; no partition has been written then
                self._client.script_load(_SAVE)
                answers = self._run(saves)
        return {
            save.partition: int(found) if found else None
            for save, found in zip(saves, answers, strict=True)
            if found is not None
        }

    def _run(self, saves: Sequence[ProfileSave]) -> list[bytes | None]:
        pipeline = self._client.pipeline(transaction=False)
        for save in saves:
            keys = [self._watermark_key(save.partition)]
            keys += [self._profile_key(save.partition, user) for user in save.profiles]
            pipeline.evalsha(
                self._sha,
                len(keys),
                *keys,
                "" if save.expected is None else save.expected,
                save.watermark,
                WATERMARK_TTL_S,
                self._profile_ttl_s,
                *save.profiles.values(),
            )
        answers: list[bytes | None] = pipeline.execute()
        return answers

    def _watermark_key(self, partition: int) -> str:
        return f"fg:{{{self._namespace}:{partition}}}:watermark"

    def _profile_key(self, partition: int, user: str) -> str:
        return f"fg:{{{self._namespace}:{partition}}}:u:{user}"


def connect_redis(
    url: str, *, ssl_cafile: str | None = None, timeout_s: float = TIMEOUT_S
) -> redis.Redis:
    """A client whose calls are bounded to twice the time-out.

    Nothing is sent yet; see `refuse_eviction`.

    Raises:
        ConfigurationError: when the URL is none.
    """
    extras: dict[str, Any] = {"ssl_ca_certs": ssl_cafile} if ssl_cafile else {}
    try:
        client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 1),
            health_check_interval=30,
            **extras,
        )
    except ValueError as error:
        raise ConfigurationError(f"FINGUARD_REDIS_URL: {error}") from error
    return client


def refuse_eviction(client: redis.Redis) -> None:
    """Insist that Redis never drops profiles to make room.

    Raises:
        ServiceUnavailable: when Redis cannot be reached.
        ConfigurationError: when its policy is another than `noeviction`.
    """
    try:
        with _translated():
            policy = client.info("memory")["maxmemory_policy"]
    except ServiceUnavailable as error:
        raise ServiceUnavailable(
            f"{error}. Start Redis with `make up`, or say where it is with FINGUARD_REDIS_URL"
        ) from error
    if policy != "noeviction":
        raise ConfigurationError(
            f"Redis may drop profiles (maxmemory-policy is {policy}); "
            "run: redis-cli config set maxmemory-policy noeviction"
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Every error of Redis means "not now": what is sent to it is fixed and always valid.

    A full Redis (OOM), one that is loading its data, a replica and a broken connection all get
    better with time and with an operator's help, and no message is to blame for them.
    """
    try:
        yield
    except NoScriptError:
        raise
    except (RedisError, OSError) as error:
        raise ServiceUnavailable(f"Redis: {error}") from error
