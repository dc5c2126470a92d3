"""How far a transfer has come, each step with the evidence that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bridge.errors import TransferUnknown
from bridge.rpc import BlockRef
from bridge.types import Address, ChainId, Hash32, LeafIndex


class Stage(StrEnum):
    """What is true of a transfer."""

    PENDING = "pending"  # broadcast, not mined
    SENT = "sent"  # its message is in a lane
    FINAL = "final"  # the destination holds a root that covers the message
    WAITING = "waiting"  # taken at the hub, its credit waits for a check
    CREDITED = "credited"  # cash or collateral at its place
    FORWARDED = "forwarded"  # credited at the hub and sent on
    STAYED = "stayed"  # credited at the hub; what should have come next failed a check
    PAID = "paid"  # tokens left the vault for their receiver
    CLAIMABLE = "claimable"  # kept by the vault for its receiver, who has to claim


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageId:
    """A message's place: the lane from source to destination, and its index there."""

    source: ChainId
    destination: ChainId
    index: LeafIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a step can be looked up: chain and block, and a transaction's log or a commitment."""

    chain: str
    block: BlockRef
    tx: Hash32 | None = None
    log: int | None = None
    commitment: Hash32 | None = None

    def to_json(self) -> dict[str, object]:
        """Return plain values, hashes as 0x text, without what is absent."""
        fields: dict[str, object] = {
            "chain": self.chain,
            "block": self.block.number,
            "block_hash": "0x" + self.block.hash.hex(),
        }
        if self.tx is not None:
            fields["tx"] = "0x" + self.tx.hex()
        if self.log is not None:
            fields["log"] = self.log
        if self.commitment is not None:
            fields["commitment"] = "0x" + self.commitment.hex()
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One step of a transfer; `is_end` where nothing follows by itself."""

    stage: Stage
    evidence: Evidence | None
    message: MessageId | None = None
    detail: str = ""
    is_end: bool = False

    def to_json(self) -> dict[str, object]:
        """Return plain values for programs."""
        fields: dict[str, object] = {"stage": str(self.stage), "end": self.is_end}
        if self.detail:
            fields["detail"] = self.detail
        if self.message is not None:
            fields["message"] = {
                "source": self.message.source,
                "destination": self.message.destination,
                "index": self.message.index,
            }
        if self.evidence is not None:
            fields["evidence"] = self.evidence.to_json()
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferId:
    """What a transfer can be found again by: chain and transaction, and which of its messages."""

    chain: str
    tx: Hash32
    part: int = 0

    def __str__(self) -> str:
        part = f":{self.part}" if self.part else ""
        return f"{self.chain}:0x{self.tx.hex()}{part}"

    @classmethod
    def parse(cls, text: str) -> TransferId:
        """Read the text form; raises TransferUnknown for anything else."""
        match = re.fullmatch(r"([\w.-]+):0x([0-9a-f]{64})(?::(\d{1,4}))?", text)
        if match is None:
            raise TransferUnknown(id=text[:120], problem="is not chain:0x… of a transaction")
        tx = Hash32(bytes.fromhex(match[2]))
        return cls(chain=match[1], tx=tx, part=int(match[3] or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentId:
    """What a signed intent's transfer can be found again by, whoever submits it and in whichever transaction.

    The contract uses each nonce of a signer once and says so in a log, after block `first` and up to
    `deadline` or never.
    """

    chain: str
    contract: str
    signer: Address
    nonce: int
    first: int
    deadline: int

    def __str__(self) -> str:
        place = f"{self.chain}:{self.contract}:0x{self.signer.hex()}"
        return f"{place}:0x{self.nonce:064x}:{self.first}:{self.deadline}"

    @classmethod
    def parse(cls, text: str) -> IntentId:
        """Read the text form; raises TransferUnknown for anything else."""
        form = r"([\w.-]+):(vault|hub|venue):0x([0-9a-f]{40}):0x([0-9a-f]{64}):(\d{1,20}):(\d{1,20})"
        match = re.fullmatch(form, text)
        if match is None:
            raise TransferUnknown(id=text[:240], problem="is not chain:contract:0x…:0x…:block:deadline of an intent")
        return cls(
            chain=match[1],
            contract=match[2],
            signer=Address(bytes.fromhex(match[3])),
            nonce=int(match[4], 16),
            first=int(match[5]),
            deadline=int(match[6]),
        )


AnyId = TransferId | IntentId


def parse_id(text: str) -> AnyId:
    """Read the id of a transfer, by transaction or by intent; raises TransferUnknown for anything else."""
    return IntentId.parse(text) if text.count(":") > 2 else TransferId.parse(text)
