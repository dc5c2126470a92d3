"""The hub's contract and its model do the same on random sequences of actions, to the bit, refusals included."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from bridge.messages import PLACED, STAY, Deposit, Item, Leg, Next, Parcel, Release
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, InstrumentId, LeafIndex, NextMode, Wad
from hub import ledger as model
from hub.steps import Caller, Direct, Signed
from tests.support.hub_twin import (
    ACCOUNTS,
    ALPHA,
    ASSETS,
    BETA,
    COIN,
    GAMMA,
    HUB,
    KEYS,
    OWNERS,
    PAYEE,
    RESERVES,
    VENUES,
    WAD,
    HubTwin,
    vault_of,
    venue_of,
)

ACTIONS = 120
ODD = 0.08
NOBODY = Account(owner=ZERO_ADDRESS)


class Player:
    """Draws actions: most are plausible, some are not, none is chosen by what the model would say."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.twin = HubTwin()
        self.next = {chain: LeafIndex(0) for chain in (ALPHA, BETA, GAMMA)}
        self.nonce = 0
        self._endow()

    def _endow(self) -> None:
        """Give accounts and venues something to act with, by deposits as any others."""
        for source in (ALPHA, BETA):
            owned = [Deposit(account=account, asset=QUOTE, amount=Wad(200 * WAD)) for account in ACCOUNTS]
            placed = Deposit(account=ACCOUNTS[0], asset=QUOTE, amount=Wad(1_000 * WAD), next=PLACED)
            bodies = [body.encode() for body in (*owned, placed)]
            hub = Address(self.twin.hub.address)
            items = [Item(sender=vault_of(source), recipient=hub, body=body) for body in bodies]
            self.twin.deliver(source, self.next[source], items)
            self.next[source] = LeafIndex(self.next[source] + len(items))

    def _or(self, usual: Any, odd: Any) -> Any:  # noqa: ANN401  # whatever is drawn
        """Return the odd one now and then."""
        return odd if self.random.random() < ODD else usual

    def act(self) -> None:
        """Do one action on both sides."""
        often = [self.deliver] * 5 + [self.send, self.withdraw] * 2
        rarely = [self.retry, self.deposit, self.transfer, self.enter, self.session, self.revoke]
        self.random.choice([*often, *rarely, self.limits, self.wait])()

    def wait(self) -> None:
        self.twin.chain.timestamp += self.random.choice((1, 7, 60, 3_600))

    def deliver(self) -> None:
        source = self.random.choice((ALPHA, BETA, GAMMA))
        items = [self._item(source) for _ in range(self.random.choice((1, 1, 2, 5)))]
        self.twin.deliver(source, self.next[source], items)
        self.next[source] = LeafIndex(self.next[source] + len(items))

    def retry(self) -> None:
        waiting = self.twin.ledger.waiting
        if not waiting:
            return
        (source, index), (sender, body) = self.random.choice(sorted(waiting.items()))
        if self.random.random() < 0.2:
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.twin.retry(source, index, sender, body)

    def deposit(self) -> None:
        sender = vault_of(self.random.choice((HUB, HUB, HUB, ALPHA)))
        asset = self.random.choice((QUOTE, QUOTE, COIN))
        amount = self._amount()
        next_ = self._next(is_deposit=False)
        body = Deposit(account=self._account(), asset=asset, amount=amount, fee=Wad(amount // 9), next=next_)
        self.twin.deposit_locally(body, sender)

    def send(self) -> None:
        account = self._account()
        to = self._or(self.random.choice((account, self._account())), NOBODY)
        venue = self._or(self.random.choice(VENUES), self.random.choice((HUB, GAMMA, ChainId(5))))
        cash, fee, caller = self._amount(), self._fee(), self._caller(account)
        self.twin.act(
            "sendParcel",
            caller,
            (account.to_bytes(), venue, to.to_bytes(), cash, fee),
            lambda time: model.send_parcel(
                self.twin.ledger,
                caller=caller,
                account=account,
                venue=venue,
                to=to,
                cash=cash,
                fee=fee,
                time=time,
            ),
        )

    def withdraw(self) -> None:
        account = self._account()
        caller = self._caller(account)
        chain = self._or(self.random.choice((HUB, ALPHA, BETA, GAMMA)), ChainId(5))
        wanted = model.Withdrawal(
            asset=self.random.choice((QUOTE, QUOTE, QUOTE, COIN)),
            amount=self._amount(),
            chain=chain,
            to=self._or(PAYEE.owner, ZERO_ADDRESS),
            fee=self._fee(),
            max_charge=Wad(self._or(2**128 - 1, self.random.choice((0, WAD)))),
        )
        self.twin.act(
            "withdraw",
            caller,
            (account.to_bytes(), wanted.asset, wanted.amount, chain, wanted.to, wanted.fee, wanted.max_charge),
            lambda time: model.withdraw(self.twin.ledger, caller=caller, account=account, withdrawal=wanted, time=time),
        )

    def transfer(self) -> None:
        account, to, asset = self._account(), self._or(self._account(), NOBODY), self.random.choice(ASSETS)
        caller, amount = self._caller(account), self._amount()
        self.twin.act(
            "transfer",
            caller,
            (account.to_bytes(), to.to_bytes(), asset, amount),
            lambda time: model.transfer(
                self.twin.ledger, caller=caller, account=account, to=to, asset=asset, amount=amount, time=time
            ),
        )

    def enter(self) -> None:
        account, venue = self._account(), self._or(self.random.choice(VENUES), GAMMA)
        caller, fee = self._caller(account), self._fee()
        key = self._or(self.random.choice((KEYS[0].address, KEYS[1].address, account.owner)), ZERO_ADDRESS)
        self.twin.act(
            "enterVenue",
            caller,
            (account.to_bytes(), venue, key, fee),
            lambda time: model.enter_venue(
                self.twin.ledger, caller=caller, account=account, venue=venue, key=key, fee=fee, time=time
            ),
        )

    def session(self) -> None:
        account = self._account()
        caller, key = self._caller(account), self._key()
        lifetime = self.random.choice((0, 50, 10_000))
        granted = model.Session(
            expiry=self.twin.time + lifetime if lifetime else 0,
            price_band=self.random.randrange(2**32),
            loss_limit=self.random.choice((Wad(0), Wad(WAD), Wad(50 * WAD))),
        )
        self.twin.act(
            "setSession",
            caller,
            (account.to_bytes(), key, granted.expiry, granted.price_band, granted.loss_limit),
            lambda time: model.set_session(
                self.twin.ledger, caller=caller, account=account, key=key, session=granted, time=time
            ),
        )

    def revoke(self) -> None:
        account, key = self._account(), self._key()
        caller = self._caller(account)
        self.twin.act(
            "revokeSession",
            caller,
            (account.to_bytes(), key),
            lambda time: model.revoke_session(self.twin.ledger, caller=caller, account=account, key=key, time=time),
        )

    def limits(self) -> None:
        chain, asset = self.random.choice(list(RESERVES))
        held = self.twin.ledger.reserves[chain, asset].config
        changed = self.random.choice(
            (
                {"decimals": held.decimals + 1},
                {"inflow_burst": Wad(held.inflow_burst + self.random.choice((-1, 0, WAD)))},
                {"ceiling": Wad(self.random.randrange(20_000) * WAD)},
            )
        )
        fields: dict[str, Any] = {name: getattr(held, name) for name in held.__slots__} | changed
        self.twin.set_reserve(chain, asset, model.ReserveConfig(**fields))

    def _caller(self, account: Account) -> Caller:
        who = self.random.choice((account.owner,) * 8 + tuple(key.address for key in (*KEYS, *KEYS, *OWNERS)))
        if self.random.random() < 0.5:
            return Direct(sender=who)
        if self.random.random() < 0.9:
            self.nonce += 1
        deadline = self.twin.time + self._or(self.random.choice((100, 0)), -1)
        tip = Wad(self.random.choice((0, WAD // 3)))
        return Signed(signer=who, nonce=self.nonce, deadline=deadline, tip=tip, payee=PAYEE)

    def _item(self, source: ChainId) -> Item:
        is_deposit = self.random.random() < 0.5 or source == GAMMA
        expected = vault_of(source) if is_deposit else venue_of(source)
        sender = expected if self.random.random() < 0.97 else venue_of(BETA)
        body = self._deposit(source) if is_deposit else self._parcel()
        if self.random.random() < 0.01:
            body = Release(account=PAYEE, asset=QUOTE, to=PAYEE.owner, amount=Wad(1)).encode()
        return Item(sender=sender, recipient=Address(self.twin.hub.address), body=body)

    def _deposit(self, source: ChainId) -> bytes:
        amount = self._amount()
        next_ = self._next(is_deposit=source != GAMMA)
        asset = self.random.choice((QUOTE, QUOTE, QUOTE, COIN)) if next_ != PLACED else QUOTE
        fee = Wad(self.random.choice((0, amount // 50, amount)))
        return Deposit(account=self._account(), asset=asset, amount=amount, fee=fee, next=next_).encode()

    def _parcel(self) -> bytes:
        roll = self.random.random()
        cash = Wad(-1) if roll < 0.03 else self._amount()
        legs = (Leg(instrument=InstrumentId(3), base=-5),) if 0.03 < roll < 0.06 else ()
        fee = self._fee()
        return Parcel(
            account=self._account(), cash=cash, fee=fee, next=self._next(is_deposit=False), legs=legs
        ).encode()

    def _next(self, *, is_deposit: bool) -> Next:
        chain = self._or(self.random.choice((HUB, ALPHA, ALPHA, BETA, BETA, GAMMA)), ChainId(5))
        match self.random.randrange(7):
            case 0 | 1:
                to = self._or(self._account(), NOBODY)
                return Next(mode=NextMode.FORWARD, chain=chain, account=to, fee=self._fee())
            case 2 | 3:
                to_address = self._or(PAYEE.owner, ZERO_ADDRESS)
                charge = Wad(self._or(2**128 - 1, 0))
                return Next(mode=NextMode.RELEASE, chain=chain, to=to_address, fee=self._fee(), max_charge=charge)
            case 4 if is_deposit:
                return PLACED
        return STAY

    def _account(self) -> Account:
        return self.random.choice(ACCOUNTS)

    def _key(self) -> Address:
        return Address(self._or(self.random.choice(KEYS).address, ZERO_ADDRESS))

    def _amount(self) -> Wad:
        sizes = (1, 10**6, WAD, 10 * WAD, 50 * WAD, 50 * WAD, 300 * WAD, 2_000 * WAD)
        if self.random.random() < 0.01:
            return Wad(self.random.choice((2**104, 2**127 - 1)))
        size = self.random.choice(sizes)
        return Wad(size + self.random.randrange(size + 1))

    def _fee(self) -> Wad:
        return Wad(self.random.choice((0, 0, 1, WAD // 1_000 + 77, WAD)))


def play(seed: int, actions: int) -> None:
    player = Player(seed)
    for count in range(1, actions + 1):
        player.act()
        if count % 20 == 0:
            player.twin.compare_states()
    player.twin.compare_states()
    reserves = player.twin.ledger.reserves.items()
    for asset in (QUOTE, AssetId(COIN)):
        held = sum(reserve.amount for (_, kept), reserve in reserves if kept == asset)
        assert held == player.twin.ledger.claims(asset)


@pytest.mark.parametrize("seed", range(4))
def test_hub__random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, ACTIONS)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 160))
def test_hub__many_random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 600)
