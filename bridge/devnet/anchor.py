"""The base chain's state roots inside a rollup: the node's part of the anchor.

Before each block the node asks the base chain what has become final and hands each (number, state root) to the
anchor contract by a system call: exactly 64 bytes, number ‖ root, from the system address, in the block's
preprocessing. A base chain that is away or contradicts itself stops the anchor, never the rollup.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import httpx

from bridge.devnet.base_feed import BaseFeed
from bridge.devnet.chain import SystemCall
from bridge.devnet.errors import AnchorError
from bridge.devnet.headers import BaseHeader
from bridge.devnet.spec import AnchorSpec

RETRY_SECONDS = 1.0  # so that a dead base chain delays a block a second at most, not every block

_log = logging.getLogger("causeway.devnet.anchor")


class AnchorFeed:
    """Headers as system calls; the clock is passed in."""

    def __init__(self, spec: AnchorSpec, now: Callable[[], float] = time.monotonic) -> None:
        self._spec, self._now = spec, now
        self._base = BaseFeed(spec)
        self._quiet_until = 0.0
        self._problem: str | None = None

    async def fetch(self) -> tuple[SystemCall, ...]:
        """Return the system calls that the next block owes; none while the base chain gives no usable answer."""
        if self._now() < self._quiet_until:
            return ()
        try:
            found = await self._base.fetch()
        except (AnchorError, httpx.HTTPError, ValueError) as error:
            self._quiet_until = self._now() + RETRY_SECONDS
            problem = str(error) or repr(error)
            if problem != self._problem:
                _log.warning("anchor stands still: %s", problem)
            self._problem = problem
            return ()
        self._problem = None
        return tuple(SystemCall(to=self._spec.address, data=call_data(header)) for header in found)

    def confirm(self) -> None:
        """Note that the block with the calls fetched last was mined."""
        self._base.confirm()

    def status(self) -> dict[str, object]:
        """Return the newest base block that is anchored and what stands in the way, if anything does."""
        last = self._base.last
        return {"latest": None if last is None else hex(last.number), "problem": self._problem}


def call_data(header: BaseHeader) -> bytes:
    """Return what the anchor contract takes: the number in 32 bytes, then the state root."""
    return header.number.to_bytes(32, "big") + header.state_root
