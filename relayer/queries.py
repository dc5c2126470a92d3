"""What is read from and written to the store, each a statement or two on an open transaction.

Writes take many rows at once: a backlog of thousands of messages costs a few statements. Nothing
here decides; what belongs together is together because the caller holds one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from bridge.rpc import BlockRef
from bridge.types import BlockNumber, ChainId, Hash32
from relayer.lanes import Change
from relayer.policy import gap_ends
from relayer.rows import (
    AttemptRow,
    CheckpointRow,
    EarningRow,
    MessageRow,
    OutgoingRow,
    ProposalRow,
    SettlementRow,
    StatementRow,
)
from relayer.transfer import Stage, Transfer

Values = dict[str, Any]
MOST_NAMED = 10_000
"""Rows that one statement names by number; SQLite takes 32,766 parameters."""

checkpoint = SQLModel.metadata.tables[CheckpointRow.__tablename__]
message = SQLModel.metadata.tables[MessageRow.__tablename__]
settlement = SQLModel.metadata.tables[SettlementRow.__tablename__]
earning = SQLModel.metadata.tables[EarningRow.__tablename__]
outgoing = SQLModel.metadata.tables[OutgoingRow.__tablename__]
attempt = SQLModel.metadata.tables[AttemptRow.__tablename__]
statement = SQLModel.metadata.tables[StatementRow.__tablename__]
proposal = SQLModel.metadata.tables[ProposalRow.__tablename__]


# --- blocks ------------------------------------------------------------------------------------


async def add_checkpoint(connection: AsyncConnection, chain: ChainId, block: BlockRef) -> None:
    """Move a chain's cursor to `block`."""
    row = {"chain": chain, "number": block.number, "hash": block.hash}
    await connection.execute(insert(checkpoint), [row])


async def checkpoints(connection: AsyncConnection, chain: ChainId) -> list[BlockRef]:
    """Return a chain's checkpoints, newest first."""
    wanted = select(checkpoint.c.number, checkpoint.c.hash).where(checkpoint.c.chain == chain)
    rows = await connection.execute(wanted.order_by(checkpoint.c.number.desc()))
    return [BlockRef(number=BlockNumber(n), hash=Hash32(h)) for n, h in rows]


async def read_chains(connection: AsyncConnection) -> list[ChainId]:
    """Return the chains of which anything was read."""
    found = await connection.execute(select(checkpoint.c.chain).distinct())
    return [ChainId(chain) for (chain,) in found]


async def settlement_keys(connection: AsyncConnection, chain: ChainId) -> set[tuple[int, int, int]]:
    """Return (block, log index, part) of every settlement known of a chain."""
    wanted = select(settlement.c.block_number, settlement.c.log_index, settlement.c.part)
    rows = await connection.execute(wanted.where(settlement.c.chain == chain))
    return {(block, index, part) for block, index, part in rows}


async def prune_checkpoints(connection: AsyncConnection, chain: ChainId, below: int) -> None:
    """Forget a chain's checkpoints below a final block, but for the newest of them."""
    old = and_(checkpoint.c.chain == chain, checkpoint.c.number <= below)
    newest = (await connection.execute(select(func.max(checkpoint.c.number)).where(old))).scalar()
    if newest is not None:
        await connection.execute(delete(checkpoint).where(old, checkpoint.c.number < newest))


async def truncate(connection: AsyncConnection, chain: ChainId, above: int) -> list[Row[Any]]:
    """Delete every row that was read from a chain's blocks above `above`.

    Returns the deleted settlements as (source, first, n): their messages have to be settled anew.
    """
    gone = and_(settlement.c.chain == chain, settlement.c.block_number > above)
    wanted = select(settlement.c.source, settlement.c.first, settlement.c.n).where(gone)
    undone: list[Row[Any]] = [*await connection.execute(wanted)]
    await connection.execute(delete(settlement).where(gone))
    for table in (earning, proposal):
        await connection.execute(delete(table).where(table.c.chain == chain, table.c.block_number > above))
    await connection.execute(delete(checkpoint).where(checkpoint.c.chain == chain, checkpoint.c.number > above))
    await connection.execute(delete(message).where(message.c.source == chain, message.c.block_number > above))
    return undone


# --- messages ----------------------------------------------------------------------------------


async def add_rows(connection: AsyncConnection, table: type[SQLModel], rows: Sequence[Values]) -> None:
    """Insert rows of one table by one statement."""
    if rows:
        await connection.execute(insert(SQLModel.metadata.tables[str(table.__tablename__)]), rows)


