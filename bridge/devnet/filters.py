"""Filters that a client installs and polls: new logs, new blocks, new pending transactions.

Each filter has a bounded queue that blocks fill as they join and leave the chain, so a poll costs nothing but its
answer, and a reorg is told as logs with `removed: true`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import assert_never

from bridge.devnet import logs, render
from bridge.devnet.errors import LimitExceededError, RpcError
from bridge.devnet.model import Block, Hash
from bridge.devnet.params import Json

MAX_FILTERS = 1_024
MAX_QUEUE = 50_000
IDLE_SECONDS = 300.0


class Kind(Enum):
    """What a filter reports."""

    LOGS = auto()
    BLOCKS = auto()
    PENDING = auto()


@dataclass(slots=True)
class Filter:
    """One installed filter; `query` is what the client sent, to answer eth_getFilterLogs."""

    kind: Kind
    polled: float
    wanted: logs.Criteria | None = None
    first: int = 0
    last: int | None = None
    query: dict[str, Json] = field(default_factory=dict)
    queue: list[Json] = field(default_factory=list)
    is_overflowed: bool = False

    def push(self, items: list[Json]) -> None:
        """Append to the queue; one that overflows tells so at the next poll instead of losing some silently."""
        if len(self.queue) + len(items) > MAX_QUEUE:
            self.is_overflowed = True
            self.queue.clear()
        if not self.is_overflowed:
            self.queue.extend(items)


class Filters:
    """The filters of one node; the clock is passed in."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._filters: dict[int, Filter] = {}
        self._next = 1

    def install(self, kind: Kind, **fields: Json) -> int:
        """Add a filter and return its number; those idle for five minutes make room first."""
        now = self._now()
        stale = [key for key, item in self._filters.items() if now - item.polled > IDLE_SECONDS]
        for key in stale:
            del self._filters[key]
        if len(self._filters) >= MAX_FILTERS:
            raise LimitExceededError(f"{MAX_FILTERS} filters are installed; uninstall some")
        number = self._next
        self._next += 1
        self._filters[number] = Filter(kind, now, **fields)
        return number

    def uninstall(self, number: int) -> bool:
        """Remove a filter; return whether it was there."""
        return self._filters.pop(number, None) is not None

    def get(self, number: int) -> Filter:
        """Return a filter, noting that it is in use."""
        found = self._filters.get(number)
        if found is None:
            raise RpcError("filter not found")
        found.polled = self._now()
        return found

    def changes(self, number: int) -> list[Json]:
        """Return what happened since the last poll."""
        found = self.get(number)
        queue, found.queue = found.queue, []
        if found.is_overflowed:
            found.is_overflowed = False
            raise LimitExceededError(
                f"more than {MAX_QUEUE} changes since the last poll; read the range with eth_getLogs"
            )
        return queue

    def on_block(self, block: Block, *, is_added: bool) -> None:
        """Take note of a block that joins or leaves the chain."""
        for item in self._filters.values():
            match item.kind:
                case Kind.LOGS:
                    self._on_logs(item, block, is_removed=not is_added)
                case Kind.BLOCKS:
                    item.push([render.data(block.hash)] if is_added else [])
                case Kind.PENDING:
                    pass
                case _:
                    assert_never(item.kind)

    def on_pending(self, transaction_hash: Hash) -> None:
        """Take note of a transaction that entered the pool."""
        for item in self._filters.values():
            if item.kind is Kind.PENDING:
                item.push([render.data(transaction_hash)])

    @staticmethod
    def _on_logs(item: Filter, block: Block, *, is_removed: bool) -> None:
        in_range = block.number >= item.first and (item.last is None or block.number <= item.last)
        if item.wanted is not None and in_range:
            item.push(list(logs.matching(block, item.wanted, is_removed=is_removed)))
