"""What proposers and watchmen do with claims about state roots, driven without chains."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bridge.chains import Network
from bridge.contracts import View
from bridge.contracts.finality import REGISTRY_CHALLENGE_BOND, Status
from bridge.errors import CallReverted, ChainError, RequestRefused
from bridge.rpc import Block
from bridge.types import Address, BlockNumber, ChainId, Hash32
from relayer import court, doctor, propose, queries
from relayer.claims import Claim, claim_of
from relayer.court import Judgement, Watchman
from relayer.decisions import Decision
from relayer.doctor import LOW_BALANCE, _balance
from relayer.errors import DisputeImpossible
from relayer.metrics import Health
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


def watchman(node: Node) -> Watchman:
    return Watchman(
        places=places(),
        chain=ROLLUP,
        rpcs=cast("Any", {ROLLUP: node, BASE: Node()}),
        book=cast("Any", Shelf()),
        submitter=cast("Any", Outbox()),
        votes=False,
        margin=3,
    )


class Shelf:
    """A book without rows."""

    def __init__(self) -> None:
        self.cursors: dict[ChainId, None] = {}
        self.store = SimpleNamespace(read=nullcontext)

    def serial(self) -> str:
        return "serial"


class Outbox:
    """Takes every decision and sends none."""

    address = SENDER

    async def decide(self, decisions: list[Decision], *, now: int) -> int:
        assert now
        return len(decisions)

    async def push(self, *, now: int) -> None:
        assert now


@pytest.mark.parametrize(
    ("height", "timestamp", "expected"),
    [
        (50, 20, Judgement.TRUE),
        (116, 20, Judgement.UNKNOWN),
        (117, 20, Judgement.FALSE),
        (217, 120, Judgement.FALSE),
        (216, 120, Judgement.UNKNOWN),
        (101, 963, Judgement.UNKNOWN),
        (101, 964, Judgement.FALSE),
    ],
    ids=["known", "just ahead", "beyond reach", "beyond an old head", "in reach of an old head", "early", "late"],
)
async def test_judge__height__is_disputed_in_time(height: int, timestamp: int, expected: Judgement) -> None:
    claim = replace(CLAIM, height=height)
    stands = claim_of(record(replace(claim, deadline=1_000)))
    assert await watchman(Node())._judge(claim, stands, block(7, timestamp=timestamp)) is expected


@pytest.mark.parametrize(
    "reason",
    [
        RequestRefused(method="eth_call", code=-32000, reason="insufficient funds"),
        CallReverted(to="registry", error="BondDiffers", fields=(), data=b""),
    ],
    ids=["no balance", "other terms"],
)
async def test_step__dispute_refused__is_an_alarm_at_every_look(
    monkeypatch: pytest.MonkeyPatch, reason: ChainError
) -> None:
    watch = false_claim_watched(monkeypatch, reason)
    for _ in range(2):
        with capture_logs() as logs, pytest.raises(DisputeImpossible, match="claim 3"):
            await watch.step(now=1)
        assert ("dispute_impossible", "error") in [(line["event"], line["log_level"]) for line in logs]


async def test_step__disputed_by_another_meanwhile__is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = CallReverted(to="registry", error="StatusDiffers", fields=(), data=b"")
    assert await false_claim_watched(monkeypatch, reason).step(now=1) == 0


def live_rows(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    async def live(*_: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(dedupe=name) for name in names]

    monkeypatch.setattr(queries, "live", live)


@pytest.mark.parametrize("is_under_way", [True, False])
async def test_dispute__one_under_way__is_not_sent_twice(monkeypatch: pytest.MonkeyPatch, is_under_way: bool) -> None:
    watch = false_claim_watched(monkeypatch, None)

    async def bond(*_: object, **__: object) -> int:
        return 10**18

    monkeypatch.setattr(court, "read", bond)
    live_rows(monkeypatch, *([f"dispute:3:0x{CLAIM.hash.hex()}:earlier"] if is_under_way else []))
    decisions = await watch._dispute(CLAIM, block(20))
    assert [d.dedupe for d in decisions] == ([] if is_under_way else [f"dispute:3:0x{CLAIM.hash.hex()}:serial"])


def false_claim_watched(monkeypatch: pytest.MonkeyPatch, reason: ChainError | None) -> Watchman:
    claim = replace(CLAIM, state_root=FALSE_ROOT, judged=Judgement.FALSE.value)
    stub_registry(monkeypatch, court, claim)

    async def refusal(*_: object) -> ChainError | None:
        return reason

    async def succeeds(*_: object) -> bool:
        return False

    live_rows(monkeypatch)
    monkeypatch.setattr(court, "refusal", refusal)
    monkeypatch.setattr(court, "succeeds", succeeds)
    return watchman(Node())


def test_reasons__watcher_with_a_problem__is_not_ready() -> None:
    health = Health(oldest_allowed=1)
    health.note("watch:gamma", "no bond")
    health.note("deliver:hub", "slow")
    assert health.reasons(0) == ["watch:gamma protects nobody"]


@pytest.mark.parametrize(("balance", "is_enough"), [(LOW_BALANCE + 9 * 10**18, True), (10 * LOW_BALANCE, False)])
async def test_balance__bonds_of_the_roles__are_counted(
    monkeypatch: pytest.MonkeyPatch, balance: int, is_enough: bool
) -> None:
    async def read(_: object, view: View[Any], **__: object) -> object:
        return 10**18 if view.function is REGISTRY_CHALLENGE_BOND else (bytes(20), 8 * 10**18, 10, 100)

    async def funds(*_: object, **__: object) -> int:
        return balance

    monkeypatch.setattr(doctor, "read", read)
    node = Node()
    monkeypatch.setattr(node, "balance", funds, raising=False)
    parts = SimpleNamespace(rpcs={BASE: node}, proposers={ROLLUP: None}, watchmen={ROLLUP: None})
    place = SimpleNamespace(id=BASE, is_rollup=False, at=lambda _: REGISTRY)
    with nullcontext() if is_enough else pytest.raises(ValueError, match="for bonds and gas"):
        assert "9000000000000000000 wei of bonds" in await _balance(cast("Any", parts), cast("Any", place), SENDER)
