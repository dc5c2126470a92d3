"""Find the evidence that makes a lane's root final at its destination, by the source's regime.

Quorum: ask the source's validators for signed statements and assemble enough of them. Anchored:
prove a state root that the base chain holds as final, then the lane in that state. Whatever
endpoints and validators say is compared with the lane's own tree first: nothing that this relayer
itself could show to be false is ever brought.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import structlog
from eth_abi.abi import encode

from bridge import mpt
from bridge.contracts import read, read_all
from bridge.contracts.finality import (
    ANCHOR_LATEST,
    IS_HELD,
    LANE_PROOF,
    QUORUM_EPOCH,
    QUORUM_TOTAL_WEIGHT,
    QUORUM_VALIDATORS,
    QUORUM_WEIGHT_OF,
    REGISTRY_FINAL_ROOT,
    REGISTRY_LATEST_FINAL,
    STATE_PROOF,
)
from bridge.errors import MessageMalformed, ProofError
from bridge.keccak import keccak256
from bridge.rpc import AccountProof, BlockRef, Rpc
from bridge.rpc.source import shown
from bridge.types import Address, Hash32
from relayer import statements
from relayer.attesters import Answer, fetch
from relayer.errors import EvidenceMissing
from relayer.lanes import LaneBook
from relayer.network import Places
from relayer.quorum import ValidatorSet, Vote, assemble, common_counts

log = structlog.get_logger()
REUSE_BLOCKS = 256
"""Base blocks that evidence is used for: the anchor forgets a base block after 8,191 newer ones."""
TRIES = 4
"""Counts asked for in one look: more than validators that lie about theirs, in sets of some size."""
SET_SECONDS = 15.0
"""How long a validator set is believed; a rotation in between costs one refused transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A root of a lane with what the destination's oracle takes for it; empty if it is held."""

    root: Hash32
    count: int
    update: bytes = b""


class Prover(Protocol):
    """What a deliverer asks for each lane."""

    async def evidence(self, lane: LaneBook) -> Evidence:
        """Return evidence for a newer root than the one held; raises EvidenceMissing."""
        ...


def held_evidence(lane: LaneBook) -> Evidence | None:
    """Return what the destination holds already, as far as the lane's own tree reaches."""
    held = lane.held
    if held is None or held.count == 0 or held.count > lane.tree.count:
        return None
    return Evidence(root=Hash32(lane.tree.subtree_root(held.count)), count=held.count)


class QuorumProver:
    """Collects the validators' statements over HTTP."""

    def __init__(
        self, *, places: Places, lane: LaneBook, rpc: Rpc, attesters: Sequence[str], http: httpx.AsyncClient
    ) -> None:
        self._lane = lane.id
        self._outbox = lane.lane.outbox
        self._oracle = places.oracle(lane.id)
        self._rpc = rpc
        self._attesters = attesters
        self._http = http
        self._set: ValidatorSet | None = None
        self._set_until = 0.0

    async def evidence(self, lane: LaneBook) -> Evidence:
        """Return the newest root that a quorum has signed; raises EvidenceMissing."""
        validators = await self._validators()
        wanted = lane.tree.count
        votes, reached = await self._ask(lane, wanted)
        quorum = assemble(votes, validators)
        held = lane.held.count if lane.held else 0
        have = quorum.statement.count if quorum else held
        reached = {signer: min(count, lane.tree.count) for signer, count in reached.items()}
        for count in common_counts(reached, validators, above=have)[:TRIES]:
            votes, _ = await self._ask(lane, count)
            found = assemble(votes, validators)
            if found and found.statement.count > have:
                quorum = found
                break
        if quorum is None or quorum.statement.count <= held:
            self._set_until = 0.0
            raise EvidenceMissing(
                source=lane.id.source,
                lane=lane.id.destination,
                reason=f"{len(reached)} of {len(self._attesters)} validators answer, no quorum yet",
            )
        return Evidence(
            root=Hash32(quorum.statement.root),
            count=quorum.statement.count,
            update=statements.encode_update(quorum),
        )

    async def _validators(self) -> ValidatorSet:
        now = asyncio.get_running_loop().time()
        if self._set is None or now >= self._set_until:
            self._set = await read_validators(self._rpc, self._oracle, self._lane.source)
            self._set_until = now + SET_SECONDS
        return self._set

    async def _ask(self, lane: LaneBook, count: int) -> tuple[list[Vote], dict[Address, int]]:
        """Return the votes that agree with our tree, and how far each validator says that it is itself."""
        asked = [self._ask_one(url, count) for url in self._attesters]
        votes: list[Vote] = []
        reached: dict[Address, int] = {}
        for answer in await asyncio.gather(*asked):
            if answer is not None:
                reached[answer.signer] = max(reached.get(answer.signer, 0), answer.finalized)
                votes += [vote for vote in answer.votes if self._agrees(lane, vote)]
        return votes, reached

    async def _ask_one(self, url: str, count: int) -> Answer | None:
        try:
            return await fetch(self._http, url, self._lane, self._outbox, count)
        except MessageMalformed as error:
            log.debug("attester_unusable", url=shown(url), error=str(error))
            return None

    def _agrees(self, lane: LaneBook, vote: Vote) -> bool:
        """Tell whether a statement is one that our own tree makes true; alarm if it is not."""
        count = vote.statement.count
        if not 0 < count <= lane.tree.count:
            return False
        if lane.tree.subtree_root(count) == vote.statement.root:
            return True
        log.error(
            "attestation_contradicts_logs",
            source=lane.id.source,
            lane=lane.id.destination,
            count=count,
            signer="0x" + vote.signer.hex(),
        )
        return False


