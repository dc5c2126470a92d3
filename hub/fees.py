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
    """How much more may leave a vault lately than came in: a share of what it holds, never below the floor."""

    bps: int
    window: int
    floor: Wad

    def budget(self, base: int) -> int:
        """Return the whole bucket of a vault that would hold `base` without its late flows; rounded down."""
        return max(base * self.bps // BPS, self.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What left a vault lately less what came in lately, and the second up to which its fading is counted."""

    net: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How much of an inflow burst is used, and the second up to which what time gives back is counted."""

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


def inflow_returned(used: Used, *, amount: int) -> Used:
    """Return the burst after `amount` left again; counting the time's share first would come to the same."""
    return Used(amount=Wad(max(used.amount - amount, 0)), since=used.since)


def outflow_available(limit: OutflowLimit, flow: Flow, *, live: int, time: int) -> Wad:
    """Return what may leave at `time`, when the vault holds `live` for the hub and for claims."""
    net = _settled(limit, flow, live=live, time=time)
    return Wad(max(limit.budget(live + net) - net, 0))


def outflow_moved(limit: OutflowLimit, flow: Flow, *, live: int, change: int, time: int) -> Flow:
    """Return the flow after `change` left (below zero: came in) at `time`; `live` is what was held before.

    Where the refill rounds to nothing the clock stands still, so that asking often cannot stop it.
    """
    settled = _settled(limit, flow, live=live, time=time)
    net = settled + change
    is_clock_held = settled > 0 and settled == flow.net and net > 0
    return Flow(net=net, since=flow.since if is_clock_held else time)


def _settled(limit: OutflowLimit, flow: Flow, *, live: int, time: int) -> int:
    """Above zero net falls by a budget in each window, below zero it fades by its own size, rounded up."""
    passed = time - flow.since
    if flow.net < 0:
        credit = -flow.net
        return -(credit - -(-credit * passed // limit.window)) if passed < limit.window else 0
    size = limit.budget(live + flow.net)
    return max(min(flow.net, size) - size * passed // limit.window, 0)
