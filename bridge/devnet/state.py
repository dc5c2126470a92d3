"""The state under an executing block: accounts, storage and code over a trie, with an undo log.

It has the methods by which py-evm's state speaks to its database, and takes the place of py-evm's own layers of
journals and caches. A checkpoint is a place in the undo log; a revert walks back to it. Gas rules need two more
things, which are kept here as well: what a slot held when the transaction began (EIP-2200), and which addresses and
slots it has touched (EIP-2929).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

import rlp as rlp_library

from bridge.devnet.codec import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, integer, rlp, rlp_items
from bridge.devnet.model import Address, Hash
from bridge.devnet.patricia import Tries
from bridge.keccak import keccak256

Slots: TypeAlias = dict[int, int]


class StateAccount(NamedTuple):
    """An account as the trie holds it; `storage_root` is the one under the slots changed since."""

    nonce: int = 0
    balance: int = 0
    storage_root: Hash = EMPTY_TRIE_ROOT
    code_hash: Hash = EMPTY_CODE_HASH


_NOBODY = StateAccount()


class Store:
    """What states share: nodes and code by hash, and the tries over them."""

    def __init__(self) -> None:
        self.nodes: dict[bytes, bytes] = {}
        self.tries = Tries(self.nodes)
        self.hashes: dict[bytes, bytes] = {}

    def hashed(self, key: bytes) -> bytes:
        """Return a key's hash; keys come again and again, so hashes are kept."""
        found = self.hashes.get(key)
        if found is None:
            if len(self.hashes) >= MAX_HASHES:
                self.hashes.clear()
            found = self.hashes[key] = keccak256(key)
        return found


MAX_HASHES = 200_000


