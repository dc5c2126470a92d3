"""Decide what happens to one message between its first log and its credit.

The state machine is one table: for each stage, which inputs move a message and what the shell is
then to do. Inputs say what was learned, outputs what to do about it; they are separate families of
classes, so that a transition cannot hide I/O. `advance` is total: an input that a stage's rules
do not name changes nothing, because chains repeat, reorder and delay what they tell. The drawing
in docs/relayer-states.md is made from the table (`drawing`).

Which messages travel together, what a fee is worth and how long a delay lasts is `relayer.policy`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from relayer.policy import retry_delay


class Stage(StrEnum):
    """Where a message is."""

    SEEN = "seen"
    """Its leaf is in a lane that equals the chain's; no final root covers it yet."""
    FINAL = "root-final"
    """A final root covers it, or evidence for one is at hand: it can be delivered."""
    PLANNED = "planned"
    """It is part of a stored transaction that has no signature yet."""
    SENT = "sent"
    """The signed transaction is stored; it may have been broadcast, any number of times."""
    DELIVERED = "delivered"
    """The destination's Inbox took it and its credit stands."""
    WAITING = "waiting"
    """The Inbox took it, and the hub keeps its credit until a check passes."""
    FAILED = "failed"
    """Its recipient refused it; it is tried again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What is known of one message: its stage, how often it went wrong, and when to try again (unix seconds)."""

    stage: Stage = Stage.SEEN
    attempts: int = 0
    retry_at: int = 0
    ours: bool = False
    """This relayer is the payee of its fee."""


SEEN: Final = Transfer()


# Inputs: what was learned.
@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something was learned at `at` (unix seconds)."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFinal(Input):
    """A root that covers the message is held by the destination, or its evidence is at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootLost(Input):
    """No such root is left: the destination reorganised, or its lane froze."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Input):
    """A delivery with this message is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Input):
    """That delivery's signed transaction is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned(Input):
    """That delivery will not happen: it reverted, its nonce was taken, or its plan no longer holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Input):
    """The Inbox's log names the message; `ours` if its fee came to this relayer."""

    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Input):
    """The Inbox's log says that its recipient refused it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWaits(Input):
    """The hub's log says that the credit waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMade(Input):
    """The hub's log says that a waiting credit was made; `ours` as for a delivery."""

    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDue(Input):
    """The time of `retry_at` has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Input):
    """The destination's block that settled it is no longer part of the chain."""


# Outputs: what to do about it.
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Something for the shell to do, safe to repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeekRoot(Output):
    """Find a root that covers the message; repeating a search changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDelivery(Output):
    """Consider the message at the next planning; a plan is stored once, with its stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFee(Output):
    """The fee was earned; its row is keyed by the log that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountFee(Output):
    """The fee was not earned after all: its credit waits, or the log's block is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryCredit(Output):
    """Call the hub's retry, which credits once whoever calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm(Output):
    """Tell the operator."""

    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A transition's result."""

    transfer: Transfer
    outputs: tuple[Output, ...] = ()


Effect = Callable[[Transfer, Input], Step]
"""Takes the transfer at its new stage and the input; returns it with its other fields set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table."""

    to: Stage
    effect: Effect


def advance(transfer: Transfer, learned: Input) -> Step:
    """Return the message's next state and what to do; never raises, and repeats change nothing new."""
    rule = TABLE[transfer.stage].get(type(learned))
    if rule is None:
        return Step(transfer=transfer)
    return rule.effect(replace(transfer, stage=rule.to), learned)


def _keep(transfer: Transfer, _: Input) -> Step:
    return Step(transfer=transfer)


def _seek_root(transfer: Transfer, _: Input) -> Step:
    return Step(transfer=transfer, outputs=(SeekRoot(),))


def _plan(transfer: Transfer, _: Input) -> Step:
    return Step(transfer=transfer, outputs=(PlanDelivery(),))


