"""Inclusion proofs in lane trees: every true one is accepted in both forms, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge import merkle
from bridge.keccak import keccak256

LEAVES = [keccak256(index.to_bytes(4, "big")) for index in range(70)]
TREE = merkle.Tree()
TREE.append_many(LEAVES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    leaves: list[bytes]
    first: int
    siblings: list[bytes]
    root: bytes
    count: int

    def is_accepted(self, *, lane: bool) -> bool:
        verify = merkle.verify_lane if lane else merkle.verify_range
        return verify(leaves=self.leaves, first=self.first, siblings=self.siblings, root=self.root, count=self.count)


def proof_of(first: int, n: int, count: int, *, lane: bool) -> Proof:
    return Proof(
        leaves=LEAVES[first : first + n],
        first=first,
        siblings=TREE.lane_proof(first, n, count) if lane else TREE.range_proof(first, n, count),
        root=TREE.subtree_root(count) if lane else TREE.root(count),
        count=count,
    )


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int, int]:
    """Draw the first leaf, the number of leaves and the count of a range."""
    count = draw(st.integers(1, 70))
    first = draw(st.integers(0, count - 1))
    return first, draw(st.integers(1, count - first)), count


@given(place=places(), lane=st.booleans())
def test_proof__any_range_at_any_count__is_accepted(place: tuple[int, int, int], *, lane: bool) -> None:
    assert proof_of(*place, lane=lane).is_accepted(lane=lane)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 70])
def test_proof__of_one_leaf__is_a_range_of_one_and_begins_with_the_lanes(count: int) -> None:
    for index in range(count):
        proof = TREE.proof(index, count)
        assert proof == TREE.range_proof(index, 1, count)
        assert len(proof) == 32
        assert TREE.lane_proof(index, 1, count) == proof[: merkle.depth(count)]
        assert merkle.verify(leaf=LEAVES[index], index=index, siblings=proof, root=TREE.root(count), count=count)


def test_proof__of_all_leaves__has_zero_hashes_alone() -> None:
    assert TREE.range_proof(0, 64, 64) == list(merkle.ZERO_HASHES[6:32])
    assert TREE.lane_proof(0, 64, 64) == []
    assert TREE.lane_proof(0, 5, 5) == [merkle.ZERO_HASHES[0], merkle.ZERO_HASHES[1]]


def test_proof__siblings__come_level_by_level_left_before_right() -> None:
    pair = [keccak256(LEAVES[i] + LEAVES[i + 1]) for i in range(0, 8, 2)]
    assert TREE.lane_proof(1, 2, 4) == [LEAVES[0], LEAVES[3]]
    assert TREE.lane_proof(3, 2, 8) == [LEAVES[2], LEAVES[5], pair[0], pair[3]]


ATTACKS: dict[str, Callable[[Proof], Proof]] = {
    "aliased index": lambda p: replace(p, first=p.first + 2**32),
    "aliased index and count": lambda p: replace(p, first=p.first + 2**32, count=p.count + 2**32),
    "index aliased by the lane's own width": lambda p: replace(p, first=p.first + (1 << merkle.depth(p.count))),
    "negative index": lambda p: replace(p, first=-1),
    "index aliased below zero": lambda p: replace(p, first=p.first - 2**32),
    "no leaves": lambda p: replace(p, leaves=[]),
    "zero leaf": lambda p: replace(p, leaves=[bytes(32), *p.leaves[1:]]),
    "short leaf": lambda p: replace(p, leaves=[p.leaves[0][1:], *p.leaves[1:]]),
    "empty leaf": lambda p: replace(p, leaves=[b"", *p.leaves[1:]]),
    "leaves in one string": lambda p: replace(p, leaves=[b"".join(p.leaves) + bytes(32)]),
    "forged leaf": lambda p: replace(p, leaves=[keccak256(b"forged"), *p.leaves[1:]]),
    "leaf more": lambda p: replace(p, leaves=[*p.leaves, keccak256(b"forged")]),
    "sibling more": lambda p: replace(p, siblings=[*p.siblings, bytes(32)]),
    "root as sibling": lambda p: replace(p, siblings=[*p.siblings, p.root]),
    "sibling of no bytes more": lambda p: replace(p, siblings=[*p.siblings, b""]),
    "zero root": lambda p: replace(p, root=bytes(32)),
    "no root": lambda p: replace(p, root=b""),
    "long root": lambda p: replace(p, root=p.root + b"\0"),
    "count zero": lambda p: replace(p, count=0),
    "count negative": lambda p: replace(p, count=-1),
    "count of 33 bits": lambda p: replace(p, count=2**32),
    "count before the leaf": lambda p: replace(p, count=p.first),
}


@pytest.mark.parametrize("lane", [False, True], ids=["depth-32", "lane"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("place", [(0, 1, 1), (4, 1, 5), (1, 3, 8), (69, 1, 70), (10, 40, 70)])
def test_verify__attacked_proof__is_false(
    place: tuple[int, int, int], attack: Callable[[Proof], Proof], *, lane: bool
) -> None:
    assert not attack(proof_of(*place, lane=lane)).is_accepted(lane=lane)


@given(place=places(), lane=st.booleans(), data=st.data())
def test_verify__any_sibling_changed_dropped_or_swapped__is_false(
    place: tuple[int, int, int], data: st.DataObject, *, lane: bool
) -> None:
    proof = proof_of(*place, lane=lane)
    siblings = proof.siblings
    assume(siblings)
    at = data.draw(st.integers(0, len(siblings) - 1))
    before, after = siblings[:at], siblings[at + 1 :]
    forged = [
        [*before, *after],
        [*before, siblings[at][:31], *after],
        [*before, siblings[at] + b"\0", *after],
        [*before, siblings[at] + b"".join(after[:1]), *after[1:]],
        [*before, keccak256(siblings[at]), *after],
        [*before, *after[:1], siblings[at], *after[1:]],
        siblings[::-1],
    ]
    for attempt in forged:
        if attempt != siblings:
            assert not replace(proof, siblings=attempt).is_accepted(lane=lane)


@given(place=places(), other=st.integers(0, 2**32), lane=st.booleans())
def test_verify__another_index_under_the_same_proof__is_false(
    place: tuple[int, int, int], other: int, *, lane: bool
) -> None:
    assume(other != place[0])
    proof = replace(proof_of(*place, lane=lane), first=other)
    assert not proof.is_accepted(lane=lane)
    assert not replace(proof, count=2**32 - 1).is_accepted(lane=lane)


@pytest.mark.parametrize("lane", [False, True], ids=["depth-32", "lane"])
def test_verify__sibling_that_claims_leaves_beyond_the_count__is_false(*, lane: bool) -> None:
    """Root and proof are those of 70 leaves; a count of 65 denies leaves 65 to 69, the sibling shows them."""
    proof = proof_of(64, 1, 70, lane=lane)
    assert proof.is_accepted(lane=lane)
    assert not replace(proof, count=65).is_accepted(lane=lane)
    assert not replace(proof, count=68).is_accepted(lane=lane)


def test_verify__empty_tree__proves_nothing() -> None:
    empty = merkle.Tree()
    siblings = list(merkle.ZERO_HASHES[:32])
    for leaf in (bytes(32), LEAVES[0]):
        for count in (0, 1):
            assert not merkle.verify(leaf=leaf, index=0, siblings=siblings, root=empty.root(), count=count)


def test_verify__zero_leaf_beyond_the_count__is_false() -> None:
    """The textbook verifier accepts this: the path of an empty leaf is a true path."""
    siblings = [LEAVES[68], *TREE.proof(68, 69)[1:]]
    node = bytes(32)
    for level, sibling in enumerate(siblings):
        node = keccak256(sibling + node if 69 >> level & 1 else node + sibling)
    assert node == TREE.root(69)
    for count in (69, 70, 2**32 - 1):
        assert not merkle.verify(leaf=bytes(32), index=69, siblings=siblings, root=node, count=count)


def test_verify__forms_mixed_up__is_false() -> None:
    for place in ((0, 1, 1), (4, 1, 5), (1, 3, 8)):
        for lane in (False, True):
            assert not proof_of(*place, lane=lane).is_accepted(lane=not lane)
