"""A submitter: nothing is closed by a block that nobody has read, and nothing that cannot be sent holds a nonce."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rlp

from bridge.errors import RequestRefused
from bridge.keccak import keccak256
from bridge.types import Address, Hash32
from relayer import queries
from relayer.book import Book
from relayer.decisions import Decision, Purpose, Status
from relayer.policy import FeePlan
from relayer.submitter import CANCEL_GAS, Submitter
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


class Node:
    """An endpoint that refuses whatever carries calldata or a value."""

    def __init__(self, chain: Guarded) -> None:
        self.chain = chain

    async def ask(self, requests: list[Any]) -> list[Any]:
        return [self.chain.take(bytes.fromhex(request.params[0][2:])) for request in requests]


class Guarded(Destination):
    """A chain that mines transfers of nought alone."""

    def take(self, raw: bytes) -> Hash32 | RequestRefused:
        fields = rlp.decode(raw[1:])
        if fields[7]:
            return RequestRefused(method="eth_sendRawTransaction", code=-32000, reason="exceeds block gas limit")
        tx_hash = Hash32(keccak256(raw))
        self.mined[tx_hash] = replace(receipt(tx_hash, 16), gas_used=CANCEL_GAS)
        self.used += 1
        return tx_hash


async def test_follow__no_endpoint_ever_takes_it__cancels_and_plans_its_messages_again(tmp_path: Path) -> None:
    book, chain = await book_of(1, tmp_path), Guarded()
    chain.sources = (Node(chain),)
    given = await sent(book, chain)
    now = 200
    while lane_of(book).pending[0].transfer.stage is Stage.SENT:
        now += 4_000
        assert now < 40_000
        await given.follow(now=now)
    [row] = await rows(book)
    assert (row.status, row.nonce, chain.used) == (Status.LOST.value, 0, 1)
    assert lane_of(book).pending[0].transfer.stage is Stage.SEEN
    assert await given.decide([delivery()], now=now) == 1, "it may be decided again"
    await book.store.close()


class Payer(Destination):
    """A chain on which bonds succeed if there is money for them."""

    async def outcomes(self, requests: list[Any]) -> list[bytes]:
        return [b"" for _ in requests]


async def test_push__bonds_beyond_the_balance__signs_those_that_are_covered(tmp_path: Path) -> None:
    book, chain = await book_of(1, tmp_path), Payer()
    bond = Decision(purpose=Purpose.PROPOSE, dedupe="one", to=INBOX, data=b"", gas=30_000, value=6 * 10**17)
    back = Decision(purpose=Purpose.WITHDRAW, dedupe="back", to=INBOX, data=b"", gas=30_000)
    given = submitter(book, chain)
    await given.decide([bond, replace(bond, dedupe="two"), back], now=100)
    assert await given.push(now=100) == 2
    found = {row.dedupe.split(":")[0]: (row.status, row.nonce) for row in await rows(book)}
    assert found == {"one": ("signed", 0), "two": ("lost", None), "back": ("signed", 1)}
    chain.funds = 2 * 10**18
    assert await given.decide([replace(bond, dedupe="two")], now=200) == 1
    assert await given.push(now=200) == 1
    await book.store.close()


@pytest.mark.parametrize("is_pruned", [False, True])
async def test_rewind__below_a_mined_transaction__sends_it_again_if_its_bytes_are_kept(
    tmp_path: Path,
    is_pruned: bool,
) -> None:
    book, chain = await book_of(1, tmp_path), Inbox()
    given = await sent(book, chain)
    tx_hash = await only_hash(book)
    await book.absorb(scan_of(17), now=101)
    chain.mined[tx_hash], chain.used = receipt(tx_hash, 17), 1
    await given.follow(now=102)
    if is_pruned:
        async with book.store.begin() as connection:
            await queries.prune_attempts(connection, DESTINATION, 10**9)
    await book.rewind(DESTINATION, 0, now=10**9)
    assert await submitter(book, chain).resume() == (0 if is_pruned else 1)
    assert await deliverer(book, chain).recover(now=10**9) == (1 if is_pruned else 0)
    await book.store.close()


async def test_queries__more_rows_than_a_statement_names__are_asked_for_in_parts(tmp_path: Path) -> None:
    book = await book_of(1, tmp_path)
    async with book.store.read() as connection:
        assert await queries.attempts(connection, range(40_000)) == {}
        assert await queries.data_of(connection, range(40_000)) == {}
    await book.store.close()