def _credit(transfer: Transfer, learned: Input) -> Step:
    """Count the fee with the credit: the repeated log finds the message at another stage."""
    ours = isinstance(learned, Delivered | CreditMade) and learned.ours
    return Step(
        transfer=replace(transfer, ours=ours, attempts=0, retry_at=0),
        outputs=(CountFee(),) if ours else (),
    )


def _try_later(transfer: Transfer, learned: Input) -> Step:
    """Delay by how often it went wrong already, so that one bad message cannot burn gas for ever."""
    later = replace(
        transfer,
        attempts=transfer.attempts + 1,
        retry_at=learned.at + retry_delay(transfer.attempts),
    )
    return Step(transfer=later)


def _refuse(transfer: Transfer, learned: Input) -> Step:
    later = _try_later(transfer, learned).transfer
    return Step(transfer=later, outputs=(Alarm(event="delivery_refused"),))


def _wait(transfer: Transfer, learned: Input) -> Step:
    """Take the fee back: it is paid with the credit, to whoever has it made."""
    waiting = replace(transfer, ours=False, attempts=1, retry_at=learned.at + retry_delay(0))
    return Step(transfer=waiting, outputs=(UncountFee(),) if transfer.ours else ())


def _retry_credit(transfer: Transfer, learned: Input) -> Step:
    return Step(transfer=_try_later(transfer, learned).transfer, outputs=(RetryCredit(),))


def _undo(transfer: Transfer, _: Input) -> Step:
    outputs = (UncountFee(), SeekRoot()) if transfer.ours else (SeekRoot(),)
    return Step(transfer=SEEN, outputs=outputs)


_SETTLING: Final[Mapping[type[Input], Rule]] = {
    Delivered: Rule(to=Stage.DELIVERED, effect=_credit),
    Refused: Rule(to=Stage.FAILED, effect=_refuse),
    CreditWaits: Rule(to=Stage.WAITING, effect=_wait),
}
"""Anyone may deliver at any time, so every undelivered stage knows these, in whichever order logs are read."""

TABLE: Final[Mapping[Stage, Mapping[type[Input], Rule]]] = MappingProxyType(
    {
        Stage.SEEN: {RootFinal: Rule(to=Stage.FINAL, effect=_plan), **_SETTLING},
        Stage.FINAL: {
            RootLost: Rule(to=Stage.SEEN, effect=_seek_root),
            Planned: Rule(to=Stage.PLANNED, effect=_keep),
            **_SETTLING,
        },
        Stage.PLANNED: {
            Signed: Rule(to=Stage.SENT, effect=_keep),
            Abandoned: Rule(to=Stage.SEEN, effect=_try_later),
            **_SETTLING,
        },
        Stage.SENT: {Abandoned: Rule(to=Stage.SEEN, effect=_try_later), **_SETTLING},
        Stage.FAILED: {
            RetryDue: Rule(to=Stage.SEEN, effect=_seek_root),
            Undone: Rule(to=Stage.SEEN, effect=_undo),
            **_SETTLING,
        },
        Stage.DELIVERED: {
            CreditWaits: Rule(to=Stage.WAITING, effect=_wait),
            Undone: Rule(to=Stage.SEEN, effect=_undo),
        },
        Stage.WAITING: {
            CreditMade: Rule(to=Stage.DELIVERED, effect=_credit),
            RetryDue: Rule(to=Stage.WAITING, effect=_retry_credit),
            Undone: Rule(to=Stage.SEEN, effect=_undo),
        },
    }
)


def drawing() -> str:
    """Return the table as a Mermaid state diagram, one arrow a rule."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(Stage.SEEN)}"]
    lines += [
        f"    {_node(stage)} --> {_node(rule.to)}: {learned.__name__}"
        for stage, rules in TABLE.items()
        for learned, rule in rules.items()
    ]
    return "\n".join(lines) + "\n"


def _node(stage: Stage) -> str:
    return stage.value.replace("-", "_")
