"""Building one block: which of the offered transactions it holds, what they did, and the header that commits to it.

It takes everything it needs as values; it neither keeps the chain nor chooses the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

from bridge.devnet import codec
from bridge.devnet.model import (
    Address,
    Block,
    BlockEnv,
    BlockExecution,
    Engine,
    Hash,
    Header,
    Log,
    Outcome,
    Receipt,
    Transaction,
)
from bridge.devnet.spec import ChainSpec
from bridge.keccak import keccak256

ELASTICITY, MAX_CHANGE = 2, 8  # EIP-1559
_MIN_TRANSACTION_GAS = 21_000


class _Call(Protocol):
    @property
    def to(self) -> Address: ...
    @property
    def data(self) -> bytes: ...


Offered: TypeAlias = Iterable[tuple[Transaction, Callable[[], None]]]


def genesis(spec: ChainSpec, state_root: Hash, timestamp: int) -> Block:
    """Return block 0 over a state."""
    header = Header(
        parent_hash=codec.ZERO_HASH,
        coinbase=bytes(20),
        state_root=state_root,
        transactions_root=codec.EMPTY_TRIE_ROOT,
        receipts_root=codec.EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=0,
        gas_limit=spec.gas_limit,
        gas_used=0,
        timestamp=timestamp,
        extra_data=spec.chain_id.to_bytes(8, "big"),
        prev_randao=codec.ZERO_HASH,
        base_fee=spec.base_fee,
    )
    return _seal(header, (), ())


def next_base_fee(parent: Header) -> int:
    """Return the base fee after a block, in wei a gas (EIP-1559)."""
    target = parent.gas_limit // ELASTICITY
    if parent.gas_used == target:
        return parent.base_fee
    change = parent.base_fee * abs(parent.gas_used - target) // target // MAX_CHANGE
    return parent.base_fee + max(change, 1) if parent.gas_used > target else parent.base_fee - change


def randao(seed: int, forks: int, parent: Hash) -> Hash:
    """Return a block's randomness; it changes with every reorg, so that a replaced block never has its hash again."""
    return keccak256(seed.to_bytes(32, "big", signed=True) + forks.to_bytes(8, "big") + parent)


def build(
    engine: Engine, root: Hash, env: BlockEnv, offered: Offered, calls: Iterable[_Call]
) -> tuple[Block, tuple[Transaction, ...]]:
    """Execute system calls and as many offered transactions as fit; return the block and what can never run.

    A transaction that does not fit, or cannot pay now, stays out with those that follow it from its sender.
    """
    execution = engine.begin(root, env)
    for call in calls:
        execution.system_call(call.to, call.data)
    filling = _Filling(execution, env)
    refused = tuple(filling.take(offered))
    state_root = execution.finish()
    return filling.seal(state_root), refused


class _Filling:
    """A block while transactions are added to it."""

    def __init__(self, execution: BlockExecution, env: BlockEnv) -> None:
        self._execution, self._env = execution, env
        self._transactions: list[Transaction] = []
        self._receipts: list[Receipt] = []
        self._gas_used = self._log_count = self._bloom = 0

    def take(self, offered: Offered) -> Iterator[Transaction]:
        """Run what fits; yield what has to leave the pool."""
        for transaction, leave_out_later_ones in offered:
            if self._env.gas_limit - self._gas_used < _MIN_TRANSACTION_GAS:
                return
            if self._gas_used + transaction.gas > self._env.gas_limit:
                leave_out_later_ones()
            elif not self._is_payable(transaction):
                leave_out_later_ones()
                yield transaction
            else:
                self._include(transaction, self._execution.apply(transaction))

    def _is_payable(self, transaction: Transaction) -> bool:
        cost = transaction.gas * transaction.max_fee + transaction.value
        has_turn = self._execution.nonce(transaction.sender) == transaction.nonce
        return (
            has_turn
            and self._execution.balance(transaction.sender) >= cost
            and not self._execution.has_foreign_code(transaction.sender)
        )

    def _include(self, transaction: Transaction, outcome: Outcome) -> None:
        self._gas_used += outcome.gas_used
        logs = tuple(
            Log(address=entry.address, topics=entry.topics, data=entry.data, index=self._log_count + index)
            for index, entry in enumerate(outcome.logs)
        )
        self._log_count += len(logs)
        bloom = codec.bloom(logs)
        self._bloom |= bloom
        self._transactions.append(transaction)
        self._receipts.append(
            Receipt(
                succeeded=outcome.error is None,
                gas_used=outcome.gas_used,
                cumulative_gas_used=self._gas_used,
                gas_price=transaction.price(self._env.base_fee),
                logs=logs,
                logs_bloom=bloom,
                contract_address=outcome.contract_address,
            )
        )

    def seal(self, state_root: Hash) -> Block:
        """Return the finished block."""
        env = self._env
        encoded = [
            codec.receipt_rlp(item.kind, receipt)
            for item, receipt in zip(self._transactions, self._receipts, strict=True)
        ]
        header = Header(
            parent_hash=env.parent_hash,
            coinbase=env.coinbase,
            state_root=state_root,
            transactions_root=codec.ordered_root([transaction.raw for transaction in self._transactions]),
            receipts_root=codec.ordered_root(encoded),
            logs_bloom=self._bloom.to_bytes(256, "big"),
            number=env.number,
            gas_limit=env.gas_limit,
            gas_used=self._gas_used,
            timestamp=env.timestamp,
            extra_data=b"",
            prev_randao=env.prev_randao,
            base_fee=env.base_fee,
        )
        return _seal(header, tuple(self._transactions), tuple(self._receipts))


def _seal(header: Header, transactions: tuple[Transaction, ...], receipts: tuple[Receipt, ...]) -> Block:
    encoded = codec.header_rlp(header)
    size = codec.block_size(encoded, [item.raw for item in transactions])
    return Block(hash=keccak256(encoded), header=header, transactions=transactions, receipts=receipts, size=size)
