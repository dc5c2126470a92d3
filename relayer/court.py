"""Compare every proposed state root with our own node, dispute false ones, and vote.

Our node re-executes the rollup; what it says is the truth here, and it must be run by the watcher
itself. A root of a height that our node has not reached is unknown, not true: it is disputed at once
where the rollup cannot be so far, else shortly before its deadline, for no honest proposer claims
what nobody can have executed. A dispute that is needed and not possible ends the step by an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import ceil

import structlog

from bridge.contracts import read
from bridge.contracts.finality import (
    COURT_HAS_VOTED,
    COURT_VOTE,
    REGISTRY_CHALLENGE_BOND,
    REGISTRY_DISPUTE,
    REGISTRY_PROPOSAL,
    REGISTRY_RESOLVE,
    REGISTRY_TERMS,
    Status,
)
from bridge.errors import CallReverted
from bridge.rpc import Block, BlockRef, Rpc
from bridge.types import ChainId
from relayer import queries
from relayer.book import Book
from relayer.claims import Claim, Standing, claim_of, open_claims, reach, refusal, succeeds
from relayer.decisions import Decision, Purpose
from relayer.errors import DisputeImpossible
from relayer.network import Places
from relayer.submitter import Submitter

log = structlog.get_logger()
DISPUTE_GAS = 500_000
VOTE_GAS = 300_000
RESOLVE_GAS = 400_000
MARGIN_BLOCKS = 3
"""Blocks of the base chain that a dispute is sent before a deadline, so that it is mined in time."""
OUT_OF_DATE = frozenset({"StatusDiffers", "ClaimDiffers", "HeightAlreadyFinal", "ProposalUnknown"})
"""Refusals of a dispute that say that the claim does not stand any more as it did."""


class Judgement(StrEnum):
    """What our node says of a claim."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Watchman:
    """Watches the proposals for one rollup."""

    def __init__(
        self,
        *,
        places: Places,
        chain: ChainId,
        rpcs: Mapping[ChainId, Rpc],
        book: Book,
        submitter: Submitter,
        votes: bool,
        margin: int,
    ) -> None:
        self._chain = chain
        self._own = rpcs[chain]
        self._block_time = places[chain].chain.block_time
        self._base_id = places.base.id
        self._base = rpcs[places.base.id]
        self._registry = places.base.at("root-registry")
        self._book = book
        self._submitter = submitter
        self._votes = votes
        self._margin = max(margin, ceil(MARGIN_BLOCKS * places.base.chain.block_time))
        self._seen: tuple[BlockRef | None, int] = (None, 0)
        self._undisputed: dict[int, str] = {}

    async def step(self, *, now: int) -> int:
        """Judge every claim that stands, and return how many decisions were new.

        Raises DisputeImpossible, after everything else is done, if a false claim could not be disputed.
        """
        news = (self._book.cursors.get(self._base_id), now)
        if news == self._seen:
            return 0
        self._seen = news
        claims = await open_claims(self._book, self._base_id, self._chain)
        if not claims:
            return 0
        base = await self._base.head()
        self._undisputed = {}
        decisions: list[Decision] = []
        for claim in claims:
            view = REGISTRY_PROPOSAL.at(self._registry, claim.id)
            stands = claim_of(await read(self._base, view, at=base.ref))
            if stands.state_root != claim.state_root:
                continue  # the base chain moved: the log will be read again
            if stands.status in {Status.FINAL, Status.REFUTED}:
                await self._close(claim, stands)
                continue
            decisions += await self._act(claim, stands, base)
        taken = await self._submitter.decide(decisions, now=now)
        await self._submitter.push(now=now)
        if self._undisputed:
            self._seen = (None, 0)
            raise DisputeImpossible(chain=self._chain, claims=self._undisputed)
        return taken

    async def _act(self, claim: Claim, stands: Standing, base: Block) -> list[Decision]:
        judgement = await self._judge(claim, stands, base)
        if judgement.value != claim.judged:
            await self._note(claim, judgement)
        if stands.status is Status.OPEN and judgement is Judgement.FALSE:
            return [*await self._dispute(claim, base), *await self._resolve(claim, stands, base)]
        if stands.status is Status.DISPUTED:
            return [*await self._vote(claim, judgement, base), *await self._resolve(claim, stands, base)]
        return []

    async def _judge(self, claim: Claim, stands: Standing, base: Block) -> Judgement:
        """Compare a claim with our own node's block of its height."""
        head = await self._own.head()
        if claim.height <= head.number:
            own = await self._own.block(claim.height)
            return Judgement.TRUE if own.state_root == claim.state_root else Judgement.FALSE
        is_late = base.timestamp >= stands.deadline - self._margin
        is_beyond = claim.height > reach(head, now=base.timestamp, block_time=self._block_time)
        return Judgement.FALSE if is_late or is_beyond else Judgement.UNKNOWN

    async def _note(self, claim: Claim, judgement: Judgement) -> None:
        level = log.error if judgement is Judgement.FALSE else log.info
        level("claim_judged", chain=self._chain, id=claim.id, height=claim.height, judged=judgement.value)
        async with self._book.store.begin() as connection:
            await queries.set_proposal(connection, self._base_id, claim.id, judged=judgement.value)

    async def _dispute(self, claim: Claim, base: Block) -> list[Decision]:
        name = f"dispute:{claim.id}:0x{claim.hash.hex()}:"
        if await self._is_under_way(name):
            return []
        view = REGISTRY_CHALLENGE_BOND.at(self._registry, self._chain)
        bond: int = await read(self._base, view, at=base.ref)
        data = REGISTRY_DISPUTE.encode(claim.id, claim.hash)
        refused = await refusal(self._base, self._submitter.address, self._registry, data, bond)
        if refused is not None:
            if not (isinstance(refused, CallReverted) and refused.error in OUT_OF_DATE):
                log.error("dispute_impossible", chain=self._chain, id=claim.id, bond=bond, reason=str(refused))
                self._undisputed[claim.id] = str(refused)
            return []
        return [
            Decision(
                purpose=Purpose.DISPUTE,
                dedupe=name + self._book.serial(),
                to=self._registry,
                data=data,
                gas=DISPUTE_GAS,
                value=bond,
            )
        ]

    async def _is_under_way(self, name: str) -> bool:
        """Tell whether a transaction of that name has no outcome yet; one that failed is made anew at once."""
        async with self._book.store.read() as connection:
            rows = await queries.live(connection, self._base_id)
        return any(row.dedupe.startswith(name) for row in rows)

    async def _vote(self, claim: Claim, judgement: Judgement, base: Block) -> list[Decision]:
        """Vote once, as our node says; what it does not know it does not vote on."""
        if not self._votes or judgement is Judgement.UNKNOWN:
            return []
        court, _, _, _ = await read(self._base, REGISTRY_TERMS.at(self._registry, self._chain), at=base.ref)
        me = self._submitter.address
        if await read(self._base, COURT_HAS_VOTED.at(court, claim.id, me), at=base.ref):
            return []
        data = COURT_VOTE.encode(claim.id, claim.hash, judgement is Judgement.TRUE)
        if not await succeeds(self._base, me, court, data):
            return []  # not one of the court's verifiers, or its case is closed
        dedupe = f"vote:{claim.id}:0x{claim.hash.hex()}:{me.hex()}:{base.number // 16}"
        return [Decision(purpose=Purpose.VOTE, dedupe=dedupe, to=court, data=data, gas=VOTE_GAS)]

    async def _resolve(self, claim: Claim, stands: Standing, base: Block) -> list[Decision]:
        """Carry out a verdict, extend the window of a silent court, or clear what a final root refutes."""
        data = REGISTRY_RESOLVE.encode(claim.id)
        if not await succeeds(self._base, self._submitter.address, self._registry, data):
            return []
        dedupe = f"resolve:{claim.id}:0x{claim.hash.hex()}:{stands.deadline}:{base.number // 16}"
        return [Decision(purpose=Purpose.RESOLVE, dedupe=dedupe, to=self._registry, data=data, gas=RESOLVE_GAS)]

    async def _close(self, claim: Claim, stands: Standing) -> None:
        if stands.status is Status.FINAL and claim.judged == Judgement.FALSE:
            log.error("false_root_became_final", chain=self._chain, id=claim.id, height=claim.height)
        async with self._book.store.begin() as connection:
            await queries.set_proposal(connection, self._base_id, claim.id, status=stands.status.name.lower())
