"""What a local chain is: its identity, genesis, mining policy and limits, as data that survives a trip through JSON.

It decides nothing about how a chain runs: `process` starts it, `__main__` is it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeAlias

from bridge.devnet.accounts import DEV_ACCOUNTS
from bridge.devnet.errors import SpecError

Json: TypeAlias = Any  # what the json module takes and gives

ETHER = 10**18
DEV_BALANCE = 10_000 * ETHER
MAX_CHAIN_ID = (2**64 - 37) // 2  # EIP-2294: beyond it v of a legacy signature overflows
WORD_LIMIT = 1 << 256
ADDRESS_LENGTH = 20


class Backend(StrEnum):
    """The programs that can be a local chain."""

    PY_EVM = "py-evm"
    ANVIL = "anvil"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisAccount:
    """An account that exists at block 0; balance in wei, storage as slot to value."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorSpec:
    """Where a rollup's node finds the base chain and which contract it tells about it.

    `depth` None follows the base chain's `finalized` tag; a number k takes head - k instead.
    """

    url: str
    address: bytes
    depth: int | None = None
    headers_per_block: int = 256
    timeout: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSpec:
    """One local chain: identity, genesis, mining policy, finality and bounds.

    `block_time` 0 mines at once; a number of seconds mines on that beat, empty blocks too. `finality_depth` is how
    far `finalized` lags behind the head in blocks (`safe` lags half of it, rounded up). `timestamp` None takes the
    wall clock at start.
    """

    chain_id: int
    name: str = "devnet"
    backend: Backend = Backend.PY_EVM
    block_time: float = 0.0
    finality_depth: int = 0
    gas_limit: int = 30_000_000
    base_fee: int = 1_000_000_000
    timestamp: int | None = None
    coinbase: bytes = bytes(ADDRESS_LENGTH)
    funded: dict[bytes, int] = field(default_factory=lambda: dict.fromkeys(DEV_ACCOUNTS, DEV_BALANCE))
    alloc: dict[bytes, GenesisAccount] = field(default_factory=dict)
    anchor: AnchorSpec | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a chain that no client could talk to."""
        _check(0 < self.chain_id <= MAX_CHAIN_ID, "chain_id", f"1 to {MAX_CHAIN_ID}", self.chain_id)
        _check(self.block_time >= 0, "block_time", "seconds, 0 or more", self.block_time)
        _check(self.finality_depth >= 0, "finality_depth", "0 or more blocks", self.finality_depth)
        _check(self.gas_limit >= 5_000_000, "gas_limit", "at least 5,000,000", self.gas_limit)
        _check(len(self.coinbase) == ADDRESS_LENGTH, "coinbase", "20 bytes", self.coinbase.hex())
        for address in (*self.funded, *self.alloc):
            _check(len(address) == ADDRESS_LENGTH, "alloc", "addresses of 20 bytes", address.hex())
        for account in self.alloc.values():
            words = (account.balance, account.nonce, *account.storage, *account.storage.values())
            _check(all(0 <= word < WORD_LIMIT for word in words), "alloc", "words of 256 bits", "a number beyond that")

    def genesis(self) -> dict[bytes, GenesisAccount]:
        """Return every account of block 0 that the spec itself names: funded ones, and `alloc` on top of them."""
        accounts = {address: GenesisAccount(balance=balance) for address, balance in self.funded.items()}
        return accounts | self.alloc


def to_json(spec: ChainSpec) -> str:
    """Return the spec as JSON text that `from_json` reads back unchanged."""
    return json.dumps({item.name: _plain(getattr(spec, item.name)) for item in fields(spec)}, indent=1)


def from_json(text: str) -> ChainSpec:
    """Read a spec that `to_json` wrote.

    Raises `SpecError` if the text is not such a spec.
    """
    try:
        data: dict[str, Json] = json.loads(text)
        data["backend"] = Backend(data["backend"])
        data["coinbase"] = bytes.fromhex(data["coinbase"])
        data["funded"] = {bytes.fromhex(key): int(value) for key, value in data["funded"].items()}
        data["alloc"] = {bytes.fromhex(key): _account(value) for key, value in data["alloc"].items()}
        anchor = data["anchor"]
        data["anchor"] = (
            None if anchor is None else AnchorSpec(**anchor | {"address": bytes.fromhex(anchor["address"])})
        )
        return ChainSpec(**data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecError(field="spec", expected="JSON written by to_json", found=repr(error)) from error


def _plain(value: Json) -> Json:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key.hex() if isinstance(key, bytes) else str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (GenesisAccount, AnchorSpec)):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value


def _account(data: dict[str, Json]) -> GenesisAccount:
    storage = {int(slot): int(value) for slot, value in data["storage"].items()}
    return GenesisAccount(
        balance=data["balance"], nonce=data["nonce"], code=bytes.fromhex(data["code"]), storage=storage
    )


def _check(claim: object, field_name: str, expected: str, found: object) -> None:
    if not claim:
        raise SpecError(field=field_name, expected=expected, found=repr(found))
