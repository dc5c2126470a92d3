"""A submitter and blocks that come and go: nothing is closed by a block that nobody has read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bridge.types import Address, Hash32
from relayer import queries
from relayer.book import Book
from relayer.decisions import Decision, Purpose, Status
from relayer.policy import FeePlan
from relayer.submitter import Submitter
from relayer.transfer import Stage
from tests.support.lane_store import DESTINATION, KEY, SOURCE, Destination, book_of, lane_of, receipt, scan_of
from tests.unit.test_relayer_deliver import deliverer

INBOX = Address(b"\x05" * 20)


def submitter(book: Book, rpc: Any) -> Submitter:  # noqa: ANN401  # a chain that answers from fields
    return Submitter(chain=DESTINATION, rpc=rpc, signer=KEY, book=book, fees=FeePlan())


def delivery() -> Decision:
    return Decision(
        purpose=Purpose.DELIVER, dedupe="deliver", to=INBOX, data=b"x", gas=100_000, source=SOURCE, first=0, n=1
    )


async def rows(book: Book) -> list[Any]:
    async with book.store.read() as connection:
        return [*await connection.execute(queries.outgoing.select())]


async def only_hash(book: Book) -> Hash32:
    async with book.store.read() as connection:
        [bid] = [*await connection.execute(queries.attempt.select())]
    return Hash32(bid.hash)


async def sent(book: Book, chain: Destination) -> Submitter:
    """Return a submitter that has sent one delivery, with the reader at block 16."""
    await book.absorb(scan_of(16), now=100)
    given = submitter(book, chain)
    await given.decide([delivery()], now=100)
    await given.push(now=100)
    return given


async def test_follow__mined_in_a_block_not_read_yet__keeps_the_row_until_it_is(tmp_path: Path) -> None:
    book, chain = await book_of(1, tmp_path), Destination()
    given = await sent(book, chain)
    tx_hash = await only_hash(book)
    chain.mined[tx_hash] = receipt(tx_hash, 17, fork=1)
    chain.used = 1
    assert await given.follow(now=101) == 1
    await book.absorb(scan_of(17), now=102)  # another block 17: the receipt's is not on this chain
    assert await given.follow(now=102) == 1
    chain.mined[tx_hash] = receipt(tx_hash, 17)
    assert await given.follow(now=103) == 0
    assert [row.status for row in await rows(book)] == [Status.MINED.value]
    await book.store.close()


async def test_recover__sent_by_a_transaction_that_is_not_under_way__is_planned_again(tmp_path: Path) -> None:
    book, chain = await book_of(1, tmp_path), Inbox()
    given = await sent(book, chain)
    assert await deliverer(book, chain).recover(now=200) == 0
    async with book.store.begin() as connection:
        await queries.set_outgoing(connection, 1, status=Status.MINED.value, block_number=17)
    assert await deliverer(book, chain).recover(now=200) == 1
    assert lane_of(book).pending[0].transfer.stage is Stage.SEEN
    assert given.spent == 0
    await book.store.close()


class Inbox(Destination):
    """An Inbox that has taken nothing."""

    async def calls(self, asked: list[Any], at: Any) -> list[bytes]:  # noqa: ANN401
        del at
        return [bytes(32) for _ in asked]
