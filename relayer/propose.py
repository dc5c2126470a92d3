"""Propose a rollup's state root to the base chain where messages wait for one, and finalise it.

A root is proposed only of a block that our own node has and that is final there, so a bond is never
put on a guess. What is decided is read from the registry each time: a proposal of somebody else
for the same height serves as well as ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bridge.contracts import read, read_all
from bridge.contracts.finality import (
    REGISTRY_FINALIZE,
    REGISTRY_LATEST_FINAL,
    REGISTRY_PROPOSAL,
    REGISTRY_PROPOSE,
    REGISTRY_STANDING,
    REGISTRY_TERMS,
    REGISTRY_WITHDRAW,
    REGISTRY_WITHDRAWABLE,
    Status,
)
from bridge.rpc import Block, BlockRef, Rpc
from bridge.types import ChainId
from relayer import queries
from relayer.book import Book
from relayer.claims import Claim, claim_of, open_claims, succeeds
from relayer.decisions import Decision, Purpose
from relayer.network import Places
from relayer.submitter import Submitter

log = structlog.get_logger()
PROPOSE_GAS = 400_000
FINALIZE_GAS = 300_000


class Proposer:
    """Proposes for one rollup with one key."""

    def __init__(
        self,
        *,
        places: Places,
        chain: ChainId,
        rpcs: Mapping[ChainId, Rpc],
        book: Book,
        submitter: Submitter,
        every: float,
    ) -> None:
        self._places = places
        self._chain = chain
        self._own = rpcs[chain]
        self._base = rpcs[places.base.id]
        self._registry = places.base.at("root-registry")
        self._book = book
        self._submitter = submitter
        self._every = every
        self._last = 0.0
        self._seen: tuple[BlockRef | None, BlockRef | None, int] = (None, None, 0)

    async def step(self, *, now: int) -> int:
        """Decide what to propose, finalise and withdraw, and return how many decisions were new."""
        news = (self._book.cursors.get(self._places.base.id), self._book.cursors.get(self._chain), now)
        if news == self._seen:
            return 0
        self._seen = news
        head = await self._base.head()
        decisions = await self._finalize(head)
        decisions += await self._propose(head, now)
        decisions += await self._withdraw(head)
        taken = await self._submitter.decide(decisions, now=now)
        await self._submitter.push(now=now)
        return taken

    async def _propose(self, base: Block, now: int) -> list[Decision]:
        """Propose the newest final block, if messages left since the last claim that stands."""
        if now - self._last < self._every:
            return []
        cursor = self._book.cursors.get(self._chain)
        if cursor is None:
            return []
        height = cursor.number - self._places[self._chain].chain.depth
        latest, terms = await read_all(
            self._base,
            [
                REGISTRY_LATEST_FINAL.at(self._registry, self._chain),
                REGISTRY_TERMS.at(self._registry, self._chain),
            ],
            at=base.ref,
        )
        _, bond, _, advance = terms
        height = min(height, latest + advance)
        if height <= latest or not await self._is_wanted(height, latest):
            return []
        root = (await self._own.block(height)).state_root
        standing: int = await read(
            self._base, REGISTRY_STANDING.at(self._registry, self._chain, height, root), at=base.ref
        )
        if standing:
            return []
        self._last = now
        log.info("state_root_proposed", chain=self._chain, height=height, state_root="0x" + root.hex())
        return [
            Decision(
                purpose=Purpose.PROPOSE,
                dedupe=f"propose:{self._chain}:{height}:0x{root.hex()}",
                to=self._registry,
                data=REGISTRY_PROPOSE.encode(self._chain, height, root),
                gas=PROPOSE_GAS,
                value=bond,
            )
        ]

    async def _is_wanted(self, height: int, latest: int) -> bool:
        """Tell whether a message would become provable that no standing claim covers."""
        claims = await open_claims(self._book, self._places.base.id, self._chain)
        covered = latest
        for claim in claims:
            if claim.height <= height and await self._is_true(claim):
                covered = max(covered, claim.height)
        lanes = list(self._book.out_of(self._chain))
        return any(lane.count_at(height) > lane.count_at(covered) for lane in lanes)

    async def _is_true(self, claim: Claim) -> bool:
        return (await self._own.block(claim.height)).state_root == claim.state_root

    async def _finalize(self, base: Block) -> list[Decision]:
        """Finalise claims that our own node shows to be true and whose time has come, whoever made them."""
        decisions = []
        for claim in await open_claims(self._book, self._places.base.id, self._chain):
            stands = claim_of(await read(self._base, REGISTRY_PROPOSAL.at(self._registry, claim.id), at=base.ref))
            if stands.status in {Status.FINAL, Status.REFUTED}:
                await self._close(claim, stands.status)
                continue
            if base.timestamp < stands.deadline or not await self._is_shown(claim):
                continue
            data = REGISTRY_FINALIZE.encode(claim.id)
            if await succeeds(self._base, self._submitter.address, self._registry, data):
                decisions.append(
                    Decision(
                        purpose=Purpose.FINALIZE,
                        dedupe=f"finalize:{claim.id}:0x{claim.state_root.hex()}:{base.number // 8}",
                        to=self._registry,
                        data=data,
                        gas=FINALIZE_GAS,
                    )
                )
        return decisions

    async def _is_shown(self, claim: Claim) -> bool:
        """Tell whether our own node shows a claim to be true; alarm if not, for others may finalise it."""
        is_known = claim.height <= (await self._own.head()).number
        if is_known and await self._is_true(claim):
            return True
        log.error(
            "claim_not_finalised",
            chain=self._chain,
            id=claim.id,
            height=claim.height,
            reason="our node has another state root" if is_known else "our node has no such block",
        )
        return False

    async def _close(self, claim: Claim, status: Status) -> None:
        async with self._book.store.begin() as connection:
            await queries.set_proposal(connection, self._places.base.id, claim.id, status=status.name.lower())

    async def _withdraw(self, base: Block) -> list[Decision]:
        """Take bonds back that came free, once nothing of ours is under way."""
        sender = self._submitter.address
        owed: int = await read(self._base, REGISTRY_WITHDRAWABLE.at(self._registry, sender), at=base.ref)
        if owed == 0:
            return []
        return [
            Decision(
                purpose=Purpose.WITHDRAW,
                dedupe=f"withdraw:{sender.hex()}:{owed}:{base.number // 8}",
                to=self._registry,
                data=REGISTRY_WITHDRAW.encode(sender),
                gas=100_000,
            )
        ]
