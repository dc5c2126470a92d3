"""Decide what a destination's logs change in the messages of one lane, and what they earn.

Logs are applied in the chain's order. The same logs may be applied again, to a lane whose rows
were made anew after a reorganisation: the result depends on the logs alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from bridge.types import AssetId, ChainId, Hash32
from relayer.lanes import Change, Pending
from relayer.transfer import (
    Alarm,
    CountFee,
    CreditMade,
    CreditWaits,
    Delivered,
    Input,
    Output,
    Refused,
    Transfer,
    UncountFee,
    advance,
)


class Kind(StrEnum):
    """What a log says of a message."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    WAITS = "waits"
    CREDITED = "credited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One log, or a part of it: messages first … first + n − 1 of the lane from `source`."""

    source: ChainId
    first: int
    n: int
    kind: Kind
    ours: bool
    detail: bytes
    block_number: int
    block_hash: bytes
    tx_hash: Hash32
    log_index: int
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What one block's log changes in our fees, in wads."""

    block: int
    asset: AssetId
    amount: int


@dataclass(slots=True, kw_only=True)
class Result:
    """What is to be stored."""

    changes: list[Change] = field(default_factory=list)
    earned: list[Earned] = field(default_factory=list)
    alarms: list[tuple[int, str]] = field(default_factory=list)


def settle(pending: Mapping[int, Pending], settled: Iterable[Settled], *, at: int) -> Result:
    """Return what logs change in pending messages; logs of others are of no interest any more."""
    result = Result()
    work: dict[int, Transfer] = {}
    for log in settled:
        fees: dict[AssetId, int] = {}
        learned = _input(log, at)
        for index in _known(pending, log):
            message = pending[index]
            step = advance(work.get(index, message.transfer), learned)
            work[index] = step.transfer
            for output in step.outputs:
                _note(output, index, message, fees, result)
        result.earned += [
            Earned(block=log.block_number, asset=asset, amount=amount) for asset, amount in fees.items() if amount
        ]
    result.changes = [
        Change(index=index, transfer=transfer)
        for index, transfer in work.items()
        if transfer != pending[index].transfer
    ]
    return result


def _known(pending: Mapping[int, Pending], log: Settled) -> Iterable[int]:
    indices = range(log.first, log.first + log.n)
    if len(pending) < log.n:
        return sorted(index for index in pending if index in indices)
    return (index for index in indices if index in pending)


def _input(log: Settled, at: int) -> Input:
    match log.kind:
        case Kind.DELIVERED:
            return Delivered(at=at, ours=log.ours)
        case Kind.REFUSED:
            return Refused(at=at)
        case Kind.WAITS:
            return CreditWaits(at=at)
        case Kind.CREDITED:
            return CreditMade(at=at, ours=log.ours)
        case _:  # pragma: no cover
            assert_never(log.kind)


def _note(output: Output, index: int, message: Pending, fees: dict[AssetId, int], result: Result) -> None:
    asset, fee = message.terms.asset, message.terms.fee
    if isinstance(output, CountFee):
        fees[asset] = fees.get(asset, 0) + fee
    elif isinstance(output, UncountFee):
        fees[asset] = fees.get(asset, 0) - fee
    elif isinstance(output, Alarm):
        result.alarms.append((index, output.event))
