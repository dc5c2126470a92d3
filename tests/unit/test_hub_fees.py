"""Scarcity and limits: exact where all can be tried, against the account in every rounding, and neutral to flows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import FieldOutOfRange
from bridge.types import Wad
from hub.fees import (
    MILLION,
    Curve,
    Flow,
    OutflowLimit,
    Used,
    charge_up,
    inflow_returned,
    inflow_used,
    leaving_down,
    outflow_available,
    outflow_moved,
    reward_down,
)

WAD = 10**18
AMOUNT = st.integers(0, 10**24)
CURVE = st.builds(Curve, target=AMOUNT.map(Wad), ppm=st.integers(0, MILLION))
LIMIT = OutflowLimit(bps=2_500, window=3_600, floor=Wad(10))
NOW = 1_800_000_000


def potential(curve: Curve, reserve: int) -> Fraction:
    gap = max(curve.target - reserve, 0)
    return Fraction(curve.ppm * gap * gap, 2 * curve.target * MILLION) if curve.target else Fraction(0)


@given(curve=CURVE, reserve=AMOUNT, share=st.fractions(0, 1))
def test_charge__any_withdrawal__is_the_rise_of_the_potential_rounded_up(
    curve: Curve, reserve: int, share: Fraction
) -> None:
    leaving = int(reserve * share)
    rise = potential(curve, reserve - leaving) - potential(curve, reserve)
    assert 0 <= charge_up(curve, reserve=reserve, leaving=leaving) - rise < 1


@given(curve=CURVE, reserve=AMOUNT, arriving=AMOUNT)
def test_reward__any_deposit__is_the_fall_of_the_potential_rounded_down(
    curve: Curve, reserve: int, arriving: int
) -> None:
    fall = potential(curve, reserve) - potential(curve, reserve + arriving)
    assert 0 <= fall - reward_down(curve, reserve=reserve, arriving=arriving) < 1


@given(curve=CURVE, reserve=AMOUNT, moves=st.lists(st.integers(-(10**23), 10**23), max_size=8))
def test_curve__any_loop_of_flows__gains_nothing(curve: Curve, reserve: int, moves: list[int]) -> None:
    gained, at = 0, reserve
    for move in [*moves, None]:
        to = reserve if move is None else max(at + move, 0)
        gained += reward_down(curve, reserve=at, arriving=to - at) if to > at else 0
        gained -= charge_up(curve, reserve=at, leaving=at - to) if to < at else 0
        at = to
    assert gained <= 0


@given(curve=CURVE, reserve=AMOUNT, amount=AMOUNT)
def test_leaving__any_amount__is_the_most_that_it_and_its_charge_cover(curve: Curve, reserve: int, amount: int) -> None:
    leaving = leaving_down(curve, reserve=reserve, amount=amount)
    if leaving <= reserve:
        assert leaving + charge_up(curve, reserve=reserve, leaving=leaving) <= amount
    if leaving + 1 <= reserve:
        assert leaving + 1 + charge_up(curve, reserve=reserve, leaving=leaving + 1) > amount


def test_leaving__every_amount_on_a_small_curve__is_what_trying_all_finds() -> None:
    curve = Curve(target=Wad(40), ppm=700_000)
    for reserve in range(60):
        for amount in range(70):
            affordable = [n for n in range(reserve + 1) if n + charge_up(curve, reserve=reserve, leaving=n) <= amount]
            assert min(leaving_down(curve, reserve=reserve, amount=amount), reserve) == affordable[-1]


@pytest.mark.parametrize(("target", "ppm"), [(1 << 104, 0), (-1, 0), (0, 1 << 24), (0, -1)])
def test_curve__beyond_its_slots__is_refused(target: int, ppm: int) -> None:
    with pytest.raises(FieldOutOfRange):
        Curve(target=Wad(target), ppm=ppm)


def test_inflow__time__gives_the_burst_back_at_its_rate() -> None:
    used = Used(amount=Wad(100), since=NOW)
    assert [inflow_used(used, rate=3, amount=7, time=NOW + s) for s in (0, 10, 33, 34, 1_000)] == [107, 77, 8, 7, 7]


@given(used=AMOUNT, left=AMOUNT, rate=st.integers(0, 10**20), first=st.integers(0, 999), second=st.integers(0, 999))
def test_inflow__withdrawal__gives_back_the_same_whether_time_is_counted_before_or_after(
    used: int, left: int, rate: int, first: int, second: int
) -> None:
    bucket = Used(amount=Wad(used), since=0)
    settled = Used(amount=Wad(inflow_used(bucket, rate=rate, amount=0, time=first)), since=first)
    after = [
        inflow_used(inflow_returned(kept, amount=left), rate=rate, amount=0, time=first + second)
        for kept in (bucket, settled)
    ]
    assert after[0] == after[1]


def after(*, live: int, net: int, passed: int, limit: OutflowLimit = LIMIT) -> tuple[int, Flow]:
    flow = Flow(net=net, since=NOW)
    moved = outflow_moved(limit, flow, live=live, change=0, time=NOW + passed)
    return outflow_available(limit, flow, live=live, time=NOW + passed), moved


def test_outflow__used_budget__is_a_share_of_what_was_held_and_back_after_one_window() -> None:
    # 1,000 held, 250 of it left: the base is still 1,000
    assert after(live=750, net=250, passed=0) == (0, Flow(net=250, since=NOW))
    assert after(live=750, net=250, passed=1_800) == (218 - 125, Flow(net=125, since=NOW + 1_800))
    assert after(live=750, net=250, passed=3_600) == (187, Flow(net=0, since=NOW + 3_600))


def test_outflow__whole_share__can_leave_at_once_and_leaves_no_debt() -> None:
    everything = OutflowLimit(bps=10_000, window=3_600, floor=Wad(1))
    assert after(live=1, net=999_999, passed=0, limit=everything)[0] == 1


def test_outflow__credit_of_a_deposit__adds_to_the_budget_and_fades_in_a_window() -> None:
    # 1,000 held, of which 400 came in lately: a quarter of 600, and the 400
    assert after(live=1_000, net=-400, passed=0) == (150 + 400, Flow(net=-400, since=NOW))
    assert after(live=1_000, net=-400, passed=1_800) == (200 + 200, Flow(net=-200, since=NOW + 1_800))
    assert after(live=1_000, net=-400, passed=3_599) == (250 + 0, Flow(net=0, since=NOW + 3_599))
    assert after(live=1_000, net=-400, passed=3_600) == (250, Flow(net=0, since=NOW + 3_600))


def test_outflow__refill_below_one_wad__leaves_the_clock_so_that_asking_cannot_stop_it() -> None:
    flow = Flow(net=10, since=NOW)
    for second in range(1, 3_600):
        flow = outflow_moved(LIMIT, flow, live=0, change=0, time=NOW + second)
    assert flow == Flow(net=1, since=NOW + 3_240)


def test_outflow__limits_tightened__leave_an_empty_bucket_and_no_debt() -> None:
    tight = OutflowLimit(bps=100, window=3_600, floor=Wad(1))
    assert after(live=750, net=250, passed=0, limit=tight)[0] == 0
    assert after(live=750, net=250, passed=3_600, limit=tight)[1].net == 0


FLOWS = st.lists(st.tuples(st.booleans(), st.integers(1, 10**6)), max_size=12)


@given(base=st.integers(0, 10**6), net=st.integers(-(10**5), 10**5), bps=st.integers(0, 10_000), flows=FLOWS)
def test_outflow__any_flows_at_one_moment__gain_and_cost_nothing(
    base: int, net: int, bps: int, flows: list[tuple[bool, int]]
) -> None:
    limit = OutflowLimit(bps=bps, window=3_600, floor=Wad(1))
    first = Flow(net=min(net, limit.budget(base), base), since=NOW)
    live, flow = base - first.net, first
    for is_deposit, amount in flows:
        available = outflow_available(limit, flow, live=live, time=NOW)
        change = -amount if is_deposit else min(amount, available, live)
        flow = outflow_moved(limit, flow, live=live, change=change, time=NOW)
        live -= change
        assert live + flow.net == base
        assert flow.net <= limit.budget(base)
    back = outflow_moved(limit, flow, live=live, change=live - base + first.net, time=NOW)
    assert back.net == first.net


@given(
    start=st.integers(1, 10**6),
    bps=st.integers(0, 10_000),
    steps=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 10**5)), min_size=1, max_size=25),
)
def test_outflow__hub_that_takes_all_it_can__gets_no_more_than_the_stated_bound(
    start: int, bps: int, steps: list[tuple[int, int]]
) -> None:
    limit = OutflowLimit(bps=bps, window=3_600, floor=Wad(1))
    live, flow, time, taken, deposits, most = start, Flow(since=NOW), NOW, 0, 0, limit.budget(start)
    for wait, deposit in steps:
        time += wait
        flow = outflow_moved(limit, flow, live=live, change=-deposit, time=time)
        live, deposits = live + deposit, deposits + deposit
        amount = min(outflow_available(limit, flow, live=live, time=time), live)
        flow = outflow_moved(limit, flow, live=live, change=amount, time=time)
        live, taken = live - amount, taken + amount
        most = max(most, limit.budget(live + max(flow.net, 0)))
        # each deposit is taken at once here, so none of it fades and none adds to the base for long
        assert taken <= most + most * (time - NOW) // limit.window + deposits


def test_outflow__credit_asked_for_often__fades_at_least_as_fast_as_the_exponential() -> None:
    flow = Flow(net=-(10**9), since=NOW)
    faded = [flow := outflow_moved(LIMIT, flow, live=10**10, change=0, time=NOW + 60 * n) for n in range(1, 61)]
    assert all(a.net < b.net for a, b in pairwise(faded))
    assert -faded[-1].net <= 10**9 * 0.3679
