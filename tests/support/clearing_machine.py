"""The state machines that play the clearing world: an adversary's schedule, and rogue chains.

The scheduler delays, reorders, repeats and drops deliveries, gives ranges that overlap, and forgets where it was. In
the second machine a chain with a venue and one without are corrupt and put what they like into their lanes. Design
invariants held at each step: conservation (1, 3), each message credited once (2), containment (5); at the end: anyone
can deliver and retry everything (6), and a hub that starts anew finds the same state (8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bridge.messages import PLACED, STAY, Deposit, Leg, Next, Parcel
from bridge.types import QUOTE, Account, AssetId, ChainId, InstrumentId, LeafIndex, NextMode, Wad
from hub import ledger
from hub.steps import Direct
from tests.support.clearing_books import Books
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
            return Next(mode=NextMode.FORWARD, chain=draw(venues), account=draw(people), fee=Wad(fee))
        case 1:
            to, most = draw(people).owner, Wad(2**128 - 1)
            return Next(mode=NextMode.RELEASE, chain=draw(chains), to=to, fee=Wad(fee), max_charge=most)
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
        self.books = Books(self.world)

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
        self._withdraw(account, chain, asset, self.world.ledger.balance(account, asset) * part // 100, fee)

    def _withdraw(self, account: Account, chain: ChainId, asset: AssetId, amount: int, fee: int) -> None:
        wanted = ledger.Withdrawal(
            asset=asset,
            amount=Wad(amount),
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

    @rule(chain=chains, asset=assets, rounds=st.integers(1, 8), days=st.integers(0, 1))
    def runs_on_a_vault(self, chain: ChainId, asset: AssetId, rounds: int, days: int) -> None:
        """Everyone withdraws on one chain, in parts that each pass for themselves."""
        self.world.deliver_up(chain, 0, len(self.world.up[chain].items))
        self.world.time += 86_400 * days
        for account in PEOPLE * rounds:
            held, reserve = self.world.ledger.balance(account, asset), self.world.ledger.reserve(chain, asset).amount
            self._withdraw(account, chain, asset, min(held, reserve // 8), 0)
        self.world.deliver_down(chain, 0, len(self.world.down[chain].items))

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

    @rule(seconds=st.sampled_from((1, 60, 3_600, 86_400)))
    def time_passes(self, seconds: int) -> None:
        self.world.time += seconds

    @rule(chain=chains, who=people, to=people)
    def redirects_claims(self, chain: ChainId, who: Account, to: Account) -> None:
        for claim in self.world.vaults[chain].claims:
            self.world.redirect_claim(chain, claim, owner(who), to.owner)

    @rule()
    def hub_starts_anew(self) -> None:
        assert self.world.replay() == self.world.ledger, "what a hub finds depends on more than what it accepted"

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        self.books.check()

    def teardown(self) -> None:
        self.world.settle()
        self.books.check()
        self.books.check_nothing_is_stuck()


class ClearingWithRogues(Clearing):
    """BETA, with a venue, and GAMMA, without, are corrupt: they keep no books that anyone believes."""

    def __init__(self) -> None:
        super().__init__()
        self.world.rogue |= {BETA, GAMMA}

    @rule(chain=st.sampled_from((BETA, GAMMA)), forged=deposits())
    def forges_deposit(self, chain: ChainId, forged: Deposit) -> None:
        self.world.forge(chain, forged)

    @rule(chain=st.sampled_from((BETA, GAMMA)), account=people)
    def floods(self, chain: ChainId, account: Account) -> None:
        """Forge as much as the limits let in, withdraw some of it on the same chain, and forge again."""
        for _ in range(2):
            for _ in range(8):
                self.world.forge(chain, Deposit(account=account, asset=QUOTE, amount=Wad(300 * WAD)))
            self.world.deliver_up(chain, 0, len(self.world.up[chain].items))
            reserve = self.world.ledger.reserve(chain, QUOTE).amount
            self._withdraw(account, chain, QUOTE, reserve // 5, 0)

    @rule(asset=assets, account=people, amount=amounts)
    def forges_placed_deposit(self, asset: AssetId, account: Account, amount: int) -> None:
        self.world.forge(BETA, Deposit(account=account, asset=asset, amount=Wad(amount), next=PLACED))

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


def play(machine: type[RuleBasedStateMachine], *, examples: int, steps: int, shrinks: bool = True) -> None:
    """Run a machine, always the same way; without shrinking where only the verdict counts."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=tuple(Phase) if shrinks else (Phase.generate,),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def owner(account: Account) -> Direct:
    """Return the account's owner as the caller."""
    return Direct(sender=account.owner)
