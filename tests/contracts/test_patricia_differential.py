"""The contract's Patricia verifier and `bridge.mpt` give the same verdict on the same proof, true or damaged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from bridge import mpt
from bridge.devnet import Backend, ChainSpec
from bridge.devnet.process import DevnetProcess
from bridge.errors import ProofError
from tests.support.layers import ROOT
from tests.support.mpt_cases import Case, Kind
from tests.support.mpt_mutations import cases
from tests.support.patricia_judges import GAS, REFUSED, Chain, InProcess, OverRpc, Verdict, verdicts

VECTORS = ROOT / "tests" / "vectors" / "mpt"


def expected(case: Case) -> Verdict:
    try:
        if case.kind is Kind.ACCOUNT:
            return mpt.account(case.root, case.key, list(case.nodes))
        return mpt.storage(case.root, int.from_bytes(case.key, "big"), list(case.nodes))
    except ProofError:
        return REFUSED


def compare(chain: Chain, asked: Iterable[Case]) -> Counter[str]:
    """Count the kinds of verdicts, after checking that both sides gave the same ones."""
    outcomes: Counter[str] = Counter()
    for case, verdict in verdicts(chain, asked):
        assert verdict == expected(case), f"{case.mutations}: {case}"
        outcomes["refused" if verdict == REFUSED else "absent" if not verdict else "present"] += 1
    return outcomes


def check_mixture(outcomes: Counter[str]) -> None:
    """Check that the run met proofs of every outcome, so that agreement means something."""
    assert outcomes["refused"] > outcomes.total() // 3
    assert outcomes["present"] > outcomes.total() // 20
    assert outcomes["absent"] > outcomes.total() // 20


def test_verifiers__damaged_proofs_in_process__agree() -> None:
    check_mixture(compare(InProcess(), cases(11, 400)))


@pytest.mark.anvil
@pytest.mark.parametrize(("seed", "count"), [(12, 2_000), pytest.param(13, 100_000, marks=pytest.mark.long)])
async def test_verifiers__damaged_proofs_on_anvil__agree(seed: int, count: int) -> None:
    async with DevnetProcess(ChainSpec(chain_id=31337, backend=Backend.ANVIL, gas_limit=GAS)) as anvil:
        chain = OverRpc(anvil.url)
        check_mixture(compare(chain, cases(seed, count)))
        chain.close()


def test_verifiers__deposit_contract_of_mainnet__agree() -> None:
    truth = list(mainnet_cases())
    damaged = [replace(case, nodes=case.nodes[:-1], mutations=("truncate",)) for case in truth]
    assert compare(InProcess(), [*truth, *damaged]) == {"present": 2, "refused": 2}


def mainnet_cases() -> Iterator[Case]:
    """Yield the account and the one slot of it that a mainnet node proved."""
    proof = json.loads((VECTORS / "mainnet_deposit_contract_proof.json").read_text())
    block = json.loads((VECTORS / "mainnet_block.json").read_text())
    (slot,) = proof["storageProof"]
    yield Case(
        kind=Kind.ACCOUNT,
        key=as_bytes(proof["address"]),
        root=as_bytes(block["stateRoot"]),
        nodes=tuple(map(as_bytes, proof["accountProof"])),
    )
    yield Case(
        kind=Kind.STORAGE,
        key=as_bytes(slot["key"]),
        root=as_bytes(proof["storageHash"]),
        nodes=tuple(map(as_bytes, slot["proof"])),
    )


def as_bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
