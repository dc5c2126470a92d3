"""A chain: blocks on one another, what is known by hash, and the operations that add or take blocks away.

It is synchronous and knows no sockets. When to mine is `miner`'s; how to execute is the engine's; what waits is the
pool's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.devnet import builder, system
from bridge.devnet.clock import Clock
from bridge.devnet.errors import InvalidParamsError, LimitExceededError, TransactionRejectedError
from bridge.devnet.mempool import Mempool
from bridge.devnet.model import Account, AccountChange, Address, Block, BlockEnv, Engine, Hash, Transaction
from bridge.devnet.spec import ChainSpec

MAX_SNAPSHOTS = 1_024
ANCESTOR_HASHES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that `Chain.revert` brings back; states need no copy, their nodes are content addressed."""

    height: int
    head: Hash
    state_root: Hash
    time_offset: int
    next_timestamp: int | None
    waiting: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCall:
    """A call from the system address at the start of a block."""

    to: Address
    data: bytes


class Listener(Protocol):
    """Who wants to know of blocks that join or leave the chain."""

    def __call__(self, block: Block, *, is_added: bool) -> None:
        """Take note of a block."""


class Chain:
    """Blocks from genesis to the head, the pool beside them, and the state that the next block starts from.

    That state is the head's own, unless a development method edited it since: the edit is then part of the next
    block's state root.
    """

    def __init__(self, spec: ChainSpec, engine: Engine, clock: Clock) -> None:
        self.spec, self.engine, self.clock = spec, engine, clock
        self.pool = Mempool()
        self.blocks: list[Block] = []
        self._numbers: dict[Hash, int] = {}
        self._places: dict[Hash, tuple[int, int]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._next_snapshot = 1
        self._forks = 0
        self._listeners: list[Listener] = []
        self.next_base_fee: int | None = None
        accounts = {
            address: AccountChange(balance=item.balance, nonce=item.nonce, code=item.code or None, slots=item.storage)
            for address, item in (system.predeploys() | spec.genesis()).items()
        }
        self.state_root = engine.genesis(accounts)
        genesis_time = clock.now() if spec.timestamp is None else spec.timestamp
        self._append(builder.genesis(spec, self.state_root, genesis_time))

    @property
    def head(self) -> Block:
        """Return the newest block."""
        return self.blocks[-1]

    def listen(self, listener: Listener) -> None:
        """Call this with every block that joins (True) or leaves (False) the chain, in order."""
        self._listeners.append(listener)

    def by_number(self, number: int) -> Block | None:
        """Return the block at a height, or None beyond the head."""
        return self.blocks[number] if 0 <= number < len(self.blocks) else None

    def by_hash(self, block_hash: Hash) -> Block | None:
        """Return a block of this chain, or None: blocks that a reorg took away are not found."""
        number = self._numbers.get(block_hash)
        return None if number is None else self.blocks[number]

    def place(self, transaction_hash: Hash) -> tuple[Block, int] | None:
        """Return the block that holds a transaction and its index there, or None."""
        place = self._places.get(transaction_hash)
        return None if place is None else (self.blocks[place[0]], place[1])

    def root_of(self, block: Block) -> Hash:
        """Return the state to read at a block: its own, or at the head the one that the next block starts from."""
        return self.state_root if block is self.blocks[-1] else block.header.state_root

    def account(self, address: Address) -> Account | None:
        """Return an account as the next block will find it."""
        return self.engine.account(self.state_root, address)

    def nonce(self, address: Address) -> int:
        """Return an account's nonce as the next block will find it; an account that does not exist has sent nothing."""
        account = self.account(address)
        return 0 if account is None else account.nonce

    def base_fee(self) -> int:
        """Return the next block's base fee in wei a gas."""
        return builder.next_base_fee(self.head.header) if self.next_base_fee is None else self.next_base_fee

    def env_after(self, parent: Block, *, timestamp: int | None = None) -> BlockEnv:
        """Return the surroundings of a block on that parent."""
        header = parent.header
        return BlockEnv(
            chain_id=self.spec.chain_id,
            number=header.number + 1,
            timestamp=self.clock.block_time(header.timestamp)
            if timestamp is None
            else max(timestamp, header.timestamp + 1),
            coinbase=self.spec.coinbase,
            gas_limit=self.spec.gas_limit,
            base_fee=self.base_fee() if parent is self.head else builder.next_base_fee(header),
            prev_randao=builder.randao(self.spec.seed, self._forks, parent.hash),
            parent_hash=parent.hash,
            ancestors=lambda: self._ancestors(header.number),
        )

    def env_of(self, block: Block) -> BlockEnv:
        """Return the surroundings in which a call at a block runs: the block's own."""
        header = block.header
        return BlockEnv(
            chain_id=self.spec.chain_id,
            number=header.number,
            timestamp=header.timestamp,
            coinbase=header.coinbase,
            gas_limit=header.gas_limit,
            base_fee=header.base_fee,
            prev_randao=header.prev_randao,
            parent_hash=header.parent_hash,
            ancestors=lambda: self._ancestors(header.number - 1),
        )

    def submit(self, transaction: Transaction) -> None:
        """Offer a transaction to the pool.

        Raises `TransactionRejectedError` if it could never be mined as things stand: spent nonce, no funds, over
        the gas limit.
        """
        if transaction.hash in self._places:
            raise TransactionRejectedError("already known")
        if transaction.gas > self.spec.gas_limit:
            raise TransactionRejectedError(f"exceeds block gas limit: {transaction.gas}, limit {self.spec.gas_limit}")
        account = self.account(transaction.sender)
        balance = 0 if account is None else account.balance
        cost = transaction.gas * transaction.max_fee + transaction.value
        nonce = 0 if account is None else account.nonce
        if transaction.nonce >= nonce and balance < cost:
            raise TransactionRejectedError(f"insufficient funds for gas * price + value: have {balance} want {cost}")
        self.pool.add(transaction, nonce)

    def has_ready(self) -> bool:
        """Return whether a block mined now would hold a transaction from the pool."""
        return len(self.pool) > 0 and next(self.pool.ready(self.nonce, self.base_fee()), None) is not None

    def mine(self, calls: tuple[SystemCall, ...] = (), *, timestamp: int | None = None) -> Block:
        """Build the next block from the pool and append it."""
        env = self.env_after(self.head, timestamp=timestamp)
        block, refused = builder.build(
            self.engine, self.state_root, env, self.pool.ready(self.nonce, env.base_fee), calls
        )
        for transaction in refused:
            self.pool.drop(transaction.hash)
        self.clock.consumed(env.timestamp)
        self.next_base_fee = None
        self._append(block)
        self.pool.mined(block.transactions)
        return block

    def pending(self) -> Block:
        """Return the block that mining now would make, without making it."""
        env = self.env_after(self.head)
        block, _ = builder.build(self.engine, self.state_root, env, self.pool.ready(self.nonce, env.base_fee), ())
        return block

    def edit(self, changes: Mapping[Address, AccountChange]) -> None:
        """Change accounts by decree; the next block's state root contains the change."""
        self.state_root = self.engine.change(self.state_root, changes)

    def truncate(self, height: int) -> tuple[Block, ...]:
        """Take away every block above a height and return them, oldest first; their transactions are not kept."""
        if not 0 <= height < len(self.blocks):
            raise InvalidParamsError(f"height {height} is not on this chain: 0 to {self.head.number}")
        removed = tuple(self.blocks[height + 1 :])
        for block in reversed(removed):
            del self._numbers[block.hash]
            for transaction in block.transactions:
                del self._places[transaction.hash]
            for listener in self._listeners:
                listener(block, is_added=False)
            self.blocks.pop()
        self.state_root = self.head.header.state_root
        self.pool.version += 1
        self._forks += 1
        return removed

    def snapshot(self) -> int:
        """Remember where the chain is and return a number to come back with."""
        if len(self._snapshots) >= MAX_SNAPSHOTS:
            raise LimitExceededError(f"{MAX_SNAPSHOTS} snapshots are held; revert to an older one first")
        number = self._next_snapshot
        self._next_snapshot += 1
        self._snapshots[number] = Snapshot(
            height=self.head.number,
            head=self.head.hash,
            state_root=self.state_root,
            time_offset=self.clock.offset,
            next_timestamp=self.clock.next_timestamp,
            waiting=self.pool.all(),
        )
        return number

    def revert(self, number: int) -> bool:
        """Go back to a snapshot, which uses it and all later ones up; return whether that was possible.

        A snapshot whose block a reorg has taken away cannot be gone back to.
        """
        snapshot = self._snapshots.get(number)
        self._snapshots = (
            {key: value for key, value in self._snapshots.items() if key < number} if snapshot else self._snapshots
        )
        block = None if snapshot is None else self.by_number(snapshot.height)
        if snapshot is None or block is None or block.hash != snapshot.head:
            return False
        self.truncate(snapshot.height)
        self.state_root = snapshot.state_root
        self.clock.offset, self.clock.next_timestamp = snapshot.time_offset, snapshot.next_timestamp
        self.pool.restore(snapshot.waiting)
        return True

    def reorg(
        self,
        depth: int,
        raw: tuple[tuple[Transaction, int], ...] = (),
        *,
        keep: bool = False,
        blocks: int | None = None,
    ) -> None:
        """Replace the newest `depth` blocks by `blocks` others (as many, unless told), at the same timestamps.

        `raw` places transactions in the new blocks by offset; `keep` gives the replaced blocks' transactions back
        to the pool, where the new blocks do not take them: they come back when the chain mines on.
        """
        if not 0 < depth < len(self.blocks):
            raise InvalidParamsError(f"reorg depth {depth}; the chain allows 1 to {self.head.number}")
        waiting = self.pool.all()
        removed = self.truncate(self.head.number - depth)
        self.pool.restore(())
        for offset in range(depth if blocks is None else blocks):
            for transaction, _ in (pair for pair in raw if pair[1] == offset):
                with contextlib.suppress(LimitExceededError):
                    self.submit(transaction)
            self.mine(timestamp=removed[offset].header.timestamp if offset < depth else None)
        revived = (transaction for block in removed for transaction in block.transactions) if keep else ()
        for transaction in (*revived, *waiting):
            if transaction.hash not in self._places:
                self.pool.put_back(transaction)

    def _append(self, block: Block) -> None:
        self.blocks.append(block)
        self._numbers[block.hash] = block.number
        for index, transaction in enumerate(block.transactions):
            self._places[transaction.hash] = (block.number, index)
        self.state_root = block.header.state_root
        for listener in self._listeners:
            listener(block, is_added=True)

    def _ancestors(self, newest: int) -> Iterator[Hash]:
        for number in range(newest, max(newest - ANCESTOR_HASHES, -1), -1):
            yield self.blocks[number].hash
