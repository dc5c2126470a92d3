"""Read one node of a Merkle-Patricia trie with 64-nibble keys, or refuse it.

It implements rules 7 to 12 of `bridge.mpt`, which see; the walk from node to node stands there too.
Paths are strings of hexadecimal digits, one a nibble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bridge.errors import ProofError
from bridge.strict_rlp import Item, read_list

KEY_NIBBLES = 64
HASH_LENGTH = 32
LONGEST_VALUE = 110

_BRANCH_ITEMS = 17
_PATH_ITEMS = 2
_LEAF_FLAG = 2
_ODD_FLAG = 1
_LAST_FLAG = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A node with 16 children, one a nibble; None where there is none."""

    children: tuple[Reference | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A node with one child, a branch, below a path that all its keys share."""

    path: str
    child: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A node with a value, and the rest of its key as path."""

    path: str
    value: bytes


Node: TypeAlias = Branch | Extension | Leaf
Reference: TypeAlias = bytes | Node
"""A node's hash, or the node itself where it is embedded."""


def read_node(encoded: bytes, *, depth: int, is_below_extension: bool) -> Node:
    """Return the node that `encoded` is, at `depth` nibbles from the root.

    Embedded nodes are read with it. Raises ProofError for a breach of rules 6 to 12.
    """
    items = read_list(encoded)
    if len(items) == _BRANCH_ITEMS:
        return _branch(items, depth)
    if len(items) != _PATH_ITEMS:
        raise ProofError(reason=f"a node has {len(items)} items, not 2 or 17 (rule 7)")
    if is_below_extension:
        raise ProofError(reason="an extension leads to a node that is no branch (rule 11)")
    flag, path = _path(items[0])
    if flag & _LEAF_FLAG:
        return _leaf(path, items[1], depth)
    return _extension(path, items[1], depth)


def _branch(items: list[Item], depth: int) -> Branch:
    if depth >= KEY_NIBBLES:
        raise ProofError(reason="a branch stands below the end of the key (rule 8)")
    *slots, value = items
    if value.is_list or value.payload:
        raise ProofError(reason="a branch has a value, but all keys are equally long (rule 8)")
    children = tuple(
        None if _is_empty(slot) else _reference(slot, depth + 1, is_below_extension=False) for slot in slots
    )
    if sum(child is not None for child in children) < 2:
        raise ProofError(reason="a branch has fewer than two references (rule 8)")
    return Branch(children=children)


def _extension(path: str, target: Item, depth: int) -> Extension:
    end = depth + len(path)
    if not path or end >= KEY_NIBBLES:
        raise ProofError(reason="an extension's path is empty or too long (rule 11)")
    return Extension(path=path, child=_reference(target, end, is_below_extension=True))


def _leaf(path: str, value: Item, depth: int) -> Leaf:
    if depth + len(path) != KEY_NIBBLES:
        raise ProofError(reason="a leaf's path does not end where keys end (rule 12)")
    if value.is_list or not 1 <= len(value.payload) <= LONGEST_VALUE:
        raise ProofError(reason="a leaf's value is no string of 1 to 110 bytes (rule 12)")
    return Leaf(path=path, value=value.payload)


def _path(item: Item) -> tuple[int, str]:
    """Return the flag and the nibbles of a compact path (rule 10)."""
    if item.is_list or not item.payload:
        raise ProofError(reason="a path is no string, or is empty (rule 10)")
    digits = item.payload.hex()
    flag = int(digits[0], 16)
    if flag > _LAST_FLAG:
        raise ProofError(reason="a path's flag is above 3 (rule 10)")
    if flag & _ODD_FLAG:
        return flag, digits[1:]
    if digits[1] != "0":
        raise ProofError(reason="the padding of an even path is not zero (rule 10)")
    return flag, digits[2:]


def _reference(item: Item, depth: int, *, is_below_extension: bool) -> Reference:
    if not item.is_list:
        if len(item.payload) != HASH_LENGTH:
            raise ProofError(reason="a reference is no hash of 32 bytes (rule 9)")
        return item.payload
    if len(item.encoded) >= HASH_LENGTH:
        raise ProofError(reason="a node of 32 bytes or more is embedded (rule 9)")
    return read_node(item.encoded, depth=depth, is_below_extension=is_below_extension)


def _is_empty(item: Item) -> bool:
    return not item.is_list and not item.payload
