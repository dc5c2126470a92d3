"""What the documents show runs: every block is imported and defined, and the pure one runs to its end."""

from __future__ import annotations

import pytest

from bridge.keccak import keccak256
from tests.support.documents import blocks, run_block
from tests.support.tries import account_body, encode, proof_nodes, secure_trie

INTEGRATORS = "docs/integrators.md"


@pytest.mark.parametrize(("document", "number"), [("README.md", 0), (INTEGRATORS, 0)])
def test_block__of_the_sdk__defines_its_main(document: str, number: int) -> None:
    assert "main" in run_block(document, number)


def test_block__of_the_pure_modules__proves_a_leaf_an_account_and_a_slot() -> None:
    slot, address = 7, b"\x11" * 20
    inner = secure_trie({slot.to_bytes(32, "big"): encode(5)})
    outer = secure_trie({address: account_body(nonce=1, storage_root=inner.root_hash)})
    left = run_block(
        INTEGRATORS,
        1,
        leaf=b"\x01" * 32,
        state_root=outer.root_hash,
        address=address,
        account_nodes=proof_nodes(outer, keccak256(address)),
        slot=slot,
        storage_nodes=proof_nodes(inner, keccak256(slot.to_bytes(32, "big"))),
    )
    assert left["index"] == 0
    assert left["registry"].nonce == 1
    assert left["value"] == 5


def test_block__of_the_pytest_plugin__names_a_plugin_that_is_there() -> None:
    left = run_block(INTEGRATORS, 2)
    assert left["pytest_plugins"] == ["bridge.devnet.fixture"]
    assert left["test_something"]


def test_documents__python_blocks__are_all_looked_at_here() -> None:
    assert (len(blocks("README.md")), len(blocks(INTEGRATORS))) == (1, 3)
