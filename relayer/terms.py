"""Say what a message pays and what its delivery may cost, from its body alone.

Gas figures are upper estimates from receipts of the contracts (bench/gas.md has the measured ones),
`gas` for what a delivery is expected to take, `limit` for what it may need at the worst: a first
credit, a token that uses all the gas it is given, a forward that sends another message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from bridge import messages
from bridge.errors import CausewayError
from bridge.messages import Deposit, Next, Parcel, Release
from bridge.types import QUOTE, AssetId, NextMode, Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A message's fee, in wads of `asset`, and the marginal gas of delivering it."""

    asset: AssetId
    fee: Wad
    gas: int
    limit: int


CREDIT: Final = (12_000, 50_000)
FORWARD: Final = (80_000, 250_000)
PAYOUT: Final = (60_000, 200_000)
UNREADABLE: Final = Terms(asset=QUOTE, fee=Wad(0), gas=12_000, limit=120_000)
"""No honest sender makes such a body; the recipient refuses it and nothing is paid."""


def terms(body: bytes) -> Terms:
    """Return what a body says; bytes that are no message pay nothing."""
    try:
        message = messages.decode(body)
    except CausewayError:
        return UNREADABLE
    match message:
        case Deposit():
            return _terms(message.asset, message.fee, CREDIT, message.next)
        case Parcel():
            return _terms(QUOTE, message.fee, CREDIT, message.next)
        case Release():
            return _terms(message.asset, message.fee, PAYOUT, messages.STAY)
        case _:  # pragma: no cover
            assert_never(message)


def _terms(asset: AssetId, fee: Wad, cost: tuple[int, int], then: Next) -> Terms:
    gas, limit = cost
    if then.mode in {NextMode.FORWARD, NextMode.RELEASE}:
        gas, limit = gas + FORWARD[0], limit + FORWARD[1]
    return Terms(asset=asset, fee=fee, gas=gas, limit=limit)