class State:
    """A state from a root on; nothing reaches the store's tries before `persist`."""

    def __init__(self, store: Store, root: Hash) -> None:
        self._store, self._root = store, root
        self._accounts: dict[Address, StateAccount | None] = {}
        self._changed: set[Address] = set()
        self._slots: dict[Address, Slots] = {}
        self._dirty: dict[Address, set[int]] = {}
        self._originals: dict[tuple[Address, int], int] = {}
        self._warm: set[object] = set()
        self._transient: dict[tuple[Address, int], bytes] = {}
        self._undo: list[Callable[[], object]] = []
        self._marks: dict[int, int] = {}
        self._next_mark = 0

    @property
    def state_root(self) -> Hash:
        """Return the root that this state started from, or last became."""
        return self._root

    @state_root.setter
    def state_root(self, root: Hash) -> None:
        if root != self._root:
            raise ValueError("a state stays on its root: open another one")

    # Accounts

    def get_balance(self, address: Address) -> int:
        """Return a balance in wei."""
        return self._account(address).balance

    def set_balance(self, address: Address, balance: int) -> None:
        """Set a balance in wei."""
        if not 0 <= balance < 1 << 256:
            raise ValueError(f"balance {balance} is no 256-bit number")
        self._set(address, self._account(address)._replace(balance=balance))

    def get_nonce(self, address: Address) -> int:
        """Return a nonce."""
        return self._account(address).nonce

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Set a nonce."""
        if not 0 <= nonce < 1 << 64:
            raise ValueError(f"nonce {nonce} is no 64-bit number")
        self._set(address, self._account(address)._replace(nonce=nonce))

    def increment_nonce(self, address: Address) -> None:
        """Count a nonce up by one."""
        self.set_nonce(address, self.get_nonce(address) + 1)

    def get_code(self, address: Address) -> bytes:
        """Return an account's code."""
        code_hash = self._account(address).code_hash
        return b"" if code_hash == EMPTY_CODE_HASH else self._store.nodes[code_hash]

    def set_code(self, address: Address, code: bytes) -> None:
        """Set an account's code; it is stored by its hash at once, as no state knows of it until it is persisted."""
        code_hash = keccak256(code)
        if code:
            self._store.nodes[code_hash] = code
        self._set(address, self._account(address)._replace(code_hash=code_hash))

    def get_code_hash(self, address: Address) -> Hash:
        """Return the hash of an account's code."""
        return self._account(address).code_hash

    def delete_code(self, address: Address) -> None:
        """Take an account's code away."""
        self._set(address, self._account(address)._replace(code_hash=EMPTY_CODE_HASH))

    def account_exists(self, address: Address) -> bool:
        """Return whether the account is there, be it empty."""
        return self._find(address) is not None

    def account_has_code_or_nonce(self, address: Address) -> bool:
        """Return whether something was created or sent from here."""
        account = self._account(address)
        return account.nonce != 0 or account.code_hash != EMPTY_CODE_HASH

    def account_is_empty(self, address: Address) -> bool:
        """Return whether the account is empty as EIP-161 means it."""
        return not self.account_has_code_or_nonce(address) and self._account(address).balance == 0

    def touch_account(self, address: Address) -> None:
        """Make an account exist, if need be as an empty one."""
        self._set(address, self._account(address))

    def delete_account(self, address: Address) -> None:
        """Take an account away with its storage."""
        self._wipe(address)
        self._set(address, None)

    # Storage

    def get_storage(self, address: Address, slot: int, from_journal: bool = True) -> int:  # noqa: FBT001, FBT002 - py-evm's signature
        """Return a slot's value now, or with `from_journal` False when the transaction began."""
        if not from_journal and (address, slot) in self._originals:
            return self._originals[address, slot]
        slots = self._slots.setdefault(address, {})
        value = slots.get(slot)
        if value is None:
            value = slots[slot] = self._stored(address, slot)
        return value

    def set_storage(self, address: Address, slot: int, value: int) -> None:
        """Set a slot's value."""
        old = self.get_storage(address, slot)
        self._originals.setdefault((address, slot), old)
        slots, dirty = self._slots[address], self._dirty.setdefault(address, set())
        self._undo.append(partial(slots.__setitem__, slot, old))
        if slot not in dirty:
            dirty.add(slot)
            self._undo.append(partial(dirty.discard, slot))
        slots[slot] = value

    def delete_storage(self, address: Address) -> None:
        """Empty an account's storage."""
        self._wipe(address)

    def get_transient_storage(self, address: Address, slot: int) -> bytes:
        """Return a transient slot's value (EIP-1153); an unused one is empty."""
        return self._transient.get((address, slot), b"")

    def set_transient_storage(self, address: Address, slot: int, value: bytes) -> None:
        """Set a transient slot's value."""
        key, old = (address, slot), self.get_transient_storage(address, slot)
        self._undo.append(lambda: self._transient.__setitem__(key, old))
        self._transient[key] = value

    def clear_transient_storage(self) -> None:
        """Empty all transient slots, as the end of a transaction does."""
        self._transient.clear()

    # What the transaction has touched, by EIP-2929

    def is_address_warm(self, address: Address) -> bool:
        """Return whether the transaction has touched an address."""
        return address in self._warm

    def mark_address_warm(self, address: Address) -> None:
        """Note that the transaction touched an address."""
        self._heat(address)

    def is_storage_warm(self, address: Address, slot: int) -> bool:
        """Return whether the transaction has touched a slot."""
        return (address, slot) in self._warm

    def mark_storage_warm(self, address: Address, slot: int) -> None:
        """Note that the transaction touched a slot."""
        self._heat((address, slot))

    # Checkpoints

    def record(self) -> int:
        """Return a checkpoint to go back to."""
        self._next_mark += 1
        self._marks[self._next_mark] = len(self._undo)
        return self._next_mark

    def discard(self, checkpoint: int) -> None:
        """Undo what was done since a checkpoint."""
        start = self._marks.pop(checkpoint)
        while len(self._undo) > start:
            self._undo.pop()()

    def commit(self, checkpoint: int) -> None:
        """Keep what was done since a checkpoint, for the ones before it to judge."""
        self._marks.pop(checkpoint, None)

    def lock_changes(self) -> None:
        """Begin a transaction: what came before cannot be undone, and everything is cold."""
        self._undo.clear()
        self._marks.clear()
        self._originals.clear()
        self._warm.clear()
        self._transient.clear()

    # Roots

    def make_state_root(self) -> Hash:
        """Write the changes into tries and return the new root."""
        return self.persist()

    def persist(self) -> Hash:
        """Write the changes into tries and return the new root; empty accounts are not written (EIP-161)."""
        for address in self._dirty:
            self._write_storage(address)
        changes = {self._store.hashed(address): self._encoded(address) for address in self._changed}
        self._root = self._store.tries.update(self._root, changes)
        self._changed.clear()
        self._dirty.clear()
        self.lock_changes()
        return self._root

    def _write_storage(self, address: Address) -> None:
        slots = self._slots[address]
        changes = {
            self._store.hashed(slot.to_bytes(32, "big")): rlp(integer(slots[slot])) if slots[slot] else b""
            for slot in self._dirty[address]
        }
        account = self._find(address)
        if account is not None and changes:
            root = self._store.tries.update(account.storage_root, changes)
            self._set(address, account._replace(storage_root=root))

    def _encoded(self, address: Address) -> bytes:
        account = self._accounts[address]
        if account is None or (account == _NOBODY):
            return b""
        return rlp([integer(account.nonce), integer(account.balance), account.storage_root, account.code_hash])

    def _find(self, address: Address) -> StateAccount | None:
        if address not in self._accounts:
            encoded = self._store.tries.get(self._root, self._store.hashed(address))
            self._accounts[address] = None if encoded is None else decoded_account(encoded)
        return self._accounts[address]

    def _account(self, address: Address) -> StateAccount:
        return self._find(address) or _NOBODY

    def _set(self, address: Address, account: StateAccount | None) -> None:
        old = self._find(address)
        self._undo.append(partial(self._accounts.__setitem__, address, old))
        if address not in self._changed:
            self._changed.add(address)
            self._undo.append(partial(self._changed.discard, address))
        self._accounts[address] = account

    def _stored(self, address: Address, slot: int) -> int:
        root = self._account(address).storage_root
        if root == EMPTY_TRIE_ROOT:
            return 0
        encoded = self._store.tries.get(root, self._store.hashed(slot.to_bytes(32, "big")))
        return 0 if encoded is None else int.from_bytes(rlp_library.decode(encoded), "big")

    def _wipe(self, address: Address) -> None:
        slots, dirty = self._slots.pop(address, None), self._dirty.pop(address, None)

        def undo() -> None:
            for place, old in ((self._slots, slots), (self._dirty, dirty)):
                place.pop(address, None)
                if old is not None:
                    place[address] = old  # type: ignore[assignment]

        self._undo.append(undo)
        account = self._find(address)
        if account is not None:
            self._set(address, account._replace(storage_root=EMPTY_TRIE_ROOT))

    def _heat(self, key: object) -> None:
        if key not in self._warm:
            self._warm.add(key)
            self._undo.append(lambda: self._warm.discard(key))


def decoded_account(encoded: bytes) -> StateAccount:
    """Return an account from its encoding in a state trie."""
    nonce, balance, storage_root, code_hash = rlp_items(encoded)
    return StateAccount(int.from_bytes(nonce, "big"), int.from_bytes(balance, "big"), storage_root, code_hash)
