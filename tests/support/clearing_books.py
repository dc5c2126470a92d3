"""The invariants of the clearing world: what holds at every moment, whatever was delivered, forged or dropped.

They look at states, lanes and what tokens moved, never at how a step came about. `Books` remembers what a moment alone
does not show: how fast a reserve rose, how much left a vault lately, and that the scarcity curve never paid out more.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from itertools import product
from math import exp
from typing import Final

from bridge.messages import Deposit, Item, Parcel, Release, decode
from bridge.types import AssetId, ChainId, LeafIndex, NextMode
from tests.support.clearing_world import ASSETS, CEILING, CHAINS, VENUES, World

Body = Deposit | Parcel | Release
ROUNDING: Final = 1 + 1e-12  # of the exponential, which is no integer


class Books:
    """Checks a world after each step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys: dict[tuple[object, ChainId], int] = {}
        self.lowest: dict[tuple[ChainId, AssetId], int] = {}
        self.budget: dict[tuple[ChainId, AssetId], int] = {}
        self.flows = 0
        self.slack = {asset: self._slack(asset) for asset in ASSETS}

    def check(self) -> None:
        """Hold everything that holds at each moment."""
        self._check_credited_once()
        for asset in ASSETS:
            self._check_hub(asset)
            self._check_curve(asset)
        for chain, asset in product(CHAINS, ASSETS):
            self._check_inflow(chain, asset)
            self._check_vault(chain, asset)
            if len(self.world.flows) != self.flows:
                self._check_outflow(chain, asset)
        self.flows = len(self.world.flows)
        for chain in VENUES:
            self._check_sum(chain)
            self._check_keys(chain)
        balances = [*self.world.ledger.cash.values(), *self.world.ledger.collateral.values()]
        assert min([*balances, *self.world.ledger.pot.values()], default=0) >= 0, "someone owes the hub"

    def check_nothing_is_stuck(self) -> None:
        """Hold, after `settle`: everything was delivered, and nothing waits but what a rogue chain sent."""
        world = self.world
        for chain in CHAINS:
            if chain not in world.rogue:  # what a rogue chain lacks it does not pay out
                assert not list(world.down[chain].pending()), f"a message to {chain} cannot be delivered"
                assert not list(world.up[chain].pending()), f"a message from {chain} cannot be delivered"
                assert not [place for place in world.ledger.waiting if place[0] == chain], f"credit from {chain} waits"
            kept = {claim for claim, amount in world.vaults[chain].claims.items() if amount}
            unpaid = [claim for claim in kept if (claim[2], claim[1]) not in world.refusals()]
            assert not unpaid, "a claim that nobody refuses is unpaid"

    def _check_credited_once(self) -> None:
        """Invariant 2: delivered is credited exactly once, or waits."""
        assert max(self.world.credits.values(), default=0) <= 1, "a message was credited twice"
        for source, lane in self.world.up.items():
            for index in lane.delivered:
                place = (source, LeafIndex(index))
                is_one = (place in self.world.credits) != (place in self.world.ledger.waiting)
                assert is_one, "delivered, but neither stands nor waits"

    def _check_hub(self, asset: AssetId) -> None:
        """Identity (H), invariants 1 and 3, and theorem 4: what is unbacked is within the rogue chains' ceilings."""
        world = self.world
        reserves = {chain: self._reserve(chain, asset) for chain in CHAINS}
        assert sum(reserves.values()) == world.ledger.claims(asset), "the hub owes what no vault holds for it"
        assert all(0 <= held <= CEILING for held in reserves.values()), "a reserve left its bounds"
        real = sum(world.vaults[chain].holding(asset).held for chain in CHAINS if chain not in world.rogue)
        forged = sum(reserves[chain] for chain in world.rogue)
        assert world.ledger.claims(asset) - forged <= real, "more than the rogue chains' reserves is unbacked"
        tokens = sum(kept.holding(asset).live() for kept in world.vaults.values())
        assert tokens == world.paid_in[asset] - world.paid_out[asset], "tokens came from nowhere"

    def _check_vault(self, chain: ChainId, asset: AssetId) -> None:
        """Identity (V)."""
        world = self.world
        holding = world.vaults[chain].holding(asset)
        claims = sum(amount for (_, _, of), amount in world.vaults[chain].claims.items() if of == asset)
        assert holding.owed == claims, "a vault owes other than its claims"
        if chain not in world.rogue:
            deposits = sum(b.amount for b in self._open(chain) if isinstance(b, Deposit) and b.asset == asset)
            coming = map(_body, world.down[chain].pending())
            releases = sum(b.amount + b.fee for b in coming if isinstance(b, Release) and b.asset == asset)
            expected = self._reserve(chain, asset) + deposits + releases
            assert holding.held == expected, "a vault holds other than reserve and messages say"

    def _check_sum(self, chain: ChainId) -> None:
        """Theorem 3: S(v) is what the lanes say and never below zero; at an honest venue its accounts and parcels."""
        world, kept = self.world, self.world.ledger.venue_cash.get(chain, 0)
        sent = sum(_cash(body) for body in map(_body, world.down[chain].items))
        waiting = {index for source, index in world.ledger.waiting if source == chain}
        lane = world.up[chain]
        credited = [_body(lane.items[index]) for index in lane.delivered if index not in waiting]
        assert kept == sent + sum(map(_placed, credited)) - sum(map(_cash, credited)), "S(v) is not what its lanes say"
        assert kept >= 0, "a venue took more than it ever got"
        if chain not in world.rogue:
            coming = sum(_cash(body) for body in map(_body, world.down[chain].pending()))
            going = sum(_cash(body) - _placed(body) for body in self._open(chain))
            assert kept == sum(world.venues[chain].cash.values()) + coming + going, "S(v) is not the venue's cash"

    def _check_keys(self, chain: ChainId) -> None:
        for account, entry in self.world.venues[chain].keys.items():
            assert entry.epoch >= self.keys.get((account, chain), 0), "an old key came back"
            self.keys[account, chain] = entry.epoch

    def _check_inflow(self, chain: ChainId, asset: AssetId) -> None:
        """In any time t a reserve rises by at most its burst and rate · t."""
        config = self.world.ledger.reserves[chain, asset].config
        level = self._reserve(chain, asset) - config.inflow_rate * self.world.time
        self.lowest[chain, asset] = min(level, self.lowest.get((chain, asset), level))
        assert level - self.lowest[chain, asset] <= config.inflow_burst, "a reserve rose faster than its limits"

    def _check_outflow(self, chain: ChainId, asset: AssetId) -> None:
        """What left since any moment is at most the budget, its refill, what came in since, and faded credit."""
        holding, config = self.world.vaults[chain].holding(asset), self.world.vaults[chain].asset(asset)
        budget = config.outflow.budget(holding.live() + max(holding.outflow.net, 0))
        self.budget[chain, asset] = max(budget, self.budget.get((chain, asset), 0))
        flows = [moved for moved in self.world.flows if (moved.chain, moved.asset) == (chain, asset)]
        for start in range(len(flows)):
            since, window = flows[start].time, config.outflow.window
            net = sum(moved.change for moved in flows[start:])
            if net <= self.budget[chain, asset]:
                continue
            credit = sum(-m.change * exp((m.time - since) / window) for m in flows[:start] if m.change < 0)
            refill = self.budget[chain, asset] * (flows[-1].time - since) // window
            assert net <= (self.budget[chain, asset] + refill + credit) * ROUNDING, "more left a vault than may"

    def _check_curve(self, asset: AssetId) -> None:
        """Theorem 7: what was charged less what was paid out never falls behind the potential."""
        slack = self._slack(asset)
        assert slack >= self.slack[asset], "the scarcity curve paid out more than it took"
        self.slack[asset] = slack

    def _slack(self, asset: AssetId) -> Fraction:
        potential = Fraction(0)
        for chain in CHAINS:
            curve = self.world.ledger.reserves[chain, asset].config.curve
            potential += Fraction(curve.weight(self._reserve(chain, asset)), curve.scale())
        return self.world.ledger.pot.get(asset, 0) - potential

    def _open(self, chain: ChainId) -> Iterable[Body]:
        """Return what left a chain and is not credited: in flight or waiting."""
        waiting = [_decoded(body) for (source, _), (_, body) in self.world.ledger.waiting.items() if source == chain]
        return [*map(_body, self.world.up[chain].pending()), *waiting]

    def _reserve(self, chain: ChainId, asset: AssetId) -> int:
        return self.world.ledger.reserves[chain, asset].amount


def _cash(body: Body) -> int:
    return body.cash + body.fee if isinstance(body, Parcel) else 0


def _placed(body: Body) -> int:
    if isinstance(body, Deposit) and body.next.mode is NextMode.PLACED:
        return body.amount - body.fee
    return 0


def _body(item: Item) -> Body:
    return _decoded(item.body)


_decoded = cache(decode)
