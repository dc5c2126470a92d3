"""The arithmetic of limits and scarcity: what a withdrawal costs, a deposit earns, and how much may flow.

    Φ(r) = ppm · (target − r)² / (2 · target · 10⁶) below the target, 0 above

is a potential of the reserve r: a withdrawal pays its rise, rounded up; a deposit earns its fall, rounded down and
never more than was collected. So no round trip gains. All amounts are wads below 2^104; times are seconds. What
happens with the results is the ledger's and the vault's to decide. `Curve.sol` and `Outflow.sol` are these functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

from bridge.types import Wad, require_uint

MILLION: Final = 1_000_000
BPS: Final = 10_000
AMOUNT_BITS: Final = 104
ZERO: Final = Wad(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The price of scarcity: below `target` wads the potential rises, at an empty reserve by `ppm` millionths."""

    target: Wad = ZERO
    ppm: int = 0

    def __post_init__(self) -> None:
        """Refuse what would overflow on chain."""
        require_uint("curve.target", self.target, AMOUNT_BITS)
        require_uint("curve.ppm", self.ppm, 24)

    def scale(self) -> int:
        """Return what the weights are divided by."""
        return 2 * self.target * MILLION

    def weight(self, reserve: int) -> int:
        """Return the potential of a reserve times `scale()`, exactly."""
        return self.ppm * max(self.target - reserve, 0) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OutflowLimit:
    """A token bucket for what leaves a vault: a share of what it holds, or the floor, refilled once a window."""

    bps: int
    window: int
    floor: Wad

    def budget(self, live: int) -> int:
        """Return the whole bucket when the vault holds `live` for the hub and for claims; rounded down."""
        return max(live * self.bps // BPS, self.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How much of a bucket was used, and the second up to which its refilling is counted."""

    amount: Wad = ZERO
    since: int = 0


def charge_up(curve: Curve, *, reserve: int, leaving: int) -> Wad:
    """Return Φ(reserve − leaving) − Φ(reserve), rounded up; `leaving` is at most `reserve`."""
    if not curve.target:
        return Wad(0)
    rise = curve.weight(reserve - leaving) - curve.weight(reserve)
    return Wad(-(-rise // curve.scale()))


def reward_down(curve: Curve, *, reserve: int, arriving: int) -> Wad:
    """Return Φ(reserve) − Φ(reserve + arriving), rounded down."""
    if not curve.target:
        return Wad(0)
    fall = curve.weight(reserve) - curve.weight(reserve + arriving)
    return Wad(fall // curve.scale())


def leaving_down(curve: Curve, *, reserve: int, amount: int) -> int:
    """Return the most that can leave such that it and its charge are at most `amount`; it may exceed the reserve.

    With the gap d = target − reserve it is the larger root of ppm·y² + 2·(ppm·d + 10⁶·target)·y = 2·10⁶·target·A for
    the parts y and A below the target; its floor is exact, since all but the square root are integers.
    """
    free = max(reserve - curve.target, 0)
    if not curve.ppm or not curve.target or amount <= free:
        return amount
    b = curve.ppm * max(curve.target - reserve, 0) + MILLION * curve.target
    root = isqrt(b * b + 2 * MILLION * curve.ppm * curve.target * (amount - free))
    return free + (root - b) // curve.ppm


def inflow_used(used: Used, *, rate: int, amount: int, time: int) -> int:
    """Return how much of an inflow burst is used once `amount` more comes in."""
    return max(used.amount - rate * (time - used.since), 0) + amount


def outflow_used(limit: OutflowLimit, used: Used, *, live: int, time: int) -> Used:
    """Return the bucket as it stands at `time`.

    Where the refill rounds to nothing the clock stands still, so that asking often cannot stop it.
    """
    refill = limit.budget(live) * (time - used.since) // limit.window
    if refill >= used.amount:
        return Used(since=time)
    return Used(amount=Wad(used.amount - refill), since=time) if refill else used


def outflow_available(limit: OutflowLimit, used: Used, *, live: int, time: int) -> Wad:
    """Return what may leave at `time`."""
    now = outflow_used(limit, used, live=live, time=time)
    return Wad(max(limit.budget(live) - now.amount, 0))
