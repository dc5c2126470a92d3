"""What a relayer does now and then: measure, alarm, repeat, forget."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from bridge.errors import CausewayError
from relayer import queries
from relayer.book import Book
from relayer.lease import Lease
from relayer.metrics import Health, Metrics
from relayer.network import Places
from relayer.parts import Parts
from relayer.policy import WAD
from relayer.schedule import Chore, Chores

log = structlog.get_logger()
RESCAN_BLOCKS = 2_000
KEEP_SECONDS = 7 * 24 * 3600
KEEP_BLOCKS = 256
"""Checkpoints of so many blocks below the finality depth are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """The chores of one relayer; `oldest` is the seconds that a message may be undelivered."""

    places: Places
    book: Book
    parts: Parts
    right_to_send: Lease
    metrics: Metrics
    health: Health
    oldest: int

    def all(self) -> Chores:
        """Return every chore, each of which logs its own failure."""
        return Chores(
            rescan=_guarded("rescan", self.rescan),
            escalate=_guarded("escalate", self.escalate),
            prune=_guarded("prune", self.prune),
            heartbeat=_guarded("heartbeat", self.heartbeat),
            lease=_guarded("lease", self.lease),
        )

    async def rescan(self) -> None:
        """Read the last blocks again for logs that an endpoint left out, and free what they did not settle."""
        now = int(time.time())
        for reader in self.parts.readers.values():
            await reader.rescan(RESCAN_BLOCKS, now=now)
        for deliverer in self.parts.deliverers.values():
            await deliverer.recover(now=now)

    async def escalate(self) -> None:
        """Broadcast again what has no outcome: an endpoint may have lost it."""
        now = int(time.time())
        for submitter in self.parts.submitters.values():
            if self.right_to_send.is_held(now):
                await submitter.resume()

    async def prune(self) -> None:
        """Forget what no reorganisation can need any more."""
        now = int(time.time())
        for chain, cursor in self.book.cursors.items():
            depth = self.places[chain].chain.depth
            async with self.book.store.begin() as connection:
                below = cursor.number - depth - KEEP_BLOCKS
                await queries.prune_checkpoints(connection, chain, below)
                await queries.prune_attempts(connection, chain, now - KEEP_SECONDS)

    async def heartbeat(self) -> None:
        """Measure what operators watch, and raise the alarm for messages that are too old."""
        now = int(time.time())
        self.health.is_store_alive = await self.book.store.is_alive()
        oldest = 0
        for lane in self.book.lanes.values():
            name = (str(lane.id.source), str(lane.id.destination))
            self.metrics.pending.labels(*name).set(len(lane.pending))
            seen = lane.oldest()
            age = now - seen if seen else 0
            oldest = max(oldest, age)
            if self.parts.deliverers and age > self.oldest:
                log.error("message_undelivered_too_long", source=name[0], lane=name[1], seconds=age)
        if self.parts.deliverers:
            self.metrics.oldest.set(oldest)
            self.health.oldest_age = oldest
        await self._count_money()

    async def _count_money(self) -> None:
        async with self.book.store.read() as connection:
            earned = await queries.earned(connection)
            spent = await queries.spent(connection)
        for (chain, asset), amount in earned.items():
            self.metrics.earned.labels(str(chain), str(asset)).set(amount / WAD)
        for chain, paid in spent.items():
            self.metrics.spent.labels(str(chain)).set(paid)
        for chain_id, submitter in self.parts.submitters.items():
            head = await submitter.rpc.head()
            balance = await submitter.rpc.balance(submitter.address, at=head.ref)
            self.metrics.balance.labels(str(chain_id)).set(balance)

    async def lease(self) -> None:
        """Keep the right to send, or take it when its holder is gone."""
        await self.right_to_send.renew(int(time.time()))


def _guarded(name: str, chore: Chore) -> Chore:
    async def run() -> None:
        try:
            await chore()
        except CausewayError as error:
            log.warning("chore_failed", chore=name, reason=str(error))

    return run
