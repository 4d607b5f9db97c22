"""Profiles held in memory: what a batch is judged by is what Redis would have said."""

from hypothesis import given
from hypothesis import strategies as st

from finguard.adapters.memory import MemoryProfiles
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.transaction import Transaction
from finguard.pipeline.held import Change, HeldProfiles
from tests.strategies import bounds, histories
from tests.unit.domain.examples import HISTORY, purchase

USERS = ("ann", "bob", "eve")


class Shop:
    """Held profiles over a store in memory, fed batch by batch as the loop does it."""

    def __init__(self, history: History, *, max_transactions: int) -> None:
        self.history = history
        self.store = MemoryProfiles()
        self.held = HeldProfiles(history, max_transactions=max_transactions)
        self._mark: int | None = None

    def profiles(self) -> dict[str, Profile]:
        """Everybody's, read from the store where they are not held."""
        wanted = dict.fromkeys([0], USERS)
        if missing := self.held.missing(wanted):
            self.held.add(self.store.load(missing)[1])
        return self.held.of(wanted)[0]

    def batch(self, transactions: list[tuple[str, Transaction]]) -> None:
        """Fold some transactions into their users' profiles, and write what has changed."""
        profiles, changes = self.profiles(), dict[str, Change]()
        for user, transaction in transactions:
            change = changes.setdefault(user, Change(profiles[user], [], []))
            past = PastTransaction.of(transaction)
            change.profile = change.profile.remember(past, transaction.channel, self.history)
            (change.in_person if transaction.channel == "in_person" else change.online).append(past)
        mark = (self._mark or 0) + 1
        save = self.held.change(0, changes, expected=self._mark, watermark=mark)
        assert {} == self.store.save([save])
        self.held.learn({transaction.transaction_id for _, transaction in transactions})
        self._mark = mark


@given(histories(), bounds(), st.integers(0, 2**12 - 1), st.sampled_from([0, 3, 1000]), st.data())
def test_memory_and_store_agree(
    arrived: list[Transaction], history: History, cuts: int, size: int, data: st.DataObject
) -> None:
    """However little is held: memory, and what another member would read, are the same fold."""
    shop = Shop(history, max_transactions=size)
    expected = dict.fromkeys(USERS, Profile())
    batch: list[tuple[str, Transaction]] = []
    for number, transaction in enumerate(arrived):
        user = data.draw(st.sampled_from(USERS))
        past = PastTransaction.of(transaction)
        expected[user] = expected[user].remember(past, transaction.channel, history)
        batch.append((user, transaction))
        if cuts >> number & 1:
            shop.batch(batch)
            batch = []
    shop.batch(batch)
    assert expected == shop.profiles()
    shop.held = HeldProfiles(history, max_transactions=1000)
    assert expected == shop.profiles()


@given(histories(), st.sampled_from([0, 3, 1000]))
def test_what_a_profile_remembers_may_be_known(arrived: list[Transaction], size: int) -> None:
    """No id that a held profile remembers is ever taken for new."""
    shop = Shop(HISTORY, max_transactions=size)
    for number, transaction in enumerate(arrived):
        shop.batch([(USERS[number % 3], transaction)])
        for profile in shop.profiles().values():
            for past in (*profile.in_person, *profile.online):
                assert shop.held.may_know(past.transaction_id)
    assert not shop.held.may_know("never seen")


def test_memory_is_bounded() -> None:
    """Of a thousand users with one transaction each, no more are held than two generations."""
    held = HeldProfiles(HISTORY, max_transactions=100)
    for number in range(1000):
        past = PastTransaction.of(purchase(f"t{number}"))
        changes = {f"u{number}": Change(Profile((past,)), [past], [])}
        held.change(0, changes, expected=None, watermark=number)
        held.learn({past.transaction_id})
    unknown = held.missing({0: [f"u{number}" for number in range(1000)]})[0]
    assert 850 <= len(unknown) < 1000
    assert "u999" not in unknown


def test_a_profile_is_rewritten_before_its_pages_hold_twice_as_much() -> None:
    """A user whose old transactions are forgotten as new ones come does not grow in Redis."""
    shop = Shop(History(max_count=4), max_transactions=1000)
    most = 0
    for number in range(40):
        shop.batch([("ann", purchase(f"t{number}"))])
        most = max(most, len(shop.store.pages[0]["ann"]))
    assert 1 < most <= 9


def test_a_dropped_partition_is_read_again() -> None:
    """After a rebalance, or a loss in Redis, nothing is taken from memory."""
    shop = Shop(HISTORY, max_transactions=1000)
    shop.batch([("ann", purchase())])
    assert {0: ["bob", "eve"]} == shop.held.missing({0: USERS})
    shop.held.drop([0])
    assert {0: list(USERS)} == shop.held.missing({0: USERS})
