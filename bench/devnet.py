"""How fast a local chain is over RPC, beside py-evm used in process and beside anvil, in one run.

In process means py-evm as a library user has it: its own MiningChain, fed the same raw transactions, without any
RPC. `engine` is our chain without its RPC, which shows what HTTP and JSON cost. Work is done in turns of a few
transactions each, so that a machine whose speed drifts slows all of them alike; ratios are what to read. A transaction
over RPC counts when its receipt was read.

    python bench/devnet.py [--json] [--rounds 6]
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_abi.abi import encode
from eth_account import Account

from bridge.artifacts import load
from bridge.devnet import system, transactions
from bridge.devnet.accounts import DEV_ACCOUNTS, DEV_KEYS
from bridge.devnet.chain import Chain
from bridge.devnet.clock import Clock
from bridge.devnet.command import environment, find_anvil
from bridge.devnet.evm import PyEvm
from bridge.devnet.model import Call
from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import Backend, ChainSpec
from bridge.keccak import keccak256

CHAIN_ID = 31337
GWEI = 10**9
SINGLES_A_ROUND, CALLS_A_ROUND, BATCH = 20, 20, 100
START_RUNS = 3


class Contender(Protocol):
    """One way to run a chain."""

    def mine(self, raws: Sequence[bytes]) -> None:
        """Mine these transactions in one block each way's best way; every one must succeed."""

    def call(self, data: bytes) -> bytes:
        """Call the token."""


class InProcess:
    """py-evm's own MiningChain, as its users have it."""

    def __init__(self) -> None:
        kind = MiningChain.configure(__name__="Stock", vm_configuration=((0, PragueVM),), chain_id=CHAIN_ID)
        alloc: Any = {key: {"balance": 10**22, "nonce": 0, "code": b"", "storage": {}} for key in DEV_ACCOUNTS}
        alloc |= {
            key: {"balance": 0, "nonce": 1, "code": item.code, "storage": {}}
            for key, item in system.predeploys().items()
        }
        start: Any = {"difficulty": 0, "gas_limit": 30_000_000, "timestamp": int(time.time()) - 100_000}
        self._chain: Any = kind.from_genesis(AtomicDB(), start, alloc)
        self._builder = self._chain.get_vm().get_transaction_builder()

    def mine(self, raws: Sequence[bytes]) -> None:
        _, receipts, _ = self._chain.mine_all([self._builder.decode(raw) for raw in raws])
        assert all(receipt.state_root == b"\x01" for receipt in receipts)

    def call(self, data: bytes) -> bytes:
        request = self._chain.create_unsigned_transaction(
            nonce=0, gas_price=0, gas=1_000_000, to=TOKEN, value=0, data=data
        )
        caller = SpoofTransaction(request, from_=DEV_ACCOUNTS[9])
        return bytes(self._chain.get_transaction_result(caller, self._chain.get_canonical_head()))


class Engine:
    """Our chain without its RPC."""

    def __init__(self) -> None:
        self._chain = Chain(ChainSpec(chain_id=CHAIN_ID), PyEvm(), Clock(time.time))

    def mine(self, raws: Sequence[bytes]) -> None:
        for raw in raws:
            self._chain.submit(transactions.decode(raw, CHAIN_ID))
        block = self._chain.mine()
        assert len(block.receipts) == len(raws)
        assert all(receipt.succeeded for receipt in block.receipts)

    def call(self, data: bytes) -> bytes:
        request = Call(sender=DEV_ACCOUNTS[9], to=TOKEN, gas=1_000_000, gas_price=0, value=0, data=data)
        head = self._chain.head
        return self._chain.engine.call(self._chain.root_of(head), self._chain.env_of(head), request).output


