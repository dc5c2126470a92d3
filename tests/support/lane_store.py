"""A store with one lane of messages, and a destination that answers from fields: for relayer tests without a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.contracts.messaging import Sent
from bridge.errors import SourceFailed
from bridge.keccak import keccak256
from bridge.merkle import Tree
from bridge.messages import Item, Lane, Parcel, leaf
from bridge.rpc import Block, BlockRef, Log, Receipt
from bridge.signer import LocalSigner
from bridge.types import Account, Address, BlockNumber, ChainId, Hash32, LeafIndex, Wad
from relayer.book import Book
from relayer.lanes import LaneBook, LaneId
from relayer.settle import Kind, Settled
from relayer.store import Store
from relayer.watcher import Scan

SOURCE, DESTINATION = ChainId(1), ChainId(2)
LANE = Lane(source=SOURCE, outbox=Address(b"\x0b" * 20), destination=DESTINATION)
KEY = LocalSigner(b"\x01" * 32)
FEE = 5


def block(number: int, fork: int = 0) -> Block:
    """Return a block of one of several histories."""
    return Block(
        number=BlockNumber(number),
        hash=_hash(number, fork),
        parent_hash=_hash(number - 1, fork),
        state_root=_hash(0, 7),
        timestamp=number,
        base_fee=10,
    )


async def book_of(n: int, folder: Path) -> Book:
    """Return a book whose lane has `n` messages, each with a fee, in block 1 of its source."""
    book = Book(await Store.open(f"sqlite:///{folder}/relayer.db"), [LANE])
    items = [_item(i) for i in range(n)]
    tree = Tree()
    tree.append_many([leaf(lane=LANE, index=LeafIndex(i), item=item) for i, item in enumerate(items)])
    scan = Scan(
        chain=SOURCE,
        at=block(1),
        sent={DESTINATION: [_sent(i, item) for i, item in enumerate(items)]},
        settled=[],
        proposed=[],
        commitments={DESTINATION: tree.commitment()},
        held={},
    )
    await book.absorb(scan, now=100)
    return book


def lane_of(book: Book) -> LaneBook:
    """Return the one lane."""
    return book.lanes[LaneId(source=SOURCE, destination=DESTINATION)]


def scan_of(number: int, settled: Sequence[Settled] = (), fork: int = 0) -> Scan:
    """Return what the destination says up to a block."""
    return Scan(
        chain=DESTINATION,
        at=block(number, fork),
        sent={},
        settled=settled,
        proposed=[],
        commitments={},
        held={},
    )


def settled(first: int, n: int, kind: Kind, at: int, log_index: int = 0) -> Settled:
    """Return a log of the destination; what it earns is ours."""
    return Settled(
        source=SOURCE,
        first=first,
        n=n,
        kind=kind,
        ours=True,
        detail=b"",
        block_number=at,
        block_hash=block(at).hash,
        tx_hash=_hash(at, 99),
        log_index=log_index,
        part=0,
    )


@dataclass(slots=True, kw_only=True)
class Destination:
    """One chain as the submitter sees it; its endpoints take nothing by themselves."""

    mined: dict[Hash32, Receipt] = field(default_factory=dict)
    used: int = 0
    funds: int = 10**18
    head_number: int = 10
    chain_id: ChainId = DESTINATION
    sources: tuple[object, ...] = ()

    async def head(self, tag: str = "latest") -> Block:
        """Return the newest block."""
        del tag
        return block(self.head_number)

    async def nonce(self, address: Address, tag: str = "pending") -> int:
        """Return how many transactions of the key are mined."""
        del address, tag
        return self.used

    async def balance(self, address: Address, at: BlockRef) -> int:
        """Return the key's balance."""
        del address, at
        return self.funds

    async def receipts(self, hashes: Sequence[Hash32]) -> list[Receipt | None]:
        """Return what was mined of the transactions."""
        return [self.mined.get(one) for one in hashes]


def receipt(tx_hash: Hash32, at: int, fork: int = 0, *, succeeded: bool = True) -> Receipt:
    """Return a transaction's receipt in a block."""
    return Receipt(
        tx_hash=tx_hash,
        block=block(at, fork).ref,
        succeeded=succeeded,
        gas_used=1,
        gas_price=1,
        contract=None,
        logs=(),
    )


def outage(name: str) -> SourceFailed:
    """Return the error of an endpoint that does not answer."""
    return SourceFailed(source=name, problem="no answer within 10 s")


def _hash(number: int, fork: int) -> Hash32:
    return Hash32(keccak256(b"%d of %d" % (number, fork)))


def _item(i: int) -> bytes:
    body = Parcel(account=Account(owner=Address(b"\x11" * 20)), cash=Wad(i + 1), fee=Wad(FEE)).encode()
    return Item(sender=Address(b"\x22" * 20), recipient=Address(b"\x33" * 20), body=body).encode()


def _sent(i: int, item: bytes) -> Sent:
    place = Log(address=LANE.outbox, topics=(), data=b"", block=block(1).ref, tx_hash=_hash(1, 98), index=i)
    return Sent(
        log=place,
        destination=DESTINATION,
        index=LeafIndex(i),
        item=item,
    )
