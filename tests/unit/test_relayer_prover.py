"""Provers bring what a quorum can sign together, and proofs that the destination can still check."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from bridge.contracts import View
from bridge.contracts.finality import ANCHOR_LATEST
from bridge.messages import Lane
from bridge.rpc import Block
from bridge.signer import LocalSigner
from bridge.types import Address, BlockNumber, ChainId, Hash32
from relayer import prover, statements
from relayer.lanes import LaneBook
from relayer.prover import REUSE_BLOCKS, AnchoredProver, Evidence, QuorumProver
from relayer.quorum import Statement, ValidatorSet

OUTBOX, ORACLE = Address(b"\x0b" * 20), Address(b"\x0c" * 20)
LANE = Lane(source=ChainId(1), outbox=OUTBOX, destination=ChainId(2))
KEYS = [LocalSigner(bytes([n]) * 32) for n in (1, 2, 3, 4)]
FOUR = ValidatorSet(weights={key.address: 1 for key in KEYS}, total=4, epoch=0)
REACHED = {"v0": 8, "v1": 6, "v2": 5}
"""What the honest validators have as final; the fourth lies."""


def lane_of(count: int) -> LaneBook:
    lane = LaneBook(LANE)
    lane.tree.append_many([Hash32(bytes([n + 1]) * 32) for n in range(count)])
    lane.heights.extend(range(count))
    return lane


def attesters(lane: LaneBook) -> httpx.MockTransport:
    """Serve three validators that sign what is asked for and final, and one that says much and signs nothing."""

    def answer(request: httpx.Request) -> httpx.Response:
        host, count = request.url.host, int(request.url.params["count"])
        key = KEYS[int(host[1])]
        reached = REACHED.get(host, 10**6)
        votes = []
        if host in REACHED and count <= reached:
            root = lane.tree.subtree_root(count)
            said = Statement(count=count, height=count, epoch=0, source=LANE.source, lane=LANE.destination, root=root)
            votes = [statements.to_json(statements.sign(said, OUTBOX, key))]
        return httpx.Response(200, json={"signer": "0x" + key.address.hex(), "finalized": reached, "statements": votes})

    return httpx.MockTransport(answer)


async def test_evidence__one_validator_says_more_than_it_signs__the_others_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = lane_of(9)

    async def validators(*_: object) -> ValidatorSet:
        return FOUR

    monkeypatch.setattr(prover, "read_validators", validators)
    async with httpx.AsyncClient(transport=attesters(lane)) as http:
        one = QuorumProver(
            places=cast("Any", Anywhere()),
            lane=lane,
            rpc=cast("Any", None),
            attesters=[f"http://v{n}" for n in range(4)],
            http=http,
        )
        evidence = await one.evidence(lane)
    assert (evidence.count, evidence.root) == (5, lane.tree.subtree_root(5))


class Anywhere:
    """Places where every contract has one address."""

    @property
    def base(self) -> Anywhere:
        return self

    def __getitem__(self, _: ChainId) -> Anywhere:
        return self

    def at(self, _: str) -> Address:
        return ORACLE

    def oracle(self, _: object) -> Address:
        return ORACLE


class Chain:
    """A chain of which only blocks' numbers matter."""

    async def head(self) -> Block:
        return await self.block(1)

    async def block(self, number: int) -> Block:
        mark = Hash32(number.to_bytes(32, "big"))
        return Block(
            number=BlockNumber(number), hash=mark, parent_hash=mark, state_root=mark, timestamp=number, base_fee=1
        )


async def test_evidence__base_blocks_pass__is_proven_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, anchored, proven = lane_of(5), [100], list[int]()

    async def read(_: object, view: View[Any], **__: object) -> int:
        return anchored[-1] if view.function is ANCHOR_LATEST else 50

    async def prove(_: object, __: object, ___: object, block: Any, height: int, count: int) -> Evidence:  # noqa: ANN401
        proven.append(block.number)
        return Evidence(root=Hash32(bytes(32)), count=count, update=str((block.number, height)).encode())

    monkeypatch.setattr(prover, "read", read)
    monkeypatch.setattr(AnchoredProver, "_prove", prove)
    one = AnchoredProver(places=cast("Any", Anywhere()), lane=lane, source=node(), base=node(), destination=node())
    for number in (100, 100 + REUSE_BLOCKS - 1, 100 + REUSE_BLOCKS, 200):
        anchored.append(number)
        await one.evidence(lane)
    assert proven == [100, 100 + REUSE_BLOCKS, 200]


def node() -> Any:  # noqa: ANN401
    return Chain()
