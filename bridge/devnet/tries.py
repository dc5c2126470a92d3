"""Reading Merkle-Patricia tries from a store of nodes: a key's value and the nodes on its path.

These nodes are the node's own, written by its EVM, so this reader trusts their form; proofs from elsewhere are
`bridge.mpt`'s to verify.
"""

from __future__ import annotations

from collections.abc import Mapping

import rlp

from bridge.devnet.codec import EMPTY_TRIE_ROOT, Decoded
from bridge.keccak import keccak256

_BRANCH = 17
_LEAF_FLAG = 2


def lookup(nodes: Mapping[bytes, bytes], root: bytes, key: bytes) -> tuple[bytes | None, tuple[bytes, ...]]:
    """Return the value under keccak256(key), None if absent, and the hashed nodes on the way, root first.

    Raises `KeyError` when a node is not in the store: the state was never here, or was pruned.
    """
    if root == EMPTY_TRIE_ROOT:
        return None, ()
    encoded = nodes[root]
    path, node = [encoded], rlp.decode(encoded)
    rest = keccak256(key).hex()
    while True:
        child, rest = _descend(node, rest)
        if child is None or not rest:
            return child or None, tuple(path)
        if isinstance(child, bytes):
            encoded = nodes[child]
            path.append(encoded)
            child = rlp.decode(encoded)
        node = child


def _descend(node: Decoded, rest: str) -> tuple[Decoded, str]:
    """Return what the node holds for the path, and what is left of it; nothing left means that it is a value."""
    if len(node) == _BRANCH:
        return node[int(rest[0], 16)] or None, rest[1:]
    prefix, child = node
    flag = prefix[0] >> 4
    own = prefix.hex()[1 if flag & 1 else 2 :]
    if not rest.startswith(own):
        return None, rest
    rest = rest[len(own) :]
    if flag & _LEAF_FLAG:
        return (child, "") if not rest else (None, rest)
    return child, rest
