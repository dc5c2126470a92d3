"""What proposers and watchmen do with claims about state roots, driven without chains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bridge.chains import Network
from bridge.contracts.finality import Status
from bridge.rpc import Block
from bridge.types import Address, BlockNumber, ChainId, Hash32
from relayer import propose
from relayer.claims import Claim
from relayer.network import Place, Places
from relayer.propose import Proposer

ROLLUP, BASE = ChainId(4), ChainId(9)
TRUE_ROOT, FALSE_ROOT = Hash32(b"\x07" * 32), Hash32(b"\xfa" * 32)
REGISTRY, SENDER = Address(b"\x01" * 20), Address(b"\x02" * 20)
CLAIM = Claim(
    id=3, chain=ROLLUP, height=50, state_root=TRUE_ROOT, proposer=Address(b"\x06" * 20), deadline=10, judged=""
)


def block(number: int, *, timestamp: int = 20) -> Block:
    return Block(
        number=BlockNumber(number),
        hash=Hash32(number.to_bytes(32, "big")),
        parent_hash=Hash32(bytes(32)),
        state_root=TRUE_ROOT,
        timestamp=timestamp,
        base_fee=1,
    )


@dataclass(kw_only=True)
class Node:
    """A node whose blocks all have the true root, up to its head."""

    top: int = 100

    async def head(self) -> Block:
        return block(self.top)

    async def block(self, number: int) -> Block:
        assert number <= self.top
        return block(number)


def record(claim: Claim, *, status: Status = Status.OPEN) -> tuple[Any, ...]:
    """Return a proposal as the registry does."""
    return (claim.chain, claim.height, claim.deadline, status, bytes(20), bytes(20), claim.state_root)


def places() -> Places:
    """Return a base chain and a rollup with blocks of 12 and 2 seconds."""
    base = SimpleNamespace(id=BASE, at=lambda _: REGISTRY, chain=SimpleNamespace(block_time=12.0))
    rollup = SimpleNamespace(id=ROLLUP, chain=SimpleNamespace(block_time=2.0))
    network = SimpleNamespace(base=base)
    return Places(network=cast("Network", network), by_id=cast("dict[ChainId, Place]", {BASE: base, ROLLUP: rollup}))


def stub_registry(monkeypatch: pytest.MonkeyPatch, module: ModuleType, claim: Claim) -> None:
    async def claims(*_: object) -> list[Claim]:
        return [claim]

    async def read(*_: object, **__: object) -> tuple[Any, ...]:
        return record(claim)

    async def succeeds(*_: object) -> bool:
        return True

    monkeypatch.setattr(module, "open_claims", claims)
    monkeypatch.setattr(module, "read", read)
    monkeypatch.setattr(module, "succeeds", succeeds)


def proposer(node: Node) -> Proposer:
    return Proposer(
        places=places(),
        chain=ROLLUP,
        rpcs=cast("Any", {ROLLUP: node, BASE: Node()}),
        book=cast("Any", None),
        submitter=cast("Any", SimpleNamespace(address=SENDER)),
        every=0.0,
    )


async def test_finalize__claim_that_our_node_shows__is_finalised(monkeypatch: pytest.MonkeyPatch) -> None:
    stub_registry(monkeypatch, propose, CLAIM)
    [decision] = await proposer(Node())._finalize(block(20))
    assert decision.dedupe.startswith("finalize:3:")


@pytest.mark.parametrize(
    "claim", [replace(CLAIM, state_root=FALSE_ROOT), replace(CLAIM, height=101)], ids=["false", "above our head"]
)
async def test_finalize__claim_that_our_node_does_not_show__is_an_alarm_only(
    monkeypatch: pytest.MonkeyPatch, claim: Claim
) -> None:
    stub_registry(monkeypatch, propose, claim)
    with capture_logs() as logs:
        assert await proposer(Node())._finalize(block(20)) == []
    assert [(line["event"], line["log_level"]) for line in logs] == [("claim_not_finalised", "error")]
