"""Whatever is learned, however often and in whatever order, a message is never lost nor paid twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relayer.transfer import (
    SEEN,
    Abandoned,
    CountFee,
    CreditMade,
    CreditWaits,
    Delivered,
    Input,
    Planned,
    Refused,
    RetryDue,
    RootFinal,
    RootLost,
    Signed,
    Stage,
    Transfer,
    UncountFee,
    Undone,
    advance,
)

TIMES = st.integers(0, 2**32)
PLAIN = (RootFinal, RootLost, Planned, Signed, Abandoned, Refused, CreditWaits, RetryDue, Undone)
INPUTS: st.SearchStrategy[Input] = st.one_of(
    *(st.builds(kind, at=TIMES) for kind in PLAIN),
    st.builds(Delivered, at=TIMES, ours=st.booleans()),
    st.builds(CreditMade, at=TIMES, ours=st.booleans()),
)
UNSETTLED = {Stage.SEEN, Stage.FINAL, Stage.PLANNED, Stage.SENT, Stage.FAILED}


def fees(transfer: Transfer, inputs: list[Input]) -> tuple[Transfer, list[int]]:
    """Return the last state and the running count of fees after each input."""
    counts, count = [], 0
    for learned in inputs:
        step = advance(transfer, learned)
        transfer = step.transfer
        for output in step.outputs:
            count += isinstance(output, CountFee) - isinstance(output, UncountFee)
        counts.append(count)
    return transfer, counts


@given(st.lists(INPUTS, max_size=60))
def test_transfer__any_inputs__never_pay_a_fee_twice(inputs: list[Input]) -> None:
    last, counts = fees(SEEN, inputs)
    assert set(counts) <= {0, 1}
    assert (counts[-1] if counts else 0) == int(last.ours)


@given(st.lists(INPUTS, max_size=60))
def test_transfer__any_inputs__leave_a_way_to_be_delivered(inputs: list[Input]) -> None:
    last, _ = fees(SEEN, inputs)
    if last.stage in UNSETTLED:
        done = advance(last, Delivered(at=0, ours=False)).transfer
        assert done.stage is Stage.DELIVERED
        free = last
        for learned in (Abandoned(at=0), RetryDue(at=0), RootFinal(at=0), Planned(at=0), Signed(at=0)):
            free = advance(free, learned).transfer
        assert free.stage is Stage.SENT


@given(st.lists(INPUTS, max_size=40), INPUTS)
def test_transfer__input_doubled__is_as_if_it_came_once(inputs: list[Input], last: Input) -> None:
    state, _ = fees(SEEN, inputs)
    once = advance(state, last).transfer
    twice = advance(once, last)
    if not isinstance(last, Refused | RetryDue | Undone | Abandoned):
        assert twice.transfer == once
        assert not any(isinstance(output, CountFee) for output in twice.outputs)


@given(st.lists(INPUTS, max_size=40), st.lists(st.sampled_from([Planned, Signed, Abandoned, RootFinal, RootLost])))
def test_transfer__delivered__is_touched_by_no_news_of_transactions(
    inputs: list[Input], later: list[type[Input]]
) -> None:
    state, _ = fees(SEEN, [*inputs, Undone(at=0), Delivered(at=0, ours=True)])
    if state.stage is Stage.DELIVERED:
        after, _ = fees(state, [kind(at=0) for kind in later])
        assert after == state


@given(st.lists(INPUTS, max_size=60))
def test_transfer__failures__wait_longer_and_never_beyond_an_hour(inputs: list[Input]) -> None:
    state = SEEN
    for learned in inputs:
        step = advance(state, learned).transfer
        if step.attempts > state.attempts:
            assert learned.at < step.retry_at <= learned.at + 3_600
        state = step
