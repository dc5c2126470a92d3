"""Calls of the root oracles, the registry on the base chain, and the anchor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bridge.contracts.abi import Function, event
from bridge.rpc import Log
from bridge.types import Address, ChainId, Hash32

ORACLE_ACCEPTED = Function("accepted(uint64,uint64,bytes32,uint32)", "bool")
ORACLE_LATEST = Function("latest(uint64,uint64)", "bytes32", "uint32")
ORACLE_UPDATE = Function("update(bytes)")

STATEMENT = "(uint64,uint64,bytes32,uint32,uint64,uint32)"
QUORUM_SUBMIT = Function(f"submit({STATEMENT},bytes)")
QUORUM_EPOCH = Function("epoch(uint64)", "uint32")
QUORUM_WEIGHT_OF = Function("weightOf(uint64,address)", "uint256")
QUORUM_FROZEN = Function("frozen(uint64,uint64)", "bool")

PROVE_STATE_ROOT = Function("proveStateRoot(uint64,uint64,uint64,bytes[],bytes[])")
PROVE_LANE = Function("proveLane(uint64,uint64,bytes32,uint32,bytes[],bytes[])")

ANCHOR_STATE_ROOT = Function("stateRoot(uint64)", "bytes32")
ANCHOR_LATEST = Function("latest()", "uint64")

REGISTRY_POST = Function("post(uint64,uint64,bytes32,bytes)")
REGISTRY_PROPOSE = Function("propose(uint64,uint64,bytes32)", "uint256")
REGISTRY_DISPUTE = Function("dispute(uint256)")
REGISTRY_FINALIZE = Function("finalize(uint256)")
REGISTRY_WITHDRAW = Function("withdraw(address)")
REGISTRY_FINAL_ROOT = Function("finalRoot(uint64,uint64)", "bytes32")
COURT_VOTE = Function("vote(uint256,bool)")


@event(
    "Proposed(uint256 indexed id, uint64 indexed chain, uint64 height, bytes32 stateRoot, "
    "address proposer, uint64 deadline)"
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A state root was proposed under bond and can be disputed until the deadline."""

    TOPIC: ClassVar[bytes]
    log: Log
    id: int
    chain: ChainId
    height: int
    state_root: Hash32
    proposer: Address
    deadline: int


@event("Disputed(uint256 indexed id, address challenger)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """A proposal is before the court."""

    TOPIC: ClassVar[bytes]
    log: Log
    id: int
    challenger: Address


@event("Resolved(uint256 indexed id, bool valid)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The court decided a dispute."""

    TOPIC: ClassVar[bytes]
    log: Log
    id: int
    valid: bool


@event("Finalized(uint64 indexed chain, uint64 height, bytes32 stateRoot)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Finalized:
    """A rollup's state root at a height is final on the base chain."""

    TOPIC: ClassVar[bytes]
    log: Log
    chain: ChainId
    height: int
    state_root: Hash32
