"""What proposers and watchmen share: a claim about a state root, and how far a rollup can be, and why a call fails."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from eth_abi.abi import encode

from bridge.contracts import as_revert
from bridge.contracts.finality import Status
from bridge.errors import ChainError, RequestRefused
from bridge.keccak import keccak256
from bridge.rpc import Block, Request, Rpc
from bridge.rpc.types import parse_bytes, to_hex
from bridge.types import Address, ChainId, Hash32
from relayer import queries
from relayer.book import Book

HEADROOM_BLOCKS = 16
"""How far above our own node's head a claim may be before its age is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A state root that somebody proposed, from the registry's log."""

    id: int
    chain: ChainId
    height: int
    state_root: Hash32
    proposer: Address
    deadline: int
    judged: str

    @property
    def hash(self) -> Hash32:
        """What a dispute and a vote name, so that they never follow a number to another claim."""
        fields = (self.chain, self.height, self.state_root)
        return Hash32(keccak256(encode(("uint64", "uint64", "bytes32"), fields)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the registry says a claim stands; times are the base chain's."""

    deadline: int
    status: Status
    challenger: Address
    state_root: Hash32


def claim_of(raw: Any) -> Standing:  # noqa: ANN401  # what the registry returned
    """Return the registry's record of a proposal."""
    _, _, deadline, status, _, challenger, state_root = raw
    return Standing(
        deadline=deadline,
        status=Status(status),
        challenger=Address(challenger),
        state_root=Hash32(state_root),
    )


async def open_claims(book: Book, base: ChainId, rollup: ChainId) -> list[Claim]:
    """Return the claims about a rollup that are neither final nor refuted, oldest first."""
    async with book.store.read() as connection:
        rows = await queries.proposals(connection, base)
    return [
        Claim(
            id=row.id,
            chain=rollup,
            height=row.height,
            state_root=Hash32(row.state_root),
            proposer=Address(row.proposer),
            deadline=row.deadline,
            judged=row.judged,
        )
        for row in rows
        if row.rollup == rollup
    ]


def reach(head: Block, *, now: int, block_time: float) -> int:
    """Return the highest block that a rollup can have at `now`, as seen from our own node's head.

    Twice the blocks that the head's age stands for, and a few more: a node behind by whatever has no part in
    calling a claim false. A rollup that makes blocks on demand is taken to make one a second.
    """
    age = max(now - head.timestamp, 0)
    return head.number + HEADROOM_BLOCKS + ceil(2 * age / (block_time or 1.0))


async def succeeds(rpc: Rpc, sender: Address, to: Address, data: bytes, value: int = 0) -> bool:
    """Tell whether a call would not revert now."""
    return await refusal(rpc, sender, to, data, value) is None


async def refusal(rpc: Rpc, sender: Address, to: Address, data: bytes, value: int = 0) -> ChainError | None:
    """Return why a call would fail now, by the contract's own name where it has one; None if it would not."""
    call = {"from": to_hex(sender), "to": to_hex(to), "data": to_hex(data), "value": hex(value)}
    request = Request(method="eth_call", params=(call, "latest"), parse=parse_bytes)
    [answer] = await rpc.outcomes([request])
    return as_revert(answer, to=to_hex(to)) if isinstance(answer, RequestRefused) else None