async def read_validators(rpc: Rpc, oracle: Address, source: int) -> ValidatorSet:
    """Return the set in force for a source at an oracle, with what each key counts now."""
    at = (await rpc.head()).ref
    members, total, epoch = await read_all(
        rpc,
        [f.at(oracle, source) for f in (QUORUM_VALIDATORS, QUORUM_TOTAL_WEIGHT, QUORUM_EPOCH)],
        at=at,
    )
    keys = [Address(account) for account, _ in members]
    weights = await read_all(rpc, [QUORUM_WEIGHT_OF.at(oracle, source, key) for key in keys], at=at)
    return ValidatorSet(weights=dict(zip(keys, weights, strict=True)), total=total, epoch=epoch)


class AnchoredProver:
    """Proves a lane from a state root that the base chain holds as final."""

    def __init__(self, *, places: Places, lane: LaneBook, source: Rpc, base: Rpc, destination: Rpc) -> None:
        self._lane = lane.id
        self._outbox = lane.lane.outbox
        self._oracle = places.oracle(lane.id)
        self._registry = places.base.at("root-registry")
        self._anchor = places[lane.id.destination].at("anchor")
        self._source, self._base, self._destination = source, base, destination
        self._found: tuple[int, BlockRef, Evidence] | None = None

    async def evidence(self, lane: LaneBook) -> Evidence:
        """Return the lane as of the newest final state root that the destination can learn of."""
        at = (await self._destination.head()).ref
        number: int = await read(self._destination, ANCHOR_LATEST.at(self._anchor), at=at)
        if number == 0:
            raise self._missing("the anchor holds no base block yet")
        base_block = (await self._base.block(number)).ref
        height: int = await read(self._base, REGISTRY_LATEST_FINAL.at(self._registry, self._lane.source), at=base_block)
        count = lane.count_at(height)
        if count <= (lane.held.count if lane.held else 0):
            raise self._missing(f"the newest final state root is of height {height}")
        if self._found is not None:
            known, proven_at, evidence = self._found
            if known == height and 0 <= number - proven_at.number < REUSE_BLOCKS:
                return evidence
        evidence = await self._prove(lane, at, base_block, height, count)
        self._found = (height, base_block, evidence)
        return evidence

    async def _prove(self, lane: LaneBook, at: BlockRef, base_block: BlockRef, height: int, count: int) -> Evidence:
        state_root: bytes = await read(
            self._base,
            REGISTRY_FINAL_ROOT.at(self._registry, self._lane.source, height),
            at=base_block,
        )
        block = await self._source.block(height)
        if block.state_root != state_root:
            raise self._missing(f"the state root final for height {height} is not that of our own node")
        root = Hash32(lane.tree.subtree_root(count))
        own = await self._source.proof(self._outbox, [lane_slot(self._lane.destination)], at=block.ref)
        require_proven(own, state_root, self._outbox, int.from_bytes(lane.tree.commitment(count), "big"))
        lane_proof = (self._lane.source, height, root, count, *_nodes(own))
        is_held: bool = await read(
            self._destination, IS_HELD.at(self._oracle, self._lane.source, height, state_root), at=at
        )
        if is_held:
            args = encode([LANE_PROOF], [lane_proof])
            return Evidence(root=root, count=count, update=_step(1, args))
        state_proof = await self._state_proof(base_block, height, state_root)
        args = encode([STATE_PROOF, LANE_PROOF], [state_proof, lane_proof])
        return Evidence(root=root, count=count, update=_step(2, args))

    async def _state_proof(self, base_block: BlockRef, height: int, state_root: bytes) -> Any:  # noqa: ANN401
        slot = final_root_slot(self._lane.source, height)
        proof = await self._base.proof(self._registry, [slot], at=base_block)
        base_root = (await self._base.block(base_block.number)).state_root
        require_proven(proof, base_root, self._registry, int.from_bytes(state_root, "big"))
        return (self._lane.source, height, base_block.number, *_nodes(proof))

    def _missing(self, reason: str) -> EvidenceMissing:
        return EvidenceMissing(source=self._lane.source, lane=self._lane.destination, reason=reason)


def require_proven(proof: AccountProof, state_root: bytes, address: Address, value: int) -> None:
    """Raise ProofError unless the nodes show `value` in the account's one slot asked for."""
    account = mpt.account(state_root, address, list(proof.nodes))
    storage_root = account.storage_root if account else mpt.EMPTY_ROOT
    [slot] = proof.slots
    proven = mpt.storage(storage_root, slot.slot, list(slot.nodes))
    if proven != value:
        raise ProofError(reason=f"slot {slot.slot:#x} holds {proven:#x}, not {value:#x}")


def lane_slot(destination: int) -> int:
    """Return the Outbox's storage slot of a lane's commitment."""
    return _mapping_slot(destination, bytes(32))


def final_root_slot(chain: int, height: int) -> int:
    """Return the registry's storage slot of finalRoot[chain][height]."""
    return _mapping_slot(height, _mapping_slot(chain, bytes(32)).to_bytes(32, "big"))


def _mapping_slot(key: int, slot: bytes) -> int:
    return int.from_bytes(keccak256(key.to_bytes(32, "big") + slot), "big")


def _nodes(proof: AccountProof) -> tuple[list[bytes], list[bytes]]:
    return list(proof.nodes), list(proof.slots[0].nodes)


def _step(step: int, args: bytes) -> bytes:
    return encode(["uint8", "bytes"], [step, args])
