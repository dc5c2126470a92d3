"""Decide what an inclusion proof in a lane's Merkle tree shows.

The tree has depth 32 and the deposit contract's node rule: node = keccak256(left ‖ right), an
empty leaf is 32 zero bytes. Its count is the number of leaves; leaf i is the i-th message. A root
is given in one of two forms, each of which follows from the other and the count:

- the depth-32 root, which public tools and vectors use (`verify`, `verify_range`);
- the lane root, that of the smallest subtree which encloses all leaves, of depth(count), which an
  Outbox commits to (`verify_lane`).

A count belongs to a root: `commitment` binds the two, and a verifier takes both from one source.

The rule of range proofs, in both forms, on chain too. For the leaves lo to hi inclusive, level by
level from 0 up to the root's own: if lo is odd, give the left sibling, node lo - 1; then, if hi is
even, give the right sibling, node hi + 1; then halve lo and hi, rounding down. A sibling that lies
beyond the count is its level's zero hash. One leaf alone is the range lo = hi, which needs exactly
one sibling a level: there is no other rule for single proofs.

This module leaves to others how proofs are made (`bridge.merkle`), what a leaf says
(`bridge.messages`) and which roots are final.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.errors import FieldOutOfRange
from bridge.keccak import keccak256, keccak256_pairs
from bridge.types import MAX_COUNT, require_length

DEPTH = 32
NODE_LENGTH = 32
ZERO_LEAF = bytes(NODE_LENGTH)


def _zero_hashes() -> tuple[bytes, ...]:
    hashes = [ZERO_LEAF]
    for _ in range(DEPTH):
        hashes.append(keccak256(hashes[-1] * 2))
    return tuple(hashes)


ZERO_HASHES = _zero_hashes()
"""Root of an empty tree of each depth from 0 to 32."""


def depth(count: int) -> int:
    """Return ceil(log2(count)), the depth of the smallest subtree with room for `count` leaves.

    Zero and one leaf have depth 0. Raises FieldOutOfRange unless 0 <= count <= 2^32 - 1.
    """
    if not 0 <= count <= MAX_COUNT:
        raise FieldOutOfRange(field="count", value=str(count), expected=f"0 to {MAX_COUNT}")
    return _depth(count)


def root32(subtree_root: bytes, count: int) -> bytes:
    """Return the depth-32 root that follows from a lane root and its count."""
    require_length("subtree_root", subtree_root, NODE_LENGTH)
    node = subtree_root
    for level in range(depth(count), DEPTH):
        node = keccak256(node + ZERO_HASHES[level])
    return node


def commitment(root: bytes, count: int) -> bytes:
    """Return keccak256(lane root ‖ count as 4 bytes, big endian), which an Outbox stores.

    Raises FieldOutOfRange for a count of zero: an empty lane has committed to nothing, and its slot
    on chain is zero.
    """
    require_length("root", root, NODE_LENGTH)
    if not 1 <= count <= MAX_COUNT:
        raise FieldOutOfRange(field="count", value=str(count), expected=f"1 to {MAX_COUNT}")
    return keccak256(root + count.to_bytes(4, "big"))


def verify(*, leaf: bytes, index: int, siblings: Sequence[bytes], root: bytes, count: int) -> bool:
    """Tell whether `leaf` stands at `index` of the tree with this depth-32 root and count.

    Anything but the one exact proof is False, never an exception: see `verify_range`.
    """
    return verify_range(leaves=[leaf], first=index, siblings=siblings, root=root, count=count)


def verify_range(*, leaves: Sequence[bytes], first: int, siblings: Sequence[bytes], root: bytes, count: int) -> bool:
    """Tell whether `leaves` stand from index `first` on in the tree with this depth-32 root.

    False unless all leaves are 32 bytes and not zero, all indices are below the count, the count is
    at most 2^32 - 1, and the siblings are those of the range rule: as many, 32 bytes each, zero
    hashes beyond the count.
    """
    return _folded(leaves, first, siblings, count, DEPTH) == root


def verify_lane(*, leaves: Sequence[bytes], first: int, siblings: Sequence[bytes], root: bytes, count: int) -> bool:
    """Tell whether `leaves` stand from index `first` on in the tree with this lane root.

    The checks are those of `verify_range`; the siblings end below depth(count).
    """
    return _folded(leaves, first, siblings, count, _depth(count)) == root


def _folded(leaves: Sequence[bytes], first: int, siblings: Sequence[bytes], count: int, height: int) -> bytes | None:
    """Return the root that leaves and siblings hash to, or None if they break a rule."""
    if not is_range(first, len(leaves), count):
        return None
    if any(len(leaf) != NODE_LENGTH or leaf == ZERO_LEAF for leaf in leaves):
        return None
    levels = list(sibling_indices(first, len(leaves), height))
    if len(siblings) != sum(map(len, levels)) or any(len(node) != NODE_LENGTH for node in siblings):
        return None
    unused = iter(siblings)
    row = b"".join(leaves)
    for level, indices in enumerate(levels):
        for index in indices:
            sibling = next(unused)
            # For a true pair of root and count this follows from the root; a false pair must not
            # be made to look true by a sibling that claims leaves which the count denies.
            if index << level >= count and sibling != ZERO_HASHES[level]:
                return None
            row = row + sibling if index & 1 else sibling + row
        row = keccak256_pairs(row)
    return row


def sibling_indices(first: int, n: int, height: int) -> Iterator[tuple[int, ...]]:
    """Yield for each level the indices of its siblings by the range rule, left before right."""
    low, high = first, first + n - 1
    for _ in range(height):
        left = (low - 1,) if low & 1 else ()
        yield left if high & 1 else (*left, high + 1)
        low, high = low >> 1, high >> 1


def _depth(count: int) -> int:
    return max(count - 1, 0).bit_length()


def is_range(first: int, n: int, count: int) -> bool:
    """Tell whether leaves first to first + n - 1 are in a tree of `count` leaves, and n >= 1."""
    # The bound on the count keeps index bits above 31 zero: with more, index + 2^32 would pass for
    # index, because the fold never looks at those bits.
    return first >= 0 and n >= 1 and first + n <= count <= MAX_COUNT
