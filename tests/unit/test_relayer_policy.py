"""What is sent together, in which order, at which price; when a stuck transaction is outbid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.types import QUOTE, AssetId, Wad
from relayer.policy import (
    Batch,
    Bounds,
    Candidate,
    FeePlan,
    GasFee,
    GasModel,
    Market,
    fee_value_down,
    first_fee,
    free_nonces,
    gap_ends,
    plan,
    raised_fee,
    ranges_without,
    replacement_due,
    retry_delay,
)

MODEL = GasModel()
BOUNDS = Bounds()
FREE = Market(gas_price=1, prices={})
NOW = 10_000


def message(index: int, **changes: object) -> Candidate:
    plain = Candidate(index=index, asset=QUOTE, fee=Wad(0), gas=10_000, limit=50_000, size=132, seen_at=NOW)
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of one dataclass


def planned(*candidates: Candidate, count: int = 1_000, bounds: Bounds = BOUNDS, market: Market = FREE) -> list[Batch]:
    return plan(candidates, count=count, model=MODEL, bounds=bounds, market=market, now=NOW)


def ranges(batches: list[Batch]) -> list[tuple[int, int]]:
    return [(batch.first, batch.n) for batch in batches]


def test_plan__nothing_to_deliver__is_empty() -> None:
    assert planned() == []


def test_plan__neighbours__go_as_one_range_whatever_their_order() -> None:
    [batch] = planned(message(7), message(5), message(6))
    assert (batch.first, batch.n, batch.wanted) == (5, 3, (5, 6, 7))


def test_plan__small_gap__is_carried_along() -> None:
    [batch] = planned(message(5), message(8))
    assert (batch.first, batch.n, batch.wanted) == (5, 4, (5, 8))


def test_plan__gap_dearer_than_a_transaction__is_split() -> None:
    assert ranges(planned(message(5), message(500))) == [(5, 1), (500, 1)]


@pytest.mark.parametrize(
    "bounds", [Bounds(items=2), Bounds(bytes=300), Bounds(gas=MODEL.limit_base + MODEL.limit_root + 100_000)]
)
def test_plan__bound_reached__starts_another_transaction(bounds: Bounds) -> None:
    assert ranges(planned(*map(message, range(4)), bounds=bounds)) == [(0, 2), (2, 2)]


def test_plan__message_that_failed_before__travels_alone() -> None:
    found = planned(message(1), message(2, alone=True), message(3))
    assert sorted(ranges(found)) == [(1, 1), (2, 1), (3, 1)]


def test_plan__gas__limits_cover_what_is_expected() -> None:
    [batch] = planned(*map(message, range(100)))
    assert batch.gas_limit > batch.expected_gas
    assert batch.expected_gas > 100 * 10_000


def test_plan__fee_below_its_own_cost__is_left_out() -> None:
    market = Market(gas_price=1, prices={QUOTE: 10**18}, coverage_bps=10_000)
    paying = message(3, fee=Wad(10**9))
    assert ranges(planned(message(2), paying, market=market)) == [(3, 1)]


def test_plan__fees_below_the_transaction__are_left_until_more_come() -> None:
    market = Market(gas_price=1, prices={QUOTE: 10**18}, coverage_bps=10_000)
    one = message(3, fee=Wad(20_000))
    assert planned(one, market=market) == []
    many = [message(index, fee=Wad(20_000)) for index in range(20)]
    assert ranges(planned(*many, market=market)) == [(0, 20)]


@pytest.mark.parametrize(("serves", "expected"), [(True, [(3, 1)]), (False, [])])
def test_plan__fee_without_a_price__is_unknown_and_not_zero(serves: bool, expected: list[tuple[int, int]]) -> None:
    market = Market(gas_price=1, prices={}, coverage_bps=10_000, serve_unpriced=serves)
    assert ranges(planned(message(3), market=market)) == expected


def test_plan__several_batches__best_paid_first() -> None:
    market = Market(gas_price=1, prices={QUOTE: 10**18})
    found = planned(message(5), message(500, fee=Wad(10**9)), market=market)
    assert ranges(found) == [(500, 1), (5, 1)]


def test_plan__message_beyond_patience__goes_before_better_paid_ones() -> None:
    market = Market(gas_price=1, prices={QUOTE: 10**18}, patience=60)
    old = message(5, seen_at=NOW - 61)
    found = planned(old, message(500, fee=Wad(10**9)), market=market)
    assert ranges(found) == [(5, 1), (500, 1)]


def test_fee_value__part_of_a_wei__is_rounded_down() -> None:
    prices = {QUOTE: 3}
    assert fee_value_down(QUOTE, Wad(10**18 - 1), prices) == 2
    assert fee_value_down(AssetId(9), Wad(1), prices) is None


def test_first_fee__base_fee__is_doubled_within_the_cap() -> None:
    plan_ = FeePlan(priority=2, cap=100)
    assert first_fee(10, plan_) == GasFee(max_fee=22, priority=2)
    assert first_fee(80, plan_) == GasFee(max_fee=100, priority=2)
    assert first_fee(80, FeePlan(priority=200, cap=100)) == GasFee(max_fee=100, priority=100)


def test_raised_fee__replacement__raises_both_by_what_nodes_ask() -> None:
    plan_ = FeePlan(priority=1, cap=10_000, raise_bps=2_500)
    assert raised_fee(GasFee(max_fee=101, priority=3), 10, plan_) == GasFee(max_fee=127, priority=4)


def test_raised_fee__base_fee_has_risen__follows_it() -> None:
    plan_ = FeePlan(priority=1, cap=10_000)
    raised = raised_fee(GasFee(max_fee=100, priority=1), 1_000, plan_)
    assert raised == GasFee(max_fee=2_001, priority=2)


def test_raised_fee__cap_within_reach__bids_the_cap_once() -> None:
    plan_ = FeePlan(priority=1, cap=115)
    assert raised_fee(GasFee(max_fee=100, priority=1), 10, plan_) == GasFee(max_fee=115, priority=2)
    assert raised_fee(GasFee(max_fee=115, priority=2), 10, plan_) is None


@pytest.mark.parametrize(("attempts", "waited", "due"), [(1, 11, False), (1, 12, True), (2, 23, False), (2, 24, True)])
def test_replacement__waits_longer_each_time(attempts: int, waited: int, due: bool) -> None:
    plan_ = FeePlan(patience=12)
    assert replacement_due(attempts=attempts, last_at=NOW, now=NOW + waited, plan=plan_) is due


def test_free_nonces__gap_below_live_ones__is_filled_first() -> None:
    assert free_nonces(5, {6, 7, 9}, 3) == [5, 8, 10]
    assert free_nonces(5, (), 0) == []


def test_gap_ends__indices__become_ranges() -> None:
    assert gap_ends([]) == []
    assert gap_ends([4]) == [(4, 4)]
    assert gap_ends([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


@pytest.mark.parametrize(
    ("first", "n", "left_out", "expected"),
    [
        (5, 3, [], [(5, 7)]),
        (5, 3, [6], [(5, 5), (7, 7)]),
        (5, 3, [7, 5, 5], [(6, 6)]),
        (5, 3, [4, 8], [(5, 7)]),
        (5, 2, [5, 6], []),
        (5, 0, [], []),
        (0, 2**32 - 1, [9], [(0, 8), (10, 2**32 - 2)]),
    ],
)
def test_ranges_without__indices_left_out__cut_the_range(
    first: int, n: int, left_out: list[int], expected: list[tuple[int, int]]
) -> None:
    assert ranges_without(first, n, left_out) == expected


def test_retry_delay__doubles_up_to_an_hour() -> None:
    assert [retry_delay(n) for n in (0, 1, 2, 3)] == [5, 10, 20, 40]
    assert retry_delay(10**6) == 3_600
