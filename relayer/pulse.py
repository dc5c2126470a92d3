"""Wake loops when something changed, and after a while in any case."""

from __future__ import annotations

import asyncio


class Pulse:
    """A counter that loops wait on; a beat during a loop's step is not missed."""

    def __init__(self) -> None:
        self.beats = 0
        self._event = asyncio.Event()

    def beat(self) -> None:
        """Wake everyone who waits."""
        self.beats += 1
        self._event.set()
        self._event = asyncio.Event()

    async def after(self, beats: int, timeout: float) -> int:
        """Return the counter once it is above `beats`, or after `timeout` seconds."""
        if self.beats <= beats:
            try:
                async with asyncio.timeout(timeout):
                    await self._event.wait()
            except TimeoutError:
                pass
        return self.beats
