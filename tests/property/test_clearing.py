"""Money is neither made nor lost, whatever an adversary does with the messages, and whatever rogue chains send."""

from __future__ import annotations

import pytest

from tests.support.clearing_machine import Clearing, ClearingWithRogues, play

MACHINES = pytest.mark.parametrize("machine", [Clearing, ClearingWithRogues])


@MACHINES
def test_clearing__adversarial_schedule__conserves_money_and_credits_once(machine: type[Clearing]) -> None:
    play(machine, examples=60, steps=40)


@pytest.mark.long
@MACHINES
def test_clearing__long_adversarial_schedule__conserves_money_and_credits_once(machine: type[Clearing]) -> None:
    play(machine, examples=600, steps=120)
