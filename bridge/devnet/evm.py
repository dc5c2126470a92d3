"""The EVM behind a local chain: the one file that imports py-evm, so that another library can take its place.

It executes and stores states. Which transactions run, in which block and when, is `chain`'s. It uses py-evm's state
and computation classes under Prague's rules and none of its chain classes: those rebuild and re-validate on every
call what the chain already knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import rlp as rlp_library
from eth.exceptions import Revert, VMError
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.state import PragueState, PragueTransactionExecutor
from eth.vm.forks.prague.transactions import Authorization as EvmAuthorization
from eth.vm.message import Message

from bridge.devnet import system, tries
from bridge.devnet.codec import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, integer, rlp
from bridge.devnet.model import (
    Account,
    AccountChange,
    AccountProof,
    Address,
    BlockEnv,
    Call,
    Hash,
    LogEntry,
    Outcome,
    StorageProof,
    Transaction,
)
from bridge.devnet.state import State, Store, decoded_account
from bridge.devnet.transactions import init_code_gas, intrinsic_gas
from bridge.keccak import keccak256

# py-evm's own objects. Its types wrap bytes and integers in names that nothing outside of this file should have to
# know.
Evm: TypeAlias = Any

_EXECUTION_CONTEXT: Evm = ExecutionContext
_MESSAGE: Evm = Message
_DELEGATION_PREFIX = b"\xef\x01\x00"
_REFUND_QUOTIENT = 5  # EIP-3529
_SYSTEM_GAS = 30_000_000  # EIP-4788
_CREATE = b""


class _Executor(PragueTransactionExecutor):
    """The executor without its own validation: the pool and the block builder did it, and recovered the sender once."""

    def validate_transaction(self, transaction: Evm) -> None:
        """Accept: what is checked here was checked against this very state by the caller."""


class _State(PragueState):
    """A state on our own database, which leaves system contracts to genesis."""

    transaction_executor_class = _Executor
    account_db_class: Evm = State
    _account_db: Evm

    def snapshot(self) -> Evm:
        """Return a checkpoint of everything, transient storage too."""
        return self._account_db.record()

    def revert(self, snapshot: Evm) -> None:
        """Undo what was done since a checkpoint."""
        self._account_db.discard(snapshot)

    def commit(self, snapshot: Evm) -> None:
        """Keep what was done since a checkpoint."""
        self._account_db.commit(snapshot)

    def get_transient_storage(self, address: Address, slot: int) -> bytes:
        """Return a transient slot's value."""
        value: bytes = self._account_db.get_transient_storage(address, slot)
        return value

    def set_transient_storage(self, address: Address, slot: int, value: bytes) -> None:
        """Set a transient slot's value."""
        self._account_db.set_transient_storage(address, slot, value)

    def clear_transient_storage(self) -> None:
        """Empty all transient slots."""
        self._account_db.clear_transient_storage()

    def set_system_contracts(self) -> None:
        """Do nothing: py-evm's version reads both contracts on every construction and installs neither."""


class _EvmTransaction:
    """A transaction with the attribute names under which py-evm's executor reads it."""

    __slots__ = (
        "access_list",
        "authorization_list",
        "data",
        "gas",
        "intrinsic_gas",
        "max_fee_per_gas",
        "max_priority_fee_per_gas",
        "nonce",
        "sender",
        "to",
        "type_id",
        "value",
    )

    def __init__(self, transaction: Transaction) -> None:
        self.type_id = transaction.kind
        self.sender, self.nonce = transaction.sender, transaction.nonce
        # py-evm charges for init code when it runs it, not before.
        self.gas = transaction.gas
        self.intrinsic_gas = transaction.intrinsic_gas - _charged_later(transaction.to, transaction.data)
        self.max_fee_per_gas, self.max_priority_fee_per_gas = transaction.max_fee, transaction.max_priority_fee
        self.to = _CREATE if transaction.to is None else transaction.to
        self.value, self.data = transaction.value, transaction.data
        self.access_list = transaction.access_list
        self.authorization_list = [
            EvmAuthorization(item.chain_id, item.address, item.nonce, item.y_parity, item.r, item.s)
            for item in transaction.authorizations
        ]


