"""The venue's contract and its model do the same on random sequences of actions, to the bit, refusals included."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from bridge.artifacts import load
from bridge.contracts.messaging import Sent
from bridge.messages import STAY, Item, Leg, Next, Parcel
from bridge.signer import Domain, typed_digest
from bridge.types import ZERO_ADDRESS, Account, Address, InstrumentId, LeafIndex, NextMode, Wad
from hub import venue as model
from hub.steps import Caller, Direct, Entry, Outgoing, Placed, Signed
from tests.support.hub_twin import ACCOUNTS, ALPHA, BETA, HUB, KEYS, OWNERS, PAYEE, WAD, create_address, outcome_of
from tests.support.local_chain import OPERATOR, LocalChain, Receipt

HUB_ADDRESS = Address(b"\xcc" * 20)
VAULT = Address(b"\xaa" * 20)
SEND = (
    "Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,uint128 nextFee,"
    "uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip)"
)


class Player:
    """A venue whose Inbox is the operator."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.chain = LocalChain(ALPHA)
        where = create_address(OPERATOR, 1)
        outbox = self.chain.deploy(load("Outbox"), VAULT, where, [HUB], OPERATOR)
        self.venue = self.chain.deploy(load("Venue"), outbox.address, OPERATOR, VAULT, HUB, HUB_ADDRESS)
        assert self.venue.address == where
        self.model = model.Venue(vault=VAULT, hub_chain=HUB, hub=HUB_ADDRESS)
        self.domain = Domain(name="Causeway", version="1", chain_id=ALPHA, contract=Address(self.venue.address))
        self.next = LeafIndex(0)
        self.nonce = 0

    def act(self) -> None:
        """Do one action on both sides."""
        self.random.choice([self.deliver, self.deliver, self.place, self.send, self.send, self.send])()

    def deliver(self) -> None:
        items = [self._item() for _ in range(self.random.choice((1, 2, 4)))]
        packed = b"".join(item.encode() for item in items)
        source = self._or(HUB, BETA)
        self._both(
            lambda _: model.deliver(self.model, source=source, first=self.next, items=items, payee=PAYEE),
            "onMessages",
            (source, self.next, PAYEE.to_bytes(), packed),
            OPERATOR,
        )
        self.next = LeafIndex(self.next + len(items))

    def place(self) -> None:
        placed = Placed(account=self.random.choice(ACCOUNTS), cash=self._amount())
        caller = self._or(VAULT, OPERATOR)
        self._both(
            lambda _: model.credit_deposit(self.model, caller=Address(caller), placed=placed),
            "creditDeposit",
            (placed.account.to_bytes(), placed.cash),
            caller,
        )

    def send(self) -> None:
        account, next_, fee = self.random.choice(ACCOUNTS), self._next(), Wad(self.random.choice((0, 3, WAD)))
        cash = self._or(Wad(self.model.cash.get(account, 0) // self.random.choice((1, 2, 9))), self._amount())
        caller = self._caller(account)
        to = next_.account.to_bytes() if next_.account else bytes(12) + (next_.to or ZERO_ADDRESS)
        words = (next_.mode, next_.chain, to, next_.fee, next_.max_charge)
        values: tuple[Any, ...] = (account.to_bytes(), cash, fee, words)
        name, sender = "send", caller.sender if isinstance(caller, Direct) else OPERATOR
        if isinstance(caller, Signed):
            signed = (account.to_bytes(), cash, fee, *words, caller.nonce, caller.deadline, caller.tip)
            key = next(key for key in (*OWNERS, *KEYS) if key.address == caller.signer)
            signature = key.sign(typed_digest(self.domain, SEND, signed))
            values += ((caller.nonce, caller.deadline, caller.tip, signature), caller.payee.to_bytes())
            name = "sendBySig"
        self._both(
            lambda time: model.send(
                self.model, caller=caller, account=account, cash=cash, fee=fee, next_=next_, time=time
            ),
            name,
            values,
            sender,
        )

    def compare(self) -> None:
        """Compare every value of both states."""
        for account in (*ACCOUNTS, PAYEE):
            entry = self.model.keys.get(account, Entry())
            assert self.venue.read("cash", account.to_bytes()) == self.model.cash.get(account, 0)
            assert self.venue.read("keyOf", account.to_bytes()) == ("0x" + entry.key.hex(), entry.epoch)
        for signer, nonce in self.model.nonces:
            assert self.venue.read("isNonceUsed", signer, nonce)

    def _both(
        self, step: Callable[[int], model.VenueStep], name: str, arguments: tuple[Any, ...], sender: bytes
    ) -> None:
        time = self.chain.timestamp + 1
        wanted = outcome_of(lambda: step(time))
        found = outcome_of(lambda: self.venue.send(name, *arguments, sender=sender))
        if not (isinstance(wanted, model.VenueStep) and isinstance(found, Receipt)):
            assert wanted == found, f"{name}: the model says {wanted}, the contract {found}"
            return
        self.model = wanted.venue
        logged = [log.data for log in found.logs if log.topics[0] == Sent.TOPIC]
        items = [data[64 : 64 + int.from_bytes(data[32:64], "big")] for data in logged]
        assert items == [self._as_item(effect) for effect in wanted.effects]

    def _as_item(self, effect: Outgoing) -> bytes:
        sender = Address(self.venue.address)
        return Item(sender=sender, recipient=effect.recipient, body=effect.body.encode()).encode()

    def _item(self) -> Item:
        epoch = self.random.choice((0, 0, 1, 2, 3, 4))
        legs = self._or((), (Leg(instrument=InstrumentId(1), base=2),))
        body = Parcel(
            account=self.random.choice(ACCOUNTS),
            cash=self._or(self._amount(), Wad(-5)),
            fee=Wad(self.random.choice((0, 1, WAD))),
            key=self.random.choice(KEYS).address if epoch else ZERO_ADDRESS,
            key_epoch=epoch,
            next=self._or(STAY, Next(mode=NextMode.FORWARD, chain=BETA, account=PAYEE)),
            legs=legs,
        )
        sender = self._or(HUB_ADDRESS, VAULT)
        return Item(sender=sender, recipient=Address(self.venue.address), body=body.encode())

    def _next(self) -> Next:
        match self.random.randrange(4):
            case 0:
                return Next(mode=NextMode.FORWARD, chain=BETA, account=self.random.choice(ACCOUNTS), fee=Wad(7))
            case 1:
                return Next(mode=NextMode.RELEASE, chain=BETA, to=PAYEE.owner, fee=Wad(7), max_charge=Wad(1))
        return STAY

    def _caller(self, account: Account) -> Caller:
        who = self.random.choice((account.owner,) * 3 + tuple(key.address for key in (*KEYS, *OWNERS)))
        if self.random.random() < 0.5:
            return Direct(sender=who)
        self.nonce += self.random.random() < 0.9
        deadline = self.chain.timestamp + 1 + self._or(self.random.choice((0, 50)), -1)
        tip = Wad(self.random.choice((0, 11)))
        return Signed(signer=who, nonce=self.nonce, deadline=deadline, tip=tip, payee=PAYEE)

    def _amount(self) -> Wad:
        return Wad(self.random.choice((0, 1, WAD, 1_000 * WAD)))

    def _or(self, usual: Any, odd: Any) -> Any:  # noqa: ANN401  # whatever is drawn
        return odd if self.random.random() < 0.06 else usual


def play(seed: int, actions: int) -> None:
    player = Player(seed)
    for count in range(1, actions + 1):
        player.act()
        if count % 10 == 0:
            player.compare()


@pytest.mark.parametrize("seed", range(3))
def test_venue__random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 120)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 130))
def test_venue__many_random_actions__contract_and_model_agree_to_the_bit(seed: int) -> None:
    play(seed, 600)
