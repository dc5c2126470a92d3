"""All the money in one place: models of a hub, four vaults and two venues, joined by lanes that an adversary delivers.

The world sends honestly what its parts send, and delivers only what it is told to, in any order, range and repetition,
through what an Inbox decides: each message counts once, and one that is refused holds up no other. Two chains can turn
rogue: then anything may stand in their lanes. Whether the books balance is `clearing_books`' to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.messages import Deposit, Item, Parcel, decode
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, LeafIndex, Wad
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
CEILING: Final = Wad(2_500 * WAD)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Tokens that left a vault, or below zero came in."""

    chain: ChainId
    asset: AssetId
    change: int
    time: int


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
        self.flows: list[Moved] = []
        self.journal: list[Callable[[Ledger], ledger.Step]] = []
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
            self.paid_in[wanted.asset] += received * unit
            self._note(chain, wanted.asset, -received * unit)
            self._take_effects(chain, vault_of(chain), step.effects)

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
            time = self.time
            self._step_hub(lambda state: action(state, time))

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
                refused=self.refusals(),
            )
            self.vaults[chain] = step.vault
            self._take_effects(chain, vault_of(chain), step.effects)

        return self._try(act, self._state())

    def forge(self, chain: ChainId, body: Deposit | Parcel) -> None:
        """Put anything into a rogue chain's lane, as from its vault or its venue."""
        self.rogue.add(chain)
        sender = vault_of(chain) if isinstance(body, Deposit) else venue_of(chain)
        self.up[chain].items.append(Item(sender=sender, recipient=HUB_ADDRESS, body=body.encode()))

    def replay(self) -> Ledger:
        """Return the hub as a node finds it that starts anew and runs all that the hub ever accepted."""
        state = _hub()
        for action in self.journal:
            state = action(state).ledger
        return state

    def redirect_claim(self, chain: ChainId, claim: vault.Claim, caller: Direct, new_to: Address) -> bool:
        """Let a claim be paid to another address."""
        account, to, asset = claim

        def act() -> None:
            step = vault.redirect_claim(
                self.vaults[chain], caller=caller, account=account, to=to, asset=asset, new_to=new_to
            )
            self.vaults[chain] = step.vault

        return self._try(act, self._state())

    def settle(self) -> None:
        """Deliver and retry everything, with time between, until nothing moves any more."""
        idle = 0
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
            idle = idle + 1 if self._state() == before else 0
            if idle == 5:  # what waits for a rate may need some rounds
                return

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
        first, time = LeafIndex(indices[0]), self.time
        self._step_hub(
            lambda state: ledger.deliver(state, source=source, first=first, items=items, payee=RELAYER, time=time)
        )

    def _step_hub(self, action: Callable[[Ledger], ledger.Step]) -> None:
        step = action(self.ledger)
        self.ledger = step.ledger
        self.journal.append(action)
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
            items=items,
            payee=RELAYER,
            time=self.time,
            refused=self.refusals(),
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
                    self._note(chain, effect.asset, effect.amount)
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
            lane.delivered.add(index)
            time = self.time
            self._step_hub(
                lambda state: ledger.take_local(state, index=index, sender=item.sender, deposit=body, time=time)
            )

    def _note(self, chain: ChainId, asset: AssetId, change: int) -> None:
        self.flows.append(Moved(chain=chain, asset=asset, change=change, time=self.time))

    def refusals(self) -> vault.Refusals:
        """Return whom the coin's contract refuses to pay."""
        return frozenset((COIN, who) for who in self.refused_receivers)

    def _state(self) -> _Saved:
        """Return everything that an action may change; states are immutable, so this is a few references."""
        lanes = (*self.up.values(), *self.down.values())
        return _Saved(
            ledger=self.ledger,
            vaults=dict(self.vaults),
            venues=dict(self.venues),
            lanes=tuple((len(lane.items), frozenset(lane.delivered)) for lane in lanes),
            credits=dict(self.credits),
            paid_in=dict(self.paid_in),
            paid_out=dict(self.paid_out),
            flows=len(self.flows),
            accepted=len(self.journal),
        )

    def _try(self, act: Callable[[], None], before: _Saved) -> bool:
        """Do it whole or not at all, as a transaction."""
        try:
            act()
        except Refused:
            self._restore(before)
            return False
        return True

    def _restore(self, before: _Saved) -> None:
        self.ledger, self.vaults, self.venues = before.ledger, before.vaults, before.venues
        self.credits, self.paid_in, self.paid_out = before.credits, before.paid_in, before.paid_out
        del self.flows[before.flows :], self.journal[before.accepted :]
        for lane, (length, delivered) in zip((*self.up.values(), *self.down.values()), before.lanes, strict=True):
            del lane.items[length:]
            lane.delivered = set(delivered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saved:
    ledger: Ledger
    vaults: dict[ChainId, Vault]
    venues: dict[ChainId, Venue]
    lanes: tuple[tuple[int, frozenset[int]], ...]
    credits: dict[Place, int]
    paid_in: dict[AssetId, int]
    paid_out: dict[AssetId, int]
    flows: int
    accepted: int


_Credit = Callable[[ChainId, Sequence[int]], None]


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
                inflow_rate=Wad(WAD // 10),
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