async def leaves(connection: AsyncConnection, source: ChainId, destination: ChainId) -> list[Row[Any]]:
    """Return (leaf, block_number) of a lane's messages in order."""
    wanted = select(message.c.leaf, message.c.block_number).where(_lane(source, destination))
    rows: list[Row[Any]] = [*await connection.execute(wanted.order_by(message.c.leaf_index))]
    return rows


async def open_messages(connection: AsyncConnection, source: ChainId, destination: ChainId) -> list[Row[Any]]:
    """Return a lane's messages whose credit does not stand yet."""
    wanted = select(message).where(_lane(source, destination), message.c.stage != Stage.DELIVERED.value)
    return [*await connection.execute(wanted.order_by(message.c.leaf_index))]


async def messages_between(
    connection: AsyncConnection, source: ChainId, destination: ChainId, first: int, last: int
) -> list[Row[Any]]:
    """Return a lane's messages first to last, in order."""
    wanted = select(message).where(_lane(source, destination), message.c.leaf_index.between(first, last))
    return [*await connection.execute(wanted.order_by(message.c.leaf_index))]


async def items(
    connection: AsyncConnection, source: ChainId, destination: ChainId, first: int, last: int
) -> list[bytes]:
    """Return the encoded items of a lane's messages first to last, in order."""
    wanted = select(message.c.item).where(_lane(source, destination), message.c.leaf_index.between(first, last))
    return [item for (item,) in await connection.execute(wanted.order_by(message.c.leaf_index))]


async def store_changes(
    connection: AsyncConnection, source: ChainId, destination: ChainId, changes: Iterable[Change]
) -> None:
    """Write new states; neighbours with the same state take one statement together."""
    groups: dict[tuple[Transfer, int], list[int]] = {}
    for change in changes:
        groups.setdefault((change.transfer, change.outgoing), []).append(change.index)
    for (transfer, number), indices in groups.items():
        for first, last in gap_ends(sorted(indices)):
            await connection.execute(
                update(message)
                .where(_lane(source, destination), message.c.leaf_index.between(first, last))
                .values(
                    stage=transfer.stage.value,
                    attempts=transfer.attempts,
                    retry_at=transfer.retry_at,
                    ours=transfer.ours,
                    outgoing=number,
                )
            )


async def settlements(
    connection: AsyncConnection, source: ChainId, destination: ChainId, first: int, last: int
) -> list[Row[Any]]:
    """Return what a destination's logs say of messages first to last, in the chain's order."""
    wanted = select(settlement).where(
        settlement.c.source == source,
        settlement.c.chain == destination,
        settlement.c.first <= last,
        settlement.c.first + settlement.c.n > first,
    )
    order = (settlement.c.block_number, settlement.c.log_index)
    return [*await connection.execute(wanted.order_by(*order))]


async def reopen_outgoing(connection: AsyncConnection, chain: ChainId, above: int) -> list[Row[Any]]:
    """Make transactions live again whose block is gone, and return all that are live.

    Those whose bytes are forgotten cannot be sent again: they keep their outcome, and messages that
    it does not settle are freed by whoever looks for such.
    """
    kept = select(attempt.c.outgoing).where(attempt.c.outgoing == outgoing.c.id).exists()
    gone = and_(outgoing.c.chain == chain, outgoing.c.block_number > above, kept)
    await connection.execute(update(outgoing).where(gone).values(status="signed", block_number=0, gas_used=0, paid=0))
    return await live(connection, chain)


async def live(connection: AsyncConnection, chain: ChainId) -> list[Row[Any]]:
    """Return a chain's transactions that are decided or signed and have no outcome, without data."""
    columns = [column for column in outgoing.c if column.name != "data"]
    wanted = select(*columns).where(outgoing.c.chain == chain, outgoing.c.status.in_(("decided", "signed")))
    return [*await connection.execute(wanted.order_by(outgoing.c.id))]


async def add_outgoing(connection: AsyncConnection, **values: Any) -> int | None:  # noqa: ANN401
    """Store a decision and return its id, or None if the same was decided before."""
    known = select(outgoing.c.id).where(outgoing.c.dedupe == values["dedupe"])
    if (await connection.execute(known)).first() is not None:
        return None
    done = await connection.execute(insert(outgoing).values(**values))
    key = done.inserted_primary_key
    return None if key is None else int(key[0])


