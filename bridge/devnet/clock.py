"""What time it is on a chain: the wall clock, moved by whoever travels, and never at rest from one block to the next.

It decides a block's timestamp. The wall clock itself is passed in, so tests own it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.devnet.errors import InvalidParamsError


@dataclass(slots=True)
class Clock:
    """Seconds since 1970 on a chain; `offset` is how far it was moved, `next_timestamp` what the next block shows."""

    wall: Callable[[], float]
    offset: int = 0
    next_timestamp: int | None = None

    def now(self) -> int:
        """Return the chain's time in whole seconds."""
        return int(self.wall()) + self.offset

    def block_time(self, parent: int) -> int:
        """Return the timestamp of a block on that parent.

        It is strictly later, as consensus demands, so quick blocks run ahead of the wall.
        """
        chosen = self.now() if self.next_timestamp is None else self.next_timestamp
        return max(chosen, parent + 1)

    def advance(self, seconds: int) -> int:
        """Move the chain's time forward and return by how much it is moved in all."""
        if seconds < 0:
            raise InvalidParamsError(f"evm_increaseTime: {seconds} seconds; time only moves forward")
        self.offset += seconds
        return self.offset

    def set_next(self, timestamp: int, parent: int) -> None:
        """Fix the next block's timestamp; later blocks go on from there."""
        if timestamp <= parent:
            raise InvalidParamsError(f"timestamp {timestamp} is not later than the head's {parent}")
        self.next_timestamp = timestamp

    def consumed(self, timestamp: int) -> None:
        """Note that a block was mined: a fixed timestamp has been used, and time goes on from it."""
        if self.next_timestamp is not None:
            self.offset += timestamp - self.now()
            self.next_timestamp = None
