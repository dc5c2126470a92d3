"""When a block is mined: at once, on a beat, on demand, or not at all.

Before each block it asks the anchor feed, where there is one, what the base chain has finalised since.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol

from bridge.devnet.chain import Chain, SystemCall
from bridge.devnet.errors import RpcError
from bridge.devnet.model import Block

_log = logging.getLogger("causeway.devnet")


class Feed(Protocol):
    """Where system calls for the next block come from."""

    async def fetch(self) -> tuple[SystemCall, ...]:
        """Return the calls that the next block owes; never raises for a base chain that is away."""

    def confirm(self) -> None:
        """Note that the block with the calls fetched last was mined."""

    def status(self) -> dict[str, object]:
        """Return how far the feed has come, and what is wrong if anything is."""


class Miner:
    """The one place from which blocks are mined."""

    def __init__(self, chain: Chain, feed: Feed | None = None) -> None:
        self._chain, self._feed = chain, feed
        self._lock = asyncio.Lock()
        self.interval = chain.spec.block_time
        self.is_automatic = not self.interval
        self.is_halted = False
        self._changed = asyncio.Event()

    async def settle(self) -> None:
        """Mine what is ready, if mining is automatic."""
        while self.is_automatic and not self.is_halted and self._chain.has_ready():
            await self.mine()

    async def mine(self, *, timestamp: int | None = None) -> Block:
        """Mine one block now.

        Raises `RpcError` while the chain is halted.
        """
        if self.is_halted:
            raise RpcError("the chain is halted; call devnet_resume first")
        if self._feed is None:
            return self._chain.mine(timestamp=timestamp)
        async with self._lock:
            calls = await self._feed.fetch()
            block = self._chain.mine(calls, timestamp=timestamp)
            self._feed.confirm()
            return block

    def set_interval(self, seconds: float) -> None:
        """Mine on a beat of so many seconds from now on; 0 stops the beat."""
        self.interval = seconds
        self._changed.set()

    async def resume(self) -> None:
        """Let the chain go on after a halt."""
        self.is_halted = False
        await self.settle()

    def feed_status(self) -> dict[str, object] | None:
        """Return what the anchor feed knows of itself; None where the chain has none."""
        return None if self._feed is None else self._feed.status()

    async def run(self) -> None:
        """Keep the beat until cancelled; a block that fails is logged and the next one is tried."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self.interval
        while True:
            self._changed.clear()
            waiting = max(due - loop.time(), 0) if self.interval else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), waiting)
                due = loop.time() + self.interval
                continue
            due = max(due + self.interval, loop.time())
            if not self.is_halted:
                try:
                    await self.mine()
                except Exception:  # noqa: BLE001 - the beat's one funnel: a failed block must not stop it
                    _log.exception("a block on the beat failed")
