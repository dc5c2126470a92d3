"""Ask a destination's state what became of messages, where its logs do not say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.contracts import View
from bridge.contracts.clearing import HUB_WAITING
from bridge.contracts.messaging import IS_DELIVERED
from bridge.rpc import BlockRef, Rpc
from bridge.types import Hash32
from relayer.lanes import LaneBook
from relayer.network import Place
from relayer.settle import Kind, Settled

STATE_LOG = 2**33
"""Log indices from here on stand for what the state says and no log did."""
NOTHING = bytes(32)


async def settled_by_state(rpc: Rpc, place: Place, lane: LaneBook, wanted: Sequence[int]) -> list[Settled]:
    """Return what the newest state says of the messages that are delivered.

    Delivered to the hub is not yet credited: the hub says which credits wait. Raises ChainError.
    """
    at = (await rpc.head()).ref
    views: list[View[bool]] = [IS_DELIVERED.at(place.at("inbox"), lane.id.source, index) for index in wanted]
    answers = await _ask(rpc, views, at)
    done = [index for index, is_delivered in zip(wanted, answers, strict=True) if is_delivered]
    waits: set[int] = set()
    if done and place.has("hub"):
        held: list[View[bytes]] = [HUB_WAITING.at(place.at("hub"), lane.id.source, index) for index in done]
        waits = {index for index, leaf in zip(done, await _ask(rpc, held, at), strict=True) if leaf != NOTHING}
    return [_says(lane, i, Kind.DELIVERED, at) for i in done] + [_says(lane, i, Kind.WAITS, at) for i in sorted(waits)]


async def _ask(rpc: Rpc, views: Sequence[View[Any]], at: BlockRef) -> list[Any]:
    answers = await rpc.calls([(view.to, view.data) for view in views], at=at)
    return [view.decode(answer) for view, answer in zip(views, answers, strict=True)]


def _says(lane: LaneBook, index: int, kind: Kind, at: BlockRef) -> Settled:
    after = STATE_LOG if kind is Kind.WAITS else 0  # a credit waits after its delivery
    return Settled(
        source=lane.id.source,
        first=index,
        n=1,
        kind=kind,
        ours=False,
        detail=b"state",
        block_number=at.number,
        block_hash=at.hash,
        tx_hash=Hash32(bytes(32)),
        log_index=STATE_LOG + after + index,
        part=lane.id.source,
    )
