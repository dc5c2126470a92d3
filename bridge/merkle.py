"""Keep a lane's append-only Merkle tree and prove what is in it, at every count it has had.

The shape of the tree, the two forms of its root and the rule of proofs stand in
`bridge.merkle_proof`, whose verifiers are offered here too: this is the module to import.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.errors import FieldOutOfRange
from bridge.keccak import keccak256, keccak256_pairs
from bridge.merkle_proof import (
    DEPTH,
    NODE_LENGTH,
    ZERO_HASHES,
    ZERO_LEAF,
    commitment,
    depth,
    is_range,
    root32,
    sibling_indices,
    verify,
    verify_lane,
    verify_range,
)
from bridge.types import MAX_COUNT

__all__ = [
    "DEPTH",
    "ZERO_HASHES",
    "ZERO_LEAF",
    "Tree",
    "commitment",
    "depth",
    "root32",
    "verify",
    "verify_lane",
    "verify_range",
]

_PAIR = 2 * NODE_LENGTH
_BULK = 4096 * _PAIR  # bounds what hashing a million leaves at once holds in memory


class Tree:
    """An append-only tree of up to 2^32 - 1 leaves that answers for every count it has had.

    Each level is one bytearray of its complete nodes, about 67 bytes a leaf in all. Nodes above the
    leaves are hashed when first asked for, in bulk: an append alone is a copy of 32 bytes.
    """

    __slots__ = ("_edge", "_edge_count", "_leaves", "_levels")

    def __init__(self) -> None:
        self._leaves = bytearray()
        self._levels = [self._leaves, *(bytearray() for _ in range(DEPTH))]
        self._edge: list[bytes] = []
        self._edge_count = 0

    @property
    def count(self) -> int:
        """Number of leaves."""
        return len(self._leaves) // NODE_LENGTH

    def append(self, leaf: bytes) -> int:
        """Add a leaf and return its index.

        Raises FieldOutOfRange for a leaf that is zero or not 32 bytes, and for a full tree.
        """
        leaves = self._leaves
        index = len(leaves) // NODE_LENGTH
        if len(leaf) != NODE_LENGTH or leaf == ZERO_LEAF or index >= MAX_COUNT:
            raise _refused_leaf(leaf, index)
        leaves += leaf
        return index

    def append_many(self, leaves: Iterable[bytes]) -> int:
        """Add all leaves, or none, and return the new count; raises as `append` does."""
        added = list(leaves)
        count = self.count
        for index, leaf in enumerate(added, start=count):
            if len(leaf) != NODE_LENGTH or leaf == ZERO_LEAF or index >= MAX_COUNT:
                raise _refused_leaf(leaf, index)
        self._leaves += b"".join(added)
        return count + len(added)

    def truncate(self, count: int) -> None:
        """Forget every leaf from index `count` on, as a reorganisation of the chain does.

        Raises FieldOutOfRange unless 0 <= count <= the tree's count.
        """
        self._count_or_all(count)
        for level, nodes in enumerate(self._levels):
            del nodes[(count >> level) * NODE_LENGTH :]
        if self._edge_count > count:
            self._edge, self._edge_count = [], 0

    def root(self, count: int | None = None) -> bytes:
        """Return the depth-32 root over the first `count` leaves (all of them by default)."""
        count = self._count_or_all(count)
        return root32(self.subtree_root(count), count)

    def subtree_root(self, count: int | None = None) -> bytes:
        """Return the root of the smallest subtree that encloses the first `count` leaves.

        It is the leaf itself for one leaf, and the zero hash for none.
        """
        count = self._count_or_all(count)
        self._prepare(count)
        return self._node(depth(count), 0, count)

    def commitment(self, count: int | None = None) -> bytes:
        """Return what an Outbox stores for this lane at `count` leaves; there is none for zero."""
        count = self._count_or_all(count)
        return commitment(self.subtree_root(count), count)

    def proof(self, index: int, count: int | None = None) -> list[bytes]:
        """Return the 32 siblings of one leaf, lowest first, in the tree of `count` leaves."""
        return self.range_proof(index, 1, count)

    def range_proof(self, first: int, n: int, count: int | None = None) -> list[bytes]:
        """Return the siblings that prove leaves first to first + n - 1 to the depth-32 root.

        Raises FieldOutOfRange unless the tree of `count` leaves has all of them and n >= 1.
        """
        count = self._count_or_all(count)
        # Above the lane root low and high are 0 by the rule: a right sibling, empty, at each level.
        return [*self.lane_proof(first, n, count), *ZERO_HASHES[depth(count) : DEPTH]]

    def lane_proof(self, first: int, n: int = 1, count: int | None = None) -> list[bytes]:
        """Return the siblings that prove leaves first to first + n - 1 to the lane root.

        Raises as `range_proof` does.
        """
        count = self._count_or_all(count)
        if not is_range(first, n, count):
            raise FieldOutOfRange(
                field="range",
                value=f"{n} leaves from index {first}",
                expected=f"at least one leaf, all of them below the count of {count}",
            )
        self._prepare(count)
        return [
            self._node(level, index, count)
            for level, indices in enumerate(sibling_indices(first, n, depth(count)))
            for index in indices
        ]

    def _node(self, level: int, index: int, count: int) -> bytes:
        """Return one node of the tree of `count` leaves, for which `_prepare` has run."""
        if (index + 1) << level <= count:
            return bytes(self._levels[level][index * NODE_LENGTH : (index + 1) * NODE_LENGTH])
        if index << level < count:
            return self._edge[level]
        return ZERO_HASHES[level]

    def _prepare(self, count: int) -> None:
        """Hash what is missing: complete nodes, then the edge, where nodes are partly filled."""
        for level in range(DEPTH):
            below, above = self._levels[level], self._levels[level + 1]
            start, end = 2 * len(above), len(below) - len(below) % _PAIR
            if start == end:
                break
            for chunk in range(start, end, _BULK):
                above += keccak256_pairs(below[chunk : min(chunk + _BULK, end)])
        if self._edge_count != count:
            self._edge, self._edge_count = self._partial_nodes(count), count

    def _partial_nodes(self, count: int) -> list[bytes]:
        """Return for each level up to depth(count) the node that `count` cuts through.

        Levels below the lowest set bit of the count have none: their entry is the zero hash, which
        is what stands right of the last complete node there.
        """
        lowest = max((count & -count).bit_length() - 1, 0)
        edge = list(ZERO_HASHES[: lowest + 1])
        for level in range(lowest, depth(count)):
            if count >> level & 1:
                edge.append(keccak256(self._node(level, (count >> level) - 1, count) + edge[-1]))
            else:
                edge.append(keccak256(edge[-1] + ZERO_HASHES[level]))
        return edge

    def _count_or_all(self, count: int | None) -> int:
        if count is None:
            return self.count
        if not 0 <= count <= self.count:
            raise FieldOutOfRange(field="count", value=str(count), expected=f"0 to the {self.count} leaves held")
        return count


def _refused_leaf(leaf: bytes, index: int) -> FieldOutOfRange:
    if index >= MAX_COUNT:
        return FieldOutOfRange(field="index", value=str(index), expected=f"below {MAX_COUNT}: open a new lane")
    value = "zero" if leaf == ZERO_LEAF else f"{len(leaf)} bytes"
    return FieldOutOfRange(field="leaf", value=value, expected="32 bytes, not all zero")
