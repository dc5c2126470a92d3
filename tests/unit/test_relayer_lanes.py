"""A lane in memory: it takes exactly the logs that make the chain's commitment."""

from __future__ import annotations

import pytest

from bridge.merkle import Tree
from bridge.messages import Item, Lane, Parcel, leaf
from bridge.types import Account, Address, ChainId, LeafIndex, Wad
from relayer.errors import LogsIncomplete
from relayer.lanes import Change, Held, LaneBook, Pending
from relayer.terms import UNREADABLE
from relayer.transfer import (
    SEEN,
    Abandoned,
    Delivered,
    PlanDelivery,
    Planned,
    RootFinal,
    Signed,
    Stage,
    Transfer,
)

LANE = Lane(source=ChainId(1), outbox=Address(b"\x0b" * 20), destination=ChainId(2))
NOW = 100


def item(number: int) -> bytes:
    body = Parcel(account=Account(owner=Address(b"\x11" * 20)), cash=Wad(number)).encode()
    return Item(sender=Address(b"\x22" * 20), recipient=Address(b"\x33" * 20), body=body).encode()


def chain_at(count: int) -> Tree:
    tree = Tree()
    tree.append_many(leaf(lane=LANE, index=LeafIndex(i), item=item(i)) for i in range(count))
    return tree


def grown(count: int) -> LaneBook:
    book = LaneBook(LANE)
    items = [(i, item(i)) for i in range(count)]
    book.extend(items=items, heights=range(10, 10 + count), commitment=chain_at(count).commitment(), at=99)
    for index in range(count):
        book.pending[index] = Pending(terms=UNREADABLE, size=10, seen_at=NOW + index)
    return book


def extend(book: LaneBook, indices: list[int], count: int) -> None:
    items = [(i, item(i)) for i in indices]
    book.extend(items=items, heights=[20] * len(items), commitment=chain_at(count).commitment(), at=20)


def test_lane__all_logs__are_taken_with_their_leaves() -> None:
    book = grown(3)
    assert book.tree.commitment() == chain_at(3).commitment()
    assert list(book.heights) == [10, 11, 12]


def test_lane__unused__matches_the_zero_commitment_alone() -> None:
    book = LaneBook(LANE)
    assert book.extend(items=[], heights=[], commitment=bytes(32), at=1) == []
    with pytest.raises(LogsIncomplete):
        book.extend(items=[], heights=[], commitment=b"\x01" * 32, at=1)


@pytest.mark.parametrize(
    ("indices", "count"),
    [([3], 5), ([4], 5), ([3, 5], 6), ([4, 3], 5), ([3, 3], 5), ([3, 4], 4), ([2, 3], 4), ([], 4)],
    ids=["last missing", "first missing", "inner missing", "swapped", "doubled", "surplus", "old", "all missing"],
)
def test_lane__logs_that_do_not_make_the_commitment__change_nothing(indices: list[int], count: int) -> None:
    book = grown(3)
    with pytest.raises(LogsIncomplete) as caught:
        extend(book, indices, count)
    assert (caught.value.block, caught.value.have) == (20, 3)
    assert book.tree.commitment() == chain_at(3).commitment()
    extend(book, [3, 4], 5)
    assert book.tree.count == 5


def test_lane__restored_from_the_store__is_the_same() -> None:
    book = LaneBook(LANE)
    leaves = [leaf(lane=LANE, index=LeafIndex(i), item=item(i)) for i in range(4)]
    book.restore(leaves, [1, 1, 2, 5])
    assert book.matches(chain_at(4).commitment())


def test_lane__height__says_how_many_messages_it_had() -> None:
    book = LaneBook(LANE)
    book.restore([leaf(lane=LANE, index=LeafIndex(i), item=item(i)) for i in range(4)], [3, 3, 5, 9])
    assert [book.count_at(height) for height in (2, 3, 4, 5, 8, 9)] == [0, 2, 2, 3, 3, 4]


def test_lane__reorganisation__forgets_leaves_and_messages_above() -> None:
    book = grown(5)
    book.truncate(2)
    assert (book.tree.count, len(book.heights), sorted(book.pending)) == (2, 2, [0, 1])
    extend(book, [2], 3)


def test_lane__held_root__agrees_only_if_the_lane_had_it() -> None:
    book = grown(3)
    assert book.agrees_with(Held(commitment=bytes(32), count=0))
    assert book.agrees_with(Held(commitment=chain_at(2).commitment(), count=2))
    assert not book.agrees_with(Held(commitment=b"\x01" * 32, count=2))
    assert not book.agrees_with(Held(commitment=chain_at(4).commitment(), count=4))


def test_lane__candidates__are_below_the_count_at_rest_and_due() -> None:
    book = grown(5)
    book.pending[0].transfer = Transfer(stage=Stage.SENT)
    book.pending[1].transfer = Transfer(stage=Stage.SEEN, attempts=1, retry_at=NOW + 1)
    book.pending[2].transfer = Transfer(stage=Stage.FINAL, attempts=1)
    found = book.candidates(count=4, now=NOW)
    assert [(c.index, c.alone) for c in found] == [(2, True), (3, False)]


def test_lane__step__says_what_to_store_and_changes_nothing_before_commit() -> None:
    book = grown(2)
    changes, outcomes = book.step([0, 1, 7], RootFinal(at=NOW), Planned(at=NOW), outgoing=4)
    assert [(c.index, c.transfer.stage, c.outgoing) for c in changes] == [
        (0, Stage.PLANNED, 4),
        (1, Stage.PLANNED, 4),
    ]
    assert [one.output for one in outcomes] == [PlanDelivery(), PlanDelivery()]
    assert book.pending[0].transfer == SEEN
    book.commit(changes)
    assert book.pending[0].transfer == Transfer(stage=Stage.PLANNED)


def test_lane__transaction__stays_with_its_message_until_it_is_abandoned() -> None:
    book = grown(1)
    for learned, expected in (([RootFinal(at=1), Planned(at=1)], 4), ([Signed(at=1)], 4), ([Abandoned(at=1)], 0)):
        changes, _ = book.step([0], *learned, outgoing=4 if len(learned) == 2 else 0)
        book.commit(changes)
        assert book.pending[0].outgoing == expected


def test_lane__delivered__is_pending_no_more() -> None:
    book = grown(2)
    changes, _ = book.step([0], Delivered(at=NOW, ours=False))
    book.commit(changes)
    book.commit(changes)
    assert sorted(book.pending) == [1]


def test_lane__change_of_an_unknown_message__is_nothing() -> None:
    book = grown(1)
    book.commit([Change(index=9, transfer=Transfer(stage=Stage.SENT))])
    assert sorted(book.pending) == [0]


def test_lane__due__names_refused_and_waiting_messages_whose_time_has_come() -> None:
    book = grown(4)
    book.pending[0].transfer = Transfer(stage=Stage.FAILED, retry_at=NOW)
    book.pending[1].transfer = Transfer(stage=Stage.WAITING, retry_at=NOW)
    book.pending[2].transfer = Transfer(stage=Stage.FAILED, retry_at=NOW + 1)
    assert book.due(NOW) == [0, 1]


def test_lane__oldest__is_when_the_first_pending_message_was_seen() -> None:
    assert grown(3).oldest() == NOW
    assert LaneBook(LANE).oldest() is None


def test_lane__candidates__are_known_to_exist_before_a_root_is_sought() -> None:
    assert grown(1).has_candidates(NOW + 10)
    assert not LaneBook(LANE).has_candidates(NOW + 10)
