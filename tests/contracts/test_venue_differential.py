"""The venue's contract and its model do the same on random sequences of actions, to the bit, refusals included."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest

from bridge.artifacts import load
from bridge.contracts.messaging import Sent
from bridge.messages import STAY, Deposit, Item, Leg, Next, Parcel
from bridge.signer import Domain, typed_digest
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, ChainId, InstrumentId, LeafIndex, NextMode, Wad
from hub import venue as model
from hub.steps import Caller, Direct, Entry, Outgoing, Placed, Signed
from tests.support.artifacts import load_helper
from tests.support.hub_twin import (
    ACCOUNTS,
    ALPHA,
    BETA,
    HUB,
    KEYS,
    OWNERS,
    PAYEE,
    TERMS,
    WAD,
    create_address,
    outcome_of,
    vault_of,
)
from tests.support.local_chain import OPERATOR, Contract, LocalChain, Receipt

HUB_ADDRESS: Final = Address(b"\xcc" * 20)
SEND: Final = (
    "Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,uint128 nextFee,uint128 maxCharge"
)
FAR: Final = 2**64 - 1


class Player:
    """A venue whose Inbox is the operator; a contract owns an account, and can never act for it here."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.chain = LocalChain(ALPHA)
        self.puppet: Contract = self.chain.deploy(load_helper("Puppet"))
        predicted = create_address(OPERATOR, 2)
        outbox = self.chain.deploy(load("Outbox"), vault_of(ALPHA), predicted, [HUB], OPERATOR)
        where = (outbox.address, OPERATOR, vault_of(ALPHA), HUB, HUB_ADDRESS)
        self.venue = self.chain.deploy(load("Venue"), *where)
        assert self.venue.address == predicted
        self.domain = Domain(name="Causeway", version="1", chain_id=ALPHA, contract=Address(self.venue.address))
        self.model = model.Venue(vault=vault_of(ALPHA), hub_chain=HUB, hub=HUB_ADDRESS)
        self.accounts = (*ACCOUNTS, Account(owner=Address(self.puppet.address)))
        self.next, self.nonce = LeafIndex(0), 0

    def act(self) -> None:
        """Do one action on both sides."""
        often = [self.deliver] * 3 + [self.send] * 6
        self.random.choice([*often, self.place, self.wait])()

    def wait(self) -> None:
        self.chain.timestamp += self.random.choice((1, 60, 3_600))

    def deliver(self) -> None:
        items = [self._item() for _ in range(self.random.choice((1, 1, 3)))]
        source = HUB if self.random.random() < 0.97 else BETA
        arguments = (source, self.next, PAYEE.to_bytes(), b"".join(item.encode() for item in items))
        self._both(
            lambda _: model.deliver(self.model, source=source, first=self.next, items=items, payee=PAYEE),
            lambda: self.venue.send("onMessages", *arguments),
        )
        self.next = LeafIndex(self.next + len(items))

    def place(self) -> None:
        caller = self.random.choice((vault_of(ALPHA), vault_of(ALPHA), OWNERS[0].address))
        placed = Placed(account=self.random.choice(self.accounts), cash=self._amount())
        self._both(
            lambda _: model.credit_deposit(self.model, caller=caller, placed=placed),
            lambda: self.venue.send("creditDeposit", placed.account.to_bytes(), placed.cash, sender=caller),
        )

    def send(self) -> None:
        account, cash, fee, next_ = self.random.choice(self.accounts), self._amount(), self._fee(), self._next()
        caller = self._caller(account)
        to = next_.account.to_bytes() if next_.account else (next_.to or b"").rjust(32, b"\0")
        words = (next_.mode, next_.chain, to, next_.fee, next_.max_charge)
        values = (account.to_bytes(), cash, fee, words)
        self._both(
            lambda time: model.send(
                self.model, caller=caller, account=account, cash=cash, fee=fee, next_=next_, time=time
            ),
            lambda: self._sent(caller, values, words),
        )

    def compare(self) -> None:
        """Compare every value of both states."""
        for account in {*self.accounts, PAYEE, *self.model.cash, *self.model.keys}:
            word = account.to_bytes()
            entry = self.model.keys.get(account, Entry())
            assert self.venue.read("cash", word) == self.model.cash.get(account, 0)
            assert self.venue.read("keyOf", word) == ("0x" + entry.key.hex(), entry.epoch)

    def _sent(self, caller: Caller, values: tuple[Any, ...], words: tuple[Any, ...]) -> Receipt:
        if isinstance(caller, Direct):
            if not caller.is_contract:
                return self.venue.send("send", *values, sender=caller.sender)
            step = (self.venue.address, self.venue.encoded("send", *values))
            return self.puppet.send("act", [step])
        terms = (*values[:3], *words, caller.nonce, caller.deadline, caller.tip)
        signer = next(key for key in (*OWNERS, *KEYS) if key.address == caller.signer)
        signature = signer.sign(typed_digest(self.domain, SEND + TERMS, terms))
        intent = (caller.nonce, caller.deadline, caller.tip, signature)
        return self.venue.send("sendBySig", *values, intent, caller.payee.to_bytes())

    def _both(self, step: Callable[[int], model.VenueStep], call: Callable[[], Receipt]) -> None:
        time = self.chain.timestamp + 1
        wanted, found = outcome_of(lambda: step(time)), outcome_of(call)
        if not (isinstance(wanted, model.VenueStep) and isinstance(found, Receipt)):
            assert wanted == found, f"the model says {wanted}, the contract {found}"
            return
        self.model = wanted.venue
        logged = [log.data[64 : 64 + int.from_bytes(log.data[32:64], "big")] for log in found.logs if _is_sent(log)]
        assert logged == [self._item_of(effect) for effect in wanted.effects]

    def _item_of(self, sent: Outgoing) -> bytes:
        return Item(sender=Address(self.venue.address), recipient=HUB_ADDRESS, body=sent.body.encode()).encode()

    def _caller(self, account: Account) -> Caller:
        if account.owner == self.puppet.address:
            return Direct(sender=account.owner, is_contract=True)
        who = self.random.choice((account.owner,) * 4 + tuple(key.address for key in (*KEYS, *OWNERS)))
        if self.random.random() < 0.5:
            return Direct(sender=who)
        self.nonce += self.random.random() < 0.9
        deadline = self.chain.timestamp + 1 + self.random.choice((100, 100, 0, -1))
        tip = Wad(self.random.choice((0, WAD // 3, WAD)))
        return Signed(signer=who, nonce=self.nonce, deadline=deadline, tip=tip, payee=PAYEE)

    def _item(self) -> Item:
        roll, account = self.random.random(), self.random.choice(self.accounts)
        key, epoch = self.random.choice(((ZERO_ADDRESS, 0), (KEYS[0].address, 1 + self.next), (KEYS[1].address, 5)))
        body: Parcel | Deposit = Parcel(
            account=account,
            cash=Wad(-1) if roll < 0.02 else self._amount(),
            fee=self._fee(),
            key=key,
            key_epoch=epoch,
            legs=(Leg(instrument=InstrumentId(3), base=-5),) if 0.02 < roll < 0.04 else (),
            next=self._next() if 0.04 < roll < 0.06 else STAY,
        )
        if 0.06 < roll < 0.08:
            body = Deposit(account=account, asset=QUOTE, amount=Wad(1))
        sender = HUB_ADDRESS if roll < 0.98 else OWNERS[0].address
        return Item(sender=sender, recipient=Address(self.venue.address), body=body.encode())

    def _next(self) -> Next:
        chain = self.random.choice((HUB, ALPHA, BETA, ChainId(FAR)))
        match self.random.randrange(3):
            case 0:
                return Next(mode=NextMode.FORWARD, chain=chain, account=PAYEE, fee=self._fee())
            case 1:
                return Next(mode=NextMode.RELEASE, chain=chain, to=PAYEE.owner, fee=self._fee(), max_charge=Wad(FAR))
        return STAY

    def _amount(self) -> Wad:
        size = self.random.choice((0, 1, WAD, 10 * WAD, 100 * WAD))
        return Wad(size + self.random.randrange(size + 1))

    def _fee(self) -> Wad:
        return Wad(self.random.choice((0, 0, 1, WAD // 1_000 + 77, WAD)))


def _is_sent(log: Any) -> bool:  # noqa: ANN401  # a log of the devnet's model
    return bool(log.topics[0] == Sent.TOPIC)


def play(seed: int, actions: int) -> None:
    player = Player(seed)
    for count in range(1, actions + 1):
        player.act()
        if count % 10 == 0:
            player.compare()
    player.compare()


@pytest.mark.parametrize("seed", range(3))
def test_venue__random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 120)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_venue__many_random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 500)
