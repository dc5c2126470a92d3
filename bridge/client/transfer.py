"""A transfer under way, as the SDK hands it out: to await, to iterate, to find again by its id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from typing import Any

from bridge.client.connections import Connections
from bridge.client.follow import follow
from bridge.client.status import AnyId, Status
from bridge.errors import TransferTimedOut


class Transfer:
    """One transfer; `id` finds it again after a restart, on any machine."""

    def __init__(self, connections: Connections, transfer_id: AnyId) -> None:
        self._connections = connections
        self._id = transfer_id

    @property
    def id(self) -> str:
        """What `Bridge.resume` takes."""
        return str(self._id)

    def __repr__(self) -> str:
        return f"Transfer({self.id})"

    def __aiter__(self) -> AsyncIterator[Status]:
        """Iterate over the steps from the first one, each as soon as the chains show it."""
        return follow(self._connections, self._id)

    def __await__(self) -> Generator[Any, None, Status]:
        """Wait, without bound, until nothing follows by itself; `result` takes a bound."""
        return self._last().__await__()

    async def result(self, timeout: float | None = None) -> Status:
        """Return the last step: paid, credited, stayed at the hub, or claimable.

        Raises TransferTimedOut with the newest step after `timeout` seconds; the transfer goes on.
        """
        newest: Status | None = None
        try:
            async with asyncio.timeout(timeout):
                async for status in self:
                    newest = status
        except TimeoutError:
            stage = newest.stage if newest is not None else "unseen"
            raise TransferTimedOut(id=self.id, stage=str(stage), seconds=timeout or 0) from None
        if newest is None:  # pragma: no cover  # follow yields at least one step or raises
            raise AssertionError(self.id)
        return newest

    async def _last(self) -> Status:
        return await self.result()
