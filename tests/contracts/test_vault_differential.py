"""The vault's contract and its model do the same on random sequences of actions, to the bit, refusals included."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from bridge.artifacts import load
from bridge.contracts.custody import Claimable, Released
from bridge.contracts.messaging import Sent
from bridge.messages import PLACED, STAY, Item, Next, Parcel, Release
from bridge.types import QUOTE, Account, Address, AssetId, LeafIndex, NextMode, Wad
from hub import vault as model
from hub.fees import OutflowLimit
from hub.steps import Direct, Kept, Outgoing, Placed, Pushed
from tests.support.artifacts import load_helper
from tests.support.hub_twin import ACCOUNTS, ALPHA, COIN, HUB, OWNERS, PAYEE, WAD, create_address, outcome_of
from tests.support.local_chain import OPERATOR, LocalChain, Receipt

HUB_ADDRESS = Address(b"\xcc" * 20)
ASSETS = {
    QUOTE: model.VaultAsset(
        decimals=6,
        ceiling=Wad(10_000 * WAD),
        max_deposit=Wad(2_000 * WAD),
        outflow=OutflowLimit(bps=1_000, window=3_600, floor=Wad(5 * WAD)),
    ),
    COIN: model.VaultAsset(
        decimals=18,
        ceiling=Wad(3_000 * WAD),
        max_deposit=Wad(3_000 * WAD),
        outflow=OutflowLimit(bps=10_000, window=7, floor=Wad(1)),
    ),
}
UNKNOWN = AssetId(99)
RECEIVERS = tuple(who.address for who in OWNERS)


class Player:
    """A vault with two tokens, one of which blacklists; both sides see the same actions."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.chain = LocalChain(ALPHA)
        self.dollar = self.chain.deploy(load("StandInToken"), "Dollar", "USD", 6, OPERATOR)
        self.coin = self.chain.deploy(load_helper("BlacklistingToken"))
        venue, vault = create_address(OPERATOR, 3), create_address(OPERATOR, 4)
        outbox = self.chain.deploy(load("Outbox"), vault, venue, [HUB], OPERATOR)
        self.venue = self.chain.deploy(load("Venue"), outbox.address, OPERATOR, vault, HUB, HUB_ADDRESS)
        assets = [self._words(asset, config) for asset, config in ASSETS.items()]
        where = (outbox.address, OPERATOR, self.venue.address, HUB, HUB_ADDRESS)
        self.vault = self.chain.deploy(load("Vault"), *where, assets, OPERATOR)
        assert (self.venue.address, self.vault.address) == (venue, vault)
        self.model = model.Vault(chain=ALPHA, hub_chain=HUB, hub=HUB_ADDRESS, has_venue=True, assets=ASSETS)
        self.next = LeafIndex(0)
        self.refused: frozenset[Address] = frozenset()
        for owner in RECEIVERS:
            for token, unit in ((self.dollar, 10**6), (self.coin, 10**18)):
                token.send("mint", owner, 10**9 * unit)
                token.send("approve", self.vault.address, 2**256 - 1, sender=owner)

    def act(self) -> None:
        """Do one action on both sides."""
        often = [self.deposit] * 3 + [self.deliver] * 4 + [self.retry] * 3
        self.random.choice([*often, self.redirect, self.blacklist, self.wait])()

    def wait(self) -> None:
        self.chain.timestamp += self.random.choice((1, 60, 3_600))

    def blacklist(self) -> None:
        who = self.random.choice(RECEIVERS)
        self.refused = self.refused ^ {who}
        self.coin.send("setBlacklisted", who, who in self.refused)

    def deposit(self) -> None:
        asset, account = self._asset(), self.random.choice((*ACCOUNTS, Account(owner=Address(bytes(20)))))
        received = self._tokens(asset)
        fee = Wad(self.random.choice((0, WAD // 10, WAD)))
        next_ = self.random.choice((STAY, PLACED, Next(mode=NextMode.FORWARD, chain=ALPHA, account=PAYEE, fee=fee)))
        words = (next_.mode, next_.chain, next_.account.to_bytes() if next_.account else bytes(32), next_.fee, 0)
        sender = next((who for who in RECEIVERS if who not in self.refused), None)
        if sender is None:
            return
        self._both(
            lambda time: model.deposit(
                self.model, asset=asset, received=received, account=account, fee=fee, next_=next_, time=time
            ),
            "deposit",
            (asset, received, account.to_bytes(), fee, words),
            sender,
        )

    def deliver(self) -> None:
        items = [self._release() for _ in range(self.random.choice((1, 1, 3)))]
        packed = b"".join(item.encode() for item in items)
        payee = self.random.choice(ACCOUNTS)
        self._both(
            lambda time: model.deliver(
                self.model,
                source=HUB,
                items=items,
                payee=payee,
                time=time,
                refused=self._refusals(),
            ),
            "onMessages",
            (HUB, self.next, payee.to_bytes(), packed),
            OPERATOR,
        )
        self.next = LeafIndex(self.next + len(items))

    def retry(self) -> None:
        account, to, asset = self._claim()
        self._both(
            lambda time: model.retry_claim(
                self.model, account=account, to=to, asset=asset, time=time, refused=self._refusals()
            ),
            "retryClaim",
            (account.to_bytes(), to, asset),
            OPERATOR,
        )

    def redirect(self) -> None:
        account, to, asset = self._claim()
        sender, new_to = self.random.choice((*RECEIVERS, to)), self.random.choice((*RECEIVERS, Address(bytes(20))))
        self._both(
            lambda _: model.redirect_claim(
                self.model, caller=Direct(sender=sender), account=account, to=to, asset=asset, new_to=new_to
            ),
            "redirectClaim",
            (account.to_bytes(), to, asset, new_to),
            sender,
        )

    def compare(self) -> None:
        """Compare every value of both states, and the tokens with the books."""
        for asset, config in ASSETS.items():
            holding = self.model.holding(asset)
            assert self.vault.read("held", asset) == holding.held
            assert self.vault.read("owed", asset) == holding.owed
            available = holding.available(config.outflow, self.chain.timestamp)
            assert self.vault.read("outflowAvailable", asset) == available
            tokens = (self.dollar if asset == QUOTE else self.coin).read("balanceOf", self.vault.address)
            assert tokens * config.unit() == holding.live()
        for (account, to, asset), amount in self.model.claims.items():
            assert self.vault.read("claims", account.to_bytes(), to, asset) == amount
        for asset in ASSETS:
            owed = sum(amount for (_, _, kept), amount in self.model.claims.items() if kept == asset)
            assert owed == self.model.holding(asset).owed

    def _both(
        self, step: Callable[[int], model.VaultStep], name: str, arguments: tuple[Any, ...], sender: bytes
    ) -> None:
        time = self.chain.timestamp + 1
        wanted = outcome_of(lambda: step(time))
        found = outcome_of(lambda: self.vault.send(name, *arguments, sender=sender))
        if not (isinstance(wanted, model.VaultStep) and isinstance(found, Receipt)):
            assert wanted == found, f"{name}: the model says {wanted}, the contract {found}"
            return
        self.model = wanted.vault
        kinds = {Sent.TOPIC: Outgoing, Released.TOPIC: Pushed, Claimable.TOPIC: Kept}
        logged = [kinds[log.topics[0]] for log in found.logs if log.topics[0] in kinds]
        if name == "onMessages":
            paid = [effect for effect in wanted.effects if isinstance(effect, Pushed | Kept)]
            assert [kind for kind in logged if kind is Kept] == [Kept for effect in paid if isinstance(effect, Kept)]
        elif name == "deposit":
            (sent,) = [log for log in found.logs if log.topics[0] == Sent.TOPIC]
            outgoing = wanted.effects[-1]
            assert isinstance(outgoing, Outgoing)
            item = Item(sender=Address(self.vault.address), recipient=HUB_ADDRESS, body=outgoing.body.encode())
            assert sent.data[64 : 64 + int.from_bytes(sent.data[32:64], "big")] == item.encode()
            for placed in wanted.effects[:-1]:
                assert isinstance(placed, Placed)
                assert self.venue.read("cash", placed.account.to_bytes()) >= placed.cash

    def _release(self) -> Item:
        asset = self.random.choice((QUOTE, COIN, COIN))
        unit = ASSETS[asset].unit()
        amount = self._tokens(asset) * unit + self.random.choice((0, 0, 1))
        fee = self.random.choice((0, unit, WAD))
        body = Release(
            account=self.random.choice(ACCOUNTS),
            asset=UNKNOWN if self.random.random() < 0.02 else asset,
            to=self.random.choice(RECEIVERS),
            amount=Wad(amount),
            fee=Wad(fee),
        )
        sender = HUB_ADDRESS if self.random.random() < 0.98 else Address(b"\x01" * 20)
        odd = Parcel(account=PAYEE, cash=Wad(1)) if self.random.random() < 0.02 else body
        return Item(sender=sender, recipient=Address(self.vault.address), body=odd.encode())

    def _claim(self) -> model.Claim:
        known = [claim for claim, amount in self.model.claims.items() if amount]
        if known and self.random.random() < 0.9:
            return self.random.choice(known)
        return (self.random.choice(ACCOUNTS), self.random.choice(RECEIVERS), self._asset())

    def _refusals(self) -> model.Refusals:
        return frozenset((COIN, who) for who in self.refused)

    def _asset(self) -> AssetId:
        return UNKNOWN if self.random.random() < 0.05 else self.random.choice((QUOTE, COIN))

    def _tokens(self, asset: AssetId) -> int:
        unit = 10**6 if asset == QUOTE else 10**18
        size = self.random.choice((0, 1, unit, 50 * unit, 50 * unit, 1_500 * unit, 4_000 * unit))
        return size + self.random.randrange(size + 1)

    def _words(self, asset: AssetId, config: model.VaultAsset) -> tuple[Any, ...]:
        token = (self.dollar if asset == QUOTE else self.coin).address
        limit = config.outflow
        return (
            asset,
            token,
            config.decimals,
            limit.bps,
            limit.window,
            config.ceiling,
            config.max_deposit,
            limit.floor,
        )


def play(seed: int, actions: int) -> None:
    player = Player(seed)
    for _ in range(actions):
        player.act()
        player.compare()


@pytest.mark.parametrize("seed", range(3))
def test_vault__random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 100)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_vault__many_random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 500)
