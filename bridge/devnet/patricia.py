"""Changing Merkle-Patricia tries: many keys at once, each node on the way encoded and hashed once.

Keys are 32-byte hashes, so a branch never holds a value. Nodes go into a store by hash and stay there: old roots
remain readable. The trie library beside py-evm does the same thing key by key, several times slower; tests hold the
two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TypeAlias

from bridge.devnet.codec import EMPTY_TRIE_ROOT, Decoded, compact_path, rlp, rlp_items
from bridge.keccak import keccak256

# A decoded node: two items (path, value or child) or 17; None is the empty trie. A child is b"", a hash, or a short
# node itself.
Node: TypeAlias = "list[Decoded] | None"
Item: TypeAlias = tuple[bytes, bytes]  # 64 nibbles, one a byte, and the value; an empty value deletes

MAX_DECODED = 100_000
_BRANCH, _HASHED = 17, 32
_LEAF = 2


class Tries:
    """Tries over one store of nodes, which it shares with whoever reads them."""

    def __init__(self, nodes: dict[bytes, bytes]) -> None:
        self._nodes = nodes
        self._decoded: dict[bytes, list[Decoded]] = {}

    def get(self, root: bytes, key_hash: bytes) -> bytes | None:
        """Return the value under a hashed key, None if there is none.

        Raises `KeyError` when the trie is not in the store.
        """
        node = None if root == EMPTY_TRIE_ROOT else self._at(root)
        path = nibbles(key_hash)
        depth = 0
        while node is not None:
            if len(node) == _BRANCH:
                node, depth = self._load(node[path[depth]]), depth + 1
                continue
            own, is_leaf = _unpack(node[0])
            if path[depth : depth + len(own)] != own:
                return None
            depth += len(own)
            if is_leaf:
                value: bytes = node[1]
                return value
            node = self._load(node[1])
        return None

    def update(self, root: bytes, changes: Mapping[bytes, bytes]) -> bytes:
        """Return the root after setting hashed keys to values; an empty value deletes."""
        if not changes:
            return root
        items = sorted((nibbles(key), value) for key, value in changes.items())
        node = self._apply(None if root == EMPTY_TRIE_ROOT else self._at(root), items, 0)
        if node is None:
            return EMPTY_TRIE_ROOT
        return self._store(rlp(node), node)

    def _apply(self, node: Node, items: list[Item], depth: int) -> Node:
        if node is None:
            return self._build([item for item in items if item[1]], depth)
        if len(node) == _BRANCH:
            children = list(node)
            for nibble, group in groupby(items, lambda item: item[0][depth]):
                children[nibble] = self._reference(self._apply(self._load(children[nibble]), list(group), depth + 1))
            return self._collapsed(children)
        own, is_leaf = _unpack(node[0])
        if is_leaf:
            full = items[0][0][:depth] + own
            if all(key != full for key, _ in items):
                items = sorted([*items, (full, node[1])])
            return self._build([item for item in items if item[1]], depth)
        return self._apply_below(own, node[1], items, depth)

    def _apply_below(self, own: bytes, child: Decoded, items: list[Item], depth: int) -> Node:
        """Apply changes to an extension: below it if all follow it, else to a branch where the first one leaves it."""
        shared = min(_shared(key, own, depth) for key, _ in items)
        if shared == len(own):
            return self._extended(own, self._apply(self._load(child), items, depth + shared))
        branch: list[Decoded] = [b""] * _BRANCH
        rest = own[shared + 1 :]
        branch[own[shared]] = self._reference([compact_path(rest, is_leaf=False), child]) if rest else child
        return self._extended(own[:shared], self._apply(branch, items, depth + shared))

    def _build(self, items: list[Item], depth: int) -> Node:
        if not items:
            return None
        first, value = items[0]
        if len(items) == 1:
            return [compact_path(first[depth:], is_leaf=True), value]
        shared = _shared(first, items[-1][0][depth:], depth)
        if shared:
            return self._extended(first[depth : depth + shared], self._build(items, depth + shared))
        children: list[Decoded] = [b""] * _BRANCH
        for nibble, group in groupby(items, lambda item: item[0][depth]):
            children[nibble] = self._reference(self._build(list(group), depth + 1))
        return children

    def _collapsed(self, children: list[Decoded]) -> Node:
        """Return a branch, or what it has to become when fewer than two children are left."""
        left = [index for index, child in enumerate(children) if child]
        if len(left) > 1:
            return children
        return self._extended(bytes(left), self._load(children[left[0]])) if left else None

    def _extended(self, prefix: bytes, node: Node) -> Node:
        if node is None or not prefix:
            return node
        if len(node) == _BRANCH:
            return [compact_path(prefix, is_leaf=False), self._reference(node)]
        own, is_leaf = _unpack(node[0])
        return [compact_path(prefix + own, is_leaf=is_leaf), node[1]]

    def _reference(self, node: Node) -> Decoded:
        if node is None:
            return b""
        encoded = rlp(node)
        return node if len(encoded) < _HASHED else self._store(encoded, node)

    def _load(self, child: Decoded) -> Node:
        if not child:
            return None
        return self._at(child) if isinstance(child, bytes) else child

    def _at(self, node_hash: bytes) -> list[Decoded]:
        node = self._decoded.get(node_hash)
        if node is None:
            node = rlp_items(self._nodes[node_hash])
            self._remember(node_hash, node)
        return node

    def _store(self, encoded: bytes, node: list[Decoded]) -> bytes:
        node_hash = keccak256(encoded)
        self._nodes[node_hash] = encoded
        self._remember(node_hash, node)
        return node_hash

    def _remember(self, node_hash: bytes, node: list[Decoded]) -> None:
        if len(self._decoded) >= MAX_DECODED:
            self._decoded.clear()
        self._decoded[node_hash] = node


def nibbles(key: bytes) -> bytes:
    """Return a key's nibbles, one a byte."""
    return key.hex().encode().translate(_DIGITS)


_DIGITS = bytes(int(chr(byte), 16) if chr(byte) in "0123456789abcdef" else 0 for byte in range(256))


def _shared(key: bytes, own: bytes, depth: int) -> int:
    count = 0
    for left, right in zip(key[depth:], own, strict=False):
        if left != right:
            break
        count += 1
    return count


def _unpack(compact: bytes) -> tuple[bytes, bool]:
    path = nibbles(compact)
    return path[1:] if path[0] & 1 else path[2:], path[0] >= _LEAF
