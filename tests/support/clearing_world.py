"""All the money in one place: models of a hub, four vaults and two venues, joined by lanes that an adversary delivers.

The world sends honestly what its parts send, and delivers only what it is told to, in any order, range and repetition,
through what an Inbox decides: each message counts once, and one that is refused holds up no other. Two chains can turn
rogue: then anything may stand in their lanes. `check` holds the invariants; it looks at states and lanes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from bridge.messages import Deposit, Item, Next, Parcel, Release, decode
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, LeafIndex, NextMode, Wad
from hub import ledger, vault, venue
from hub.errors import Refused
from hub.fees import Curve, OutflowLimit
from hub.ledger import Ledger, Peer, ReserveConfig
from hub.steps import Caller, Credited, Direct, Effect, Outgoing, Placed, Pushed, WaitReason, Waits
from hub.vault import Vault, VaultAsset
from hub.venue import Venue

WAD: Final = 10**18
HUB, ALPHA, BETA, GAMMA = ChainId(901), ChainId(902), ChainId(903), ChainId(904)
CHAINS: Final = (HUB, ALPHA, BETA, GAMMA)
VENUES: Final = (ALPHA, BETA)
COIN: Final = AssetId(7)
ASSETS: Final = (QUOTE, COIN)
DECIMALS: Final = {HUB: 6, ALPHA: 6, BETA: 18, GAMMA: 8}
HUB_ADDRESS: Final = Address(b"\xcc" * 20)
PEOPLE: Final = tuple(Account(owner=Address(bytes([n + 1]) * 20), label=bytes(12)) for n in range(4))
RELAYER: Final = Account(owner=Address(b"\x7e" * 20))
CEILING: Final = Wad(4_000 * WAD)

Place = tuple[ChainId, LeafIndex]


def vault_of(chain: ChainId) -> Address:
    """Return the address of a chain's vault."""
    return Address(b"\xaa" * 12 + chain.to_bytes(8, "big"))


def venue_of(chain: ChainId) -> Address:
    """Return the address of a chain's venue, zero where there is none."""
    return Address(b"\xbb" * 12 + chain.to_bytes(8, "big")) if chain in VENUES else Address(bytes(20))


@dataclass(slots=True)
class Lane:
    """What left one chain for another, in order, and what of it was delivered."""

    items: list[Item] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)

    def pending(self) -> Iterable[Item]:
        """Return what was not delivered."""
        return (item for index, item in enumerate(self.items) if index not in self.delivered)


