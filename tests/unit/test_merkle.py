"""Lane trees: roots, counts and truncation, by the definition (proofs: test_merkle_proofs)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import merkle
from bridge.errors import FieldOutOfRange
from bridge.keccak import keccak256

LEAVES = [keccak256(index.to_bytes(4, "big")) for index in range(70)]


def tree_of(count: int) -> merkle.Tree:
    tree = merkle.Tree()
    for leaf in LEAVES[:count]:
        tree.append(leaf)
    return tree


def naive_root(leaves: list[bytes], depth: int) -> bytes:
    """Return the root by the definition: pad to 2^depth, hash pairs."""
    row = leaves + [merkle.ZERO_LEAF] * (2**depth - len(leaves))
    while len(row) > 1:
        row = [keccak256(row[i] + row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def test_append__leaves_in_turn__returns_their_indices() -> None:
    tree = merkle.Tree()
    assert [tree.append(leaf) for leaf in LEAVES] == list(range(70))
    assert tree.count == 70


@pytest.mark.parametrize("leaf", [bytes(32), b"", b"\1" * 31, b"\1" * 33, bytes(33)])
def test_append__zero_or_of_wrong_length__is_refused_and_changes_nothing(leaf: bytes) -> None:
    tree = tree_of(3)
    root = tree.root()
    with pytest.raises(FieldOutOfRange):
        tree.append(leaf)
    with pytest.raises(FieldOutOfRange):
        tree.append_many([LEAVES[3], leaf])
    assert (tree.count, tree.root()) == (3, root)


def test_append__full_tree__is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merkle, "MAX_COUNT", 3)  # 2^32 - 1 leaves are 137 GB
    tree = tree_of(3)
    with pytest.raises(FieldOutOfRange, match="lane"):
        tree.append(LEAVES[3])
    with pytest.raises(FieldOutOfRange, match="lane"):
        tree.append_many([LEAVES[3]])


def test_append_many__any_split__gives_the_same_tree_as_single_appends() -> None:
    tree = merkle.Tree()
    assert tree.append_many(LEAVES[:5]) == 5
    tree.root()
    assert tree.append_many(iter(LEAVES[5:40])) == 40
    assert tree.append_many([]) == 40
    assert tree.root() == tree_of(40).root()


def test_root__more_leaves_than_are_hashed_at_a_time__is_that_of_the_definition() -> None:
    leaves = [keccak256(index.to_bytes(4, "big")) for index in range(10_000)]
    tree = merkle.Tree()
    tree.append_many(leaves)
    assert tree.subtree_root() == naive_root(leaves, 14)


@pytest.mark.parametrize("count", range(20))
def test_roots__every_count__are_those_of_the_definition_now_and_later(count: int) -> None:
    grown, fresh = tree_of(70), tree_of(count)
    expected = naive_root(LEAVES[:count], merkle.depth(count))
    assert grown.subtree_root(count) == fresh.subtree_root() == expected
    assert grown.root(count) == fresh.root() == merkle.root32(expected, count)


def test_root__empty_tree__is_the_zero_hash() -> None:
    assert merkle.Tree().root() == merkle.ZERO_HASHES[32] == merkle.Tree().root(0)
    assert merkle.Tree().subtree_root() == merkle.ZERO_LEAF


def test_subtree_root__one_leaf__is_the_leaf() -> None:
    assert tree_of(1).subtree_root() == LEAVES[0]


@pytest.mark.parametrize(
    ("count", "depth"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (2**31, 31), (2**32 - 1, 32)]
)
def test_depth__count_in_range__is_the_logarithm_rounded_up(count: int, depth: int) -> None:
    assert merkle.depth(count) == depth


@pytest.mark.parametrize("count", [-1, 2**32])
def test_depth__count_out_of_range__is_refused(count: int) -> None:
    with pytest.raises(FieldOutOfRange):
        merkle.depth(count)


def test_commitment__root_and_count__is_the_hash_of_both() -> None:
    tree = tree_of(5)
    expected = keccak256(tree.subtree_root() + b"\0\0\0\5")
    assert tree.commitment() == tree_of(9).commitment(5) == merkle.commitment(tree.subtree_root(), 5) == expected


@pytest.mark.parametrize("count", [0, -1, 2**32])
def test_commitment__count_that_no_lane_commits_to__is_refused(count: int) -> None:
    with pytest.raises(FieldOutOfRange):
        merkle.commitment(LEAVES[0], count)


@pytest.mark.parametrize("convert", [merkle.commitment, merkle.root32])
def test_root_conversions__root_of_wrong_length__is_refused(convert: Callable[[bytes, int], bytes]) -> None:
    with pytest.raises(FieldOutOfRange):
        convert(bytes(31), 1)


@given(kept=st.integers(0, 40), looked=st.integers(0, 40), added=st.integers(0, 30))
def test_truncate__to_any_count__is_as_if_later_leaves_never_were(kept: int, looked: int, added: int) -> None:
    tree = tree_of(40)
    tree.root(looked)
    tree.truncate(kept)
    replaced = [keccak256(leaf) for leaf in LEAVES[:added]]
    tree.append_many(replaced)
    expected = merkle.Tree()
    expected.append_many(LEAVES[:kept] + replaced)
    assert tree.count == kept + added
    assert tree.root() == expected.root()
    assert [tree.proof(i) for i in range(tree.count)] == [expected.proof(i) for i in range(tree.count)]


@pytest.mark.parametrize("count", [-1, 4])
def test_questions__about_counts_the_tree_never_had__are_refused(count: int) -> None:
    tree = tree_of(3)
    questions: tuple[Callable[[int], object], ...] = (
        tree.truncate,
        tree.root,
        tree.subtree_root,
        tree.commitment,
        lambda count: tree.proof(0, count),
        lambda count: tree.lane_proof(0, 1, count),
    )
    for question in questions:
        with pytest.raises(FieldOutOfRange):
            question(count)


@pytest.mark.parametrize(
    ("first", "n", "count"), [(-1, 1, 3), (3, 1, 3), (0, 0, 3), (0, -1, 3), (1, 3, 3), (2, 1, 2), (0, 1, 0)]
)
def test_proofs__of_leaves_the_tree_does_not_have__are_refused(first: int, n: int, count: int) -> None:
    tree = tree_of(3)
    for question in (tree.range_proof, tree.lane_proof):
        with pytest.raises(FieldOutOfRange):
            question(first, n, count)
