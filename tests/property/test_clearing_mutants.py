"""Errors planted in the models, each a mistake that someone could make: the machines notice every one of them."""

# ruff: noqa: ANN401  # a mutant takes whatever the function takes whose place it has, private or not
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from bridge.messages import Parcel
from bridge.types import QUOTE, LeafIndex, NextMode, Wad
from hub import fees, ledger, ledger_credits, ledger_sends, ledger_state, vault, venue
from hub.steps import Outgoing, WaitReason
from tests.support.clearing_machine import Clearing, ClearingWithRogues, play
from tests.support.clearing_world import World

CREDIT, DELIVER, FORWARD, RETRY = ledger_state.credit, ledger.deliver, ledger_sends.forward, ledger.retry
PAY, CREDIT_PARCEL, RETURNED = vault._pay, venue._credit_parcel, fees.inflow_returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """What stands in the place of `name`, and the machine that is to notice."""

    where: object
    name: str
    code: Callable[..., Any]
    machine: type[Clearing] = Clearing


def _without_debit(state: ledger.Ledger, *_: object) -> ledger.Ledger:
    return state


def _debit_after_the_message(state: ledger.Ledger, **fields: Any) -> ledger.Step:
    """The parcel leaves first; what cannot be paid is debited as far as it goes."""
    account, needed = fields["account"], fields["cash"] + fields["fee"]
    paid = ledger_state.debit(state, account, QUOTE, min(needed, state.balance(account, QUOTE)))
    venue_cash = {**paid.venue_cash, fields["venue"]: Wad(paid.venue_cash.get(fields["venue"], 0) + needed)}
    body = Parcel(account=fields["to"], cash=fields["cash"], fee=fields["fee"])
    sent = Outgoing(destination=fields["venue"], recipient=state.peers[fields["venue"]].venue, body=body)
    return ledger.Step(ledger=replace(paid, venue_cash=venue_cash), effects=(sent,))


