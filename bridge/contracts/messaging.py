"""Calls and events of Outbox and Inbox: how messages leave a chain and how they arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bridge.contracts.abi import Function, event
from bridge.rpc import Log
from bridge.types import Account, Address, ChainId, Hash32, LeafIndex

OUTBOX_COMMITMENT = Function("commitment(uint64)", "bytes32")
OUTBOX_COUNT = Function("count(uint64)", "uint32")
OUTBOX_OPEN_LANE = Function("openLane(uint64)")

DELIVER = Function("deliver(uint64,bytes32,uint32,uint32,bytes32,bytes,bytes32[])", "uint256")
UPDATE_AND_DELIVER = Function("updateAndDeliver(bytes,uint64,bytes32,uint32,uint32,bytes32,bytes,bytes32[])", "uint256")
IS_DELIVERED = Function("isDelivered(uint64,uint32)", "bool")
INBOX_ROUTE = Function("route(uint64)", "address", "address")
INBOX_ADD_ROUTE = Function("addRoute((uint64,address,address))")


@event("Sent(uint64 indexed destination, uint32 indexed index, bytes item)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message was appended to a lane; `item` is exactly what the destination's Inbox takes."""

    TOPIC: ClassVar[bytes]
    log: Log
    destination: ChainId
    index: LeafIndex
    item: bytes


@event("LaneOpened(uint64 indexed destination)")
@dataclass(frozen=True, slots=True, kw_only=True)
class LaneOpened:
    """A lane can be sent on from now on."""

    TOPIC: ClassVar[bytes]
    log: Log
    destination: ChainId


@event("Delivered(uint64 indexed source, uint32 first, uint32 n, bytes32 payee)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Messages first to first + n - 1 were delivered, but for those that `skipped` marks."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    first: LeafIndex
    n: int
    payee: Account


@event("DeliveryFailed(uint64 indexed source, uint32 indexed index, bytes reason)")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """A recipient refused one message; anyone can try it again."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    reason: bytes


@event("RouteAdded(uint64 indexed source, address outbox, address oracle)")
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAdded:
    """The Inbox takes messages of a source from now on, by one oracle for good."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    outbox: Address
    oracle: Address


@event("RootAccepted(uint64 indexed source, uint64 indexed lane, bytes32 root, uint32 count)")
@dataclass(frozen=True, slots=True, kw_only=True)
class RootAccepted:
    """A commitment of a lane is final here from now on."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    lane: ChainId
    root: Hash32
    count: int
