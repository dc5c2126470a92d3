"""Follow one chain: take what is new, take back what a reorganisation removed."""

from __future__ import annotations

import structlog

from relayer.book import Book
from relayer.watcher import Watcher

log = structlog.get_logger()


class Reader:
    """Reads one chain into the book, a step at a time."""

    def __init__(self, *, watcher: Watcher, book: Book) -> None:
        self.watcher = watcher
        self.book = book
        self.chain = watcher.place.id

    async def step(self, *, now: int) -> bool:
        """Read up to the head and return whether the chain moved.

        Raises LogsIncomplete where logs are missing; the cursor stays, so the next step reads the
        same blocks again.
        """
        head = await self.watcher.head()
        cursor = self.book.cursors.get(self.chain)
        if cursor is not None:
            if head.ref == cursor or head.number < cursor.number:
                return False  # an endpoint that lags tells nothing about what it has not seen
            follows = head.number == cursor.number + 1 and head.parent_hash == cursor.hash
            if not follows and not await self.watcher.is_canonical(cursor):
                await self._rewind(now)
                return True
        first = cursor.number + 1 if cursor else self.watcher.first_block
        if first > head.number:
            return False
        known = {lane.id.destination: lane.commitment for lane in self.book.out_of(self.chain)}
        scan = await self.watcher.scan(first=first, head=head, known=known)
        taken = await self.book.absorb(scan, now=now)
        if taken:
            log.info("chain_read", chain=self.watcher.place.chain.name, block=scan.at.number, taken=taken)
        return True

    async def _rewind(self, now: int) -> None:
        async with self.book.store.read() as connection:
            known = await self.book.checkpoints(connection, self.chain)
        ancestor = await self.watcher.ancestor(known)
        await self.book.rewind(self.chain, ancestor, now=now)

    async def rescan(self, blocks: int, *, now: int) -> int:
        """Read the last blocks again for settlements that an endpoint left out the first time.

        Lanes need no such look: their logs were checked against the chain's own commitment.
        """
        cursor = self.book.cursors.get(self.chain)
        if cursor is None:
            return 0
        head = await self.watcher.rpc.block(cursor.number)
        if head.hash != cursor.hash:
            return 0
        first = max(self.watcher.first_block, cursor.number - blocks + 1)
        scan = await self.watcher.scan(first=first, head=head)
        return await self.book.settle_missing(scan, now=now)