class PyEvmBlock:
    """A block under execution on one py-evm state."""

    def __init__(self, state: Evm, env: BlockEnv) -> None:
        self._state = state
        # EIP-4788 and EIP-2935, written as py-evm's own preprocessing writes them. A devnet has no beacon chain:
        # the root is zero.
        ring = env.timestamp % system.BEACON_ROOTS_WINDOW
        state.set_storage(system.BEACON_ROOTS_ADDRESS, ring, env.timestamp)
        parent_slot = (env.number - 1) % system.HISTORY_WINDOW
        state.set_storage(system.HISTORY_ADDRESS, parent_slot, int.from_bytes(env.parent_hash, "big"))

    def system_call(self, to: Address, data: bytes) -> Outcome:
        """Run a call from the system address, outside of gas accounting; its failure changes nothing."""
        self._state.lock_changes()
        call = Call(sender=system.SYSTEM_ADDRESS, to=to, gas=_SYSTEM_GAS, gas_price=0, value=0, data=data)
        outcome = _run(self._state, call, _SYSTEM_GAS)
        self._state.clear_transient_storage()
        return outcome

    def apply(self, transaction: Transaction) -> Outcome:
        """Run a transaction whose nonce, fee and funds the caller has checked against this very state."""
        self._state.lock_changes()
        computation = self._state.apply_transaction(_EvmTransaction(transaction))
        contract = computation.msg.storage_address if transaction.to is None else None
        return _outcome(computation, transaction.gas, computation.data_floor_gas, contract)

    def nonce(self, address: Address) -> int:
        """Return the account's nonce as it stands now, inside the block."""
        return int(self._state.get_nonce(address))

    def balance(self, address: Address) -> int:
        """Return the account's balance as it stands now, inside the block."""
        return int(self._state.get_balance(address))

    def has_foreign_code(self, address: Address) -> bool:
        """Return whether the account is a contract that may not send (EIP-3607; delegated accounts may, EIP-7702)."""
        if self._state.get_code_hash(address) == EMPTY_CODE_HASH:
            return False
        return not self._state.get_code(address).startswith(_DELEGATION_PREFIX)

    def finish(self) -> Hash:
        """Store the new state and return its root; the execution is over."""
        root: Hash = self._state.persist()
        return root


class PyEvm:
    """States and their execution under Prague's rules, all in memory."""

    def __init__(self) -> None:
        self._store = Store()

    def genesis(self, accounts: Mapping[Address, AccountChange]) -> Hash:
        """Store a state that holds exactly these accounts and return its root."""
        return self.change(EMPTY_TRIE_ROOT, accounts)

    def change(self, root: Hash, changes: Mapping[Address, AccountChange]) -> Hash:
        """Store a state that differs from another by these changes and return its root."""
        state = self._open(root, _NO_BLOCK)
        _apply(state, changes)
        changed: Hash = state.persist()
        return changed

    def begin(self, root: Hash, env: BlockEnv) -> PyEvmBlock:
        """Start a block on a state: the fork's own system writes are done, no transaction is."""
        return PyEvmBlock(self._open(root, _context(env)), env)

    def call(
        self, root: Hash, env: BlockEnv, call: Call, changes: Mapping[Address, AccountChange] | None = None
    ) -> Outcome:
        """Execute a message on a state and forget what it changed.

        Like a node, it charges nothing: the sender needs the value it sends, but no gas money.
        """
        state = self._open(root, _context(env))
        if changes:
            _apply(state, changes)
            state.lock_changes()
        intrinsic, floor = intrinsic_gas(call.data, is_create=call.to is None, access_list=call.access_list)
        if call.gas < max(intrinsic, floor):
            return _refused(call.gas, f"intrinsic gas too low: have {call.gas}, want {max(intrinsic, floor)}")
        if state.get_balance(call.sender) < call.value:
            return _refused(0, "insufficient funds for gas * price + value")
        return _run(state, call, call.gas - intrinsic + _charged_later(call.to, call.data), floor)

    def account(self, root: Hash, address: Address) -> Account | None:
        """Return an account, or None where the trie holds none."""
        if root == EMPTY_TRIE_ROOT:
            return None
        return _account(self._store.tries.get(root, self._store.hashed(address)))

    def code(self, code_hash: Hash) -> bytes:
        """Return the code with that hash."""
        return b"" if code_hash == EMPTY_CODE_HASH else self._store.nodes[code_hash]

    def storage(self, root: Hash, address: Address, slot: int) -> int:
        """Return the value of a storage slot; an empty slot is zero by definition of the state."""
        account = self.account(root, address)
        return 0 if account is None else self._slot(account.storage_root, slot).value

    def proof(self, root: Hash, address: Address, slots: Sequence[int]) -> AccountProof:
        """Return an account and slots of it with their Merkle-Patricia proofs."""
        value, nodes = tries.lookup(self._store.nodes, root, address)
        account = _account(value) or Account(
            nonce=0, balance=0, storage_root=EMPTY_TRIE_ROOT, code_hash=EMPTY_CODE_HASH
        )
        return AccountProof(
            account=account, nodes=nodes, storage=tuple(self._slot(account.storage_root, slot) for slot in slots)
        )

    def _open(self, root: Hash, context: Evm) -> Evm:
        open_state: Evm = _State
        return open_state(self._store, context, root)

    def _slot(self, storage_root: Hash, slot: int) -> StorageProof:
        value, nodes = tries.lookup(self._store.nodes, storage_root, slot.to_bytes(32, "big"))
        number = 0 if value is None else int.from_bytes(rlp_library.decode(value), "big")
        return StorageProof(slot=slot, value=number, nodes=nodes)


