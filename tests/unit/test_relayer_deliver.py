"""A deliverer among lanes: one lane's trouble is its own, and no waiting credit waits behind others for ever."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.errors import RequestRefused
from bridge.messages import Lane
from bridge.types import Account, ChainId
from relayer import queries
from relayer.book import Book
from relayer.decisions import Purpose
from relayer.deliver import REST_SECONDS, RETRIES, Deliverer, DeliveryTerms, Prepared
from relayer.lanes import LaneBook
from relayer.policy import Bounds, FeePlan
from relayer.settle import Kind
from relayer.store import Store
from relayer.submitter import Submitter
from relayer.transfer import Stage
from tests.support.lane_store import (
    DESTINATION,
    KEY,
    LANE,
    Destination,
    book_of,
    lane_of,
    outage,
    scan_of,
    settled,
)

TERMS = DeliveryTerms(
    payee=Account(owner=KEY.address),
    bounds=Bounds(items=10, gas=3_000_000),
    in_flight=1,
    simulate=False,
    prices={},
    coverage_bps=0,
    serve_unpriced=True,
    patience=0,
)


class Hub(Destination):
    """A hub that would make a waiting credit or not; `asked` counts the trials."""

    def __init__(self, *, makes_credits: bool) -> None:
        super().__init__()
        self.makes_credits = makes_credits
        self.asked: list[bytes] = []

    async def outcomes(self, requests: Sequence[Any]) -> list[bytes | RequestRefused]:
        self.asked += [request.params[0]["data"] for request in requests]
        refusal = RequestRefused(method="eth_call", code=3, reason="StillWaiting")
        return [b"" if self.makes_credits else refusal for _ in requests]


def deliverer(book: Book, rpc: Any) -> Deliverer:  # noqa: ANN401  # a chain that answers from fields
    submitter = Submitter(chain=DESTINATION, rpc=rpc, signer=KEY, book=book, fees=FeePlan())
    place: Any = SimpleNamespace(id=DESTINATION, at=lambda _: LANE.outbox)
    return Deliverer(place=place, rpc=rpc, book=book, submitter=submitter, provers={}, terms=TERMS)


async def test_deliverer__one_source_out__serves_the_other_lanes_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = [Lane(source=ChainId(n), outbox=LANE.outbox, destination=DESTINATION) for n in (3, 4, 5)]
    book = Book(await Store.open(f"sqlite:///{tmp_path}/relayer.db"), lanes)
    served: list[int] = []
    given = deliverer(book, Destination())
    monkeypatch.setattr(LaneBook, "has_candidates", lambda *_: True)

    async def prepare(lane: LaneBook, *, room: int, now: int) -> list[Prepared]:
        assert room == 1
        assert now
        if lane.id.source == 3:
            raise outage("chain 3")
        served.append(lane.id.source)
        return []

    monkeypatch.setattr(given, "prepare", prepare)
    await given.step(now=1)
    assert sorted(served) == [4, 5]
    assert [lane.source for lane in given.problems] == [3]
    served.clear()
    await given.step(now=1 + REST_SECONDS - 1)
    await given.step(now=1 + REST_SECONDS - 1)
    assert served[0] != served[2], "the lane that comes first is another each time"
    await book.store.close()


async def waiting(n: int, folder: Path) -> Book:
    book = await book_of(n, folder)
    logs = [settled(0, n, Kind.DELIVERED, 16), *(settled(i, 1, Kind.WAITS, 16, i + 1) for i in range(n))]
    await book.absorb(scan_of(16, logs), now=100)
    return book


async def test_retry__more_waiting_credits_than_a_step_asks__gives_each_its_turn(tmp_path: Path) -> None:
    n = 2 * RETRIES + 1
    book = await waiting(n, tmp_path)
    hub = Hub(makes_credits=False)
    given = deliverer(book, hub)
    for _ in range(3):
        await given.step(now=200)
    assert len(set(hub.asked)) == len(hub.asked) == n
    assert {one.transfer.stage for one in lane_of(book).pending.values()} == {Stage.WAITING}
    await book.store.close()


async def test_retry__one_under_way__is_not_sent_again(tmp_path: Path) -> None:
    book = await waiting(1, tmp_path)
    hub = Hub(makes_credits=True)
    given = deliverer(book, hub)
    await given.step(now=200)
    await given.step(now=10_000)
    async with book.store.read() as connection:
        [row] = await queries.live(connection, DESTINATION)
    assert (row.purpose, row.first, len(hub.asked)) == (Purpose.RETRY.value, 0, 1)
    await book.store.close()
