"""Damaged proofs: none is accepted for what it does not show, and none escapes as another error."""

from __future__ import annotations

from collections import Counter

import pytest

from bridge import mpt
from bridge.errors import ProofError
from tests.support.mpt_cases import Case, Kind
from tests.support.mpt_mutations import cases
from tests.support.tries import decode, encode, lenient_value


def judge(case: Case) -> mpt.Account | int | None:
    if case.kind is Kind.ACCOUNT:
        return mpt.account(case.root, case.key, list(case.nodes))
    return mpt.storage(case.root, int.from_bytes(case.key, "big"), list(case.nodes))


def encoded(outcome: mpt.Account | int | None) -> bytes:
    """Return what a trie holds for this outcome, empty for absence."""
    if isinstance(outcome, mpt.Account):
        return encode([outcome.nonce, outcome.balance, outcome.storage_root, outcome.code_hash])
    return encode(outcome) if outcome else b""


def check(case: Case) -> str:
    try:
        outcome = judge(case)
    except ProofError:
        assert case.mutations, "a true proof was refused"
        return "refused"
    assert encoded(outcome) == lenient_value(case.root, case.path, list(case.nodes))
    assert all(encode(decode(node)) == node for node in case.nodes)
    return "accepted after damage" if case.mutations else "accepted"


@pytest.mark.parametrize(("seed", "count"), [(1, 2_000), pytest.param(2, 100_000, marks=pytest.mark.long)])
def test_proof__damaged_in_a_random_way__is_refused_or_shows_what_an_independent_trie_reads(
    seed: int, count: int
) -> None:
    outcomes = Counter(check(case) for case in cases(seed, count))
    assert outcomes["refused"] > count // 2
    assert outcomes["accepted"] > count // 20
    assert outcomes["accepted after damage"] > count // 100  # the damage can be off the path


def test_proof__damaged_under_its_true_root__is_accepted_only_if_nothing_changed() -> None:
    truth = next(cases(3, 1))
    for case in cases(3, 2_000):
        if not case.mutations:
            truth = case
        elif not case.is_sealed and case.nodes != truth.nodes:
            assert check(case) == "refused"


def test_cases__same_seed__are_the_same_and_a_longer_run_starts_with_them() -> None:
    assert list(cases(7, 50)) == list(cases(7, 80))[:50]
    assert list(cases(7, 50)) != list(cases(8, 50))
