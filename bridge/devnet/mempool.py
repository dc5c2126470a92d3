"""Transactions that wait for a block: who may come in, who replaces whom, and in which order they leave.

It keeps what was offered by sender and nonce. Readiness is not stored: it follows from the head's nonces whenever a
block is built, so a reorg or a revert needs no repair here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from bridge.devnet.errors import LimitExceededError, TransactionRejectedError
from bridge.devnet.model import Address, Hash, Transaction

MAX_TRANSACTIONS = 20_000
MAX_NONCE_AHEAD = 20_000
REPLACEMENT_PERCENT = 110  # a replacement pays a tenth more, in both fees

Nonces: TypeAlias = Callable[[Address], int]


class _Place(NamedTuple):
    """Where a transaction stands in the queue of its block: best tip first, then first come."""

    negative_tip: int
    arrival: int
    sender: Address


class Mempool:
    """A bounded pool; every question takes the head's nonces as a function."""

    def __init__(self) -> None:
        self._by_hash: dict[Hash, Transaction] = {}
        self._by_sender: dict[Address, dict[int, Transaction]] = {}
        self._arrivals: dict[Hash, int] = {}
        self._counter = 0
        self._censored: set[Address] = set()
        self.version = 0

    def __len__(self) -> int:
        """Return how many transactions wait."""
        return len(self._by_hash)

    def get(self, transaction_hash: Hash) -> Transaction | None:
        """Return a waiting transaction, or None."""
        return self._by_hash.get(transaction_hash)

    def all(self) -> tuple[Transaction, ...]:
        """Return every waiting transaction in order of arrival."""
        return tuple(self._by_hash.values())

    def add(self, transaction: Transaction, nonce: int) -> None:
        """Take a transaction in, given its sender's nonce at the head; it may replace one that pays a tenth less.

        Raises `TransactionRejectedError` if it is known, spent, too far ahead or underpriced, `LimitExceededError`
        if the pool is full.
        """
        if transaction.hash in self._by_hash:
            raise TransactionRejectedError("already known")
        if transaction.nonce < nonce:
            raise TransactionRejectedError(f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        if transaction.nonce > nonce + MAX_NONCE_AHEAD:
            raise TransactionRejectedError(
                f"nonce too far ahead: next nonce {nonce}, at most {MAX_NONCE_AHEAD} beyond it"
            )
        queue = self._by_sender.setdefault(transaction.sender, {})
        old = queue.get(transaction.nonce)
        if old is not None:
            _check_replacement(old, transaction)
            self._forget(old)
        elif len(self._by_hash) >= MAX_TRANSACTIONS:
            raise LimitExceededError(f"txpool is full: {MAX_TRANSACTIONS} transactions wait; mine before sending more")
        self._by_sender.setdefault(transaction.sender, {})[transaction.nonce] = transaction
        self._by_hash[transaction.hash] = transaction
        self._counter += 1
        self._arrivals[transaction.hash] = self._counter
        self.version += 1

    def restore(self, transactions: tuple[Transaction, ...]) -> None:
        """Make the pool hold exactly these, as a snapshot did."""
        self._by_hash.clear()
        self._by_sender.clear()
        self._arrivals.clear()
        for transaction in transactions:
            self.put_back(transaction)
        self.version += 1

    def put_back(self, transaction: Transaction) -> None:
        """Take in a transaction of a block that is no longer part of the chain, unless its place is taken."""
        queue = self._by_sender.setdefault(transaction.sender, {})
        if transaction.nonce in queue or len(self._by_hash) >= MAX_TRANSACTIONS:
            return
        queue[transaction.nonce] = transaction
        self._by_hash[transaction.hash] = transaction
        self._counter += 1
        self._arrivals[transaction.hash] = self._counter
        self.version += 1

    def drop(self, transaction_hash: Hash) -> bool:
        """Forget a transaction; return whether it was there."""
        transaction = self._by_hash.get(transaction_hash)
        if transaction is not None:
            self._forget(transaction)
        return transaction is not None

    def mined(self, transactions: tuple[Transaction, ...]) -> None:
        """Forget transactions that a block holds, and those whose nonce they spent."""
        for transaction in transactions:
            waiting = self._by_sender.get(transaction.sender, {}).get(transaction.nonce)
            if waiting is not None:
                self._forget(waiting)

    def censor(self, address: Address, *, is_censored: bool) -> None:
        """Start or stop leaving out of blocks whatever comes from or goes to an address."""
        (self._censored.add if is_censored else self._censored.discard)(address)
        self.version += 1

    @property
    def censored(self) -> frozenset[Address]:
        """Return the addresses that are being censored."""
        return frozenset(self._censored)

    def next_nonce(self, sender: Address, nonce: int) -> int:
        """Return the nonce that follows the sender's unbroken run of waiting transactions."""
        queue = self._by_sender.get(sender, {})
        while nonce in queue:
            nonce += 1
        return nonce

    def ready(self, nonces: Nonces, base_fee: int) -> Iterator[tuple[Transaction, Callable[[], None]]]:
        """Yield what a block may hold, best tip first, each sender's in nonce order.

        With each comes a function that leaves its sender's later transactions out of this block: call it when this
        one stays out.
        """
        places = [
            place for sender in tuple(self._by_sender) if (place := self._place(sender, nonces(sender), base_fee))
        ]
        heapq.heapify(places)
        following: dict[Address, int] = {place.sender: nonces(place.sender) for place in places}
        while places:
            place = heapq.heappop(places)
            nonce = following[place.sender]
            transaction = self._by_sender[place.sender][nonce]
            following[place.sender] = nonce + 1
            skipped: list[Address] = []
            yield transaction, lambda skipped=skipped, sender=place.sender: skipped.append(sender)  # type: ignore[misc]
            following_place = None if skipped else self._place(place.sender, nonce + 1, base_fee)
            if following_place is not None:
                heapq.heappush(places, following_place)

    def _place(self, sender: Address, nonce: int, base_fee: int) -> _Place | None:
        transaction = self._by_sender.get(sender, {}).get(nonce)
        if transaction is None or transaction.max_fee < base_fee or self._is_censored(transaction):
            return None
        return _Place(-transaction.tip(base_fee), self._arrivals[transaction.hash], sender)

    def _is_censored(self, transaction: Transaction) -> bool:
        return bool(self._censored) and (transaction.sender in self._censored or transaction.to in self._censored)

    def _forget(self, transaction: Transaction) -> None:
        del self._by_hash[transaction.hash], self._arrivals[transaction.hash]
        queue = self._by_sender[transaction.sender]
        del queue[transaction.nonce]
        if not queue:
            del self._by_sender[transaction.sender]
        self.version += 1


def _check_replacement(old: Transaction, new: Transaction) -> None:
    pairs = ((old.max_fee, new.max_fee), (old.max_priority_fee, new.max_priority_fee))
    if any(100 * after < REPLACEMENT_PERCENT * before for before, after in pairs) or new.max_fee <= old.max_fee:
        raise TransactionRejectedError("replacement transaction underpriced")
