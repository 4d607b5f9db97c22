"""Profiles held in memory for the partitions a member owns: Redis is written, seldom read."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from finguard.domain.profile import History, PastTransaction, Profile, decode_profile, encode_page
from finguard.domain.stream import ProfileSave


class Change(msgspec.Struct, gc=False):
    """What a batch has made of one user's profile.

    Attributes:
        profile: as it is now.
        in_person: what has joined it, of either channel. online: likewise.
    """

    profile: Profile
    in_person: list[PastTransaction]
    online: list[PastTransaction]

    @property
    def size(self) -> int:
        """How many transactions have joined."""
        return len(self.in_person) + len(self.online)

    @property
    def page(self) -> Profile:
        """What has joined, as a page."""
        profile = self.profile
        return Profile(
            tuple(self.in_person), tuple(self.online), profile.incident_id, profile.incident_us
        )


class _Held(msgspec.Struct, frozen=True, gc=False):
    """A profile, and how many transactions its pages in Redis hold."""

    profile: Profile
    stored: int


_NOTHING = _Held(Profile(), 0)

_SPARE_IDS = 50_000
"""Ids kept beyond twice those remembered, so that few profiles do not mean endless work."""


class HeldProfiles:
    """The profiles of this member's partitions as of their watermarks.

    Whoever owns a partition alone changes its profiles, and PostgreSQL refuses the effects of one
    that owns it no more; so what was once read is right until the partition is dropped.

    The memory is bounded by letting go of a whole generation: profiles that no batch has changed
    since the one before last are read again when they are wanted.

    Args:
        history: how much a profile remembers.
        max_transactions: remembered at the most, over all profiles; about 350 bytes each.
    """

    def __init__(self, history: History, *, max_transactions: int) -> None:
        self._history = history
        self._generation_size = max_transactions // 2
        self._young: dict[int, dict[str, _Held]] = {}
        self._old: dict[int, dict[str, _Held]] = {}
        self._young_size = self._old_size = 0
        self._ids: set[str] = set()

    def may_know(self, transaction_id: str) -> bool:
        """Whether a profile held may remember this id: false for nearly all that are new."""
        return transaction_id in self._ids

    def missing(self, users: Mapping[int, Collection[str]]) -> dict[int, list[str]]:
        """Those that must be read from Redis, by partition; partitions without any are left out."""
        wanted = {}
        for partition, names in users.items():
            young, old = self._young.get(partition, {}), self._old.get(partition, {})
            if unknown := [name for name in names if name not in young and name not in old]:
                wanted[partition] = unknown
        return wanted

    def add(self, read: Mapping[int, Mapping[str, Sequence[bytes]]]) -> None:
        """Hold what was read; a user without pages needs no telling."""
        for partition, profiles in read.items():
            young = self._young.setdefault(partition, {})
            for user, pages in profiles.items():
                profile, stored = decode_profile(pages, self._history)
                young[user] = _Held(profile, stored)
                self._young_size += profile.size
                self._know(profile)

    def of(self, users: Mapping[int, Collection[str]]) -> dict[int, dict[str, Profile]]:
        """Everybody's profile; an empty one of those that nothing is known of."""
        found: dict[int, dict[str, Profile]] = {}
        for partition, names in users.items():
            young, old = self._young.get(partition, {}), self._old.get(partition, {})
            found[partition] = {
                name: (young.get(name) or old.get(name) or _NOTHING).profile for name in names
            }
        return found

    def change(
        self, partition: int, changes: Mapping[str, Change], *, expected: int | None, watermark: int
    ) -> ProfileSave:
        """Hold what a batch has made of profiles, and return what Redis is to hold of them.

        That is a page of what is new, or a whole profile once its pages hold so much more than it
        remembers that this pays: a third again, and at least two. To write a whole one takes as
        long as judging its user's next transaction; to leave more behind takes Redis' memory.
        """
        young, old = self._young.setdefault(partition, {}), self._old.get(partition, {})
        added, rewritten = {}, {}
        for user, change in changes.items():
            profile, before = change.profile, young.get(user)
            stored = (before or old.get(user) or _NOTHING).stored + change.size
            size = profile.size
            if stored > size + max(2, size // 3):
                rewritten[user] = encode_page(profile)
                stored = size
            else:
                added[user] = encode_page(change.page)
            young[user] = _Held(profile, stored)
            self._young_size += size if before is None else size - before.profile.size
        return ProfileSave(partition, expected, watermark, added, rewritten)

    def learn(self, ids: set[str]) -> None:
        """Know the ids that a batch has brought; forget generations and ids that are too many."""
        self._ids |= ids
        if self._young_size > self._generation_size:
            self._old, self._old_size = self._young, self._young_size
            self._young, self._young_size = {}, 0
        if len(self._ids) > 2 * (self._young_size + self._old_size) + _SPARE_IDS:
            self._ids = {
                past.transaction_id
                for generation in (self._young, self._old)
                for profiles in generation.values()
                for held in profiles.values()
                for past in (*held.profile.in_person, *held.profile.online)
            }

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget partitions: somebody else may change their profiles, or Redis has lost them."""
        for partition in partitions:
            self._young_size -= _size(self._young.pop(partition, {}))
            self._old_size -= _size(self._old.pop(partition, {}))

    def _know(self, profile: Profile) -> None:
        self._ids.update(past.transaction_id for past in profile.in_person)
        self._ids.update(past.transaction_id for past in profile.online)


def _size(profiles: Mapping[str, _Held]) -> int:
    return sum(held.profile.size for held in profiles.values())
