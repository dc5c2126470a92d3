"""Decide which decided transactions a key can pay for, before any of them takes a nonce.

A transaction that no node takes would hold its nonce, and everything signed after it, for ever.
Only those that send value, bonds, are tried and counted here: what just costs gas is tried by whoever decides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.errors import RequestRefused
from bridge.rpc import Request, Rpc
from bridge.rpc.types import parse_bytes, to_hex
from bridge.types import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A transaction that is not to be signed, and why."""

    row: Any
    """A row of the outgoing table."""
    reason: str


async def uncovered(
    rpc: Rpc, sender: Address, fresh: Sequence[Any], *, held: int, max_fee: int, data: dict[int, bytes]
) -> list[Uncovered]:
    """Return the bonds among `fresh` that would be refused or exceed the balance less `held`, in wei.

    Raises ChainError if the balance or the trial cannot be had: then nothing is signed yet.
    """
    bonds = [row for row in fresh if row.value]
    if not bonds:
        return []
    left = await rpc.balance(sender, at=(await rpc.head()).ref) - held
    answers = await rpc.outcomes([_trial(sender, row, data[row.id]) for row in bonds])
    found = []
    for row, answer in zip(bonds, answers, strict=True):
        cost = row.value + row.gas * max_fee
        if isinstance(answer, RequestRefused):
            found.append(Uncovered(row=row, reason=f"the node refuses it: {answer.reason}"))
        elif cost > left:
            found.append(Uncovered(row=row, reason=f"it takes {cost} wei; {max(left, 0)} are free: fund the key"))
        else:
            left -= cost
    return found


def _trial(sender: Address, row: Any, data: bytes) -> Request[bytes]:  # noqa: ANN401  # a row of the outgoing table
    call = {
        "from": to_hex(sender),
        "to": to_hex(row.to),
        "data": to_hex(data),
        "value": hex(row.value),
        "gas": hex(row.gas),
    }
    return Request(method="eth_call", params=(call, "latest"), parse=parse_bytes)
