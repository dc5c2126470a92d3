"""Decide which of several validators' statements are a quorum.

A validator can say anything: a statement counts only under the root that our own tree has at its
count, in the epoch in force, and once a signer. Who signed was recovered by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.types import Address, ChainId


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Statement:
    """What validators sign: the lane read (root, count) at finalised block `height` of its source.

    Ordered by count first: the highest covers most.
    """

    count: int
    height: int
    epoch: int
    source: ChainId
    lane: ChainId
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A statement and who signed it."""

    statement: Statement
    signer: Address
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorSet:
    """Weights that count now (faulty keys have none), the whole weight and the epoch."""

    weights: Mapping[Address, int]
    total: int
    epoch: int

    def is_quorum(self, signers: Iterable[Address]) -> bool:
        """Tell whether signers are two at least and hold more than two thirds of the weight."""
        counted = {signer for signer in signers if self.weights.get(signer, 0) > 0}
        weight = sum(self.weights[signer] for signer in counted)
        return len(counted) >= 2 and weight * 3 > self.total * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """A statement under enough signatures, ascending by signer as contracts want them."""

    statement: Statement
    signatures: bytes


def assemble(votes: Iterable[Vote], validators: ValidatorSet) -> Quorum | None:
    """Return the quorum for the highest count, with no more signatures than it needs, or None."""
    by_statement: dict[Statement, dict[Address, Vote]] = {}
    for vote in votes:
        if vote.statement.epoch == validators.epoch and validators.weights.get(vote.signer, 0) > 0:
            by_statement.setdefault(vote.statement, {}).setdefault(vote.signer, vote)
    for statement in sorted(by_statement, reverse=True):
        signed = by_statement[statement]
        if validators.is_quorum(signed):
            return _smallest(statement, signed, validators)
    return None


def _smallest(statement: Statement, signed: Mapping[Address, Vote], validators: ValidatorSet) -> Quorum:
    """Take the heaviest signers until they are enough: each signature costs gas."""
    ranked = sorted(signed, key=lambda signer: (-validators.weights[signer], signer))
    chosen: list[Address] = []
    for signer in ranked:
        chosen.append(signer)
        if validators.is_quorum(chosen):
            break
    signatures = b"".join(signed[signer].signature for signer in sorted(chosen))
    return Quorum(statement=statement, signatures=signatures)


def common_count(finalized: Mapping[Address, int], validators: ValidatorSet) -> int:
    """Return the highest count that validators enough for a quorum say is final; 0 if none is."""
    for count in sorted(set(finalized.values()), reverse=True):
        if validators.is_quorum(s for s, reached in finalized.items() if reached >= count):
            return count
    return 0


def common_counts(finalized: Mapping[Address, int], validators: ValidatorSet, *, above: int) -> list[int]:
    """Return the counts to ask validators for, best first: the common one, and lower ones that some have reached.

    One validator that says more than it signs raises the common count beyond what the others can sign together; a
    lower one of theirs is then what they can.
    """
    common = common_count(finalized, validators)
    members = {reached for signer, reached in finalized.items() if validators.weights.get(signer, 0) > 0}
    return sorted((count for count in members if above < count <= common), reverse=True)
