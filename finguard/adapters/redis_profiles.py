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
-- KEYS: the partition's watermark, then the lists of pages of users.
-- ARGV: the watermark expected ('' for none), the new one, seconds to live of the watermark and
-- of the pages, how many of the users' lists are rewritten (the first ones), then a page for each.
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then
  return found
end
local rewritten = tonumber(ARGV[5])
for i = 2, #KEYS do
  if i <= rewritten + 1 then
    redis.call('DEL', KEYS[i])
  end
  redis.call('RPUSH', KEYS[i], ARGV[i + 4])
  redis.call('EXPIRE', KEYS[i], ARGV[4])
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return false
"""
"""Nothing is written before the comparison, and a script runs alone, so a save is atomic; the
append-only file keeps it as one transaction. Running it twice is refused by its own first run."""

_LOAD: Final = """
-- KEYS: the partition's watermark, then the lists of pages of users.
local found = {redis.call('GET', KEYS[1])}
for i = 2, #KEYS do
  found[i] = redis.call('LRANGE', KEYS[i], 0, -1)
end
return found
"""
"""A script too, so that watermark and pages are of one moment, and one command for all users."""


class RedisProfiles:
    """The profile store. One list of pages per user; a partition's keys share its hash tag.

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
        self._shas: dict[str, str] = {}

    def load(
        self, users: Mapping[int, Sequence[str]]
    ) -> tuple[dict[int, int | None], dict[int, dict[str, list[bytes]]]]:
        """Read watermarks and pages, all in one round trip."""
        answers: list[list[Any]] = self._run(
            _LOAD, [(self._keys(partition, wanted), ()) for partition, wanted in users.items()]
        )
        watermarks: dict[int, int | None] = {}
        profiles: dict[int, dict[str, list[bytes]]] = {}
        for (partition, wanted), (mark, *lists) in zip(users.items(), answers, strict=True):
            watermarks[partition] = None if mark is None else int(mark)
            profiles[partition] = {
                user: pages for user, pages in zip(wanted, lists, strict=True) if pages
            }
        return watermarks, profiles

    def save(self, saves: Sequence[ProfileSave]) -> dict[int, int | None]:
        """Write every partition whose watermark is the expected one, in one round trip."""
        answers: list[bytes | None] = self._run(_SAVE, [self._written(save) for save in saves])
        return {
            save.partition: int(found) if found else None
            for save, found in zip(saves, answers, strict=True)
            if found is not None
        }

    def _written(self, save: ProfileSave) -> tuple[list[str], Sequence[Any]]:
        return self._keys(save.partition, [*save.rewritten, *save.added]), (
            "" if save.expected is None else save.expected,
            save.watermark,
            WATERMARK_TTL_S,
            self._profile_ttl_s,
            len(save.rewritten),
            *save.rewritten.values(),
            *save.added.values(),
        )

    def _run(self, script: str, calls: Sequence[tuple[list[str], Sequence[Any]]]) -> list[Any]:
        """Run a script once a partition; after a restart of Redis it has to be told it anew."""
        with _translated():
            try:
                return self._try(script, calls)
            except NoScriptError:  # no call has done anything then
                # The API reads from several threads; another may have found out at the same time.
                self._shas.pop(script, None)
                return self._try(script, calls)

    def _try(self, script: str, calls: Sequence[tuple[list[str], Sequence[Any]]]) -> list[Any]:
        sha = self._shas.get(script)
        if sha is None:
            sha = self._shas[script] = str(self._client.script_load(script))
        pipeline = self._client.pipeline(transaction=False)
        for keys, arguments in calls:
            pipeline.evalsha(sha, len(keys), *keys, *arguments)
        answers: list[Any] = pipeline.execute()
        return answers

    def _keys(self, partition: int, users: Sequence[str]) -> list[str]:
        """The watermark's key, and one for each user: short, since there are so many of them."""
        watermark = f"fg{{{self._namespace}:{partition}}}"
        return [watermark, *(watermark + user for user in users)]


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
            f"{error}. Start Redis with `make up`, or say where it is with FINGUARD_REDIS_URL",
            service="redis",
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
    except (RedisError, OSError) as error:
        raise ServiceUnavailable(f"Redis: {error}", service="redis") from error
