"""Calls of the root oracles, the registry on the base chain, and the anchor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bridge.contracts.abi import Function, event
from bridge.rpc import Log
from bridge.types import Address, ChainId, Hash32

ORACLE_ACCEPTED = Function("accepted(uint64,uint64,bytes32,uint32)", "bool")
ORACLE_LATEST = Function("latest(uint64,uint64)", "bytes32", "uint32")
ORACLE_UPDATE = Function("update(bytes)")

ORACLE_FROZEN = Function("frozen(uint64,uint64)", "bool")

STATEMENT = "(uint64,uint64,bytes32,uint32,uint64,uint32)"
VALIDATORS = "(address,uint48)[]"
QUORUM_SUBMIT = Function(f"submit({STATEMENT},bytes)")
QUORUM_ROTATE = Function(f"rotate(uint64,{VALIDATORS},bytes)")
QUORUM_EPOCH = Function("epoch(uint64)", "uint32")
QUORUM_VALIDATORS = Function("validators(uint64)", VALIDATORS)
QUORUM_WEIGHT_OF = Function("weightOf(uint64,address)", "uint256")
QUORUM_TOTAL_WEIGHT = Function("totalWeight(uint64)", "uint256")
QUORUM_IS_FAULTY = Function("isFaulty(uint64,address)", "bool")

STATE_PROOF = "(uint64,uint64,uint64,bytes[],bytes[])"
LANE_PROOF = "(uint64,uint64,bytes32,uint32,bytes[],bytes[])"
PROVE_STATE_ROOT = Function("proveStateRoot(uint64,uint64,uint64,bytes[],bytes[])")
PROVE_LANE = Function("proveLane(uint64,uint64,bytes32,uint32,bytes[],bytes[])")
PROVE_BOTH = Function(f"proveBoth({STATE_PROOF},{LANE_PROOF})")
IS_HELD = Function("isHeld(uint64,uint64,bytes32)", "bool")
LATEST_HEIGHT = Function("latestHeight(uint64)", "uint64")

ANCHOR_STATE_ROOT = Function("stateRoot(uint64)", "bytes32")
ANCHOR_LATEST = Function("latest()", "uint64")

REGISTRY_POST = Function("post(uint64,uint64,bytes32,bytes)")
REGISTRY_PROPOSE = Function("propose(uint64,uint64,bytes32)", "uint256")
REGISTRY_DISPUTE = Function("dispute(uint256,bytes32)")
REGISTRY_SUMMON = Function("summon(uint256)")
REGISTRY_RESOLVE = Function("resolve(uint256)")
REGISTRY_FINALIZE = Function("finalize(uint256)")
REGISTRY_WITHDRAW = Function("withdraw(address)", "uint256")
REGISTRY_WITHDRAWABLE = Function("withdrawable(address)", "uint256")
REGISTRY_FINAL_ROOT = Function("finalRoot(uint64,uint64)", "bytes32")
REGISTRY_LATEST_FINAL = Function("latestFinal(uint64)", "uint64")
PROPOSAL = "(uint64,uint64,uint64,uint8,address,address,bytes32)"
REGISTRY_PROPOSAL = Function("proposal(uint256)", PROPOSAL)
REGISTRY_PROPOSALS = Function("proposals()", "uint256")
REGISTRY_STANDING = Function("standing(uint64,uint64,bytes32)", "uint256")
REGISTRY_TERMS = Function("terms(uint64)", "address", "uint128", "uint64", "uint64")
REGISTRY_CHALLENGE_BOND = Function("challengeBond(uint64)", "uint256")

COURT_VOTE = Function("vote(uint256,bytes32,bool)")
COURT_VERDICT = Function("verdict(uint256)", "uint8")
COURT_HAS_VOTED = Function("hasVoted(uint256,address)", "bool")
COURT_CLAIM_OF = Function("claimOf(uint256)", "bytes32")


class Status(IntEnum):
    """A state root's claim on the base chain: how far it has come."""

    NONE = 0
    OPEN = 1
    DISPUTED = 2
    REFUTED = 3
    FINAL = 4


@event("LaneFrozen(uint64 indexed source, uint64 indexed lane)")
@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFrozen:
    """Two roots were final for one count: the lane accepts nothing until the owner reopens it."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    lane: ChainId


@event("StateRootHeld(uint64 indexed source, uint64 indexed height, bytes32 stateRoot, uint64 baseNumber)")
@dataclass(frozen=True, slots=True, kw_only=True)
class StateRootHeld:
    """A rollup's state root was proven from the anchor, and lanes can be proven from it."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    height: int
    state_root: Hash32
    base_number: int


@event(
    "Proposed(uint256 indexed id, uint64 indexed chain, uint64 height, bytes32 stateRoot, "
    "address proposer, uint64 deadline)"
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A state root was proposed under bond; from the deadline on it can be made final unless disputed."""

    TOPIC: ClassVar[bytes]
    log: Log
    id: int
    chain: ChainId
    height: int
    state_root: Hash32
    proposer: Address
    deadline: int


@event("Disputed(uint256 indexed id, address indexed challenger)")
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


@event("Finalized(uint64 indexed chain, uint64 indexed height, bytes32 stateRoot)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Finalized:
    """A rollup's state root at a height is final on the base chain."""

    TOPIC: ClassVar[bytes]
    log: Log
    chain: ChainId
    height: int
    state_root: Hash32
