"""Keep what is known of all lanes: in the store, durably, and in memory, as its cache.

A scan is taken whole or not at all: its logs have to rebuild the commitments that the chain holds
at the scan's block, and then messages, settlements, fees, states and the cursor are one
transaction. A reorganisation takes rows back in one transaction too. `deciding` is held by whoever
reads states in order to change them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.messages import Lane
from bridge.rpc import BlockRef
from bridge.types import ChainId
from relayer import queries
from relayer.errors import HeldDisputed, LogsIncomplete
from relayer.lanes import Change, LaneBook, LaneId, Pending
from relayer.records import (
    message_rows,
    pending_of,
    pending_of_values,
    proposal_row,
    settled_of,
    settlement_row,
    store_result,
    terms_of,
)
from relayer.rows import MessageRow, ProposalRow, SettlementRow
from relayer.settle import Kind, Result, Settled, settle
from relayer.store import Store
from relayer.transfer import SEEN, Stage, Transfer
from relayer.watcher import Scan

log = structlog.get_logger()
CHECKPOINT_EVERY = 16
"""Blocks in which nothing happened are stored as read so often: others are just read again."""


class Book:
    """All lanes of a relayer; `load` fills it from the store."""

    def __init__(self, store: Store, lanes: Iterable[Lane]) -> None:
        self.store = store
        self.deciding = asyncio.Lock()
        self.lanes: dict[LaneId, LaneBook] = {}
        self.cursors: dict[ChainId, BlockRef] = {}
        self.heads: dict[ChainId, int] = {}
        self.alarms: dict[str, str] = {}
        for lane in lanes:
            book = LaneBook(lane)
            self.lanes[book.id] = book

    async def load(self) -> None:
        """Read everything that is needed in memory from the store."""
        async with self.store.read() as connection:
            for lane in self.lanes.values():
                rows = await queries.leaves(connection, lane.id.source, lane.id.destination)
                lane.restore((row.leaf for row in rows), (row.block_number for row in rows))
                await self._reload(connection, lane)
            for chain in await queries.read_chains(connection):
                known = await queries.checkpoints(connection, chain)
                if known:
                    self.cursors[chain] = known[0]

    async def _reload(self, connection: AsyncConnection, lane: LaneBook) -> None:
        rows = await queries.open_messages(connection, lane.id.source, lane.id.destination)
        lane.pending = {row.leaf_index: pending_of(row) for row in rows}

    def into(self, chain: ChainId) -> Iterator[LaneBook]:
        """Yield the lanes that lead to a chain."""
        return (lane for lane in self.lanes.values() if lane.id.destination == chain)

    def out_of(self, chain: ChainId) -> Iterator[LaneBook]:
        """Yield the lanes that leave a chain."""
        return (lane for lane in self.lanes.values() if lane.id.source == chain)

    # --- taking what a chain says ---------------------------------------------------------------

    async def absorb(self, scan: Scan, *, now: int) -> int:
        """Take a scan and return how many messages and settlements were new.

        Raises LogsIncomplete, and changes nothing, if a lane's logs do not make its commitment:
        the same blocks are then read again.
        """
        async with self.deciding:
            grown = self._grow(scan, now)
            if scan.is_empty and scan.at.number % CHECKPOINT_EVERY:
                self._take_cursor(scan)
                return 0
            try:
                settled = await self._store_scan(scan, grown, now)
            except BaseException:
                for lane, rows in grown:
                    lane.truncate(lane.tree.count - len(rows))
                raise
            for lane, result in settled:
                lane.commit(result.changes)
            self._take_cursor(scan)
        return sum(len(rows) for _, rows in grown) + len(scan.settled)

    def _grow(self, scan: Scan, now: int) -> list[tuple[LaneBook, list[queries.Values]]]:
        """Append each lane's new leaves in memory; undo all of it if one lane does not fit."""
        grown: list[tuple[LaneBook, list[queries.Values]]] = []
        try:
            for destination, commitment in scan.commitments.items():
                lane = self.lanes.get(LaneId(source=scan.chain, destination=destination))
                if lane is None:
                    continue
                sent = scan.sent[destination]
                made = lane.extend(
                    items=[(event.index, event.item) for event in sent],
                    heights=[event.log.block.number for event in sent],
                    commitment=commitment,
                    at=scan.at.number,
                )
                grown.append((lane, message_rows(lane, sent, made, now)))
        except LogsIncomplete:
            for lane, rows in grown:
                lane.truncate(lane.tree.count - len(rows))
            raise
        return grown

    async def _store_scan(
        self, scan: Scan, grown: Sequence[tuple[LaneBook, list[queries.Values]]], now: int
    ) -> list[tuple[LaneBook, Result]]:
        results: list[tuple[LaneBook, Result]] = []
        async with self.store.begin() as connection:
            for lane, rows in grown:
                await queries.add_rows(connection, MessageRow, rows)
                for row in rows:
                    lane.pending[row["leaf_index"]] = pending_of_values(row)
                if rows:
                    results.append((lane, await self._replay(connection, lane, rows, now)))
            await queries.add_rows(
                connection, SettlementRow, [settlement_row(scan.chain, s, now) for s in scan.settled]
            )
            for lane in self.into(scan.chain):
                own = [s for s in scan.settled if s.source == lane.id.source]
                if own:
                    result = settle(lane.pending, own, at=now)
                    await store_result(connection, lane, result)
                    results.append((lane, result))
            await queries.add_rows(connection, ProposalRow, [proposal_row(scan.chain, p) for p in scan.proposed])
            await queries.add_checkpoint(connection, scan.chain, scan.at.ref)
        for lane, result in results:
            for index, event in result.alarms:
                log.warning(event, source=lane.id.source, lane=lane.id.destination, index=index)
        return results

    async def _replay(
        self, connection: AsyncConnection, lane: LaneBook, rows: Sequence[queries.Values], now: int
    ) -> Result:
        """Apply what the destination said of messages before their source was read."""
        first, last = rows[0]["leaf_index"], rows[-1]["leaf_index"]
        known = await queries.settlements(connection, lane.id.source, lane.id.destination, first, last)
        result = settle(lane.pending, [settled_of(row) for row in known], at=now)
        await store_result(connection, lane, result)
        return result

    def _take_cursor(self, scan: Scan) -> None:
        self.cursors[scan.chain] = scan.at.ref
        for source, held in scan.held.items():
            lane = self.lanes.get(LaneId(source=source, destination=scan.chain))
            if lane is not None:
                lane.held = held

    # --- taking it back -------------------------------------------------------------------------

    async def rewind(self, chain: ChainId, ancestor: int, *, now: int) -> None:
        """Take back everything that was read from a chain's blocks above `ancestor`, at once."""
        async with self.deciding:
            async with self.store.begin() as connection:
                for lane in self.out_of(chain):
                    await self._take_back_fees(connection, lane, lane.count_at(ancestor), now)
                undone = await queries.truncate(connection, chain, ancestor)
                for lane in self.into(chain):
                    for row in undone:
                        if row.source == lane.id.source:
                            await self._resettle(connection, lane, row.first, row.n, now)
                await self._reopen(connection, chain, ancestor)
                known = await queries.checkpoints(connection, chain)
            async with self.store.read() as connection:
                for lane in self.out_of(chain):
                    lane.truncate(lane.count_at(ancestor))
                for lane in self.into(chain):
                    lane.held = None
                    await self._reload(connection, lane)
            if known:
                self.cursors[chain] = known[0]
            else:
                self.cursors.pop(chain, None)
        log.warning("chain_reorganised", chain=chain, ancestor=ancestor, undone=len(undone))

    async def _resettle(self, connection: AsyncConnection, lane: LaneBook, first: int, n: int, now: int) -> None:
        """Set messages back to seen and apply the settlements that are left.

        The fees of those are counted already, and those of the undone went with their blocks.
        """
        pending, result = await self._settled_anew(connection, lane, first, first + n - 1, now)
        states = dict.fromkeys(pending, SEEN)
        states.update({change.index: change.transfer for change in result.changes})
        changes = [Change(index=index, transfer=transfer) for index, transfer in states.items()]
        await queries.store_changes(connection, lane.id.source, lane.id.destination, changes)

    async def _take_back_fees(self, connection: AsyncConnection, lane: LaneBook, first: int, now: int) -> None:
        """Uncount the fees of messages whose source is read anew: reading them counts their fees again."""
        _, result = await self._settled_anew(connection, lane, first, lane.tree.count - 1, now)
        undone = [replace(earned, amount=-earned.amount) for earned in result.earned]
        await store_result(connection, lane, Result(earned=undone))

    @staticmethod
    async def _settled_anew(
        connection: AsyncConnection, lane: LaneBook, first: int, last: int, now: int
    ) -> tuple[dict[int, Pending], Result]:
        """Return the messages first to last as they were when seen, and what the stored logs make of them."""
        source, destination = lane.id.source, lane.id.destination
        rows = await queries.messages_between(connection, source, destination, first, last)
        pending = {row.leaf_index: Pending(terms=terms_of(row), size=0, seen_at=0) for row in rows}
        known = await queries.settlements(connection, source, destination, first, last)
        return pending, settle(pending, [settled_of(row) for row in known], at=now)

    async def _reopen(self, connection: AsyncConnection, chain: ChainId, ancestor: int) -> None:
        """Put messages back into transactions that are live again, so that nothing is sent twice."""
        for row in await queries.reopen_outgoing(connection, chain, ancestor):
            if row.n:
                rows = await queries.messages_between(connection, row.source, chain, row.first, row.first + row.n - 1)
                seen = [m.leaf_index for m in rows if m.stage == Stage.SEEN.value]
                sent = Transfer(stage=Stage.SENT)
                changes = [Change(index=i, transfer=sent, outgoing=row.id) for i in seen]
                await queries.store_changes(connection, row.source, chain, changes)

    async def settle_by_state(self, lane: LaneBook, settled: Sequence[Settled], *, now: int) -> None:
        """Take what was not in a destination's logs when they were read, by its state or a later look.

        It may concern messages that count as done, such as a credit that waits after all: those come
        back from the store.
        """
        async with self.deciding:
            rows = [settlement_row(lane.id.destination, one, now) for one in settled]
            async with self.store.begin() as connection:
                await queries.add_rows(connection, SettlementRow, rows)
                known = dict(lane.pending)
                for one in settled:
                    known |= await self._done(connection, lane, one)
                result = settle(known, settled, at=now)
                await store_result(connection, lane, result)
            for change in result.changes:
                if change.transfer.stage is not Stage.DELIVERED:
                    lane.pending.setdefault(change.index, known[change.index])
            lane.commit(result.changes)

    async def _done(self, connection: AsyncConnection, lane: LaneBook, one: Settled) -> dict[int, Pending]:
        """Return the messages of which a log speaks and that are not pending any more."""
        if one.kind not in {Kind.WAITS, Kind.CREDITED}:
            return {}  # what is delivered cannot become more so
        last = one.first + one.n - 1
        rows = await queries.messages_between(connection, lane.id.source, lane.id.destination, one.first, last)
        return {row.leaf_index: pending_of(row) for row in rows if row.leaf_index not in lane.pending}

    async def settle_missing(self, scan: Scan, *, now: int) -> int:
        """Take settlements of a scan read again that were not in it before; return how many."""
        async with self.store.read() as connection:
            known = await queries.settlement_keys(connection, scan.chain)
        missing = [one for one in scan.settled if (one.block_number, one.log_index, one.part) not in known]
        for lane in self.into(scan.chain):
            own = [one for one in missing if one.source == lane.id.source]
            if own:
                log.warning("settlement_was_missing", lane=lane.id.destination, n=len(own))
                await self.settle_by_state(lane, own, now=now)
        return len(missing)

    async def checkpoints(self, connection: AsyncConnection, chain: ChainId) -> list[BlockRef]:
        """Return a chain's checkpoints, newest first."""
        return await queries.checkpoints(connection, chain)

    # --- deciding -------------------------------------------------------------------------------

    def serial(self) -> str:
        """Return a name that no decision has had: for decisions that may be taken again."""
        return uuid4().hex

    def require_honest(self, lane: LaneBook) -> None:
        """Raise HeldDisputed if the destination holds a root that the source's tree never had."""
        if lane.held and lane.held.count <= lane.tree.count and not lane.agrees_with(lane.held):
            raise HeldDisputed(source=lane.id.source, lane=lane.id.destination, count=lane.held.count)
