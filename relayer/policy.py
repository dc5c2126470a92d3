"""Decide what is worth sending, together with what, in which order and at which gas price.

Everything is integers: gas, wei, wads and basis points. A fee is worth what the operator's price
for its asset says, rounded down; gas costs are rounded up. An asset without a price is not worth
zero: it is unknown, and the operator says whether such messages are served.

What a message's stage allows is `relayer.transfer`'s; how a transaction is built is the prover's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bridge.merkle import depth
from bridge.types import AssetId, Wad

WAD: Final = 10**18
BPS: Final = 10_000
FIRST_RETRY: Final = 5
LONGEST_RETRY: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class GasModel:
    """Gas of a delivery, as upper estimates from receipts; `limit_*` are what one part may need at the worst.

    What an item itself costs is its candidate's; `skip` is what an item that was delivered before
    costs where a range carries it along.
    """

    base: int = 60_000
    """Transaction, route, oracle look-up and the first message's own overhead."""
    level: int = 900
    """One level of the proof: a sibling's calldata and hash."""
    root: int = 75_000
    """Bringing a root in the same transaction."""
    skip: int = 4_500
    limit_base: int = 2_300_000
    """The Inbox asks for 2,052,000 gas to be left where a message of a range fails."""
    limit_root: int = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A message that could be delivered now: what it pays and what it costs."""

    index: int
    asset: AssetId
    fee: Wad
    gas: int
    """Expected marginal gas of delivering it in a range."""
    limit: int
    """Gas that its part of the transaction may need at the worst."""
    size: int
    """Bytes of its encoded item."""
    seen_at: int
    alone: bool = False
    """It went wrong before: it travels alone, so that it cannot hold up others again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one transaction may hold."""

    items: int = 200
    gas: int = 16_000_000
    bytes: int = 96_000
    """Nodes refuse transactions of more than 128 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the operator asks for: gas price paid, price of each asset and the least coverage of cost by fees."""

    gas_price: int
    """Wei for one gas."""
    prices: Mapping[AssetId, int]
    """Wei of the destination's native coin for one whole unit (10^18 wads) of an asset."""
    coverage_bps: int = 0
    """Fees must be at least this share of cost; 0 serves everyone."""
    serve_unpriced: bool = True
    """Whether a fee in an asset without a price counts as enough."""
    patience: int = 600
    """Seconds after which a message goes before all better paid ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One transaction: the messages first … first + n − 1, of which `wanted` are to be delivered."""

    first: int
    n: int
    wanted: tuple[int, ...]
    gas_limit: int
    expected_gas: int
    score: int
    """Fees in wei less cost in wei; batches with higher scores go first."""
    seen_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GasFee:
    """EIP-1559 fees, in wei for one gas."""

    max_fee: int
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlan:
    """How an operator bids: tip, cap, and how fast a stuck transaction is replaced."""

    priority: int = 1_000_000_000
    cap: int = 500_000_000_000
    patience: int = 12
    """Seconds without inclusion before the first replacement; it doubles at each."""
    raise_bps: int = 2_500
    """How much a replacement raises both fees; nodes ask for at least 1,000."""


def plan(
    candidates: Iterable[Candidate],
    *,
    count: int,
    model: GasModel,
    bounds: Bounds,
    market: Market,
    now: int,
) -> list[Batch]:
    """Return the transactions worth sending, best first.

    `count` is that of the tree which the proofs are for. Ranges are joined over a gap when carrying
    the gap's messages along costs less than another transaction: costs add up, so each gap is
    decided alone.
    """
    worth = sorted((c for c in candidates if _pays(c, market)), key=lambda c: c.index)
    batches = [_batch(run, count, model, market) for run in _runs(worth, count, model, bounds)]
    paying = (b for b in batches if _covers(b, worth, market))
    return sorted(paying, key=lambda b: (b.seen_at > now - market.patience, -b.score, b.first))


def _pays(candidate: Candidate, market: Market) -> bool:
    """Tell whether a message's fee covers what it adds to a transaction."""
    value = fee_value_down(candidate.asset, candidate.fee, market.prices)
    if value is None:
        return market.serve_unpriced
    return value * BPS >= candidate.gas * market.gas_price * market.coverage_bps


def fee_value_down(asset: AssetId, fee: Wad, prices: Mapping[AssetId, int]) -> int | None:
    """Return a fee's worth in wei, rounded down, or None if the operator has no price for its asset."""
    price = prices.get(asset)
    return None if price is None else fee * price // WAD


def _runs(worth: Sequence[Candidate], count: int, model: GasModel, bounds: Bounds) -> Iterator[list[Candidate]]:
    """Split ascending candidates where a gap costs more than a transaction, and where bounds are reached."""
    another = model.base + 2 * depth(count) * model.level
    run: list[Candidate] = []
    for candidate in worth:
        if run and not _joins(run, candidate, another, model, bounds):
            yield run
            run = []
        run.append(candidate)
    if run:
        yield run


