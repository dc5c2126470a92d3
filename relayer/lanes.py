"""Keep one lane in memory: its tree, where its leaves came from, and the messages still on their way.

A lane grows only by logs that rebuild the commitment which the chain holds at the same block:
missing, surplus or reordered logs raise LogsIncomplete and leave the lane as it was. Everything
here is a cache of rows: a state changes in the store first (`LaneBook.step` only says how) and
here once that is durable (`LaneBook.commit`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.merkle import Tree
from bridge.messages import Lane, leaf
from bridge.types import ChainId, Hash32, LeafIndex
from relayer.errors import LogsIncomplete
from relayer.policy import Candidate
from relayer.terms import Terms
from relayer.transfer import SEEN, Input, Output, Stage, Transfer, advance

UNUSED = bytes(32)
"""What an Outbox holds for a lane without messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneId:
    """A lane's two ends."""

    source: ChainId
    destination: ChainId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A message's new state, as it is to be stored; `outgoing` 0 is none."""

    index: int
    transfer: Transfer
    outgoing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one message's transition asks the shell to do."""

    index: int
    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The newest commitment that the destination holds as final for a lane."""

    commitment: bytes
    count: int


@dataclass(slots=True, kw_only=True)
class Pending:
    """A message whose credit does not stand yet."""

    terms: Terms
    size: int
    seen_at: int
    transfer: Transfer = SEEN
    outgoing: int = 0


class LaneBook:
    """One lane: the tree and block heights of all leaves, and the pending messages by index."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.id = LaneId(source=lane.source, destination=lane.destination)
        self.tree = Tree()
        self.heights = array("Q")
        self.pending: dict[int, Pending] = {}
        self.held: Held | None = None

    def extend(
        self, *, items: Sequence[tuple[int, bytes]], heights: Sequence[int], commitment: bytes, at: int
    ) -> list[Hash32]:
        """Append (index, item) pairs read from logs up to block `at`, and return their leaves.

        Raises LogsIncomplete, and appends nothing, unless the indices follow and the result is the
        commitment that the chain holds at that block.
        """
        count = self.tree.count
        if [index for index, _ in items] != list(range(count, count + len(items))):
            raise self._incomplete(at, "indices of the logs do not follow one another")
        made = [leaf(lane=self.lane, index=LeafIndex(i), item=item) for i, item in items]
        self.tree.append_many(made)
        if not self.matches(commitment):
            self.tree.truncate(count)
            raise self._incomplete(at, "logs do not make the commitment that the chain holds")
        self.heights.extend(heights)
        return made

    @property
    def commitment(self) -> bytes:
        """What the chain holds if the lane is complete; an unused lane holds zero."""
        return self.tree.commitment() if self.tree.count else UNUSED

    def matches(self, commitment: bytes) -> bool:
        """Tell whether the whole tree is what the chain holds."""
        return self.commitment == commitment

    def _incomplete(self, at: int, reason: str) -> LogsIncomplete:
        return LogsIncomplete(
            source=self.id.source,
            lane=self.id.destination,
            block=at,
            have=self.tree.count,
            reason=reason,
        )

    def restore(self, leaves: Iterable[bytes], heights: Iterable[int]) -> None:
        """Take leaves that were verified before, from the store."""
        self.tree.append_many(leaves)
        self.heights.extend(heights)

    def truncate(self, count: int) -> None:
        """Forget the leaves from `count` on, as a reorganisation of the source does."""
        self.tree.truncate(count)
        del self.heights[count:]
        for index in [index for index in self.pending if index >= count]:
            del self.pending[index]

    def count_at(self, height: int) -> int:
        """Return how many leaves the lane had at the end of block `height`."""
        return bisect_right(self.heights, height)

    def agrees_with(self, held: Held) -> bool:
        """Tell whether what the destination holds is a commitment that this lane has had."""
        if held.count > self.tree.count:
            return False
        return held.count == 0 or self.tree.commitment(held.count) == held.commitment

    def candidates(self, *, count: int, now: int) -> list[Candidate]:
        """Return the messages below `count` that can be planned now."""
        return [
            Candidate(
                index=index,
                asset=message.terms.asset,
                fee=message.terms.fee,
                gas=message.terms.gas,
                limit=message.terms.limit,
                size=message.size,
                seen_at=message.seen_at,
                alone=message.transfer.attempts > 0,
            )
            for index, message in self.pending.items()
            if index < count and _is_ready(message, now)
        ]

    def has_candidates(self, now: int) -> bool:
        """Tell whether any message could be planned now."""
        return any(_is_ready(message, now) for message in self.pending.values())

    def step(self, indices: Iterable[int], *learned: Input, outgoing: int = 0) -> tuple[list[Change], list[Outcome]]:
        """Return how messages change by inputs in turn; unknown and settled ones do not.

        Nothing changes here before `commit`.
        """
        changes: list[Change] = []
        outcomes: list[Outcome] = []
        for index in indices:
            message = self.pending.get(index)
            if message is None:
                continue
            transfer = message.transfer
            for one in learned:
                step = advance(transfer, one)
                transfer = step.transfer
                outcomes += [Outcome(index=index, output=output) for output in step.outputs]
            number = outgoing or _kept(message, transfer)
            if transfer != message.transfer or number != message.outgoing:
                changes.append(Change(index=index, transfer=transfer, outgoing=number))
        return changes, outcomes

    def commit(self, changes: Iterable[Change]) -> None:
        """Take stored changes over; a message whose credit stands is pending no more."""
        for change in changes:
            if change.transfer.stage is Stage.DELIVERED:
                self.pending.pop(change.index, None)
            elif change.index in self.pending:
                message = self.pending[change.index]
                message.transfer, message.outgoing = change.transfer, change.outgoing

    def due(self, now: int) -> list[int]:
        """Return the refused and waiting messages whose time to be tried again has come."""
        return [
            index
            for index, message in self.pending.items()
            if message.transfer.stage in {Stage.FAILED, Stage.WAITING} and message.transfer.retry_at <= now
        ]

    def oldest(self) -> int | None:
        """Return when the oldest undelivered message was seen, or None if there is none."""
        return min((message.seen_at for message in self.pending.values()), default=None)


def _is_ready(message: Pending, now: int) -> bool:
    transfer = message.transfer
    return transfer.stage in {Stage.SEEN, Stage.FINAL} and transfer.retry_at <= now


def _kept(message: Pending, transfer: Transfer) -> int:
    """Return the transaction that a message stays part of: none once it is not on its way."""
    return message.outgoing if transfer.stage in {Stage.PLANNED, Stage.SENT} else 0