async def data_of(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, bytes]:
    """Return the calldata of transactions by id."""
    found: dict[int, bytes] = {}
    for some in _chunks(numbers):
        wanted = select(outgoing.c.id, outgoing.c.data).where(outgoing.c.id.in_(some))
        found |= {row.id: row.data for row in await connection.execute(wanted)}
    return found


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield numbers in parts that one statement can name: databases bound its parameters."""
    return (numbers[start : start + MOST_NAMED] for start in range(0, len(numbers), MOST_NAMED))


async def set_outgoing(connection: AsyncConnection, number: int, **values: Any) -> None:  # noqa: ANN401
    """Change fields of one transaction."""
    await connection.execute(update(outgoing).where(outgoing.c.id == number).values(**values))


async def attempts(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Return the signed forms of transactions by id, oldest first; none of those whose bytes are forgotten."""
    found: dict[int, list[Row[Any]]] = {}
    for some in _chunks(numbers):
        wanted = select(attempt).where(attempt.c.outgoing.in_(some)).order_by(attempt.c.stored_at)
        for row in await connection.execute(wanted):
            found.setdefault(row.outgoing, []).append(row)
    return found


async def earned(connection: AsyncConnection) -> dict[tuple[int, int], int]:
    """Return the fees earned so far by (chain, asset), in wads."""
    total: dict[tuple[int, int], int] = {}
    rows = await connection.execute(select(earning.c.chain, earning.c.asset, earning.c.amount))
    for chain, asset, amount in rows:
        total[chain, asset] = total.get((chain, asset), 0) + amount
    return total


async def spent(connection: AsyncConnection) -> dict[int, int]:
    """Return the wei paid for gas so far, by chain."""
    total: dict[int, int] = {}
    wanted = select(outgoing.c.chain, outgoing.c.paid).where(outgoing.c.gas_used > 0)
    for chain, paid in await connection.execute(wanted):
        total[chain] = total.get(chain, 0) + paid
    return total


async def prune_attempts(connection: AsyncConnection, chain: ChainId, before: int) -> int:
    """Forget the bytes of transactions that were closed before a time; their rows stay."""
    closed = select(outgoing.c.id).where(
        outgoing.c.chain == chain,
        outgoing.c.status.in_(("mined", "reverted", "lost")),
        outgoing.c.updated_at < before,
    )
    done = await connection.execute(delete(attempt).where(attempt.c.outgoing.in_(closed)))
    await connection.execute(update(outgoing).where(outgoing.c.id.in_(closed), outgoing.c.data != b"").values(data=b""))
    return int(done.rowcount)


def _lane(source: ChainId, destination: ChainId) -> Any:  # noqa: ANN401  # an SQL expression
    return and_(message.c.source == source, message.c.destination == destination)


# --- statements and proposals ------------------------------------------------------------------


async def statements(
    connection: AsyncConnection, signer: bytes, source: ChainId, lane: ChainId, count: int
) -> list[Row[Any]]:
    """Return what a key of ours has signed for one lane and count, in any epoch."""
    wanted = select(statement).where(
        statement.c.signer == signer,
        statement.c.source == source,
        statement.c.lane == lane,
        statement.c.leaf_count == count,
    )
    return [*await connection.execute(wanted)]


async def latest_statements(
    connection: AsyncConnection, signer: bytes, source: ChainId, lane: ChainId, limit: int
) -> list[Row[Any]]:
    """Return the newest statements of a key of ours for a lane, highest count first."""
    wanted = select(statement).where(
        statement.c.signer == signer, statement.c.source == source, statement.c.lane == lane
    )
    order = (statement.c.leaf_count.desc(), statement.c.epoch.desc())
    return [*await connection.execute(wanted.order_by(*order).limit(limit))]


async def proposals(connection: AsyncConnection, chain: ChainId) -> list[Row[Any]]:
    """Return a base chain's proposals that are neither final nor refuted."""
    wanted = select(proposal).where(
        proposal.c.chain == chain, or_(proposal.c.status == "open", proposal.c.status == "disputed")
    )
    return [*await connection.execute(wanted.order_by(proposal.c.id))]


async def set_proposal(connection: AsyncConnection, chain: ChainId, number: int, **values: str | int) -> None:
    """Change fields of one proposal."""
    place = and_(proposal.c.chain == chain, proposal.c.id == number)
    await connection.execute(update(proposal).where(place).values(**values))
