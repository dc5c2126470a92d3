"""The life of one message: every rule of the table, and that everything else changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from relayer.policy import retry_delay
from relayer.transfer import (
    SEEN,
    TABLE,
    Abandoned,
    Alarm,
    CountFee,
    CreditMade,
    CreditWaits,
    Delivered,
    Input,
    Output,
    PlanDelivery,
    Planned,
    Refused,
    RetryCredit,
    RetryDue,
    RootFinal,
    RootLost,
    SeekRoot,
    Signed,
    Stage,
    Transfer,
    UncountFee,
    Undone,
    advance,
    drawing,
)

NOW = 1_000
DRAWING = Path(__file__).resolve().parents[2] / "docs" / "relayer-states.md"
INPUTS: tuple[Input, ...] = (
    RootFinal(at=NOW),
    RootLost(at=NOW),
    Planned(at=NOW),
    Signed(at=NOW),
    Abandoned(at=NOW),
    Delivered(at=NOW, ours=True),
    Refused(at=NOW),
    CreditWaits(at=NOW),
    CreditMade(at=NOW, ours=True),
    RetryDue(at=NOW),
    Undone(at=NOW),
)
UNDELIVERED = (Stage.SEEN, Stage.FINAL, Stage.PLANNED, Stage.SENT, Stage.FAILED)


def through(*inputs: Input) -> tuple[Transfer, list[Output]]:
    transfer: Transfer = SEEN
    outputs: list[Output] = []
    for learned in inputs:
        step = advance(transfer, learned)
        transfer = step.transfer
        outputs += step.outputs
    return transfer, outputs


def test_transfer__straight_way__ends_credited_with_its_fee_counted_once() -> None:
    transfer, outputs = through(RootFinal(at=1), Planned(at=2), Signed(at=3), Delivered(at=4, ours=True))
    assert transfer == Transfer(stage=Stage.DELIVERED, ours=True)
    assert outputs == [PlanDelivery(), CountFee()]


@pytest.mark.parametrize("stage", UNDELIVERED)
def test_transfer__delivered_by_somebody_else__is_delivered_from_any_stage(stage: Stage) -> None:
    step = advance(Transfer(stage=stage, attempts=3), Delivered(at=NOW, ours=False))
    assert step.transfer == Transfer(stage=Stage.DELIVERED)
    assert step.outputs == ()


@pytest.mark.parametrize("stage", UNDELIVERED)
def test_transfer__refused__is_tried_again_after_a_growing_delay(stage: Stage) -> None:
    step = advance(Transfer(stage=stage, attempts=2), Refused(at=NOW))
    expected = Transfer(stage=Stage.FAILED, attempts=3, retry_at=NOW + retry_delay(2))
    assert step.transfer == expected
    assert step.outputs == (Alarm(event="delivery_refused"),)


@pytest.mark.parametrize("stage", [Stage.PLANNED, Stage.SENT])
def test_transfer__transaction_abandoned__is_free_for_another_after_a_delay(stage: Stage) -> None:
    step = advance(Transfer(stage=stage), Abandoned(at=NOW))
    assert step.transfer == Transfer(stage=Stage.SEEN, attempts=1, retry_at=NOW + retry_delay(0))


def test_transfer__abandoned_after_it_was_delivered__stays_delivered() -> None:
    done = Transfer(stage=Stage.DELIVERED, ours=True)
    assert advance(done, Abandoned(at=NOW)).transfer == done


def test_transfer__root_lost__is_sought_again() -> None:
    step = advance(Transfer(stage=Stage.FINAL), RootLost(at=NOW))
    assert step.transfer.stage is Stage.SEEN
    assert step.outputs == (SeekRoot(),)


def test_transfer__credit_waits__gives_the_fee_back_and_earns_it_with_the_credit() -> None:
    transfer, outputs = through(Delivered(at=1, ours=True), CreditWaits(at=1), CreditMade(at=9, ours=True))
    assert transfer == Transfer(stage=Stage.DELIVERED, ours=True)
    assert outputs == [CountFee(), UncountFee(), CountFee()]


def test_transfer__wait_is_read_before_the_delivery__waits_all_the_same() -> None:
    transfer, outputs = through(CreditWaits(at=1), Delivered(at=1, ours=True))
    assert transfer.stage is Stage.WAITING
    assert outputs == []


def test_transfer__waiting_and_due__asks_for_the_credit_and_waits_longer() -> None:
    waiting, _ = through(Delivered(at=1, ours=False), CreditWaits(at=1))
    step = advance(waiting, RetryDue(at=NOW))
    assert step.outputs == (RetryCredit(),)
    assert step.transfer == Transfer(stage=Stage.WAITING, attempts=2, retry_at=NOW + retry_delay(1))


def test_transfer__failed_and_due__is_planned_again() -> None:
    step = advance(Transfer(stage=Stage.FAILED, attempts=1), RetryDue(at=NOW))
    assert step.transfer.stage is Stage.SEEN
    assert step.outputs == (SeekRoot(),)


@pytest.mark.parametrize("stage", [Stage.DELIVERED, Stage.WAITING, Stage.FAILED])
def test_transfer__settling_block_gone__starts_anew(stage: Stage) -> None:
    step = advance(Transfer(stage=stage, attempts=4), Undone(at=NOW))
    assert step.transfer == SEEN
    assert step.outputs == (SeekRoot(),)


def test_transfer__our_delivery_undone__uncounts_its_fee() -> None:
    step = advance(Transfer(stage=Stage.DELIVERED, ours=True), Undone(at=NOW))
    assert step.outputs == (UncountFee(), SeekRoot())


@pytest.mark.parametrize("learned", INPUTS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("stage", Stage)
def test_transfer__input_that_no_rule_names__changes_nothing(stage: Stage, learned: Input) -> None:
    before = Transfer(stage=stage)
    step = advance(before, learned)
    if type(learned) not in TABLE[stage]:
        assert (step.transfer, step.outputs) == (before, ())
    else:
        assert step.transfer.stage is TABLE[stage][type(learned)].to


def test_transfer__table__has_a_row_for_every_stage() -> None:
    assert set(TABLE) == set(Stage)


def test_drawing__table__is_the_one_in_the_docs() -> None:
    assert drawing() in DRAWING.read_text(encoding="utf-8")
