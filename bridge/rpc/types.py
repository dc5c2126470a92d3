"""What JSON-RPC answers mean here: frozen records, parsed strictly from untrusted JSON.

A field that is missing or not of its form raises ValueError, which the client turns into an error
that names the endpoint. Fields that no reader needs are not kept, so that two honest clients which
differ in extras still agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bridge.types import Address, BlockNumber, Hash32

Answer = TypeVar("Answer")
Json = Any
"""What an endpoint sent, before it is parsed: nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[Answer]):
    """One JSON-RPC request and how its result is read; `parse` raises ValueError on nonsense."""

    method: str
    params: tuple[Any, ...] = ()
    parse: Callable[[Json], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRef:
    """A block by number and hash: what a read is pinned to."""

    number: BlockNumber
    hash: Hash32

    def by_hash(self) -> dict[str, object]:
        """Return the EIP-1898 parameter: exactly this block, refused once it is not canonical."""
        return {"blockHash": to_hex(self.hash), "requireCanonical": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The parts of a header that a bridge uses."""

    number: BlockNumber
    hash: Hash32
    parent_hash: Hash32
    state_root: Hash32
    timestamp: int
    base_fee: int

    @property
    def ref(self) -> BlockRef:
        """The block as something to pin a read to."""
        return BlockRef(number=self.number, hash=self.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log with its place in the chain; `index` counts within the block."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block: BlockRef
    tx_hash: Hash32
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which logs: any of the addresses, and per topic position any of the values (None: any)."""

    addresses: tuple[Address, ...] = ()
    topics: tuple[tuple[bytes, ...] | None, ...] = ()

    def params(self) -> dict[str, object]:
        """Return the JSON-RPC form, without a range of blocks."""
        fields: dict[str, object] = {}
        if self.addresses:
            fields["address"] = [to_hex(address) for address in self.addresses]
        if self.topics:
            fields["topics"] = [
                None if position is None else [to_hex(topic) for topic in position] for position in self.topics
            ]
        return fields

    def takes(self, log: Log) -> bool:
        """Tell whether `log` is one that this filter asks for: an endpoint may give others."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(log.topics) < len(self.topics):
            return False
        pairs = zip(self.topics, log.topics, strict=False)
        return all(position is None or topic in position for position, topic in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a mined transaction; fees in wei, `contract` only of a creation."""

    tx_hash: Hash32
    block: BlockRef
    succeeded: bool
    gas_used: int
    gas_price: int
    contract: Address | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotProof:
    """A storage slot's claimed value and the nodes that show it, root first."""

    slot: int
    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProof:
    """An EIP-1186 answer as it came: nothing of it is verified here (`bridge.mpt` does)."""

    storage_root: Hash32
    nodes: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]


def to_hex(raw: bytes) -> str:
    """Return 0x and two digits a byte."""
    return "0x" + raw.hex()


def parse_bytes(value: Json, length: int | None = None) -> bytes:
    """Return the bytes of a 0x string; raises ValueError for another form or length."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(f"expected 0x and hex digits, got {_short(value)}")
    raw = bytes.fromhex(value[2:])
    if length is not None and len(raw) != length:
        raise ValueError(f"expected {length} bytes, got {len(raw)}")
    return raw


def parse_int(value: Json) -> int:
    """Return the number of a 0x quantity; raises ValueError for another form or above 2^256."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 66:
        raise ValueError(f"expected a 0x quantity, got {_short(value)}")
    return int(value, 0)


def parse_block(value: Json) -> Block | None:
    """Read a block; None where the node does not know it."""
    if value is None:
        return None
    fields = _fields(value, "block")
    return Block(
        number=BlockNumber(parse_int(fields["number"])),
        hash=Hash32(parse_bytes(fields["hash"], 32)),
        parent_hash=Hash32(parse_bytes(fields["parentHash"], 32)),
        state_root=Hash32(parse_bytes(fields["stateRoot"], 32)),
        timestamp=parse_int(fields["timestamp"]),
        base_fee=parse_int(fields.get("baseFeePerGas", "0x0")),
    )


def parse_log(value: Json) -> Log:
    """Read a log of a mined block; a removed or pending one raises ValueError."""
    fields = _fields(value, "log")
    if fields.get("removed"):
        raise ValueError("a log that a reorganisation removed")
    return Log(
        address=Address(parse_bytes(fields["address"], 20)),
        topics=tuple(parse_bytes(topic, 32) for topic in fields["topics"]),
        data=parse_bytes(fields["data"]),
        block=_block_ref(fields),
        tx_hash=Hash32(parse_bytes(fields["transactionHash"], 32)),
        index=parse_int(fields["logIndex"]),
    )


def parse_logs(value: Json) -> tuple[Log, ...]:
    """Read a list of logs."""
    if not isinstance(value, list):
        raise ValueError(f"expected a list of logs, got {_short(value)}")  # noqa: TRY004  # one class
    return tuple(map(parse_log, value))


def parse_receipt(value: Json) -> Receipt | None:
    """Read a receipt; None while the transaction is not mined."""
    if value is None:
        return None
    fields = _fields(value, "receipt")
    created = fields.get("contractAddress")
    return Receipt(
        tx_hash=Hash32(parse_bytes(fields["transactionHash"], 32)),
        block=_block_ref(fields),
        succeeded=parse_int(fields["status"]) == 1,
        gas_used=parse_int(fields["gasUsed"]),
        gas_price=parse_int(fields["effectiveGasPrice"]),
        contract=None if created is None else Address(parse_bytes(created, 20)),
        logs=parse_logs(fields["logs"]),
    )


def parse_proof(value: Json) -> AccountProof:
    """Read an EIP-1186 answer; slots may be minimal quantities or full words."""
    fields = _fields(value, "proof")
    return AccountProof(
        storage_root=Hash32(parse_bytes(fields["storageHash"], 32)),
        nodes=_nodes(fields["accountProof"]),
        slots=tuple(_slot_proof(_fields(slot, "slot proof")) for slot in fields["storageProof"]),
    )


def _slot_proof(fields: Mapping[str, Any]) -> SlotProof:
    return SlotProof(
        slot=parse_int(fields["key"]),
        value=parse_int(fields["value"]),
        nodes=_nodes(fields["proof"]),
    )


def _nodes(values: Sequence[Any]) -> tuple[bytes, ...]:
    return tuple(parse_bytes(node) for node in values)


def _block_ref(fields: Mapping[str, Any]) -> BlockRef:
    number = BlockNumber(parse_int(fields["blockNumber"]))
    return BlockRef(number=number, hash=Hash32(parse_bytes(fields["blockHash"], 32)))


def _fields(value: Json, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expected a {what}, got {_short(value)}")  # noqa: TRY004  # one class
    return value


def _short(value: Json) -> str:
    return repr(value)[:60]
