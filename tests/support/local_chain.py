"""A chain in this process: blocks of one transaction each on the devnet's own engine, no RPC and no signatures.

Gas is a receipt's: intrinsic costs, refunds and EIP-7623's floor are in it, and every access starts cold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import decode, encode

from bridge.artifacts import Artifact, errors
from bridge.devnet.evm import PyEvm
from bridge.devnet.model import AccountChange, AccountProof, BlockEnv, Call, LogEntry, Outcome, Transaction
from bridge.devnet.transactions import intrinsic_gas
from bridge.keccak import keccak256

OPERATOR: Final = b"\x0f" * 20
GAS: Final = 30_000_000
_ETHER: Final = 10**18


class Reverted(Exception):  # noqa: N818  # a finding, not a failure
    """A transaction that reverted: which custom error, and its fields."""

    def __init__(self, name: str, fields: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{fields}")
        self.name, self.fields = name, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a transaction that succeeded left behind."""

    gas: int
    logs: tuple[LogEntry, ...]


class Contract:
    """A deployed artifact; functions are called by name, arguments are Python values for eth_abi."""

    def __init__(self, chain: LocalChain, address: bytes, artifact: Artifact) -> None:
        self.chain, self.address, self._abi = chain, address, artifact.abi

    def send(self, name: str, *arguments: object, sender: bytes = OPERATOR, value: int = 0, gas: int = GAS) -> Receipt:
        """Mine a transaction; raise Reverted if it reverts."""
        return self.send_raw(self.encoded(name, *arguments), sender=sender, value=value, gas=gas)

    def send_raw(self, data: bytes, *, sender: bytes = OPERATOR, value: int = 0, gas: int = GAS) -> Receipt:
        """Mine a transaction with call data as it is, well-formed or not; raise Reverted if it reverts."""
        outcome = self.chain.mine(to=self.address, data=data, sender=sender, value=value, gas=gas)
        if outcome.error is not None:
            raise self._reverted(outcome)
        return Receipt(gas=outcome.gas_used, logs=outcome.logs)

    def read(self, name: str, *arguments: object) -> Any:  # noqa: ANN401  # whatever the ABI says
        """Return a view's result, a tuple if it has several; raise Reverted if it reverts."""
        outcome = self.chain.call(to=self.address, data=self.encoded(name, *arguments))
        if outcome.error is not None:
            raise self._reverted(outcome)
        results = decode([_type(entry) for entry in self._function(name, arguments)["outputs"]], outcome.output)
        return results[0] if len(results) == 1 else results

    def encoded(self, name: str, *arguments: object) -> bytes:
        """Return the call data."""
        function = self._function(name, arguments)
        return _selector(function) + encode([_type(entry) for entry in function["inputs"]], arguments)

    def _function(self, name: str, arguments: Sequence[object]) -> Any:  # noqa: ANN401  # JSON
        found = [entry for entry in self._abi if entry["type"] == "function" and entry["name"] == name]
        return next(entry for entry in found if len(entry["inputs"]) == len(arguments))

    def _reverted(self, outcome: Outcome) -> Reverted:
        for entry in (*self._abi, *errors()):  # an error may come from further down
            if entry["type"] == "error" and _selector(entry) == outcome.output[:4]:
                return Reverted(entry["name"], decode([_type(item) for item in entry["inputs"]], outcome.output[4:]))
        return Reverted(outcome.error or "", (outcome.output,))


class LocalChain:
    """One chain's state and clock."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id, self.number, self.timestamp = chain_id, 0, 1_800_000_000
        self._evm = PyEvm()
        self.state_root = self._evm.genesis({OPERATOR: AccountChange(balance=1_000 * _ETHER)})

    def deploy(self, artifact: Artifact, *arguments: object) -> Contract:
        """Deploy an artifact from the operator."""
        types = [_type(item) for entry in artifact.abi if entry["type"] == "constructor" for item in entry["inputs"]]
        outcome = self.mine(to=None, data=artifact.bytecode + encode(types, arguments))
        assert outcome.error is None, f"{outcome.error}: {outcome.output.hex()}"
        assert outcome.contract_address is not None
        return Contract(self, outcome.contract_address, artifact)

    def place(self, artifact: Artifact, address: bytes) -> Contract:
        """Put a contract without constructor at an address, as genesis would."""
        change = {address: AccountChange(nonce=1, code=artifact.deployed_bytecode)}
        self.state_root = self._evm.change(self.state_root, change)
        return Contract(self, address, artifact)

    def fund(self, address: bytes, balance: int = 1_000 * _ETHER) -> None:
        self.state_root = self._evm.change(self.state_root, {address: AccountChange(balance=balance)})

    def mine(
        self, *, to: bytes | None, data: bytes, sender: bytes = OPERATOR, value: int = 0, gas: int = GAS
    ) -> Outcome:
        """Mine a block with this one transaction."""
        block = self._evm.begin(self.state_root, self._next())
        outcome = block.apply(_transaction(to, data, sender, value=value, nonce=block.nonce(sender), gas=gas))
        self.state_root = block.finish()
        return outcome

    def system_call(self, to: bytes, data: bytes) -> Outcome:
        """Mine a block in whose processing the node makes this call."""
        block = self._evm.begin(self.state_root, self._next())
        outcome = block.system_call(to, data)
        self.state_root = block.finish()
        return outcome

    def call(self, *, to: bytes, data: bytes) -> Outcome:
        call = Call(sender=OPERATOR, to=to, gas=GAS, gas_price=0, value=0, data=data)
        return self._evm.call(self.state_root, self._env(), call)

    def proof(self, address: bytes, slot: int) -> AccountProof:
        """Return what eth_getProof would for one slot of the present state."""
        return self._evm.proof(self.state_root, address, [slot])

    def _next(self) -> BlockEnv:
        self.number, self.timestamp = self.number + 1, self.timestamp + 1
        return self._env()

    def _env(self) -> BlockEnv:
        return BlockEnv(
            chain_id=self.chain_id,
            number=self.number,
            timestamp=self.timestamp,
            coinbase=bytes(20),
            gas_limit=GAS,
            base_fee=0,
            prev_randao=bytes(32),
            parent_hash=bytes(32),
            ancestors=lambda: iter(()),
        )


def _transaction(to: bytes | None, data: bytes, sender: bytes, *, value: int, nonce: int, gas: int) -> Transaction:
    intrinsic, floor = intrinsic_gas(data, is_create=to is None)
    return Transaction(
        hash=bytes(32),
        raw=b"",
        kind=2,
        chain_id=None,
        nonce=nonce,
        max_fee=0,
        max_priority_fee=0,
        gas_price=None,
        gas=gas,
        to=to,
        value=value,
        data=data,
        access_list=(),
        authorizations=(),
        y_parity=0,
        v=0,
        r=0,
        s=0,
        sender=sender,
        intrinsic_gas=intrinsic,
        floor_gas=floor,
    )


def _selector(entry: Any) -> bytes:  # noqa: ANN401  # JSON
    return keccak256(f"{entry['name']}({','.join(_type(item) for item in entry['inputs'])})".encode())[:4]


def _type(entry: Any) -> str:  # noqa: ANN401  # JSON
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in entry['components'])}){kind.removeprefix('tuple')}"
