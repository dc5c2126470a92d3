"""The book against a model of two chains: crashes, lag, missing logs and reorganisations at any point.

After every reading, what the book holds in memory, and what a new one loads from the store, is what
the chains say: no message lost or doubled, no fee counted that was not earned.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from bridge.contracts.messaging import Sent
from bridge.keccak import keccak256
from bridge.merkle import Tree
from bridge.messages import Item, Lane, Parcel, leaf
from bridge.rpc import Block, Log
from bridge.types import Account, Address, BlockNumber, ChainId, Hash32, LeafIndex, Wad
from relayer import queries
from relayer.book import Book
from relayer.errors import LogsIncomplete
from relayer.lanes import LaneBook
from relayer.settle import Kind, Settled
from relayer.store import Store
from relayer.transfer import Stage
from relayer.watcher import Scan

SOURCE, DESTINATION = ChainId(1), ChainId(2)
LANE = Lane(source=SOURCE, outbox=Address(b"\x0b" * 20), destination=DESTINATION)
FEE = 5
NOW = 100


@dataclass(slots=True)
class ModelBlock:
    block: Block
    items: list[bytes] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="causeway-book-")
        self.url = f"sqlite:///{Path(self.folder.name)}/relayer.db"
        self.made = 0
        self.chains: dict[ChainId, list[ModelBlock]] = {SOURCE: [], DESTINATION: []}
        self.store = self.runner.run(Store.open(self.url))
        self.book = Book(self.store, [LANE])

    def teardown(self) -> None:
        self.check()
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    # --- what chains do ---

    @rule(n=st.integers(0, 4))
    def send(self, n: int) -> None:
        block = self._mine(SOURCE)
        for _ in range(n):
            self.made += 1
            body = Parcel(account=Account(owner=Address(b"\x11" * 20)), cash=Wad(self.made), fee=Wad(FEE)).encode()
            item = Item(sender=Address(b"\x22" * 20), recipient=Address(b"\x33" * 20), body=body)
            block.items.append(item.encode())

    @rule(data=st.data(), ours=st.booleans(), refused=st.sampled_from([False, False, True]))
    def settle(self, data: st.DataObject, ours: bool, refused: bool) -> None:
        count = sum(len(one.items) for one in self.chains[SOURCE])
        if count == 0:
            return
        first = data.draw(st.integers(0, count - 1))
        n = 1 if refused else data.draw(st.integers(1, count - first))
        if not (refused and first in self._delivered()):
            self.deliver(first=first, n=n, ours=ours, refused=refused)

    def deliver(self, *, first: int, n: int, ours: bool, refused: bool = False) -> None:
        block = self._mine(DESTINATION)
        block.settled.append(
            Settled(
                source=SOURCE,
                first=first,
                n=n,
                kind=Kind.REFUSED if refused else Kind.DELIVERED,
                ours=ours and not refused,
                detail=b"",
                block_number=block.block.number,
                block_hash=block.block.hash,
                tx_hash=Hash32(block.block.hash),
                log_index=0,
                part=0,
            )
        )

    @precondition(lambda self: self._logs(Kind.DELIVERED))
    @rule(depth=st.integers(1, 4))
    def reorganise_destination(self, depth: int) -> None:
        self._reorganise(DESTINATION, depth)

    @rule(depth=st.integers(1, 4))
    def reorganise_source(self, depth: int) -> None:
        """Drop blocks of which nothing was delivered: others are final, or nothing would be."""
        chain = self.chains[SOURCE]
        reached = max((s.first + s.n for b in self.chains[DESTINATION] for s in b.settled), default=0)
        kept, count = 0, 0
        for one in chain:
            if count >= reached:
                break
            count += len(one.items)
            kept += 1
        if len(chain) - max(kept, len(chain) - depth) > 0:
            self._reorganise(SOURCE, len(chain) - max(kept, len(chain) - depth))

    def _reorganise(self, chain: ChainId, depth: int) -> None:
        depth = min(depth, len(self.chains[chain]))
        del self.chains[chain][len(self.chains[chain]) - depth :]
        for _ in range(depth + 1):
            self._mine(chain)

    def _mine(self, chain: ChainId) -> ModelBlock:
        self.made += 1
        blocks = self.chains[chain]
        parent = blocks[-1].block.hash if blocks else Hash32(bytes(32))
        block = Block(
            number=BlockNumber(len(blocks)),
            hash=Hash32(keccak256(self.made.to_bytes(8, "big") + parent)),
            parent_hash=parent,
            state_root=Hash32(bytes(32)),
            timestamp=self.made,
            base_fee=0,
        )
        blocks.append(ModelBlock(block))
        return blocks[-1]

    # --- what the relayer does ---

    @rule(chain=st.sampled_from([SOURCE, DESTINATION]), lag=st.integers(0, 2))
    def read(self, chain: ChainId, lag: int) -> None:
        self._step(self.book, chain, lag)

    @rule()
    def crash(self) -> None:
        self.runner.run(self.store.close())
        self.store = self.runner.run(Store.open(self.url))
        self.book = Book(self.store, [LANE])
        self.runner.run(self.book.load())

    @precondition(lambda self: self._unread_items())
    @rule(data=st.data())
    def read_with_a_log_missing(self, data: st.DataObject) -> None:
        scan = self._scan(self.book, SOURCE, 0)
        events = list(scan.sent[DESTINATION])
        del events[data.draw(st.integers(0, len(events) - 1))]
        before = self._seen(self.book)
        with pytest.raises(LogsIncomplete):
            self.runner.run(self.book.absorb(replace(scan, sent={DESTINATION: events}), now=NOW))
        assert self._seen(self.book) == before

    @rule(data=st.data())
    def fail_while_storing(self, data: st.DataObject) -> None:
        """End the store's transaction with an error: nothing of the scan may be left."""
        chain = data.draw(st.sampled_from([SOURCE, DESTINATION]))
        if not self._in_step(chain):
            return
        scan = self._scan(self.book, chain, 0)
        before = self._seen(self.book)
        broken = queries.add_checkpoint

        async def fail(*_: object) -> None:
            raise ZeroDivisionError

        queries.add_checkpoint = fail  # type: ignore[assignment]
        try:
            self.runner.run(self.book.absorb(scan, now=NOW))
        except ZeroDivisionError:
            assert self._seen(self.book) == before
        finally:
            queries.add_checkpoint = broken

    def _unread_items(self) -> bool:
        return self._in_step(SOURCE) and bool(self._scan(self.book, SOURCE, 0).sent[DESTINATION])

    def _in_step(self, chain: ChainId) -> bool:
        """Whether the cursor is canonical and something is above it."""
        cursor, blocks = self.book.cursors.get(chain), self.chains[chain]
        if cursor is None:
            return bool(blocks)
        is_known = cursor.number < len(blocks) and blocks[cursor.number].block.hash == cursor.hash
        return is_known and cursor.number < len(blocks) - 1

    def _step(self, book: Book, chain: ChainId, lag: int) -> None:
        blocks = self.chains[chain]
        cursor = book.cursors.get(chain)
        head = len(blocks) - 1 - lag
        if head < 0 or (cursor is not None and cursor.number >= head):
            return
        if cursor is not None and blocks[cursor.number].block.hash != cursor.hash:
            self.runner.run(self._rewind(book, chain, head))
        if (cursor := book.cursors.get(chain)) is None or cursor.number < head:
            self.runner.run(book.absorb(self._scan(book, chain, lag), now=NOW))

    async def _rewind(self, book: Book, chain: ChainId, head: int) -> None:
        async with book.store.read() as connection:
            known = await book.checkpoints(connection, chain)
        hashes = {one.block.hash for one in self.chains[chain][: head + 1]}
        ancestor = next((ref.number for ref in known if ref.hash in hashes), -1)
        await book.rewind(chain, ancestor, now=NOW)

    def _scan(self, book: Book, chain: ChainId, lag: int) -> Scan:
        cursor = book.cursors.get(chain)
        blocks = self.chains[chain][: len(self.chains[chain]) - lag]
        fresh = blocks[cursor.number + 1 if cursor else 0 :]
        before = sum(len(one.items) for one in blocks) - sum(len(one.items) for one in fresh)
        sent: list[Sent] = []
        for one in fresh:
            for item in one.items:
                sent.append(_sent(one.block, before + len(sent), item))
        commitment = self._tree(blocks).commitment() if any(b.items for b in blocks) else bytes(32)
        return Scan(
            chain=chain,
            at=blocks[-1].block,
            sent={DESTINATION: sent} if chain == SOURCE else {},
            settled=[s for one in fresh for s in one.settled],
            proposed=[],
            commitments={DESTINATION: commitment} if chain == SOURCE else {},
            held={},
        )

    # --- what has to hold ---

    @rule()
    def check(self) -> None:
        """Bring the book level with the chains: it, and a copy from the store, say what they say."""
        for chain in (DESTINATION, SOURCE):
            self._step(self.book, chain, 0)
            self._step(self.book, chain, 0)
        if not all(self._is_level(self.book, chain) for chain in self.chains):
            return  # a fork that is not yet longer than what was read
        again = Book(self.store, [LANE])
        self.runner.run(again.load())
        expected = self._expected()
        assert self._seen(self.book) == expected
        assert self._seen(again) == expected
        assert self.runner.run(self._earned()) == self._fees()

    def _is_level(self, book: Book, chain: ChainId) -> bool:
        """Whether all blocks with rows are read; a copy may lag behind by empty ones."""
        cursor, blocks = book.cursors.get(chain), self.chains[chain]
        unread = blocks[cursor.number + 1 if cursor else 0 :]
        if cursor and (cursor.number >= len(blocks) or blocks[cursor.number].block.hash != cursor.hash):
            return False
        return not any(one.items or one.settled for one in unread)

    def _seen(self, book: Book) -> tuple[bytes, dict[int, Stage]]:
        lane: LaneBook = next(iter(book.lanes.values()))
        assert len(lane.heights) == lane.tree.count
        return lane.commitment, {i: m.transfer.stage for i, m in lane.pending.items()}

    def _expected(self) -> tuple[bytes, dict[int, Stage]]:
        tree = self._tree(self.chains[SOURCE])
        stages = dict.fromkeys(range(tree.count), Stage.SEEN)
        for index in range(tree.count):
            if index in self._delivered():
                del stages[index]
            elif index in self._refused():
                stages[index] = Stage.FAILED
        return tree.commitment() if tree.count else bytes(32), stages

    def _logs(self, kind: Kind) -> list[Settled]:
        return [s for one in self.chains[DESTINATION] for s in one.settled if s.kind is kind]

    def _delivered(self) -> set[int]:
        return {i for s in self._logs(Kind.DELIVERED) for i in range(s.first, s.first + s.n)}

    def _refused(self) -> set[int]:
        return {s.first for s in self._logs(Kind.REFUSED)}

    def _fees(self) -> int:
        """Return what the first delivery of each message that is known to the source brings."""
        count = sum(len(one.items) for one in self.chains[SOURCE])
        done: set[int] = set()
        earned = 0
        for one in self._logs(Kind.DELIVERED):
            fresh = {i for i in range(one.first, one.first + one.n) if i not in done and i < count}
            done |= fresh
            earned += FEE * len(fresh) * one.ours
        return earned

    async def _earned(self) -> int:
        async with self.store.read() as connection:
            return sum((await queries.earned(connection)).values())

    @staticmethod
    def _tree(blocks: list[ModelBlock]) -> Tree:
        tree = Tree()
        items = [item for one in blocks for item in one.items]
        tree.append_many(leaf(lane=LANE, index=LeafIndex(i), item=item) for i, item in enumerate(items))
        return tree


