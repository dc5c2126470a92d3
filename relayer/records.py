"""Turn what was read into rows, and rows into what is kept in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.contracts.finality import Proposed
from bridge.contracts.messaging import Sent
from bridge.types import ChainId, Hash32
from relayer import queries
from relayer.lanes import LaneBook, Pending
from relayer.rows import EarningRow
from relayer.settle import Kind, Result, Settled
from relayer.terms import Terms, terms
from relayer.transfer import Stage, Transfer

ITEM_HEAD = 42
"""Bytes of an item before its body."""


def pending_of(row: Any) -> Pending:  # noqa: ANN401  # a row of the message table
    """Return a stored message as it is kept in memory."""
    return Pending(
        terms=terms_of(row),
        size=len(row.item),
        seen_at=row.seen_at,
        transfer=Transfer(stage=Stage(row.stage), attempts=row.attempts, retry_at=row.retry_at, ours=row.ours),
        outgoing=row.outgoing,
    )


def terms_of(row: Any) -> Terms:  # noqa: ANN401  # a row of the message table
    """Return a stored message's terms."""
    return terms(row.item[ITEM_HEAD:])


def pending_of_values(row: Mapping[str, Any]) -> Pending:
    """Return a message that was just read as it is kept in memory."""
    item = row["item"]
    return Pending(terms=terms(item[ITEM_HEAD:]), size=len(item), seen_at=row["seen_at"])


def message_rows(lane: LaneBook, sent: Sequence[Sent], leaves: Sequence[Hash32], now: int) -> list[queries.Values]:
    """Return the rows of messages whose leaves were verified."""
    rows = []
    for event, leaf in zip(sent, leaves, strict=True):
        says = terms(event.item[ITEM_HEAD:])
        rows.append(
            {
                "source": lane.id.source,
                "destination": lane.id.destination,
                "leaf_index": event.index,
                "block_number": event.log.block.number,
                "block_hash": event.log.block.hash,
                "tx_hash": event.log.tx_hash,
                "item": event.item,
                "leaf": leaf,
                "asset": says.asset,
                "fee": says.fee,
                "stage": Stage.SEEN.value,
                "attempts": 0,
                "retry_at": 0,
                "ours": False,
                "outgoing": 0,
                "seen_at": now,
            }
        )
    return rows


def settlement_row(chain: ChainId, log_: Settled, now: int) -> queries.Values:
    """Return a settlement as a row."""
    return {
        "chain": chain,
        "block_number": log_.block_number,
        "log_index": log_.log_index,
        "part": log_.part,
        "block_hash": log_.block_hash,
        "tx_hash": log_.tx_hash,
        "source": log_.source,
        "first": log_.first,
        "n": log_.n,
        "kind": log_.kind.value,
        "ours": log_.ours,
        "detail": log_.detail,
        "at": now,
    }


def settled_of(row: Any) -> Settled:  # noqa: ANN401  # a row of the settlement table
    """Return a row as the settlement it holds."""
    return Settled(
        source=ChainId(row.source),
        first=row.first,
        n=row.n,
        kind=Kind(row.kind),
        ours=row.ours,
        detail=row.detail,
        block_number=row.block_number,
        block_hash=row.block_hash,
        tx_hash=Hash32(row.tx_hash),
        log_index=row.log_index,
        part=row.part,
    )


def proposal_row(chain: ChainId, event: Proposed) -> queries.Values:
    """Return a proposal as a row."""
    return {
        "chain": chain,
        "id": event.id,
        "rollup": event.chain,
        "height": event.height,
        "state_root": event.state_root,
        "proposer": event.proposer,
        "deadline": event.deadline,
        "status": "open",
        "judged": "unknown",
        "block_number": event.log.block.number,
        "block_hash": event.log.block.hash,
    }


async def store_result(connection: AsyncConnection, lane: LaneBook, result: Result) -> None:
    """Write changed states and fees of one lane."""
    await queries.store_changes(connection, lane.id.source, lane.id.destination, result.changes)
    earned = [
        {"chain": lane.id.destination, "block_number": e.block, "asset": e.asset, "amount": e.amount}
        for e in result.earned
    ]
    await queries.add_rows(connection, EarningRow, earned)