def _joins(run: list[Candidate], candidate: Candidate, another: int, model: GasModel, bounds: Bounds) -> bool:
    if candidate.alone or run[-1].alone:
        return False
    gap = candidate.index - run[-1].index - 1
    if gap * model.skip >= another:
        return False
    n = candidate.index - run[0].index + 1
    # A gap's items are of unknown size to this function: they count as large as the newcomer.
    size = sum(c.size for c in run) + candidate.size * (gap + 1)
    gas = model.limit_base + model.limit_root + sum(c.limit for c in run) + candidate.limit * (gap + 1)
    return n <= bounds.items and size <= bounds.bytes and gas <= bounds.gas


def _batch(run: Sequence[Candidate], count: int, model: GasModel, market: Market) -> Batch:
    first, n = run[0].index, run[-1].index - run[0].index + 1
    skipped = n - len(run)
    levels = depth(count) + (depth(count) if n > 1 else 0)
    expected = model.base + levels * model.level + sum(c.gas for c in run) + skipped * model.skip
    worst = max(c.limit for c in run)
    limit = model.limit_base + levels * 2 * model.level + sum(c.limit for c in run) + skipped * worst
    values = [fee_value_down(c.asset, c.fee, market.prices) for c in run]
    return Batch(
        first=first,
        n=n,
        wanted=tuple(c.index for c in run),
        gas_limit=limit,
        expected_gas=expected,
        score=sum(v for v in values if v is not None) - expected * market.gas_price,
        seen_at=min(c.seen_at for c in run),
    )


def _covers(batch: Batch, worth: Sequence[Candidate], market: Market) -> bool:
    """Tell whether a batch's fees pay for all of it, overhead included."""
    if market.coverage_bps == 0:
        return True
    wanted = set(batch.wanted)
    values = [fee_value_down(c.asset, c.fee, market.prices) for c in worth if c.index in wanted]
    if any(v is None for v in values):
        return True  # `_pays` kept an unpriced message only because the operator serves them
    cost = batch.expected_gas * market.gas_price
    return sum(v for v in values if v is not None) * BPS >= cost * market.coverage_bps


def first_fee(base_fee: int, plan: FeePlan) -> GasFee:
    """Return the opening bid: the tip on twice the base fee, at most the cap.

    Twice the base fee lasts through five full blocks.
    """
    priority = min(plan.priority, plan.cap)
    return GasFee(max_fee=min(2 * base_fee + priority, plan.cap), priority=priority)


def raised_fee(last: GasFee, base_fee: int, plan: FeePlan) -> GasFee | None:
    """Return the bid that replaces `last`, or None when the cap leaves no valid replacement.

    Both fees rise by at least `raise_bps`, rounded up, because nodes refuse a replacement that raises only one.
    """
    fresh = first_fee(base_fee, plan)
    priority = max(_raised_up(last.priority, plan.raise_bps), fresh.priority)
    max_fee = max(_raised_up(last.max_fee, plan.raise_bps), fresh.max_fee, priority)
    if max_fee > plan.cap:
        return _last_bid(last, plan)
    return GasFee(max_fee=max_fee, priority=priority)


def _last_bid(last: GasFee, plan: FeePlan) -> GasFee | None:
    """Bid the cap itself once, if it is far enough above the last bid for nodes to take it."""
    least = _raised_up(last.max_fee, 1_000)
    priority = _raised_up(last.priority, 1_000)
    return GasFee(max_fee=plan.cap, priority=priority) if least <= plan.cap and priority <= plan.cap else None


def _raised_up(value: int, bps: int) -> int:
    return -(-value * (BPS + bps) // BPS)


def replacement_due(*, attempts: int, last_at: int, now: int, plan: FeePlan) -> bool:
    """Tell whether a transaction of `attempts` bids, the last at `last_at`, has waited long enough for the next."""
    return now - last_at >= min(plan.patience << min(max(attempts - 1, 0), 6), LONGEST_RETRY)


def free_nonces(chain_nonce: int, taken: Iterable[int], n: int) -> list[int]:
    """Return the lowest `n` nonces from the chain's own count on that no live row has.

    Filling from below closes gaps by itself, and a nonce is never counted up before it is stored:
    a crash between two steps cannot wedge the key.
    """
    held = set(taken)
    found: list[int] = []
    nonce = chain_nonce
    while len(found) < n:
        if nonce not in held:
            found.append(nonce)
        nonce += 1
    return found


def gap_ends(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending indices as inclusive ranges; used where rows are updated by range."""
    if not indices:
        return []
    cuts = [i for i, (a, b) in enumerate(pairwise(indices), start=1) if b != a + 1]
    starts, ends = [0, *cuts], [*cuts, len(indices)]
    return [(indices[a], indices[b - 1]) for a, b in zip(starts, ends, strict=True)]


def ranges_without(first: int, n: int, left_out: Iterable[int]) -> list[tuple[int, int]]:
    """Return first … first + n − 1 less some indices, as inclusive ranges.

    The work grows with what is left out alone: n comes from a log, which anybody may have made up.
    """
    end = first + n
    cuts = sorted({index for index in left_out if first <= index < end})
    starts, ends = [first, *(index + 1 for index in cuts)], [*(index - 1 for index in cuts), end - 1]
    return [(a, b) for a, b in zip(starts, ends, strict=True) if a <= b]


def retry_delay(attempts: int) -> int:
    """Return the seconds to wait after `attempts` earlier failures: 5, 10, 20, … at most an hour."""
    return min(FIRST_RETRY << min(attempts, 10), LONGEST_RETRY)