def _sent(block: Block, index: int, item: bytes) -> Sent:
    log = Log(
        address=LANE.outbox,
        topics=(),
        data=b"",
        block=block.ref,
        tx_hash=Hash32(block.hash),
        index=index,
    )
    return Sent(log=log, destination=DESTINATION, index=LeafIndex(index), item=item)


def test_book__our_delivery_undone_and_made_by_another__earns_nothing() -> None:
    machine = Machine()
    try:
        machine.send(n=3)
        machine.check()
        machine.deliver(first=0, n=2, ours=True)
        machine.check()
        machine.reorganise_destination(depth=1)
        machine.check()
        machine.deliver(first=0, n=3, ours=False)
    finally:
        machine.teardown()


def test_book__source_read_anew_after_our_delivery__counts_the_fee_once() -> None:
    machine = Machine()
    try:
        machine.send(n=1)
        machine.deliver(first=0, n=1, ours=True)
        machine.send(n=0)
        machine.check()
        machine.reorganise_source(depth=1)
    finally:
        machine.teardown()


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]
# Each example opens stores on disk, so that the short run has few.
Machine.TestCase.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=CHECKS
)
TestBook = Machine.TestCase


@pytest.mark.long
def test_book__long_adversarial_schedule__says_what_the_chains_say() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=CHECKS),
    )
