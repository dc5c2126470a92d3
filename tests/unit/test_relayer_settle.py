"""What a destination's logs change in messages and fees."""

from __future__ import annotations

from dataclasses import replace

from bridge.types import QUOTE, AssetId, ChainId, Hash32, Wad
from relayer.lanes import Pending
from relayer.settle import Earned, Kind, Settled, settle
from relayer.terms import Terms
from relayer.transfer import Stage, Transfer

LOG = Settled(
    source=ChainId(1),
    first=0,
    n=1,
    kind=Kind.DELIVERED,
    ours=True,
    detail=b"",
    block_number=7,
    block_hash=b"\x01" * 32,
    tx_hash=Hash32(b"\x02" * 32),
    log_index=0,
    part=0,
)


def pending(*indices: int, asset: AssetId = QUOTE) -> dict[int, Pending]:
    terms = Terms(asset=asset, fee=Wad(5), gas=1, limit=1)
    return {index: Pending(terms=terms, size=1, seen_at=0) for index in indices}


def test_settle__range__settles_the_pending_ones_and_adds_their_fees() -> None:
    result = settle(pending(1, 2, 9), [replace(LOG, n=5)], at=3)
    assert [(c.index, c.transfer.stage) for c in result.changes] == [
        (1, Stage.DELIVERED),
        (2, Stage.DELIVERED),
    ]
    assert result.earned == [Earned(block=7, asset=QUOTE, amount=10)]


def test_settle__short_log_among_many_pending__looks_at_its_own_alone() -> None:
    result = settle(pending(*range(50)), [replace(LOG, first=4, n=2)], at=3)
    assert [change.index for change in result.changes] == [4, 5]


def test_settle__somebody_elses_delivery__earns_nothing() -> None:
    assert settle(pending(0), [replace(LOG, ours=False)], at=3).earned == []


def test_settle__two_assets__are_counted_apart() -> None:
    messages = pending(0) | pending(1, asset=AssetId(4))
    earned = settle(messages, [replace(LOG, n=2)], at=3).earned
    assert {(one.asset, one.amount) for one in earned} == {(0, 5), (4, 5)}


def test_settle__refused__alarms() -> None:
    result = settle(pending(0), [replace(LOG, kind=Kind.REFUSED, ours=False)], at=3)
    assert result.alarms == [(0, "delivery_refused")]
    assert result.changes[0].transfer.stage is Stage.FAILED


def test_settle__delivered_but_waiting__takes_the_fee_back_and_gives_it_with_the_credit() -> None:
    waits = replace(LOG, kind=Kind.WAITS, log_index=1, ours=False)
    credited = replace(LOG, kind=Kind.CREDITED, block_number=9)
    result = settle(pending(0), [LOG, waits, credited], at=3)
    assert [one.amount for one in result.earned] == [5, -5, 5]
    assert [change.transfer for change in result.changes] == [Transfer(stage=Stage.DELIVERED, ours=True)]


def test_settle__same_logs_again__change_nothing_more() -> None:
    messages = pending(0)
    once = settle(messages, [LOG], at=3)
    twice = settle(messages, [LOG, LOG], at=3)
    assert (once.changes, once.earned) == (twice.changes, twice.earned)
    assert settle({}, [LOG], at=3).changes == []
