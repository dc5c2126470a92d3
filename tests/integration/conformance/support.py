"""What the suite talks with: a raw JSON-RPC client, a signer, and the contract that does what a node has to report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount

from bridge.devnet.accounts import DEV_KEYS
from bridge.devnet.params import Json
from bridge.keccak import keccak256

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
GWEI = 10**9
ETHER = 10**18

SENDER: LocalAccount = Account.from_key(DEV_KEYS[0])
OTHER: LocalAccount = Account.from_key(DEV_KEYS[1])
STRANGER = "0x" + "77" * 20


class RefusedError(Exception):
    """A JSON-RPC error, with its code and data."""

    def __init__(self, error: dict[str, Json]) -> None:
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.code, self.message = error["code"], error["message"]
        self.data: str = error.get("data") or "0x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A chain as a client sees it: an HTTP endpoint."""

    url: str
    chain_id: int
    is_anvil: bool
    client: httpx.AsyncClient

    async def post(self, body: bytes | str) -> Json:
        """Send a body as it is and return the JSON that comes back."""
        answer = await self.client.post(self.url, content=body, headers={"Content-Type": "application/json"})
        return answer.json()

    async def __call__(self, method: str, *params: Json) -> Json:
        """Return a method's result, or raise what the node refuses with."""
        answer = await self.post(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}))
        assert answer["jsonrpc"] == "2.0"
        assert answer["id"] == 7
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["result"]

    async def number(self, method: str, *params: Json) -> int:
        """Return a method's result as the integer that it is."""
        return int(await self(method, *params), 16)

    async def sign(self, account: LocalAccount = SENDER, **fields: Json) -> bytes:
        """Return a raw transaction; whatever is left out is filled in."""
        transaction: dict[str, Json] = {"chainId": self.chain_id, "to": STRANGER, "value": 0, "gas": 500_000, **fields}
        if "nonce" not in transaction:
            transaction["nonce"] = await self.number("eth_getTransactionCount", account.address, "pending")
        if "gasPrice" not in transaction:
            transaction.setdefault("maxFeePerGas", 10 * GWEI)
            transaction.setdefault("maxPriorityFeePerGas", GWEI)
        target = transaction.pop("to")
        if target is not None:
            transaction["to"] = bytes.fromhex(target[2:])  # eth-account refuses lower-case strings
        return bytes(account.sign_transaction(transaction).raw_transaction)

    async def send(self, account: LocalAccount = SENDER, **fields: Json) -> dict[str, Json]:
        """Send a transaction and return its receipt."""
        raw = await self.sign(account, **fields)
        return await self.receipt(await self("eth_sendRawTransaction", hexed(raw)))

    async def receipt(self, transaction_hash: str) -> dict[str, Json]:
        """Return a receipt; anvil mines a moment after it answered."""
        for _ in range(200):
            found: dict[str, Json] | None = await self("eth_getTransactionReceipt", transaction_hash)
            if found is not None:
                return found
        raise AssertionError(f"no receipt of {transaction_hash}")


def hexed(value: bytes) -> str:
    """Return bytes as JSON-RPC writes them."""
    return "0x" + value.hex()


@cache
def probe_artifact() -> dict[str, Json]:
    """Return the compiled probe contract."""
    artifact: dict[str, Json] = json.loads((ARTIFACTS / "Probe.json").read_text())
    return artifact


def probe_code() -> str:
    """Return the probe's init code."""
    code: str = probe_artifact()["bytecode"]
    return code


def call_data(signature: str, *values: Json) -> str:
    """Return the calldata of a function given as `name(type,type)`."""
    types = [item for item in signature[signature.index("(") + 1 : -1].split(",") if item]
    return hexed(keccak256(signature.encode())[:4] + encode(types, values))


def words(result: str, *types: str) -> tuple[Json, ...]:
    """Return a call's result as values of those types."""
    return tuple(decode(types, bytes.fromhex(result[2:])))