class World:
    """The state of everything, changed by actions; an action that is refused changes nothing and returns False."""

    def __init__(self) -> None:
        self.time = 1_800_000_000
        self.ledger = _hub()
        self.vaults = {chain: _vault(chain) for chain in CHAINS}
        self.venues = {chain: Venue(vault=vault_of(chain), hub_chain=HUB, hub=HUB_ADDRESS) for chain in VENUES}
        self.up = {chain: Lane() for chain in CHAINS}
        self.down = {chain: Lane() for chain in CHAINS}
        self.rogue: set[ChainId] = set()
        self.credits: dict[Place, int] = {}
        self.paid_in = dict.fromkeys(ASSETS, 0)
        self.paid_out = dict.fromkeys(ASSETS, 0)
        self.refused_receivers: frozenset[Address] = frozenset()

    def deposit(self, chain: ChainId, wanted: Deposit) -> bool:
        """Deposit tokens worth `wanted.amount`, rounded down; the hub's own chain credits at once or refuses."""
        unit = 10 ** (18 - (DECIMALS[chain] if wanted.asset == QUOTE else 18))
        received = wanted.amount // unit

        def act() -> None:
            step = vault.deposit(
                self.vaults[chain],
                asset=wanted.asset,
                received=received,
                account=wanted.account,
                fee=wanted.fee,
                next_=wanted.next,
                time=self.time,
            )
            self.vaults[chain] = step.vault
            self._take_effects(chain, vault_of(chain), step.effects)
            self.paid_in[wanted.asset] += received * unit

        return self._try(act, self._state())

    def send_from_venue(self, chain: ChainId, caller: Caller, wanted: Parcel) -> bool:
        """Send a parcel from a venue to the hub."""

        def act() -> None:
            step = venue.send(
                self.venues[chain],
                caller=caller,
                account=wanted.account,
                cash=wanted.cash,
                fee=wanted.fee,
                next_=wanted.next,
                time=self.time,
            )
            self.venues[chain] = step.venue
            self._take_effects(chain, venue_of(chain), step.effects)

        return self._try(act, self._state())

    def at_hub(self, action: Callable[[Ledger, int], ledger.Step]) -> bool:
        """Do an action at the hub; what it sends goes into lanes, or to the hub chain's own vault at once."""

        def act() -> None:
            step = action(self.ledger, self.time)
            self.ledger = step.ledger
            self._take_effects(HUB, HUB_ADDRESS, step.effects)

        return self._try(act, self._state())

    def deliver_up(self, source: ChainId, first: int, n: int) -> None:
        """Deliver messages of a chain to the hub, as its Inbox would."""
        self._deliver(self.up[source], source, first, n, self._credit_at_hub)

    def deliver_down(self, chain: ChainId, first: int, n: int) -> None:
        """Deliver messages of the hub to a chain, as its Inbox would."""
        self._deliver(self.down[chain], chain, first, n, self._credit_on_chain)

    def retry(self, source: ChainId, index: LeafIndex) -> bool:
        """Retry a message at the hub, whether it waits or not; the bytes are public in its lane."""
        item = self.up[source].items[index]
        return self.at_hub(
            lambda state, time: ledger.retry(
                state,
                source=source,
                index=index,
                sender=item.sender,
                body=item.body,
                payee=RELAYER,
                time=time,
            )
        )

    def retry_claim(self, chain: ChainId, claim: vault.Claim) -> bool:
        """Retry a claim at a vault."""
        account, to, asset = claim

        def act() -> None:
            step = vault.retry_claim(
                self.vaults[chain],
                account=account,
                to=to,
                asset=asset,
                time=self.time,
                refused=self._refusals(),
            )
            self.vaults[chain] = step.vault
            self._take_effects(chain, vault_of(chain), step.effects)

        return self._try(act, self._state())

    def forge(self, chain: ChainId, body: Deposit | Parcel) -> None:
        """Put anything into a rogue chain's lane, as from its vault or its venue."""
        self.rogue.add(chain)
        sender = vault_of(chain) if isinstance(body, Deposit) else venue_of(chain)
        self.up[chain].items.append(Item(sender=sender, recipient=HUB_ADDRESS, body=body.encode()))

    def settle(self) -> None:
        """Deliver and retry everything, with time between, until nothing moves any more."""
        for _ in range(60):
            before = self._state()
            self.time += 3_600
            for chain in CHAINS:
                self.deliver_up(chain, 0, len(self.up[chain].items))
                self.deliver_down(chain, 0, len(self.down[chain].items))
            for source, index in sorted(self.ledger.waiting):
                self.retry(source, index)
            for chain, kept in self.vaults.items():
                for claim, amount in kept.claims.items():
                    if amount:
                        self.retry_claim(chain, claim)
            if self._state() == before:
                return

    def check(self) -> None:
        """Hold the invariants of one moment."""
        self._check_credited_once()
        for asset in ASSETS:
            self._check_reserves(asset)
        for chain in VENUES:
            assert self.ledger.venue_cash.get(chain, 0) >= 0, "a venue took more than it ever got"
            if chain not in self.rogue:
                self._check_venue(chain)
        balances = [*self.ledger.cash.values(), *self.ledger.collateral.values(), *self.ledger.pot.values()]
        assert min(balances, default=0) >= 0, "someone owes the hub"

    def check_nothing_is_stuck(self) -> None:
        """Hold, after `settle`: everything was delivered, and what waits has no claim that could be met."""
        for chain in CHAINS:
            if chain not in self.rogue:
                assert not list(self.down[chain].pending()), f"a message to {chain} cannot be delivered"
                assert not list(self.up[chain].pending()), f"a message from {chain} cannot be delivered"
                assert not [place for place in self.ledger.waiting if place[0] == chain], f"credit from {chain} waits"
            kept = {claim for claim, amount in self.vaults[chain].claims.items() if amount}
            assert all((asset, to) in self._refusals() for _, to, asset in kept), (
                "a claim that nobody refuses is unpaid"
            )

    def _check_credited_once(self) -> None:
        assert max(self.credits.values(), default=0) <= 1, "a message was credited twice"
        for source, lane in self.up.items():
            for index in lane.delivered:
                place = (source, LeafIndex(index))
                assert (place in self.credits) != (place in self.ledger.waiting), (
                    "delivered, but neither stands nor waits"
                )

    def _check_reserves(self, asset: AssetId) -> None:
        """Tokens = claims, of each asset: at the hub, in flight, waiting and as claims at the vaults."""
        reserves = {chain: self._reserve(chain, asset) for chain in CHAINS}
        assert sum(reserves.values()) == self.ledger.claims(asset), "the hub owes what no vault holds for it"
        for chain, held in reserves.items():
            assert 0 <= held <= CEILING, "a chain's reserve left its bounds"
            if chain not in self.rogue:
                holding = self.vaults[chain].holding(asset)
                in_flight = self._deposits_in_flight(chain, asset) + self._releases_in_flight(chain, asset)
                assert holding.held == held + in_flight, "a vault holds other than reserve and messages say"
            owed = sum(amount for (_, _, kept), amount in self.vaults[chain].claims.items() if kept == asset)
            assert self.vaults[chain].holding(asset).owed == owed, "a vault keeps tokens for nobody"
        tokens = sum(kept.holding(asset).live() for kept in self.vaults.values())
        assert tokens == self.paid_in[asset] - self.paid_out[asset], "tokens came from nowhere"

    def _check_venue(self, chain: ChainId) -> None:
        """S(v) = the venue's cash and the parcels in flight both ways, less placed deposits not yet heard of."""
        cash = sum(self.venues[chain].cash.values())
        parcels = sum(body.cash + body.fee for body in self._open(chain) if isinstance(body, Parcel))
        placed = [body for body in self._open(chain) if isinstance(body, Deposit) and body.next.mode is NextMode.PLACED]
        coming = sum(
            body.cash + body.fee for body in map(_body, self.down[chain].pending()) if isinstance(body, Parcel)
        )
        unheard = sum(body.amount - body.fee for body in placed)
        assert self.ledger.venue_cash.get(chain, 0) == cash + parcels + coming - unheard

    def _open(self, chain: ChainId) -> Iterable[Deposit | Parcel | Release]:
        """Return what left a chain and is not credited: in flight or waiting."""
        waiting = [_decoded(body) for (source, _), (_, body) in self.ledger.waiting.items() if source == chain]
        return [*map(_body, self.up[chain].pending()), *waiting]

    def _deposits_in_flight(self, chain: ChainId, asset: AssetId) -> int:
        return sum(body.amount for body in self._open(chain) if isinstance(body, Deposit) and body.asset == asset)

    def _releases_in_flight(self, chain: ChainId, asset: AssetId) -> int:
        bodies = map(_body, self.down[chain].pending())
        return sum(body.amount + body.fee for body in bodies if isinstance(body, Release) and body.asset == asset)

    def _reserve(self, chain: ChainId, asset: AssetId) -> int:
        found = self.ledger.reserves.get((chain, asset))
        return found.amount if found else 0

    def _deliver(self, lane: Lane, chain: ChainId, first: int, n: int, credit: _Credit) -> None:
        """One call for each run of new messages to one recipient, item by item only where that is refused."""
        run: list[int] = []
        for index in range(first, min(first + n, len(lane.items)) + 1):
            is_in = index < min(first + n, len(lane.items)) and index not in lane.delivered
            if run and (not is_in or lane.items[index].recipient != lane.items[run[0]].recipient):
                self._deliver_run(lane, chain, run, credit)
                run = []
            if is_in:
                run.append(index)

    def _deliver_run(self, lane: Lane, chain: ChainId, run: Sequence[int], credit: _Credit) -> None:
        for part in (run, *([index] for index in run)):
            fresh = [index for index in part if index not in lane.delivered]
            if fresh == list(part) and self._try(lambda fresh=fresh: credit(chain, fresh), self._state()):  # type: ignore[misc]
                lane.delivered.update(fresh)

    def _credit_at_hub(self, source: ChainId, indices: Sequence[int]) -> None:
        items = [self.up[source].items[index] for index in indices]
        step = ledger.deliver(
            self.ledger,
            source=source,
            first=LeafIndex(indices[0]),
            items=items,
            payee=RELAYER,
            time=self.time,
        )
        self.ledger = step.ledger
        self._take_effects(HUB, HUB_ADDRESS, step.effects)

    def _credit_on_chain(self, chain: ChainId, indices: Sequence[int]) -> None:
        items = [self.down[chain].items[index] for index in indices]
        first = LeafIndex(indices[0])
        if items[0].recipient == venue_of(chain):
            self.venues[chain] = venue.deliver(
                self.venues[chain], source=HUB, first=first, items=items, payee=RELAYER
            ).venue
            return
        step = vault.deliver(
            self.vaults[chain],
            source=HUB,
            first=first,
            items=items,
            payee=RELAYER,
            time=self.time,
            refused=self._refusals(),
        )
        self.vaults[chain] = step.vault
        self._take_effects(chain, vault_of(chain), step.effects)

    def _take_effects(self, chain: ChainId, sender: Address, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Outgoing():
                    self._send(
                        chain, Item(sender=sender, recipient=effect.recipient, body=effect.body.encode()), effect
                    )
                case Placed():
                    placed = venue.credit_deposit(self.venues[chain], caller=sender, placed=effect)
                    self.venues[chain] = placed.venue
                case Credited():
                    place = (effect.source, effect.index)
                    self.credits[place] = self.credits.get(place, 0) + 1
                case Pushed():
                    self.paid_out[effect.asset] += effect.amount
                case Waits():
                    assert effect.reason is not WaitReason.NONE
                case _:
                    pass

    def _send(self, chain: ChainId, item: Item, effect: Outgoing) -> None:
        if chain != effect.destination:
            lane = self.up[chain] if effect.destination == HUB else self.down[effect.destination]
            lane.items.append(item)
        elif item.sender == HUB_ADDRESS:
            lane = self.down[HUB]
            lane.items.append(item)
            self._credit_on_chain(HUB, [len(lane.items) - 1])
            lane.delivered.add(len(lane.items) - 1)
        else:
            lane = self.up[HUB]
            lane.items.append(item)
            index = LeafIndex(len(lane.items) - 1)
            body = decode(item.body)
            assert isinstance(body, Deposit)
            step = ledger.take_local(self.ledger, index=index, sender=item.sender, deposit=body, time=self.time)
            lane.delivered.add(index)
            self.ledger = step.ledger
            self._take_effects(HUB, HUB_ADDRESS, step.effects)

    def _refusals(self) -> vault.Refusals:
        return frozenset((COIN, who) for who in self.refused_receivers)

    def _state(self) -> tuple[object, ...]:
        """Return everything that an action may change; states are immutable, so this is a few references."""
        lanes = tuple((len(lane.items), frozenset(lane.delivered)) for lane in (*self.up.values(), *self.down.values()))
        books = (self.ledger, tuple(self.vaults.items()), tuple(self.venues.items()))
        counts = tuple(dict(count) for count in (self.credits, self.paid_in, self.paid_out))
        return (*books, lanes, *counts)

    def _try(self, act: Callable[[], None], before: tuple[object, ...]) -> bool:
        """Do it whole or not at all, as a transaction."""
        try:
            act()
        except Refused:
            self._restore(before)
            return False
        return True

    def _restore(self, before: tuple[object, ...]) -> None:
        self.ledger, vaults, venues, lanes, self.credits, self.paid_in, self.paid_out = before  # type: ignore[assignment]
        self.vaults, self.venues = dict(vaults), dict(venues)  # type: ignore[call-overload]
        for lane, (length, delivered) in zip((*self.up.values(), *self.down.values()), lanes, strict=True):  # type: ignore[call-overload]
            del lane.items[length:]
            lane.delivered = set(delivered)


_Credit = Callable[[ChainId, Sequence[int]], None]


def owner(account: Account) -> Direct:
    """Return the account's owner as the caller."""
    return Direct(sender=account.owner)


def forward_to(chain: ChainId, account: Account, fee: int) -> Next:
    """Return a `next` that sends cash on to a venue."""
    return Next(mode=NextMode.FORWARD, chain=chain, account=account, fee=Wad(fee))


def release_to(chain: ChainId, to: Address, fee: int) -> Next:
    """Return a `next` that pays tokens out, whatever scarcity charges."""
    return Next(mode=NextMode.RELEASE, chain=chain, to=to, fee=Wad(fee), max_charge=Wad(2**128 - 1))


def _body(item: Item) -> Deposit | Parcel | Release:
    return _decoded(item.body)


_decoded = cache(decode)


def _hub() -> Ledger:
    state = Ledger(chain=HUB, address=HUB_ADDRESS)
    for chain in CHAINS:
        peer = Peer(vault=vault_of(chain), venue=venue_of(chain))
        state = ledger.add_peer(state, chain=chain, peer=peer).ledger
        for asset in ASSETS:
            config = ReserveConfig(
                decimals=DECIMALS[chain] if asset == QUOTE else 18,
                ceiling=CEILING,
                inflow_burst=Wad(2_000 * WAD),
                inflow_rate=Wad(WAD),
                curve=Curve(target=Wad(1_000 * WAD), ppm=30_000),
            )
            state = ledger.set_reserve(state, chain=chain, asset=asset, config=config).ledger
    return state


def _vault(chain: ChainId) -> Vault:
    outflow = OutflowLimit(bps=2_500, window=3_600, floor=Wad(50 * WAD))
    assets = {
        asset: VaultAsset(
            decimals=DECIMALS[chain] if asset == QUOTE else 18,
            ceiling=CEILING,
            max_deposit=Wad(1_500 * WAD),
            outflow=outflow,
        )
        for asset in ASSETS
    }
    return Vault(chain=chain, hub_chain=HUB, hub=HUB_ADDRESS, has_venue=chain in VENUES, assets=assets)
