"""Account and storage proofs: public vectors, a mainnet block, and whatever an independent trie proves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import mpt
from bridge.errors import ProofError
from bridge.keccak import keccak256
from tests.support.tries import account_body, encode, proof_nodes, secure_trie, trie_of_paths

Vector = Any  # a row of public JSON
VECTORS = Path(__file__).parents[1] / "vectors" / "mpt"
SECURE_FILES = ("trietest_secureTrie", "trieanyorder_secureTrie", "hex_encoded_securetrie_test")
PLAIN_FILES = ("trietest", "trieanyorder")
STRANGER = b"\x99" * 20


def vectors(*files: str) -> list[Any]:
    return [
        pytest.param(test, id=f"{file}-{name}")
        for file in files
        for name, test in json.loads((VECTORS / f"{file}.json").read_text())["tests"].items()
    ]


def as_bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def final_entries(operations: dict[str, str] | list[list[str | None]]) -> dict[bytes, bytes | None]:
    """Return the last value written to each key, None where that deletes it."""
    pairs = operations.items() if isinstance(operations, dict) else operations
    return {as_bytes(key): None if value is None else as_bytes(value) for key, value in pairs if key is not None}


@pytest.mark.parametrize("test", vectors(*SECURE_FILES))
def test_value__public_secure_trie__is_proven_present_or_absent_under_the_published_root(test: Vector) -> None:
    entries = final_entries(test["in"])
    trie = secure_trie({key: value for key, value in entries.items() if value is not None})
    root = as_bytes(test["root"])
    assert trie.root_hash == root
    for key, value in entries.items():
        assert mpt.value(root, key, proof_nodes(trie, keccak256(key))) == value


@pytest.mark.parametrize("test", vectors(*PLAIN_FILES))
def test_value__public_trie_with_unhashed_short_keys__is_never_proven(test: Vector) -> None:
    """Such keys are not 64 nibbles long, so whatever their tries hold, no key of ours is in them."""
    entries = {key: value for key, value in final_entries(test["in"]).items() if value is not None}
    trie = trie_of_paths(entries)
    assert trie.root_hash == as_bytes(test["root"])
    for key in entries:
        with pytest.raises(ProofError):
            mpt.value(trie.root_hash, key, proof_nodes(trie, key))


@pytest.fixture(scope="module")
def mainnet() -> dict[str, Any]:
    proof = json.loads((VECTORS / "mainnet_deposit_contract_proof.json").read_text())
    block = json.loads((VECTORS / "mainnet_block.json").read_text())
    return {**proof, "stateRoot": as_bytes(block["stateRoot"])}


def test_account__mainnet_deposit_contract__is_what_the_node_said(mainnet: dict[str, Any]) -> None:
    nodes = [as_bytes(node) for node in mainnet["accountProof"]]
    proven = mpt.account(mainnet["stateRoot"], as_bytes(mainnet["address"]), nodes)
    assert proven == mpt.Account(
        nonce=int(mainnet["nonce"], 16),
        balance=int(mainnet["balance"], 16),
        storage_root=as_bytes(mainnet["storageHash"]),
        code_hash=as_bytes(mainnet["codeHash"]),
    )


def test_storage__mainnet_deposit_contract__is_what_the_node_said(mainnet: dict[str, Any]) -> None:
    (slot,) = mainnet["storageProof"]
    nodes = [as_bytes(node) for node in slot["proof"]]
    root = as_bytes(mainnet["storageHash"])
    assert mpt.storage(root, int(slot["key"], 16), nodes) == int(slot["value"], 16)
    with pytest.raises(ProofError):
        mpt.storage(root, int(slot["key"], 16) + 1, nodes)


def test_account__of_a_stranger__is_not_proven_absent_by_anothers_nodes(mainnet: dict[str, Any]) -> None:
    nodes = [as_bytes(node) for node in mainnet["accountProof"]]
    with pytest.raises(ProofError):
        mpt.account(mainnet["stateRoot"], STRANGER, nodes)


def test_empty_trie__no_nodes__proves_absence() -> None:
    assert mpt.account(mpt.EMPTY_ROOT, STRANGER, []) is None
    assert mpt.storage(mpt.EMPTY_ROOT, 0, []) == 0


addresses = st.binary(min_size=20, max_size=20)
words = st.binary(min_size=32, max_size=32)
accounts = st.builds(
    mpt.Account,
    nonce=st.integers(0, 2**64 - 1),
    balance=st.integers(0, 2**256 - 1),
    storage_root=words,
    code_hash=words,
)


def body(account: mpt.Account) -> bytes:
    return account_body(
        nonce=account.nonce,
        balance=account.balance,
        storage_root=account.storage_root,
        code_hash=account.code_hash,
    )


@given(state=st.dictionaries(addresses, accounts, min_size=1, max_size=20), absent=addresses)
def test_account__any_state__is_proven_as_it_is_and_absence_too(state: dict[bytes, mpt.Account], absent: bytes) -> None:
    trie = secure_trie({address: body(account) for address, account in state.items()})
    for address in [*state, absent]:
        nodes = proof_nodes(trie, keccak256(address))
        assert mpt.account(trie.root_hash, address, nodes) == state.get(address)


@given(
    slot=st.integers(0, 2**256 - 1),
    value=st.integers(0, 2**256 - 1),
    neighbours=st.lists(st.tuples(st.integers(0, 63), words, st.integers(1, 2**256 - 1)), max_size=12),
)
def test_storage__slots_that_share_any_prefix__is_proven_as_it_is(
    slot: int, value: int, neighbours: list[tuple[int, bytes, int]]
) -> None:
    """Long shared prefixes make embedded nodes and extensions that hashed keys hardly ever make."""
    path = keccak256(slot.to_bytes(32, "big"))
    entries = {
        bytes.fromhex((path.hex()[:shared] + rest.hex())[:64]): encode(number) for shared, rest, number in neighbours
    }
    entries.pop(path, None)
    if value:
        entries[path] = encode(value)
    trie = trie_of_paths(entries)
    nodes = proof_nodes(trie, path) if entries else []
    assert mpt.storage(trie.root_hash, slot, nodes) == value