class OverRpc:
    """A chain behind HTTP, with the thinnest client there is."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def mine(self, raws: Sequence[bytes]) -> None:
        sent = self._post([_request("eth_sendRawTransaction", f"0x{raw.hex()}") for raw in raws])
        last = _request("eth_getTransactionReceipt", sent[-1]["result"])
        while (receipt := self._post([last])[0]["result"]) is None:
            pass  # anvil answers a moment before it mines
        assert receipt["status"] == "0x1"

    def call(self, data: bytes) -> bytes:
        target = {"from": f"0x{DEV_ACCOUNTS[9].hex()}", "to": f"0x{TOKEN.hex()}", "data": f"0x{data.hex()}"}
        return bytes.fromhex(self._post([_request("eth_call", target, "latest")])[0]["result"][2:])

    def _post(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = json.dumps(requests[0] if len(requests) == 1 else requests)
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        return answer if isinstance(answer, list) else [answer]


def _request(method: str, *params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _sign(nonce: int, to: bytes | None, data: bytes, gas: int = 120_000) -> bytes:
    fields: dict[str, Any] = {"chainId": CHAIN_ID, "nonce": nonce, "gas": gas, "data": data, "value": 0}
    fields |= {"maxFeePerGas": 10 * GWEI, "maxPriorityFeePerGas": GWEI} | ({} if to is None else {"to": to})
    return bytes(Account.sign_transaction(fields, DEV_KEYS[0]).raw_transaction)


def _data(signature: str, types: list[str], *values: object) -> bytes:
    return keccak256(signature.encode())[:4] + encode(types, values)


def _deployment() -> list[bytes]:
    init = load("StandInToken").bytecode
    init += encode(["string", "string", "uint8", "address"], ["Token", "T", 18, DEV_ACCOUNTS[0]])
    mint = _data("mint(address,uint256)", ["address", "uint256"], DEV_ACCOUNTS[0], 10**24)
    return [_sign(0, None, init, 3_000_000), _sign(1, TOKEN, mint)]


def _transfer(nonce: int) -> bytes:
    recipient = (10**30 + nonce).to_bytes(20, "big")
    return _sign(nonce, TOKEN, _data("transfer(address,uint256)", ["address", "uint256"], recipient, 1))


TOKEN = bytes.fromhex("5FbDB2315678afecb367f032d93F642f64180aa3")  # where the first deployer's first contract stands


def measure(contenders: dict[str, Contender], rounds: int) -> dict[str, float]:
    """Return transactions a second and call times of each contender."""
    spent = {(name, kind): 0.0 for name in contenders for kind in ("single", "batch100")}
    calls: dict[str, list[float]] = {name: [] for name in contenders}
    balance = _data("balanceOf(address)", ["address"], DEV_ACCOUNTS[0])
    for contender in contenders.values():
        for raw in _deployment():
            contender.mine([raw])
        assert int.from_bytes(contender.call(balance), "big") == 10**24
    nonce = 2
    for _ in range(rounds):
        singles = [_transfer(nonce + index) for index in range(SINGLES_A_ROUND)]
        batch = [_transfer(nonce + SINGLES_A_ROUND + index) for index in range(BATCH)]
        nonce += SINGLES_A_ROUND + BATCH
        for name, contender in contenders.items():
            for raw in singles:
                spent[name, "single"] += _seconds(contender.mine, [raw])
            spent[name, "batch100"] += _seconds(contender.mine, batch)
            calls[name] += [_seconds(contender.call, balance) for _ in range(CALLS_A_ROUND)]
    figures: dict[str, float] = {}
    for name in contenders:
        figures[f"erc20_single_per_s_{name}"] = rounds * SINGLES_A_ROUND / spent[name, "single"]
        figures[f"erc20_batch100_per_s_{name}"] = rounds * BATCH / spent[name, "batch100"]
        figures[f"call_p50_ms_{name}"] = 1_000 * statistics.median(calls[name])
    return figures


def _seconds(work: Callable[[Any], object], argument: object) -> float:
    start = time.perf_counter()
    work(argument)
    return time.perf_counter() - start


async def starts() -> dict[str, float]:
    """Return the median seconds until a first answer, taken in turns: in process, over RPC, anvil."""
    backends = [Backend.PY_EVM, *([Backend.ANVIL] if find_anvil() else [])]
    taken: dict[str, list[float]] = {}
    for _ in range(START_RUNS):
        command = [sys.executable, "-c", _START_PROGRAM]
        taken.setdefault("in_process", []).append(
            _seconds(lambda argv: subprocess.run(argv, check=True, env=environment()), command)
        )
        for backend in backends:
            start = time.perf_counter()
            async with DevnetProcess(ChainSpec(chain_id=CHAIN_ID, backend=backend)):
                taken.setdefault(_NAMES[backend], []).append(time.perf_counter() - start)
    return {f"start_s_{name}": statistics.median(values) for name, values in taken.items()}


_NAMES = {Backend.PY_EVM: "rpc", Backend.ANVIL: "anvil"}

# A user's script that has py-evm ready for its first call: imports, genesis, head.
_START_PROGRAM = f"""
import bridge
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague import PragueVM
kind = MiningChain.configure(__name__="Stock", vm_configuration=((0, PragueVM),), chain_id={CHAIN_ID})
alloc = {{bytes([i + 1] * 20): {{"balance": 1, "nonce": 0, "code": b"", "storage": {{}}}} for i in range(13)}}
kind.from_genesis(AtomicDB(), {{"difficulty": 0, "gas_limit": 30_000_000}}, alloc).get_canonical_head()
"""


async def run(rounds: int) -> dict[str, float]:
    """Return every figure and the ratios that are asked for."""
    figures = await starts()
    contenders: dict[str, Contender] = {"in_process": InProcess(), "engine": Engine()}
    async with DevnetProcess(ChainSpec(chain_id=CHAIN_ID)) as ours:
        contenders["rpc"] = OverRpc(ours.port)
        if find_anvil() is None:
            figures |= measure(contenders, rounds)
        else:
            async with DevnetProcess(ChainSpec(chain_id=CHAIN_ID, backend=Backend.ANVIL)) as other:
                figures |= measure(contenders | {"anvil": OverRpc(other.port)}, rounds)
    for base, suffix in (("in_process", ""), ("engine", "_to_engine")):
        for kind in ("single", "batch100"):
            name = f"erc20_{kind}"
            figures[f"{name}_ratio{suffix}"] = figures[f"{name}_per_s_rpc"] / figures[f"{name}_per_s_{base}"]
        figures[f"call_p50_ratio{suffix}"] = figures["call_p50_ms_rpc"] / figures[f"call_p50_ms_{base}"]
    figures["start_ratio"] = figures["start_s_rpc"] / figures["start_s_in_process"]
    return {name: round(value, 3) for name, value in sorted(figures.items())}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one flat object, key to number")
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    figures = asyncio.run(run(options.rounds))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:36} {value:12,.3f}")


if __name__ == "__main__":
    main()
