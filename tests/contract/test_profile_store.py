"""The profile store: partitions move with their watermark, all together or not at all."""

from uuid import uuid4

import pytest

from devstack import Stack
from finguard.adapters.memory import MemoryProfiles
from finguard.adapters.redis_profiles import (
    WATERMARK_TTL_S,
    RedisProfiles,
    connect_redis,
    refuse_eviction,
)
from finguard.domain.stream import ProfileSave
from finguard.errors import ConfigurationError, ServiceUnavailable
from finguard.pipeline.ports import ProfileStore
from tests.patience import PATIENCE_S


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> ProfileStore:
    """An empty store."""
    if request.param == "memory":
        return MemoryProfiles()
    stack: Stack = request.getfixturevalue("stack")
    return RedisProfiles(
        connect_redis(stack.redis_url, timeout_s=PATIENCE_S), namespace=uuid4().hex, memory_s=60
    )


def test_an_empty_store_has_neither_watermark_nor_profiles(store: ProfileStore) -> None:
    """What was never saved is absent, not zero."""
    assert store.load({0: ["ann"], 3: []}) == ({0: None, 3: None}, {0: {}, 3: {}})


def test_what_is_saved_is_loaded(store: ProfileStore) -> None:
    """Bytes come back as they went in, and only those asked for."""
    pages = {"ann": b"\x00\xff\r\n", "bob": b"", "żółw {}": b"x"}
    assert store.save([ProfileSave(1, None, 41, pages)]) == {}
    stored = {user: [page] for user, page in pages.items()}
    assert store.load({1: ["ann", "bob", "żółw {}", "eve"]}) == ({1: 41}, {1: stored})
    assert store.load({1: ["bob"]}) == ({1: 41}, {1: {"bob": [b""]}})


def test_pages_follow_one_another_until_they_are_rewritten(store: ProfileStore) -> None:
    """Added pages come after those that are there; a rewritten one takes the place of all."""
    store.save([ProfileSave(0, None, 1, {"ann": b"a1", "bob": b"b1"})])
    store.save([ProfileSave(0, 1, 2, {"ann": b"a2"}, {"eve": b"e2"})])
    assert store.load({0: ["ann", "bob", "eve"]}) == (
        {0: 2},
        {0: {"ann": [b"a1", b"a2"], "bob": [b"b1"], "eve": [b"e2"]}},
    )
    store.save([ProfileSave(0, 2, 3, {"bob": b"b3"}, {"ann": b"a"})])
    assert store.load({0: ["ann", "bob"]})[1] == {0: {"ann": [b"a"], "bob": [b"b1", b"b3"]}}


def test_a_save_from_another_watermark_changes_nothing(store: ProfileStore) -> None:
    """A zombie's late save, or one after Redis lost its data, is refused with what was found."""
    store.save([ProfileSave(0, None, 10, {"ann": b"ten"})])
    assert store.save([ProfileSave(0, 9, 12, {"ann": b"twelve", "bob": b"b"})]) == {0: 10}
    assert store.save([ProfileSave(0, None, 12, {"ann": b"twelve"})]) == {0: 10}
    assert store.load({0: ["ann", "bob"]}) == ({0: 10}, {0: {"ann": [b"ten"]}})


def test_a_save_into_a_lost_partition_is_refused(store: ProfileStore) -> None:
    """A watermark that is gone is told as None."""
    assert store.save([ProfileSave(0, 9, 12, {"ann": b"a"})]) == {0: None}
    assert store.load({0: ["ann"]}) == ({0: None}, {0: {}})


def test_partitions_succeed_and_fail_by_themselves(store: ProfileStore) -> None:
    """One refused partition does not keep the others back."""
    store.save([ProfileSave(1, None, 5, {})])
    saves = [ProfileSave(0, None, 7, {"ann": b"0"}), ProfileSave(1, 4, 8, {"bob": b"1"})]
    assert store.save(saves) == {1: 5}
    assert store.load({0: ["ann"], 1: ["bob"]}) == ({0: 7, 1: 5}, {0: {"ann": [b"0"]}, 1: {}})


