"""Money is neither made nor lost, whatever an adversary does with the messages; planted errors show that it is noticed.

The scheduler delays, reorders, repeats and drops deliveries, gives ranges that overlap, and forgets where it was. In a
second machine a chain with a venue and one without are corrupt and put what they like into their lanes. Design
invariants held at each step: conservation (1, 3), each message credited once (2), containment (5); at the end: anyone
can deliver and retry everything (6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bridge.messages import PLACED, STAY, Deposit, Leg, Next, Parcel
from bridge.types import QUOTE, Account, AssetId, ChainId, InstrumentId, LeafIndex, NextMode, Wad
from hub import fees, ledger, ledger_credits, ledger_sends, ledger_state, vault, venue
from hub.steps import Entry, WaitReason
from tests.support.clearing_world import (
    ASSETS,
    BETA,
    CHAINS,
    COIN,
    GAMMA,
    PEOPLE,
    VENUES,
    WAD,
    World,
    forward_to,
    owner,
    release_to,
)

people = st.sampled_from(PEOPLE)
chains = st.sampled_from(CHAINS)
venues = st.sampled_from(VENUES)
assets = st.sampled_from((QUOTE, QUOTE, QUOTE, COIN))
amounts = st.one_of(
    st.integers(1, 10**7), st.integers(WAD, 100 * WAD), st.integers(100 * WAD, 1_500 * WAD), st.just(1_000 * WAD)
)
small_fees = st.sampled_from((0, 1, WAD // 100 + 7))
starts, lengths = st.integers(0, 40), st.integers(1, 12)


@st.composite
def nexts(draw: Callable[[Any], Any]) -> Next:
    fee = draw(small_fees)
    match draw(st.integers(0, 3)):
        case 0:
            return forward_to(draw(venues), draw(people), fee)
        case 1:
            return release_to(draw(chains), draw(people).owner, fee)
        case _:
            return STAY


@st.composite
def deposits(draw: Callable[[Any], Any]) -> Deposit:
    amount, fee = draw(amounts), draw(small_fees)
    return Deposit(account=draw(people), asset=draw(assets), amount=Wad(amount + fee), fee=Wad(fee), next=draw(nexts()))


class Clearing(RuleBasedStateMachine):
    """Honest chains, and an adversary who decides what is delivered when."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.keys: dict[tuple[Account, ChainId], Entry] = {}

    @rule(chain=chains, wanted=deposits())
    def deposits(self, chain: ChainId, wanted: Deposit) -> None:
        self.world.deposit(chain, wanted)

    @rule(chain=venues, account=people, amount=amounts, fee=small_fees)
    def deposits_placed(self, chain: ChainId, account: Account, amount: int, fee: int) -> None:
        whole = Wad(amount + fee)
        self.world.deposit(chain, Deposit(account=account, asset=QUOTE, amount=whole, fee=Wad(fee), next=PLACED))

    @rule(chain=venues, account=people, part=st.integers(1, 100), fee=small_fees, next_=nexts())
    def sends_from_venue(self, chain: ChainId, account: Account, part: int, fee: int, next_: Next) -> None:
        cash = Wad(self.world.venues[chain].cash.get(account, 0) * part // 100)
        wanted = Parcel(account=account, cash=cash, fee=Wad(fee), next=next_)
        self.world.send_from_venue(chain, owner(account), wanted)

    @rule(account=people, chain=venues, to=people, part=st.integers(1, 100), fee=small_fees)
    def sends_from_hub(self, account: Account, chain: ChainId, to: Account, part: int, fee: int) -> None:
        cash = Wad(self.world.ledger.balance(account, QUOTE) * part // 100)
        self.world.at_hub(
            lambda state, time: ledger.send_parcel(
                state,
                caller=owner(account),
                account=account,
                venue=chain,
                to=to,
                cash=cash,
                fee=Wad(fee),
                time=time,
            )
        )

    @rule(account=people, chain=chains, asset=assets, part=st.integers(1, 100), fee=small_fees)
    def withdraws(self, account: Account, chain: ChainId, asset: AssetId, part: int, fee: int) -> None:
        wanted = ledger.Withdrawal(
            asset=asset,
            amount=Wad(self.world.ledger.balance(account, asset) * part // 100),
            chain=chain,
            to=account.owner,
            fee=Wad(fee),
            max_charge=Wad(2**128 - 1),
        )
        self.world.at_hub(
            lambda state, time: ledger.withdraw(
                state, caller=owner(account), account=account, withdrawal=wanted, time=time
            )
        )

    @rule(account=people, to=people, asset=st.sampled_from(ASSETS), part=st.integers(1, 101))
    def transfers(self, account: Account, to: Account, asset: AssetId, part: int) -> None:
        amount = Wad(self.world.ledger.balance(account, asset) * part // 100)
        self.world.at_hub(
            lambda state, time: ledger.transfer(
                state, caller=owner(account), account=account, to=to, asset=asset, amount=amount, time=time
            )
        )

    @rule(account=people, chain=venues, key=people)
    def enters_venue(self, account: Account, chain: ChainId, key: Account) -> None:
        self.world.at_hub(
            lambda state, time: ledger.enter_venue(
                state,
                caller=owner(account),
                account=account,
                venue=chain,
                key=key.owner,
                fee=Wad(0),
                time=time,
            )
        )

    @rule(source=chains, first=starts, n=lengths)
    def delivers_to_hub(self, source: ChainId, first: int, n: int) -> None:
        self.world.deliver_up(source, first, n)

    @rule(chain=chains, first=starts, n=lengths)
    def delivers_from_hub(self, chain: ChainId, first: int, n: int) -> None:
        self.world.deliver_down(chain, first, n)

    @rule(is_reversed=st.booleans())
    def delivers_everything_again(self, is_reversed: bool) -> None:
        for chain in reversed(CHAINS) if is_reversed else CHAINS:
            for lane, deliver in (
                (self.world.up, self.world.deliver_up),
                (self.world.down, self.world.deliver_down),
            ):
                places = range(len(lane[chain].items))
                for index in reversed(places) if is_reversed else places:
                    deliver(chain, index, 1)

    @rule(source=chains, index=starts)
    def retries(self, source: ChainId, index: int) -> None:
        if index < len(self.world.up[source].items):
            self.world.retry(source, LeafIndex(index))

    @rule()
    def retries_all_that_waits(self) -> None:
        for source, index in sorted(self.world.ledger.waiting):
            self.world.retry(source, index)

    @rule(chain=chains)
    def retries_claims(self, chain: ChainId) -> None:
        for claim in self.world.vaults[chain].claims:
            self.world.retry_claim(chain, claim)

    @rule(who=people)
    def token_changes_its_mind(self, who: Account) -> None:
        self.world.refused_receivers ^= {who.owner}

    @rule(seconds=st.sampled_from((1, 60, 3_600)))
    def time_passes(self, seconds: int) -> None:
        self.world.time += seconds

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        self.world.check()

    @invariant()
    def keys_only_advance(self) -> None:
        for chain in VENUES:
            for account, entry in self.world.venues[chain].keys.items():
                before = self.keys.get((account, chain), Entry())
                assert entry.epoch >= before.epoch, "an old key came back"
                self.keys[account, chain] = entry

    def teardown(self) -> None:
        self.world.settle()
        self.world.check()
        self.world.check_nothing_is_stuck()


class ClearingWithRogues(Clearing):
    """BETA, with a venue, and GAMMA, without, are corrupt: they keep no books that anyone believes."""

    def __init__(self) -> None:
        super().__init__()
        self.world.rogue |= {BETA, GAMMA}

    @rule(chain=st.sampled_from((BETA, GAMMA)), forged=deposits())
    def forges_deposit(self, chain: ChainId, forged: Deposit) -> None:
        self.world.forge(chain, forged)

    @rule(account=people, cash=st.one_of(amounts, st.integers(-(2**127), 2**127 - 1)), next_=nexts())
    def forges_parcel(self, account: Account, cash: int, next_: Next) -> None:
        self.world.forge(BETA, Parcel(account=account, cash=Wad(cash), fee=Wad(WAD), next=next_))

    @rule(account=people, base=st.integers(1, 2**63 - 1))
    def forges_legs(self, account: Account, base: int) -> None:
        leg = Leg(instrument=InstrumentId(1), base=base)
        self.world.forge(BETA, Parcel(account=account, cash=Wad(0), legs=(leg,)))

    @precondition(lambda self: self.world.up[BETA].items)
    @rule(index=starts)
    def replays(self, index: int) -> None:
        items = self.world.up[BETA].items
        items.append(items[index % len(items)])


def brief(machine: type[RuleBasedStateMachine], *, examples: int, steps: int, generate_only: bool = False) -> None:
    """Run a machine; without shrinking where only the verdict counts."""
    phases = (Phase.generate,) if generate_only else tuple(Phase)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=phases,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("machine", [Clearing, ClearingWithRogues])
def test_clearing__adversarial_schedule__conserves_money_and_credits_once(machine: type[Clearing]) -> None:
    brief(machine, examples=60, steps=40)


@pytest.mark.long
@pytest.mark.parametrize("machine", [Clearing, ClearingWithRogues])
def test_clearing__long_adversarial_schedule__conserves_money_and_credits_once(machine: type[Clearing]) -> None:
    brief(machine, examples=600, steps=120)


# ruff: noqa: ANN401  # a mutant takes whatever the function takes whose place it has
def _no_debit(state: ledger.Ledger, *_: object) -> ledger.Ledger:
    return state


def _always_admitted(_: ledger_state.Reserve, **__: object) -> WaitReason:
    return WaitReason.NONE


def _negative_cash_only(parcel: Parcel, _: int) -> WaitReason:
    return WaitReason.CASH_NEGATIVE if parcel.cash < 0 else WaitReason.NONE


def _keeps_waiting(state: ledger.Ledger, **fields: Any) -> ledger.Step:
    step = ledger_credits.retry(state, **fields)
    place = (fields["source"], fields["index"])
    kept = {**step.ledger.waiting, place: state.waiting[place]}
    return replace(step, ledger=replace(step.ledger, waiting=kept))


def _reward_beyond_pot(state: ledger.Ledger, **fields: Any) -> ledger.DepositQuote:
    quote = ledger_sends.quote_deposit(state, **fields)
    curve = state.reserves[fields["chain"], fields["asset"]].config.curve if not quote.reason else fees.Curve()
    held = state.reserves[fields["chain"], fields["asset"]].amount if not quote.reason else 0
    reward = fees.reward_down(curve, reserve=held, arriving=fields["amount"])
    return replace(quote, reward=reward)


def _refusals_are_lost(kept: vault.Vault, payment: Any, time: int, refused: vault.Refusals) -> Any:
    paid, effect = PAY(kept, payment, time, refused)
    return (replace(paid, claims=kept.claims), effect)


def _any_key(state: venue.Venue, source: ChainId, index: LeafIndex, item: Any, payee: Account) -> venue.Venue:
    forgetful = replace(state, keys={who: replace(entry, epoch=0) for who, entry in state.keys.items()})
    return CREDIT_PARCEL(forgetful, source, index, item, payee)


def _charge_forgotten(curve: fees.Curve, *, reserve: int, leaving: int) -> Wad:
    return Wad(max(fees.charge_up(curve, reserve=reserve, leaving=leaving) - 1, 0)) if reserve < 0 else Wad(-1)


def _forward_costs_nothing(state: ledger.Ledger, **fields: Any) -> ledger.Step:
    step = FORWARD(state, **fields)
    is_cash = fields["next_"].mode is NextMode.FORWARD
    return replace(step, ledger=replace(step.ledger, cash=state.cash)) if is_cash else step


PAY, CREDIT_PARCEL, FORWARD = vault._pay, venue._credit_parcel, ledger_sends.forward
MUTANTS: dict[str, tuple[object, str, object, type[Clearing]]] = {
    "a parcel leaves without a debit": (ledger_sends, "debit", _no_debit, Clearing),
    "S(v) is not checked": (ledger_credits, "_parcel_refusal", _negative_cash_only, ClearingWithRogues),
    "the ceiling is not checked": (ledger_state.Reserve, "refusal", _always_admitted, ClearingWithRogues),
    "a retried credit waits on": (ledger, "retry", _keeps_waiting, Clearing),
    "rewards exceed the pot": (ledger_credits, "quote_deposit", _reward_beyond_pot, Clearing),
    "a refused payment is lost": (vault, "_pay", _refusals_are_lost, Clearing),
    "an old key comes back": (venue, "_credit_parcel", _any_key, Clearing),
    "a charge is paid to the account": (ledger_sends, "charge_up", _charge_forgotten, Clearing),
    "a forward is not paid for": (ledger_credits, "forward", _forward_costs_nothing, Clearing),
}


@pytest.mark.parametrize("planted", MUTANTS)
def test_clearing__planted_error__is_noticed(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, mutant, machine = MUTANTS[planted]
    monkeypatch.setattr(where, name, mutant)
    with pytest.raises((AssertionError, ExceptionGroup)):
        brief(machine, examples=400, steps=40, generate_only=True)