def _context(env: BlockEnv) -> Evm:
    return _EXECUTION_CONTEXT(
        coinbase=env.coinbase,
        timestamp=env.timestamp,
        block_number=env.number,
        difficulty=0,
        mix_hash=env.prev_randao,
        gas_limit=env.gas_limit,
        prev_hashes=env.ancestors(),
        chain_id=env.chain_id,
        base_fee_per_gas=env.base_fee,
        excess_blob_gas=0,
    )


_NO_BLOCK = _EXECUTION_CONTEXT(
    coinbase=bytes(20),
    timestamp=0,
    block_number=0,
    difficulty=0,
    mix_hash=bytes(32),
    gas_limit=0,
    prev_hashes=(),
    chain_id=0,
    base_fee_per_gas=0,
    excess_blob_gas=0,
)


def _run(state: Evm, call: Call, gas: int, floor: int = 0) -> Outcome:
    """Execute a message with `gas` beyond what the transaction itself costs."""
    state.mark_address_warm(call.sender)
    for address, slots in call.access_list:
        state.mark_address_warm(address)
        for slot in slots:
            state.mark_storage_warm(address, slot)
    context = state.get_transaction_context_class()(gas_price=call.gas_price, origin=call.sender)
    message, contract = _message(state, call, gas)
    apply = state.computation_class.apply_message if contract is None else state.computation_class.apply_create_message
    computation = apply(state, message, context)
    outcome = _outcome(computation, call.gas, 0, contract)
    extra = max(floor - outcome.gas_used, 0)
    return outcome if not extra else _outcome(computation, call.gas, extra, contract)


def _message(state: Evm, call: Call, gas: int) -> tuple[Evm, Address | None]:
    executor = state.get_transaction_executor()
    if call.to is None:
        contract = _contract_address(call.sender, state.get_nonce(call.sender))
        state.increment_nonce(call.sender)
        state.mark_address_warm(contract)
        created = _MESSAGE(
            gas=gas, to=_CREATE, sender=call.sender, value=call.value, data=b"", code=call.data, create_address=contract
        )
        return created, contract
    state.mark_address_warm(call.to)
    code, delegate = executor.get_code_at_address(call.to)
    is_delegation = delegate is not None
    message = _MESSAGE(
        gas=gas,
        to=call.to,
        sender=call.sender,
        value=call.value,
        data=call.data,
        code=code,
        is_delegation=is_delegation,
    )
    return message, None


def _outcome(computation: Evm, gas: int, floor_extra: int, contract: Address | None) -> Outcome:
    spent = gas - computation.get_gas_remaining()
    refund = min(computation.get_gas_refund(), spent // _REFUND_QUOTIENT)
    failed = computation.is_error
    is_revert = failed and isinstance(computation.error, Revert)
    return Outcome(
        gas_used=spent - refund + floor_extra,
        gas_refund=refund,
        output=bytes(computation.output) if is_revert or not failed else b"",
        logs=() if failed else tuple(_log(entry) for entry in computation.get_log_entries()),
        error=_reason(computation.error) if failed else None,
        is_revert=is_revert,
        contract_address=contract,
    )


def _log(entry: tuple[bytes, tuple[int, ...], bytes]) -> LogEntry:
    address, topics, data = entry
    return LogEntry(address=address, topics=tuple(topic.to_bytes(32, "big") for topic in topics), data=bytes(data))


def _charged_later(to: Address | None, data: bytes) -> int:
    return init_code_gas(data) if to is None else 0


def _refused(gas: int, reason: str) -> Outcome:
    return Outcome(
        gas_used=gas, gas_refund=0, output=b"", logs=(), error=reason, is_revert=False, contract_address=None
    )


def _reason(error: VMError) -> str:
    names = {
        "OutOfGas": "out of gas",
        "InvalidInstruction": "invalid opcode",
        "InvalidJumpDestination": "invalid jump destination",
        "WriteProtection": "write protection",
        "InsufficientStack": "stack underflow",
        "FullStack": "stack limit reached 1024 (1023)",
        "Revert": "execution reverted",
        "ContractCreationCollision": "contract address collision",
    }
    name = type(error).__name__
    return names.get(name, f"{name}: {error}")


def _contract_address(sender: Address, nonce: int) -> Address:
    return keccak256(rlp([sender, integer(nonce)]))[12:]


def _apply(state: Evm, changes: Mapping[Address, AccountChange]) -> None:
    for address, change in changes.items():
        if change.storage is not None:
            state.delete_storage(address)
        if change.balance is not None:
            state.set_balance(address, change.balance)
        if change.nonce is not None:
            state.set_nonce(address, change.nonce)
        if change.code is not None:
            state.set_code(address, change.code)
        state.touch_account(address)
        for slot, value in {**(change.storage or {}), **change.slots}.items():
            state.set_storage(address, slot, value)


def _account(value: bytes | None) -> Account | None:
    if value is None:
        return None
    found = decoded_account(value)
    return Account(nonce=found.nonce, balance=found.balance, storage_root=found.storage_root, code_hash=found.code_hash)
