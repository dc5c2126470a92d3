"""A decision to send a transaction, as it is stored before anything of it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.types import Address, ChainId
from relayer import queries

NOWHERE = ChainId(0)
"""The source of a transaction that delivers nothing."""


class Purpose(StrEnum):
    """What a transaction is for."""

    DELIVER = "deliver"
    RETRY = "retry"
    PROPOSE = "propose"
    FINALIZE = "finalize"
    DISPUTE = "dispute"
    VOTE = "vote"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"
    INTENT = "intent"


class Status(StrEnum):
    """How far a transaction has come."""

    DECIDED = "decided"
    SIGNED = "signed"
    MINED = "mined"
    REVERTED = "reverted"
    LOST = "lost"
    """Its nonce was taken by another transaction of the same key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One transaction to send; `dedupe` names the decision, so that it is taken once.

    Deliveries name their messages: `n` from `first` on of the lane from `source`, and the count of
    the root that they bring (0 brings none).
    """

    purpose: Purpose
    dedupe: str
    to: Address
    data: bytes
    gas: int
    value: int = 0
    source: ChainId = NOWHERE
    first: int = 0
    n: int = 0
    root_count: int = 0


async def store_decision(
    connection: AsyncConnection, decision: Decision, *, chain: ChainId, sender: Address, now: int
) -> int | None:
    """Store a decision and return its id, or None if it was taken before."""
    return await queries.add_outgoing(
        connection,
        chain=chain,
        sender=sender,
        purpose=decision.purpose.value,
        dedupe=decision.dedupe,
        status=Status.DECIDED.value,
        to=decision.to,
        data=decision.data,
        value=decision.value,
        gas=decision.gas,
        nonce=None,
        source=decision.source,
        first=decision.first,
        n=decision.n,
        root_count=decision.root_count,
        created_at=now,
        updated_at=now,
        block_number=0,
        gas_used=0,
        paid=0,
        error="",
    )
