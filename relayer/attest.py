"""Sign what a chain's lanes are at its finalised blocks, and never two things for one count.

A statement is stored before its signature leaves this process. Before anything is signed, the lane
has to contain all that was signed before: if a block that counted as final is replaced, this
validator falls silent instead of contradicting itself, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.contracts import read
from bridge.contracts.finality import QUORUM_EPOCH
from bridge.rpc import Rpc
from bridge.signer import Signer
from bridge.types import Address, ChainId
from relayer import queries, statements
from relayer.book import Book
from relayer.errors import DoubleStatement
from relayer.lanes import LaneBook, LaneId
from relayer.network import Places
from relayer.quorum import Statement, Vote
from relayer.rows import StatementRow

log = structlog.get_logger()
EPOCH_SECONDS = 15.0
KEPT = 8
"""Statements published at once; a deliverer asks for another count by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What an attester says of a lane: how many messages are final, and signed statements."""

    finalized: int
    votes: Sequence[Vote]


class Attester:
    """Attests the lanes of one source with one key."""

    def __init__(
        self, *, places: Places, source: ChainId, rpcs: dict[ChainId, Rpc], book: Book, signer: Signer
    ) -> None:
        self._places = places
        self._source = source
        self._rpcs = rpcs
        self._book = book
        self._signer = signer
        self._epochs: dict[LaneId, tuple[float, int]] = {}
        self._signed: dict[LaneId, int] = {}
        self._signing = asyncio.Lock()

    @property
    def address(self) -> Address:
        """The key that signs."""
        return self._signer.address

    async def step(self, *, now: int) -> int:
        """Sign each lane as it is at the newest final block, and return how many statements were new."""
        made = 0
        for lane in self._book.out_of(self._source):
            count = self._final_count(lane)
            if count and self._signed.get(lane.id) != count:
                made += await self._attest(lane, count, now)
                self._signed[lane.id] = count
        return made

    async def published(self, lane_id: LaneId, count: int | None, *, now: int) -> Published | None:
        """Return the newest statements of a lane, and one for `count` if that is final.

        None if the lane is not attested here. Only counts that a block ended with are signed.
        """
        lane = self._book.lanes.get(lane_id)
        if lane is None or lane_id.source != self._source:
            return None
        final = self._final_count(lane)
        if count and count <= final and lane.count_at(lane.heights[count - 1]) == count:
            await self._attest(lane, count, now)
        async with self._book.store.read() as connection:
            args = (connection, self.address, lane_id.source, lane_id.destination)
            rows = await queries.latest_statements(*args, KEPT)
            if count:
                rows += await queries.statements(*args, count)
        return Published(finalized=final, votes=[_vote(row) for row in {_key(r): r for r in rows}.values()])

    def _final_count(self, lane: LaneBook) -> int:
        """Return how many messages the lane had at the newest block that counts as final.

        The lane is read up to the cursor; what is above the finality depth below it may be replaced.
        """
        cursor = self._book.cursors.get(self._source)
        if cursor is None:
            return 0
        return lane.count_at(cursor.number - self._places[self._source].chain.depth)

    async def _attest(self, lane: LaneBook, count: int, now: int) -> int:
        """Sign the lane at `count` unless that is signed; returns 1 if a statement was made.

        Raises DoubleStatement if the lane contradicts what this key has signed.
        """
        epoch = await self._epoch(lane.id)
        async with self._signing, self._book.deciding, self._book.store.begin() as connection:
            args = (connection, self.address, lane.id.source, lane.id.destination)
            newest = await queries.latest_statements(*args, 1)
            for row in [*newest, *await queries.statements(*args, count)]:
                _require_kept(lane, row)
            if any(r.epoch == epoch for r in await queries.statements(*args, count)):
                return 0
            statement = Statement(
                source=lane.id.source,
                lane=lane.id.destination,
                root=lane.tree.subtree_root(count),
                count=count,
                height=lane.heights[count - 1],
                epoch=epoch,
            )
            vote = statements.sign(statement, lane.lane.outbox, self._signer)
            await queries.add_rows(connection, StatementRow, [_row(vote, now)])
        log.info("root_attested", source=lane.id.source, lane=lane.id.destination, count=count)
        return 1

    async def _epoch(self, lane: LaneId) -> int:
        """Return the epoch in force at the lane's destination, which a statement has to name."""
        now = asyncio.get_running_loop().time()
        known = self._epochs.get(lane)
        if known is not None and now < known[0]:
            return known[1]
        rpc = self._rpcs[lane.destination]
        view = QUORUM_EPOCH.at(self._places.oracle(lane), lane.source)
        epoch: int = await read(rpc, view, at=(await rpc.head()).ref)
        self._epochs[lane] = (now + EPOCH_SECONDS, epoch)
        return epoch


def _require_kept(lane: LaneBook, row: Any) -> None:  # noqa: ANN401  # a row of the statement table
    """Raise DoubleStatement unless the lane still contains what was signed."""
    has_it = row.leaf_count <= lane.tree.count
    root = lane.tree.subtree_root(row.leaf_count) if has_it else b""
    if root != row.root:
        raise DoubleStatement(
            source=lane.id.source,
            lane=lane.id.destination,
            count=row.leaf_count,
            signed=row.root,
            asked=root,
        )


def _vote(row: Any) -> Vote:  # noqa: ANN401  # a row of the statement table
    statement = Statement(
        source=ChainId(row.source),
        lane=ChainId(row.lane),
        root=row.root,
        count=row.leaf_count,
        height=row.height,
        epoch=row.epoch,
    )
    return Vote(statement=statement, signer=Address(row.signer), signature=row.signature)


def _key(row: Any) -> tuple[int, int]:  # noqa: ANN401  # a row of the statement table
    return row.leaf_count, row.epoch


def _row(vote: Vote, now: int) -> queries.Values:
    s = vote.statement
    return {
        "signer": vote.signer,
        "source": s.source,
        "lane": s.lane,
        "leaf_count": s.count,
        "epoch": s.epoch,
        "root": s.root,
        "height": s.height,
        "signature": vote.signature,
        "signed_at": now,
    }
