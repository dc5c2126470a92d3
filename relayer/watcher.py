"""Read what happened on one chain since the last look, pinned to one block.

A scan is all logs of our contracts up to a block with the lanes' commitments in that very block's
state. What the logs prove is decided by whoever takes the scan: nothing here trusts them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bridge.contracts import View, read_all, read_log
from bridge.contracts.clearing import CreditRetried, CreditWaiting
from bridge.contracts.finality import ORACLE_LATEST, Proposed
from bridge.contracts.messaging import OUTBOX_COMMITMENT, Delivered, DeliveryFailed, Sent
from bridge.rpc import Block, BlockRef, Log, LogFilter, Rpc
from bridge.types import Account, BlockNumber, ChainId
from relayer.lanes import Held, LaneId
from relayer.network import Place, Places
from relayer.policy import ranges_without
from relayer.settle import Kind, Settled

MAX_SPAN = 10_000
"""Blocks a scan reads at most, so that catching up shows progress and stays bounded in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one chain says up to block `at`: ordered logs, and lanes in the state of that block."""

    chain: ChainId
    at: Block
    sent: Mapping[ChainId, Sequence[Sent]]
    """By destination."""
    settled: Sequence[Settled]
    proposed: Sequence[Proposed]
    commitments: Mapping[ChainId, bytes]
    """Of the chain's own lanes, by destination."""
    held: Mapping[ChainId, Held]
    """What the chain's oracles hold of the lanes that lead to it, by source."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened that has a row."""
        return not (any(self.sent.values()) or self.settled or self.proposed)


class Watcher:
    """Reads one chain; `payee` is the account whose fees count as ours.

    With `sends_only` just the lanes that leave the chain are read, which is all that an attester
    needs.
    """

    def __init__(
        self,
        *,
        places: Places,
        chain: ChainId,
        rpc: Rpc,
        payee: Account | None,
        sends_only: bool = False,
    ) -> None:
        self.place: Place = places[chain]
        self.rpc = rpc
        self._payee = payee
        self._sends_only = sends_only
        lanes = [LaneId(source=x.source, destination=x.destination) for x in places.lanes()]
        self._out = [lane.destination for lane in lanes if lane.source == chain]
        arriving = [] if sends_only else [lane for lane in lanes if lane.destination == chain]
        self._into = {lane.source: places.oracle(lane) for lane in arriving}

    async def head(self) -> Block:
        """Return the newest block that enough endpoints agree on."""
        return await self.rpc.head()

    async def is_canonical(self, block: BlockRef) -> bool:
        """Tell whether the chain still has `block`; it has to be at or below the head."""
        return (await self.rpc.block(block.number)).hash == block.hash

    async def ancestor(self, checkpoints: Sequence[BlockRef]) -> BlockNumber:
        """Return the newest of the checkpoints that is still canonical.

        With none left it is the block before the deployment: everything is read again.
        """
        for start in range(0, len(checkpoints), 20):
            known = checkpoints[start : start + 20]
            found = await self.rpc.blocks([block.number for block in known])
            for had, has in zip(known, found, strict=True):
                if had.hash == has.hash:
                    return had.number
        return BlockNumber(self.first_block - 1)

    @property
    def first_block(self) -> BlockNumber:
        """Where the contracts' logs can begin."""
        return self.place.deployment.block

    async def scan(self, *, first: int, head: Block, known: Mapping[ChainId, bytes] | None = None) -> Scan:
        """Return everything from block `first` to the head, or to as far as one scan reads.

        Where only the chain's own lanes are of interest and their commitments are those `known`,
        there are no logs to read. Raises BlockReplaced if the chain moved meanwhile.
        """
        last = head
        if head.number - first >= MAX_SPAN:
            last = await self.rpc.block(first + MAX_SPAN - 1)
        if self._sends_only:
            commitments, held = await self._lanes(last.ref)
            logs = [] if commitments == known else await self._logs(first, last)
        else:
            logs, (commitments, held) = await asyncio.gather(self._logs(first, last), self._lanes(last.ref))
        events = [event for event in map(read_log, logs) if event is not None]
        sent: dict[ChainId, list[Sent]] = {destination: [] for destination in self._out}
        for event in events:
            if isinstance(event, Sent) and event.destination in sent:
                sent[event.destination].append(event)
        return Scan(
            chain=self.place.id,
            at=last,
            sent=sent,
            settled=settled_in(events, self._payee),
            proposed=[event for event in events if isinstance(event, Proposed)],
            commitments=commitments,
            held=held,
        )

    async def _logs(self, first: int, last: Block) -> list[Log]:
        return await self.rpc.logs(self._filter(), first=first, last=last.ref)

    def _filter(self) -> LogFilter:
        topics: list[Any] = [Sent, Delivered, DeliveryFailed, CreditWaiting, CreditRetried, Proposed]
        names = ("outbox",) if self._sends_only else ("outbox", "inbox", "hub", "root-registry")
        addresses = tuple(self.place.at(name) for name in names if self.place.has(name))
        return LogFilter(addresses=addresses, topics=(tuple(event.TOPIC for event in topics),))

    async def _lanes(self, at: BlockRef) -> tuple[dict[ChainId, bytes], dict[ChainId, Held]]:
        """Read the commitments of the lanes that leave and what is held of those that arrive."""
        views: list[View[Any]] = [
            OUTBOX_COMMITMENT.at(self.place.at("outbox"), destination) for destination in self._out
        ]
        answers = await read_all(self.rpc, [*views, *self._held_views()], at=at)
        own = dict(zip(self._out, answers, strict=False))
        return own, self._as_held(answers[len(self._out) :])

    async def held(self, at: BlockRef) -> dict[ChainId, Held]:
        """Return what the chain's oracles hold of the lanes that arrive, by source."""
        return self._as_held(await read_all(self.rpc, self._held_views(), at=at))

    def _held_views(self) -> list[View[Any]]:
        here = self.place.id
        return [ORACLE_LATEST.at(oracle, source, here) for source, oracle in self._into.items()]

    def _as_held(self, answers: Sequence[tuple[bytes, int]]) -> dict[ChainId, Held]:
        held = [Held(commitment=root, count=count) for root, count in answers]
        return dict(zip(self._into, held, strict=True))