def test_the_same_save_twice_is_refused_by_its_own_first_run(store: ProfileStore) -> None:
    """A retry after a lost reply finds the new watermark, which tells that it had succeeded."""
    save = ProfileSave(2, None, 99, {"ann": b"a"})
    assert store.save([save]) == {}
    assert store.save([save]) == {2: 99}


def test_one_user_in_two_partitions_is_two_profiles(store: ProfileStore) -> None:
    """Partitions never see one another's profiles."""
    store.save([ProfileSave(0, None, 1, {"ann": b"0"}), ProfileSave(1, None, 1, {"ann": b"1"})])
    assert store.load({0: ["ann"], 1: ["ann"]})[1] == {0: {"ann": [b"0"]}, 1: {"ann": [b"1"]}}


def test_no_users_name_is_the_watermarks(store: ProfileStore) -> None:
    """Whatever a user is called, the profile takes the place of nothing else."""
    pages = dict.fromkeys((":", "watermark", ":watermark", "}", "1}"), b"x")
    assert store.save([ProfileSave(0, None, 1, pages)]) == {}
    assert store.load({0: list(pages)}) == ({0: 1}, {0: {name: [b"x"] for name in pages}})


def test_groups_do_not_share_profiles(stack: Stack) -> None:
    """Two consumer groups on one Redis keep their states apart."""
    client = connect_redis(stack.redis_url, timeout_s=PATIENCE_S)
    one, two = (RedisProfiles(client, namespace=uuid4().hex, memory_s=60) for _ in range(2))
    one.save([ProfileSave(0, None, 1, {"ann": b"a"})])
    assert two.load({0: ["ann"]}) == ({0: None}, {0: {}})


def test_a_watermark_vanishes_before_a_profile_that_still_matters(stack: Stack) -> None:
    """After a long stall the profiles count as lost, before the first of them expires."""
    client = connect_redis(stack.redis_url, timeout_s=PATIENCE_S)
    # A detector of other tests may be at work in the same Redis; no topic has this partition.
    partition = uuid4().int % 2**31
    RedisProfiles(client, namespace=uuid4().hex, memory_s=60).save(
        [ProfileSave(partition, None, 1, {"a": b""})]
    )
    watermark, profile = sorted(client.scan_iter(f"fg{{*:{partition}}}*"))
    assert WATERMARK_TTL_S - 10 < client.ttl(watermark) <= WATERMARK_TTL_S
    assert client.ttl(watermark) + 50 < client.ttl(profile) <= client.ttl(watermark) + 70


def test_a_save_survives_a_redis_that_forgot_its_scripts(stack: Stack) -> None:
    """After a restart of Redis the script is loaded anew and the save goes through."""
    client = connect_redis(stack.redis_url, timeout_s=PATIENCE_S)
    store = RedisProfiles(client, namespace=uuid4().hex, memory_s=60)
    client.script_flush()
    assert store.save([ProfileSave(0, None, 1, {"ann": b"a"}), ProfileSave(1, None, 1, {})]) == {}
    assert store.load({0: ["ann"]}) == ({0: 1}, {0: {"ann": [b"a"]}})


def test_an_evicting_redis_is_refused(stack: Stack) -> None:
    """A Redis that may drop profiles to make room is no place for them."""
    client = connect_redis(stack.redis_url, timeout_s=PATIENCE_S)
    refuse_eviction(client)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(ConfigurationError, match="noeviction"):
            refuse_eviction(client)
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_an_absent_redis_is_an_outage() -> None:
    """Nobody listening means "not now"."""
    with pytest.raises(ServiceUnavailable, match="Redis"):
        refuse_eviction(connect_redis("redis://127.0.0.1:1/0"))


def test_a_url_that_is_none_is_a_wrong_setting() -> None:
    """The user is told which variable to mend."""
    with pytest.raises(ConfigurationError, match="FINGUARD_REDIS_URL"):
        connect_redis("localhost:6379")