def _fee_paid_twice(state: ledger.Ledger, account: Any, asset: Any, amount: int) -> ledger.Ledger:
    return CREDIT(state, account, asset, amount + (amount == Wad(10**18 // 100 + 7)))


def _keeps_waiting(state: ledger.Ledger, **fields: Any) -> ledger.Step:
    """A retried message can be retried again."""
    step = RETRY(state, **fields)
    place = (fields["source"], fields["index"])
    kept = {**step.ledger.waiting, place: state.waiting[place]}
    return replace(step, ledger=replace(step.ledger, waiting=kept))


def _forgets_what_waits(state: ledger.Ledger, **fields: Any) -> ledger.Step:
    step = DELIVER(state, **fields)
    return replace(step, ledger=replace(step.ledger, waiting=state.waiting))


def _forward_costs_nothing(state: ledger.Ledger, **fields: Any) -> ledger.Step:
    step = FORWARD(state, **fields)
    is_cash = fields["next_"].mode is NextMode.FORWARD
    return replace(step, ledger=replace(step.ledger, cash=state.cash)) if is_cash else step


def _sum_unchecked(parcel: Parcel, _: int) -> WaitReason:
    return WaitReason.CASH_NEGATIVE if parcel.cash < 0 else WaitReason.NONE


def _debt_is_credited(parcel: Parcel, left: int) -> WaitReason:
    if parcel.legs:
        return WaitReason.LEGS_NOT_LISTED
    return WaitReason.VENUE_SHORT if left < 0 else WaitReason.NONE


def _ceiling_forgotten(reserve: ledger.Reserve, *, amount: int, time: int) -> WaitReason:
    used = fees.inflow_used(reserve.inflow, rate=reserve.config.inflow_rate, amount=amount, time=time)
    return WaitReason.INFLOW_LIMITED if used > reserve.config.inflow_burst else WaitReason.NONE


def _inflow_forgotten(reserve: ledger.Reserve, *, amount: int, time: int) -> WaitReason:
    del time
    is_above = reserve.amount + amount > reserve.config.ceiling
    return WaitReason.CEILING_REACHED if is_above else WaitReason.NONE


def _returned_twice(used: fees.Used, *, amount: int) -> fees.Used:
    return RETURNED(used, amount=2 * amount)


def _reward_above_the_pot(state: ledger.Ledger, **fields: Any) -> ledger.DepositQuote:
    quote = ledger_sends.quote_deposit(state, **fields)
    if quote.reason is not WaitReason.NONE:
        return quote
    reserve = state.reserves[fields["chain"], fields["asset"]]
    reward = fees.reward_down(reserve.config.curve, reserve=reserve.amount, arriving=fields["amount"])
    return replace(quote, reward=reward)


def _charge_rounded_down(curve: fees.Curve, *, reserve: int, leaving: int) -> Wad:
    return Wad((curve.weight(reserve - leaving) - curve.weight(reserve)) // curve.scale())


def _reward_rounded_up(curve: fees.Curve, *, reserve: int, arriving: int) -> Wad:
    return Wad(-((curve.weight(reserve + arriving) - curve.weight(reserve)) // curve.scale()))


def _refused_payment_is_lost(kept: vault.Vault, payment: Any, time: int, refused: vault.Refusals) -> Any:
    paid, effect = PAY(kept, payment, time, refused)
    return replace(paid, claims=kept.claims), effect


def _outflow_never_used(limit: fees.OutflowLimit, flow: fees.Flow, **fields: Any) -> fees.Flow:
    del limit, flow
    return fees.Flow(net=0, since=fields["time"])


def _credit_never_fades(limit: fees.OutflowLimit, flow: fees.Flow, *, live: int, time: int) -> int:
    return flow.net if flow.net < 0 else SETTLED(limit, flow, live=live, time=time)


def _any_key(state: venue.Venue, source: Any, index: LeafIndex, item: Any, payee: Any) -> venue.Venue:
    forgetful = replace(state, keys={who: replace(entry, epoch=0) for who, entry in state.keys.items()})
    return CREDIT_PARCEL(forgetful, source, index, item, payee)


def _delivers_again(world: World, lane: Any, chain: Any, run: Any, credit: Any) -> None:
    """An Inbox without its bitmap."""
    for index in run:
        if world._try(lambda index=index: credit(chain, [index]), world._state()):  # type: ignore[misc]
            lane.delivered.discard(index)


SETTLED = fees._settled
MUTANTS: Final = {
    "a parcel leaves without a debit": Mutant(where=ledger_sends, name="debit", code=_without_debit),
    "a message leaves before the debit": Mutant(where=ledger_sends, name="send_parcel", code=_debit_after_the_message),
    "a fee is paid with a wad too much": Mutant(where=ledger_credits, name="credit", code=_fee_paid_twice),
    "a retried credit waits on": Mutant(where=ledger, name="retry", code=_keeps_waiting),
    "what has to wait is dropped": Mutant(where=ledger, name="deliver", code=_forgets_what_waits),
    "an inbox delivers again": Mutant(where=World, name="_deliver_run", code=_delivers_again),
    "a forward is not paid for": Mutant(where=ledger_credits, name="forward", code=_forward_costs_nothing),
    "S(v) is not checked": Mutant(
        where=ledger_credits, name="_parcel_refusal", code=_sum_unchecked, machine=ClearingWithRogues
    ),
    "debt is credited": Mutant(
        where=ledger_credits, name="_parcel_refusal", code=_debt_is_credited, machine=ClearingWithRogues
    ),
    "the ceiling is forgotten": Mutant(
        where=ledger_state.Reserve, name="refusal", code=_ceiling_forgotten, machine=ClearingWithRogues
    ),
    "the inflow limit is forgotten": Mutant(
        where=ledger_state.Reserve, name="refusal", code=_inflow_forgotten, machine=ClearingWithRogues
    ),
    "a withdrawal gives back twice the inflow": Mutant(
        where=ledger_state, name="inflow_returned", code=_returned_twice, machine=ClearingWithRogues
    ),
    "a reward is above the pot": Mutant(where=ledger_credits, name="quote_deposit", code=_reward_above_the_pot),
    "a charge is rounded for the account": Mutant(where=ledger_sends, name="charge_up", code=_charge_rounded_down),
    "a reward is rounded for the account": Mutant(where=ledger_sends, name="reward_down", code=_reward_rounded_up),
    "a refused payment is lost": Mutant(where=vault, name="_pay", code=_refused_payment_is_lost),
    "the outflow limit is forgotten": Mutant(where=vault, name="outflow_moved", code=_outflow_never_used),
    "a deposit's credit never fades": Mutant(where=fees, name="_settled", code=_credit_never_fades),
    "an old key comes back": Mutant(where=venue, name="_credit_parcel", code=_any_key),
}


@pytest.mark.parametrize("planted", MUTANTS)
def test_clearing__planted_error__is_noticed(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[planted]
    monkeypatch.setattr(mutant.where, mutant.name, mutant.code)
    with pytest.raises((AssertionError, ExceptionGroup)) as noticed:
        play(mutant.machine, examples=400, steps=40, shrinks=False)
    assert all(isinstance(found, AssertionError) for found in _leaves(noticed.value)), "it broke, but no invariant did"


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]