def settled_in(events: Sequence[object], payee: Account | None) -> list[Settled]:
    """Return what a chain's logs say of messages, in order.

    A range's log covers the messages that failed in the same transaction too, whichever log comes
    first: they are taken out of it.
    """
    found: list[Settled] = []
    kinds = (Delivered, DeliveryFailed, CreditWaiting, CreditRetried)
    wanted = [event for event in events if isinstance(event, kinds)]
    for _, group in groupby(wanted, key=lambda event: event.log.tx_hash):
        found += _of_transaction(list(group), payee)
    return found


_Settling = Delivered | DeliveryFailed | CreditWaiting | CreditRetried


def _of_transaction(events: Sequence[_Settling], payee: Account | None) -> list[Settled]:
    """Order: what was delivered and what failed, then what waits, then what was retried."""
    failed = [(e.source, e.index) for e in events if isinstance(e, DeliveryFailed)]
    found: list[Settled] = []
    for event in events:
        if isinstance(event, Delivered):
            left_out = [index for source, index in failed if source == event.source]
            parts = ranges_without(event.first, event.n, left_out)
            ours = payee is not None and event.payee == payee
            found += [
                _settled(event.log, event.source, first, last - first + 1, Kind.DELIVERED, ours=ours, part=part)
                for part, (first, last) in enumerate(parts)
            ]
        elif isinstance(event, DeliveryFailed):
            found.append(_settled(event.log, event.source, event.index, 1, Kind.REFUSED, detail=event.reason))
    for event in events:
        if isinstance(event, CreditWaiting):
            reason = bytes([event.reason])
            found.append(_settled(event.log, event.source, event.index, 1, Kind.WAITS, detail=reason))
    for event in events:
        if isinstance(event, CreditRetried):
            ours = payee is not None and event.payee == payee
            found.append(_settled(event.log, event.source, event.index, 1, Kind.CREDITED, ours=ours))
    return found


def _settled(
    log: Log,
    source: ChainId,
    first: int,
    n: int,
    kind: Kind,
    *,
    ours: bool = False,
    detail: bytes = b"",
    part: int = 0,
) -> Settled:
    return Settled(
        source=source,
        first=first,
        n=n,
        kind=kind,
        ours=ours,
        detail=detail,
        block_number=log.block.number,
        block_hash=log.block.hash,
        tx_hash=log.tx_hash,
        log_index=log.index,
        part=part,
    )
