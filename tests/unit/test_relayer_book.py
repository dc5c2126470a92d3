"""A book and logs that an endpoint left out: what comes late counts as if it had come in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bridge.types import QUOTE
from relayer import queries
from relayer.book import Book
from relayer.settle import Kind
from relayer.transfer import Stage
from tests.support.lane_store import DESTINATION, FEE, book_of, lane_of, scan_of, settled


async def earned(book: Book) -> int:
    async with book.store.read() as connection:
        return (await queries.earned(connection)).get((DESTINATION, QUOTE), 0)


async def stored(book: Book) -> list[Any]:
    async with book.store.read() as connection:
        return [*await connection.execute(queries.message.select())]


async def test_settle_missing__credit_waits_after_all__takes_the_fee_back_and_retries(tmp_path: Path) -> None:
    book = await book_of(1, tmp_path)
    delivered = settled(0, 1, Kind.DELIVERED, 16)
    waits = settled(0, 1, Kind.WAITS, 16, log_index=1)
    await book.absorb(scan_of(16, [delivered]), now=100)
    assert await earned(book) == FEE
    assert await book.settle_missing(scan_of(16, [delivered, waits]), now=200) == 1
    assert (await earned(book), [row.stage for row in await stored(book)]) == (0, [Stage.WAITING.value])
    assert lane_of(book).due(10_000) == [0]
    made = settled(0, 1, Kind.CREDITED, 17)
    await book.absorb(scan_of(17, [made]), now=300)
    assert (await earned(book), lane_of(book).pending) == (FEE, {})
    await book.store.close()


async def test_settle_missing__delivered_and_waits_at_once__waits_in_the_end(tmp_path: Path) -> None:
    book = await book_of(1, tmp_path)
    await book.absorb(scan_of(16), now=100)
    logs = [settled(0, 1, Kind.DELIVERED, 16), settled(0, 1, Kind.WAITS, 16, log_index=1)]
    await book.settle_by_state(lane_of(book), logs, now=200)
    assert (await earned(book), lane_of(book).pending[0].transfer.stage) == (0, Stage.WAITING)
    assert await book.settle_missing(scan_of(16, logs), now=300) == 0
    await book.store.close()
