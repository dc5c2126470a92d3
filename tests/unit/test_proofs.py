"""Deliveries: what an Inbox would accept is built and passes, and each broken rule is refused before gas is spent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import CausewayError, FieldOutOfRange, MessageMalformed, ProofError
from bridge.merkle import Tree
from bridge.messages import MAX_BODY, Item, Lane, leaf
from bridge.proofs import Delivery, check, deliver, unpack
from bridge.types import Address, ChainId, Hash32, LeafCount, LeafIndex
from tests.vectors.generate_messages import JSON_FILE
from tests.vectors.message_cases import CLEARING, LANE, VAULT, lane_items

Row = Any  # what JSON or a parametrised case holds
VECTORS: Row = json.loads(JSON_FILE.read_text())
COUNT = 40


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def many_items() -> list[bytes]:
    return [Item(sender=VAULT, recipient=CLEARING, body=bytes([i + 1]) * (i + 1)).encode() for i in range(COUNT)]


def tree_of(items: list[bytes]) -> Tree:
    tree = Tree()
    tree.append_many(leaf(lane=LANE, index=LeafIndex(i), item=item) for i, item in enumerate(items))
    return tree


ITEMS = many_items()
TREE = tree_of(ITEMS)


def proven(first: int = 4, n: int = 5, count: int = COUNT) -> Delivery:
    return deliver(lane=LANE, tree=TREE, first=LeafIndex(first), items=ITEMS[first : first + n], count=LeafCount(count))


@given(st.data())
def test_deliver__any_range_of_any_count__passes_the_check(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, COUNT))
    first = data.draw(st.integers(0, count - 1))
    n = data.draw(st.integers(1, count - first))
    delivery = proven(first, n, count)
    check(lane=LANE, delivery=delivery)
    assert [item.encode() for item in unpack(delivery.items)] == ITEMS[first : first + n]
    assert delivery.root == TREE.subtree_root(count)


def test_deliver__items_that_the_tree_does_not_hold__are_refused() -> None:
    with pytest.raises(ProofError, match="not what the root says"):
        deliver(lane=LANE, tree=TREE, first=LeafIndex(4), items=ITEMS[5:7], count=LeafCount(COUNT))


def test_deliver__range_beyond_the_count__is_refused() -> None:
    with pytest.raises(FieldOutOfRange):
        proven(first=38, n=2, count=39)


def test_deliver__no_items__is_refused() -> None:
    with pytest.raises(FieldOutOfRange):
        proven(n=0)


@pytest.mark.parametrize(
    "lane",
    [
        replace(LANE, source=ChainId(LANE.source + 1)),
        replace(LANE, destination=ChainId(LANE.destination + 1)),
        replace(LANE, outbox=Address(b"\x0c" * 20)),
    ],
    ids=["other source", "other destination", "other outbox"],
)
def test_check__delivery_of_another_lane__is_refused(lane: Lane) -> None:
    check(lane=LANE, delivery=proven())
    with pytest.raises(ProofError):
        check(lane=lane, delivery=proven())


@pytest.mark.parametrize(
    "changed",
    [
        {"first": LeafIndex(4 + 2**32)},
        {"first": LeafIndex(-1)},
        {"first": LeafIndex(COUNT - 4)},
        {"count": LeafCount(2**32 + COUNT)},
        {"count": LeafCount(8)},
        {"root": Hash32(bytes(32))},
        {"siblings": (Hash32(bytes(31)), *proven().siblings[1:])},
        {"items": b"".join(ITEMS[4:8])},
        {"items": b"".join(ITEMS[4:10])},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_check__altered_delivery__is_refused(changed: Row) -> None:
    with pytest.raises(ProofError):
        check(lane=LANE, delivery=replace(proven(), **changed))


@given(st.data())
def test_check__any_byte_altered__is_refused(data: st.DataObject) -> None:
    good = proven()
    raw = bytearray(good.items + b"".join(good.siblings))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    nodes = raw[len(good.items) :]
    siblings = tuple(Hash32(bytes(nodes[i : i + 32])) for i in range(0, len(nodes), 32))
    with pytest.raises((ProofError, MessageMalformed)):
        check(lane=LANE, delivery=replace(good, items=bytes(raw[: len(good.items)]), siblings=siblings))


@pytest.mark.parametrize(
    "items",
    [b"", ITEMS[0][:-1], ITEMS[0] + b"\0", bytes(42), (MAX_BODY + 1).to_bytes(2, "big") + bytes(40 + MAX_BODY + 1)],
    ids=["none", "cut off", "left over", "no body", "body too long"],
)
def test_unpack__stream_that_is_not_of_whole_items__is_refused(items: bytes) -> None:
    with pytest.raises(MessageMalformed):
        unpack(items)


@pytest.mark.parametrize("row", VECTORS["deliveries"], ids=lambda row: row["name"])
def test_check__vector__is_accepted_or_refused_as_it_says(row: Row) -> None:
    delivery = Delivery(
        source=LANE.source,
        root=Hash32(from_hex(row["root"])),
        count=row["count"],
        first=row["first"],
        items=from_hex(row["items"]),
        siblings=tuple(Hash32(from_hex(node)) for node in row["siblings"]),
    )
    if row["accepted"]:
        check(lane=LANE, delivery=delivery)
        return
    with pytest.raises(CausewayError):
        check(lane=LANE, delivery=delivery)


def test_vectors__their_lane__is_of_distinct_items() -> None:
    assert len(set(lane_items())) == len(lane_items())
