"""Ask the contract's Patricia verifier about many proofs at once: on anvil, or on py-evm in process without any tool.

A verdict is what the contract returns, in the terms of `bridge.mpt`: an Account, a number, None for an absent account,
or REFUSED. A revert that is no refusal (an overflow, say) fails the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol, TypeAlias

import httpx
from eth_abi.abi import decode, encode

from bridge.devnet.evm import PyEvm
from bridge.devnet.model import AccountChange, BlockEnv, Call
from bridge.keccak import keccak256
from bridge.mpt import Account
from tests.support.artifacts import load_helper
from tests.support.mpt_cases import Case, Kind

REFUSED: Final = "refused"
Verdict: TypeAlias = Account | int | str | None

HARNESS: Final = bytes.fromhex("00" * 18 + "ca5e")
GAS: Final = 4_000_000_000
_SIGNATURE = "judge((bytes32,bytes,bytes[])[])"
_CASES = ["(bytes32,bytes,bytes[])[]"]


class Chain(Protocol):
    """What runs the harness: call data in, return data out."""

    def call(self, data: bytes) -> bytes: ...


class InProcess:
    """py-evm, executing in this process."""

    def __init__(self) -> None:
        self._evm = PyEvm()
        code = load_helper("PatriciaHarness").deployed_bytecode
        self._root = self._evm.genesis({HARNESS: AccountChange(code=code)})

    def call(self, data: bytes) -> bytes:
        call = Call(sender=bytes(20), to=HARNESS, gas=GAS, gas_price=0, value=0, data=data)
        outcome = self._evm.call(self._root, _ENV, call)
        assert outcome.error is None, f"{outcome.error}: {outcome.output.hex()}"
        return outcome.output


class OverRpc:
    """A node that answers eth_call with a state override."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)
        self._code = "0x" + load_helper("PatriciaHarness").deployed_bytecode.hex()

    def call(self, data: bytes) -> bytes:
        to = "0x" + HARNESS.hex()
        call = {"to": to, "gas": hex(GAS), "data": "0x" + data.hex()}
        params = [call, "latest", {to: {"code": self._code}}]
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": params}
        answer = self._client.post("/", json=request).json()
        assert "result" in answer, answer
        return bytes.fromhex(answer["result"].removeprefix("0x"))

    def close(self) -> None:
        self._client.close()


def verdicts(chain: Chain, asked: Iterable[Case], *, batch: int = 100) -> Iterator[tuple[Case, Verdict]]:
    """Yield each case with the contract's verdict."""
    waiting = iter(asked)
    while group := list(islice(waiting, batch)):
        yield from zip(group, _judged(chain, group), strict=True)


def _judged(chain: Chain, group: Sequence[Case]) -> Iterator[Verdict]:
    arguments = encode(_CASES, [[(case.root, case.key, case.nodes) for case in group]])
    answer = chain.call(keccak256(_SIGNATURE.encode())[:4] + arguments)
    (outcomes,) = decode(["bytes[]"], answer)
    for case, outcome in zip(group, outcomes, strict=True):
        yield _verdict(case, outcome)


def _verdict(case: Case, outcome: bytes) -> Verdict:
    if not outcome:
        return REFUSED
    if case.kind is Kind.STORAGE:
        return int.from_bytes(outcome, "big")
    exists, (nonce, balance, storage_root, code_hash) = decode(["bool", "(uint64,uint256,bytes32,bytes32)"], outcome)
    if not exists:
        return None
    return Account(nonce=nonce, balance=balance, storage_root=storage_root, code_hash=code_hash)


_ENV = BlockEnv(
    chain_id=1,
    number=1,
    timestamp=1,
    coinbase=bytes(20),
    gas_limit=GAS,
    base_fee=0,
    prev_randao=bytes(32),
    parent_hash=bytes(32),
    ancestors=lambda: iter(()),
)
