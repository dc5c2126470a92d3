"""The things a chain is made of, and the small interface behind which an EVM executes them.

Pure data: how they are encoded is `codec`'s, how they come to be is `chain`'s, how a client sees them is `render`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Address: TypeAlias = bytes
Hash: TypeAlias = bytes
AncestorHashes: TypeAlias = Callable[[], Iterator[Hash]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """One EIP-7702 authorization, as signed."""

    chain_id: int
    address: Address
    nonce: int
    y_parity: int
    r: int
    s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A signed transaction, decoded, with its sender recovered; fees in wei a gas.

    A legacy or access-list transaction has `gas_price`, and `max_fee` and `max_priority_fee` equal it. `to` None
    creates a contract.
    `v` is what a client sees: parity for typed transactions, EIP-155's number for legacy ones.
    """

    hash: Hash
    raw: bytes
    kind: int
    chain_id: int | None
    nonce: int
    max_fee: int
    max_priority_fee: int
    gas_price: int | None
    gas: int
    to: Address | None
    value: int
    data: bytes
    access_list: tuple[tuple[Address, tuple[int, ...]], ...]
    authorizations: tuple[Authorization, ...]
    y_parity: int
    v: int
    r: int
    s: int
    sender: Address
    intrinsic_gas: int
    floor_gas: int

    def tip(self, base_fee: int) -> int:
        """Return what the block's producer gets a gas at that base fee; negative if the transaction cannot pay it."""
        return min(self.max_priority_fee, self.max_fee - base_fee)

    def price(self, base_fee: int) -> int:
        """Return what the sender pays a gas at that base fee (EIP-1559)."""
        return min(self.max_fee, base_fee + self.max_priority_fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A Prague block header; `logs_bloom` is 256 bytes."""

    parent_hash: Hash
    coinbase: Address
    state_root: Hash
    transactions_root: Hash
    receipts_root: Hash
    logs_bloom: bytes
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    prev_randao: Hash
    base_fee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """An event as emitted; `index` counts over the block."""

    address: Address
    topics: tuple[Hash, ...]
    data: bytes
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a transaction did; gas in units, price in wei a gas."""

    succeeded: bool
    gas_used: int
    cumulative_gas_used: int
    gas_price: int
    logs: tuple[Log, ...]
    logs_bloom: int
    contract_address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block with its transactions and receipts; `size` in bytes of its encoding."""

    hash: Hash
    header: Header
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    size: int

    @property
    def number(self) -> int:
        """Return the block's height."""
        return self.header.number


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEnv:
    """What a contract can learn of the block it runs in; `ancestors` yields block hashes, the parent's first."""

    chain_id: int
    number: int
    timestamp: int
    coinbase: Address
    gas_limit: int
    base_fee: int
    prev_randao: Hash
    parent_hash: Hash
    ancestors: AncestorHashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as the state trie holds it; balance in wei."""

    nonce: int
    balance: int
    storage_root: Hash
    code_hash: Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """Values in the place of an account's own; None leaves a field alone, `storage` replaces all, `slots` a few."""

    balance: int | None = None
    nonce: int | None = None
    code: bytes | None = None
    storage: Mapping[int, int] | None = None
    slots: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A message to execute without a signature; `to` None creates a contract, `gas_price` in wei a gas."""

    sender: Address
    to: Address | None
    gas: int
    gas_price: int
    value: int
    data: bytes
    access_list: tuple[tuple[Address, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """An event of one execution, before it has a place in a block."""

    address: Address
    topics: tuple[Hash, ...]
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an execution did; `error` is None on success.

    `gas_used` is after refunds and EIP-7623's floor, `output` the return or revert data.
    """

    gas_used: int
    gas_refund: int
    output: bytes
    logs: tuple[LogEntry, ...]
    error: str | None
    is_revert: bool
    contract_address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageProof:
    """A slot's value with the trie nodes that prove it, root first, hashed nodes only."""

    slot: int
    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProof:
    """An account with the trie nodes that prove it or its absence, root first, hashed nodes only."""

    account: Account
    nodes: tuple[bytes, ...]
    storage: tuple[StorageProof, ...]


class BlockExecution(Protocol):
    """A block being executed on top of a state."""

    def system_call(self, to: Address, data: bytes) -> Outcome:
        """Run a call from the system address, outside of gas accounting; its failure changes nothing."""

    def apply(self, transaction: Transaction) -> Outcome:
        """Run a transaction whose nonce, fee and funds the caller has checked against this very state."""

    def nonce(self, address: Address) -> int:
        """Return the account's nonce as it stands now, inside the block."""

    def balance(self, address: Address) -> int:
        """Return the account's balance as it stands now, inside the block."""

    def has_foreign_code(self, address: Address) -> bool:
        """Return whether the account is a contract that may not send (EIP-3607; delegated accounts may, EIP-7702)."""

    def finish(self) -> Hash:
        """Store the new state and return its root; the execution is over."""


class Engine(Protocol):
    """An EVM with its states; every state is named by its root and stays readable."""

    def genesis(self, accounts: Mapping[Address, AccountChange]) -> Hash:
        """Store a state that holds exactly these accounts and return its root."""

    def change(self, root: Hash, changes: Mapping[Address, AccountChange]) -> Hash:
        """Store a state that differs from another by these changes and return its root."""

    def begin(self, root: Hash, env: BlockEnv) -> BlockExecution:
        """Start a block on a state: the fork's own system writes are done, no transaction is."""

    def call(
        self, root: Hash, env: BlockEnv, call: Call, changes: Mapping[Address, AccountChange] | None = None
    ) -> Outcome:
        """Execute a message on a state and forget what it changed."""

    def account(self, root: Hash, address: Address) -> Account | None:
        """Return an account, or None where the trie holds none."""

    def code(self, code_hash: Hash) -> bytes:
        """Return the code with that hash."""

    def storage(self, root: Hash, address: Address, slot: int) -> int:
        """Return the value of a storage slot; an empty slot is zero by definition of the state."""

    def proof(self, root: Hash, address: Address, slots: Sequence[int]) -> AccountProof:
        """Return an account and slots of it with their Merkle-Patricia proofs."""
