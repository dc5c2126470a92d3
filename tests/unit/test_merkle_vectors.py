"""Lane trees against the numbers of others: published roots and proofs, and an independent tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merkly.mtree import MerkleTree
from merkly.node import Side

from bridge import merkle
from bridge.keccak import keccak256

Vector = Any  # a row of public JSON
HYPERLANE = json.loads((Path(__file__).parents[1] / "vectors" / "merkle" / "hyperlane.json").read_text())


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def signed_message_hash(text: str) -> bytes:
    """Return the EIP-191 hash of a string, which is what the published leaves are."""
    return keccak256(f"\x19Ethereum Signed Message:\n{len(text)}{text}".encode())


@pytest.mark.parametrize("vector", HYPERLANE, ids=[vector["testName"] for vector in HYPERLANE])
def test_tree__published_leaves__gives_published_root_and_proofs(vector: Vector) -> None:
    tree = merkle.Tree()
    tree.append_many(map(signed_message_hash, vector["leaves"]))
    root = from_hex(vector["expectedRoot"])
    assert tree.root() == root
    assert len(vector["proofs"]) == tree.count
    for proof in vector["proofs"]:
        leaf, index = from_hex(proof["leaf"]), proof["index"]
        siblings = list(map(from_hex, proof["path"]))
        assert tree.proof(index) == siblings
        assert merkle.verify(leaf=leaf, index=index, siblings=siblings, root=root, count=tree.count)
        assert not merkle.verify(leaf=leaf, index=index + 2**32, siblings=siblings, root=root, count=tree.count)
        assert not merkle.verify(leaf=leaf, index=index + 2**32, siblings=siblings, root=root, count=2**33)


def merkly_rule(left: bytes, right: bytes) -> bytes:
    return bytes.fromhex(left.decode()) if right == b"" else keccak256(left + right)


@given(leaves=st.lists(st.binary(min_size=32, max_size=32).filter(any), min_size=2, max_size=33, unique=True))
def test_tree__any_leaves__agrees_with_an_independent_tree(leaves: list[bytes]) -> None:
    tree = merkle.Tree()
    tree.append_many(leaves)
    width = 1 << merkle.depth(len(leaves))
    padded = leaves + [merkle.ZERO_LEAF] * (width - len(leaves))
    oracle = MerkleTree([leaf.hex() for leaf in padded], merkly_rule)
    assert tree.subtree_root() == oracle.root
    for index, leaf in enumerate(leaves):
        nodes = oracle.proof(leaf.hex())
        assert tree.lane_proof(index) == [node.data for node in nodes]
        assert [index >> level & 1 for level in range(len(nodes))] == [node.side is Side.LEFT for node in nodes]
