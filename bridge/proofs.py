"""Build what an Inbox takes: packed items and the proof that they stand in a lane's tree.

`check` is the Inbox's own verification in Python, so a delivery can be judged before gas is spent on it. This module
leaves to others which roots are final (the root oracles), which messages to deliver together (`relayer.policy`) and how
a delivery becomes a transaction (`bridge.contracts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.errors import MessageMalformed, ProofError
from bridge.merkle import Tree, verify_lane
from bridge.merkle_proof import is_range
from bridge.messages import Item, Lane, leaf
from bridge.types import ChainId, Hash32, LeafCount, LeafIndex

ITEM_HEAD = 42
"""Bytes before the body of an item: its length, sender and recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What `Inbox.deliver` takes, but for the payee: consecutive messages and their proof against one final root."""

    source: ChainId
    root: Hash32
    count: LeafCount
    first: LeafIndex
    items: bytes
    siblings: tuple[Hash32, ...]


def deliver(*, lane: Lane, tree: Tree, first: LeafIndex, items: Sequence[bytes], count: LeafCount) -> Delivery:
    """Return the delivery of encoded `items`, which stand from index `first` on, against the tree of `count` leaves.

    Raises FieldOutOfRange if the tree of `count` leaves does not have them all, ProofError if its leaves are not those
    of the items (a log and the tree disagree: rescan), and MessageMalformed if an item is none.
    """
    delivery = Delivery(
        source=lane.source,
        root=Hash32(tree.subtree_root(count)),
        count=count,
        first=first,
        items=b"".join(items),
        siblings=tuple(Hash32(node) for node in tree.lane_proof(first, len(items), count)),
    )
    check(lane=lane, delivery=delivery)
    return delivery


def check(*, lane: Lane, delivery: Delivery) -> None:
    """Raise unless the Inbox would find the proof valid, given that its oracle holds the root.

    MessageMalformed if the items do not unpack, ProofError if they are not what the root says.
    """
    if delivery.source != lane.source:
        raise ProofError(reason=f"the delivery is from chain {delivery.source}, the lane from {lane.source}")
    items = unpack(delivery.items)
    if not is_range(delivery.first, len(items), delivery.count):
        raise ProofError(reason=f"{len(items)} items from index {delivery.first} do not fit {delivery.count} leaves")
    leaves = [
        leaf(lane=lane, index=LeafIndex(index), item=item.encode())
        for index, item in enumerate(items, start=delivery.first)
    ]
    if not verify_lane(
        leaves=leaves,
        first=delivery.first,
        siblings=delivery.siblings,
        root=delivery.root,
        count=delivery.count,
    ):
        raise ProofError(reason=f"the items from index {delivery.first} on are not what the root says")


def unpack(items: bytes) -> tuple[Item, ...]:
    """Split a packed stream into its items; raises MessageMalformed unless it is of one or more whole items."""
    unpacked: list[Item] = []
    offset = 0
    while offset < len(items):
        end = offset + ITEM_HEAD + int.from_bytes(items[offset : offset + 2], "big")
        unpacked.append(Item.decode(items[offset:end]))
        offset = end
    if not unpacked:
        raise MessageMalformed(reason="no items: a delivery is of at least one message")
    return tuple(unpacked)
