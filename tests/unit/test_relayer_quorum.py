"""Which statements make a quorum, with which signatures, and up to which count one is near."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.types import Address, ChainId
from relayer.quorum import Statement, ValidatorSet, Vote, assemble, common_count, common_counts

KEYS = [Address(bytes([n]) * 20) for n in (1, 2, 3, 4)]
STATEMENT = Statement(count=5, height=9, epoch=0, source=ChainId(1), lane=ChainId(2), root=b"\x07" * 32)
FOUR = ValidatorSet(weights=dict.fromkeys(KEYS, 1), total=4, epoch=0)


def votes(*signers: Address, statement: Statement = STATEMENT) -> list[Vote]:
    return [Vote(statement=statement, signer=s, signature=s[:1] * 65) for s in signers]


def test_assemble__three_of_four__are_a_quorum_ascending_by_signer() -> None:
    quorum = assemble(votes(KEYS[2], KEYS[0], KEYS[3]), FOUR)
    assert quorum is not None
    assert quorum.signatures == b"\x01" * 65 + b"\x03" * 65 + b"\x04" * 65


@pytest.mark.parametrize(
    "signers",
    [KEYS[:2], [KEYS[0], KEYS[0], KEYS[0]], [Address(b"\x09" * 20), *KEYS[:2]]],
    ids=["two", "one thrice", "a stranger"],
)
def test_assemble__less_than_two_thirds__is_none(signers: list[Address]) -> None:
    assert assemble(votes(*signers), FOUR) is None


def test_assemble__one_heavy_validator__is_never_a_quorum_alone() -> None:
    heavy = ValidatorSet(weights={KEYS[0]: 100, KEYS[1]: 1}, total=101, epoch=0)
    assert assemble(votes(KEYS[0]), heavy) is None
    assert assemble(votes(KEYS[0], KEYS[1]), heavy) is not None


def test_assemble__more_than_needed__takes_the_heaviest_alone() -> None:
    weighted = ValidatorSet(weights=dict(zip(KEYS, (1, 5, 5, 1), strict=True)), total=12, epoch=0)
    quorum = assemble(votes(*KEYS), weighted)
    assert quorum is not None
    assert quorum.signatures == b"\x02" * 65 + b"\x03" * 65


def test_assemble__faulty_validator__counts_for_nothing() -> None:
    faulty = replace(FOUR, weights={**FOUR.weights, KEYS[0]: 0})
    assert assemble(votes(*KEYS[:3]), faulty) is None
    assert assemble(votes(*KEYS), faulty) is not None


def test_assemble__other_epoch__is_stale() -> None:
    assert assemble(votes(*KEYS, statement=replace(STATEMENT, epoch=1)), FOUR) is None


def test_assemble__two_counts__takes_the_highest_that_has_a_quorum() -> None:
    newer = replace(STATEMENT, count=6)
    found = assemble([*votes(*KEYS), *votes(*KEYS[:2], statement=newer)], FOUR)
    assert found is not None
    assert found.statement.count == 5


def test_assemble__same_count_two_heights__does_not_mix_signatures() -> None:
    other = replace(STATEMENT, height=10)
    assert assemble([*votes(*KEYS[:2]), *votes(*KEYS[2:], statement=other)], FOUR) is None


def test_common_count__validators_at_different_heights__is_what_a_quorum_has_reached() -> None:
    reached = dict(zip(KEYS, (9, 7, 5, 3), strict=True))
    assert common_count(reached, FOUR) == 5
    assert common_count({KEYS[0]: 9}, FOUR) == 0


def test_common_counts__one_validator_says_too_much__lower_counts_follow() -> None:
    reached = dict(zip(KEYS, (100, 7, 5, 5), strict=True))
    assert common_counts(reached, FOUR, above=0) == [5]
    assert common_counts({**reached, KEYS[2]: 6}, FOUR, above=0) == [6, 5]
    assert common_counts({**reached, KEYS[2]: 6}, FOUR, above=5) == [6]


def test_common_counts__stranger__has_no_say() -> None:
    stranger = {Address(b"\x09" * 20): 4}
    assert common_counts(dict.fromkeys(KEYS, 5) | stranger, FOUR, above=0) == [5]
