"""Bring decided transactions into the chain: sign, store, broadcast, follow, outbid.

The signed bytes are stored before they are broadcast, so a crash repeats a broadcast and never
forgets one. Nonces are the lowest that neither the chain nor a stored row has taken: a gap closes
by itself. A transaction that is not mined is replaced by itself with higher fees, up to the cap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.rpc import BlockRef, Receipt, Rpc
from bridge.rpc.types import to_hex
from bridge.signer import SignedTransaction, Signer, Transaction, sign_transaction
from bridge.types import Address, ChainId, Hash32
from relayer import queries
from relayer.book import Book
from relayer.broadcast import broadcast
from relayer.cover import uncovered
from relayer.decisions import Decision, Status, store_decision
from relayer.lanes import Change, LaneBook, LaneId
from relayer.lease import Lease
from relayer.policy import FeePlan, GasFee, first_fee, free_nonces, raised_fee, replacement_due
from relayer.rows import AttemptRow
from relayer.transfer import Abandoned, Input, Planned, RootFinal, Signed

log = structlog.get_logger()
LOST_AFTER = 3
"""Looks at which a nonce was taken and no receipt found, before a transaction counts as lost."""
REFUSED_AFTER = 3
"""Replacements that every endpoint refused, before a transaction is cancelled; patience grows between them."""
CANCEL_GAS = 21_000
"""What a transfer of nought takes, and no transaction with calldata does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """One signed form of a stored transaction."""

    outgoing: int
    signed: SignedTransaction
    fee: GasFee


class Submitter:
    """Sends one key's transactions on one chain."""

    def __init__(
        self,
        *,
        chain: ChainId,
        rpc: Rpc,
        signer: Signer,
        book: Book,
        fees: FeePlan,
        lease: Lease | None = None,
    ) -> None:
        self.chain = chain
        self.rpc = rpc
        self.signer = signer
        self.book = book
        self.fees = fees
        self._lease = lease
        self.spent = 0
        self._lost: dict[int, int] = {}
        self._refused: dict[int, int] = {}
        self._sending = asyncio.Lock()
        self._to_sign = True
        self._under_way = True
        self._followed: tuple[BlockRef | None, int] = (None, 0)

    @property
    def address(self) -> Address:
        """The sender."""
        return self.signer.address

    # --- deciding -------------------------------------------------------------------------------

    async def decide(self, decisions: Sequence[Decision], *, now: int) -> int:
        """Store decisions with the new states of their messages, and return how many were new."""
        taken = 0
        async with self.book.deciding:
            touched: list[tuple[LaneBook, list[Change]]] = []
            async with self.book.store.begin() as connection:
                for decision in decisions:
                    number = await store_decision(connection, decision, chain=self.chain, sender=self.address, now=now)
                    if number is None:
                        continue
                    taken += 1
                    touched += await self._advance(
                        connection, number, decision, [RootFinal(at=now), Planned(at=now)], numbered=True
                    )
            for lane, changes in touched:
                lane.commit(changes)
        self._to_sign = self._to_sign or taken > 0
        return taken

    async def _advance(
        self,
        connection: Any,  # noqa: ANN401  # an open transaction
        number: int,
        row: Any,  # noqa: ANN401  # a decision or its row: both name messages alike
        learned: Sequence[Input],
        *,
        numbered: bool = False,
    ) -> list[tuple[LaneBook, list[Change]]]:
        """Store what a transaction's progress means for its messages; memory is the caller's."""
        lane = self.book.lanes.get(LaneId(source=row.source, destination=self.chain))
        if lane is None or row.n == 0:
            return []
        mine = [
            index
            for index in range(row.first, row.first + row.n)
            if index in lane.pending and (numbered or lane.pending[index].outgoing == number)
        ]
        changes, _ = lane.step(mine, *learned, outgoing=number if numbered else 0)
        await queries.store_changes(connection, lane.id.source, self.chain, changes)
        return [(lane, changes)]

    def _may_send(self, now: int) -> bool:
        return self._lease is None or self._lease.is_held(now)

    # --- sending --------------------------------------------------------------------------------

    async def push(self, *, now: int) -> int:
        """Sign, store and broadcast everything decided, and return how many there were.

        A replica without the lease leaves it for the one that has it.
        """
        if not self._to_sign or not self._may_send(now):
            return 0
        async with self._sending:
            async with self.book.store.read() as connection:
                rows = await queries.live(connection, self.chain)
            self._to_sign = False
            fresh = [row for row in rows if row.status == Status.DECIDED.value]
            if not fresh:
                return 0
            try:
                fresh = await self._covered(fresh, rows, now)
                bids = await self._sign(fresh, rows, now) if fresh else []
            except BaseException:
                self._to_sign = True
                raise
            if bids:
                self._under_way = True
                await self.broadcast([bid.signed for bid in bids])
            return len(bids)

    async def _covered(self, fresh: Sequence[Any], rows: Sequence[Any], now: int) -> list[Any]:
        """Return what can be signed; give up bonds that the node or the balance does not allow.

        They may be decided again: what is given up does not keep its name.
        """
        if not any(row.value for row in fresh):
            return list(fresh)
        fee = first_fee((await self.rpc.head()).base_fee, self.fees)
        async with self.book.store.read() as connection:
            data = await queries.data_of(connection, [row.id for row in fresh])
            bids = await queries.attempts(connection, [row.id for row in rows if row.nonce is not None])
        held = sum(row.value + row.gas * bids[row.id][-1].max_fee for row in rows if row.id in bids)
        found = await uncovered(self.rpc, self.address, fresh, held=held, max_fee=fee.max_fee, data=data)
        for one in found:
            log.error("transaction_not_covered", chain=self.chain, purpose=one.row.purpose, reason=one.reason)
            await self._finish(one.row, Status.LOST, now, gives_up=True)
        given_up = {one.row.id for one in found}
        return [row for row in fresh if row.id not in given_up]

    async def _sign(self, fresh: Sequence[Any], rows: Sequence[Any], now: int) -> list[Bid]:
        base_fee = (await self.rpc.head()).base_fee
        taken = {row.nonce for row in rows if row.nonce is not None}
        chain_nonce = await self.rpc.nonce(self.address, tag="latest")
        nonces = free_nonces(chain_nonce, taken, len(fresh))
        fee = first_fee(base_fee, self.fees)
        async with self.book.store.read() as connection:
            data = await queries.data_of(connection, [row.id for row in fresh])
        bids = [
            Bid(outgoing=row.id, fee=fee, signed=self._signed(row, data[row.id], nonce, fee))
            for row, nonce in zip(fresh, nonces, strict=True)
        ]
        async with self.book.deciding:
            touched: list[tuple[LaneBook, list[Change]]] = []
            async with self.book.store.begin() as connection:
                await queries.add_rows(connection, AttemptRow, [attempt_row(b, now) for b in bids])
                for row, nonce in zip(fresh, nonces, strict=True):
                    await queries.set_outgoing(connection, row.id, status="signed", nonce=nonce, updated_at=now)
                    touched += await self._advance(connection, row.id, row, [Signed(at=now)])
            for lane, changes in touched:
                lane.commit(changes)
        return bids

    def _signed(self, row: Any, data: bytes, nonce: int, fee: GasFee) -> SignedTransaction:  # noqa: ANN401
        transaction = Transaction(
            chain_id=self.chain,
            nonce=nonce,
            to=row.to,
            data=data,
            value=row.value,
            gas=row.gas,
            max_fee=fee.max_fee,
            max_tip=fee.priority,
        )
        return sign_transaction(self.signer, transaction)

    async def broadcast(self, signed: Sequence[SignedTransaction]) -> bool:
        """Hand signed transactions to all endpoints; return whether each of them refused.

        The rows stay in any case, and the next look says what became of them.
        """
        return await broadcast(self.rpc, signed)

    # --- following ------------------------------------------------------------------------------

    async def follow(self, *, now: int) -> int:
        """Look what became of what was sent, outbid what is stuck; return how many are under way."""
        head = self.book.cursors.get(self.chain)
        if not self._under_way or not self._may_send(now) or self._followed == (head, now):
            return 0
        self._followed = (head, now)
        async with self._sending:
            async with self.book.store.read() as connection:
                rows = [r for r in await queries.live(connection, self.chain) if r.nonce is not None]
                bids = await queries.attempts(connection, [row.id for row in rows])
            if not rows:
                self._under_way = False
                return 0
            chain_nonce = await self.rpc.nonce(self.address, tag="latest")
            hashes = [Hash32(bid.hash) for row in rows for bid in bids[row.id]]
            receipts = {r.tx_hash: r for r in await self.rpc.receipts(hashes) if r is not None}
            left = 0
            for row in rows:
                receipt = next((receipts[b.hash] for b in bids[row.id] if b.hash in receipts), None)
                if receipt is not None and self._is_read(receipt):
                    await self._close(row, receipt, now)
                    continue
                left += 1
                if receipt is None:
                    await self._look_after(row, bids[row.id], chain_nonce, now)
            return left

    def _is_read(self, receipt: Receipt) -> bool:
        """Tell whether the reader has taken the block of a receipt.

        A row that is closed by a block which nobody has read would not be opened again if that
        block were replaced: only what was read is ever taken back.
        """
        cursor = self.book.cursors.get(self.chain)
        if cursor is None or receipt.block.number > cursor.number:
            return False
        return receipt.block.number < cursor.number or receipt.block == cursor

    async def _close(self, row: Any, receipt: Receipt, now: int) -> None:  # noqa: ANN401
        """Store a transaction's outcome; a reverted one gives its messages free."""
        paid = receipt.gas_used * receipt.gas_price
        self.spent += paid
        self._lost.pop(row.id, None)
        self._refused.pop(row.id, None)
        if (
            row.error and receipt.gas_used == CANCEL_GAS
        ):  # not the transaction itself, mined after all: that has calldata
            await self._finish(row, Status.LOST, now, receipt=receipt, paid=paid, gives_up=True)
            return
        status = Status.MINED if receipt.succeeded else Status.REVERTED
        await self._finish(row, status, now, receipt=receipt, paid=paid)
        if not receipt.succeeded:
            log.warning("transaction_reverted", chain=self.chain, purpose=row.purpose, tx=to_hex(receipt.tx_hash))

    async def _finish(
        self,
        row: Any,  # noqa: ANN401  # a row of the outgoing table
        status: Status,
        now: int,
        *,
        receipt: Receipt | None = None,
        paid: int = 0,
        gives_up: bool = False,
    ) -> None:
        """Store an outcome; what was given up leaves its name to a later decision of the same."""
        touched: list[tuple[LaneBook, list[Change]]] = []
        async with self.book.deciding:
            async with self.book.store.begin() as connection:
                await queries.set_outgoing(
                    connection,
                    row.id,
                    status=status.value,
                    updated_at=now,
                    block_number=receipt.block.number if receipt else 0,
                    gas_used=receipt.gas_used if receipt else 0,
                    paid=paid,
                    dedupe=f"{row.dedupe}:given-up:{row.id}" if gives_up else row.dedupe,
                )
                if status is not Status.MINED:
                    touched = await self._advance(connection, row.id, row, [Abandoned(at=now)])
            for lane, changes in touched:
                lane.commit(changes)

    async def _look_after(self, row: Any, bids: Sequence[Any], chain_nonce: int, now: int) -> None:  # noqa: ANN401
        if chain_nonce > row.nonce:
            await self._count_lost(row, now)
            return
        last = bids[-1]
        if replacement_due(attempts=len(bids), last_at=row.updated_at, now=now, plan=self.fees):
            await self._outbid(row, last, now)

    async def _count_lost(self, row: Any, now: int) -> None:  # noqa: ANN401
        """Give a transaction up whose nonce is used although none of its forms was mined.

        Endpoints lag behind one another, so one look is not enough.
        """
        self._lost[row.id] = self._lost.get(row.id, 0) + 1
        if self._lost[row.id] >= LOST_AFTER:
            log.warning("transaction_lost", chain=self.chain, nonce=row.nonce, purpose=row.purpose)
            self._lost.pop(row.id)
            await self._finish(row, Status.LOST, now)

    async def _outbid(self, row: Any, last: Any, now: int) -> None:  # noqa: ANN401
        """Replace a stuck transaction by itself with higher fees; at the cap send it again.

        One that no endpoint takes, look after look, is replaced by a transfer of nought to ourselves:
        its nonce has to be used before any later one can be.
        """
        gives_up = self._refused.get(row.id, 0) >= REFUSED_AFTER and not row.error
        if gives_up:
            row = await self._cancel(row)
        base_fee = (await self.rpc.head()).base_fee
        had = GasFee(max_fee=last.max_fee, priority=last.priority)
        fee = raised_fee(had, base_fee, self.fees) or (had if gives_up else None)
        if fee is None:
            log.warning("fee_cap_reached", chain=self.chain, nonce=row.nonce, purpose=row.purpose)
            async with self.book.store.begin() as connection:
                await queries.set_outgoing(connection, row.id, updated_at=now)
            self._count_refused(row, await self.broadcast([SignedTransaction(raw=last.raw, hash=last.hash)]))
            return
        async with self.book.store.begin() as connection:
            data = (await queries.data_of(connection, [row.id]))[row.id]
            signed = self._signed(row, data, row.nonce, fee)
            bid = Bid(outgoing=row.id, signed=signed, fee=fee)
            await queries.add_rows(connection, AttemptRow, [attempt_row(bid, now)])
            await queries.set_outgoing(connection, row.id, updated_at=now)
        log.info("transaction_outbid", chain=self.chain, nonce=row.nonce, max_fee=fee.max_fee)
        self._count_refused(row, await self.broadcast([signed]))

    def _count_refused(self, row: Any, is_refused: bool) -> None:  # noqa: ANN401, FBT001  # a row and its answer
        if is_refused:
            self._refused[row.id] = self._refused.get(row.id, 0) + 1
        else:
            self._refused.pop(row.id, None)

    async def _cancel(self, row: Any) -> Any:  # noqa: ANN401  # a row of the outgoing table
        """Make a row the transfer of nought that uses its nonce; its messages wait until that is mined."""
        log.error("transaction_cancelled", chain=self.chain, nonce=row.nonce, purpose=row.purpose)
        async with self.book.store.begin() as connection:
            await queries.set_outgoing(
                connection,
                row.id,
                to=self.address,
                data=b"",
                value=0,
                gas=CANCEL_GAS,
                error="refused by every endpoint",
            )
            return next(one for one in await queries.live(connection, self.chain) if one.id == row.id)

    async def resume(self) -> int:
        """Broadcast everything that is signed and has no outcome; what a restart begins with."""
        async with self.book.store.read() as connection:
            rows = [r for r in await queries.live(connection, self.chain) if r.nonce is not None]
            bids = await queries.attempts(connection, [row.id for row in rows])
        self._to_sign = self._under_way = True
        latest = [bids[row.id][-1] for row in sorted(rows, key=lambda row: row.nonce) if row.id in bids]
        if latest:
            await self.broadcast([SignedTransaction(raw=b.raw, hash=b.hash) for b in latest])
        return len(latest)


def attempt_row(bid: Bid, now: int) -> queries.Values:
    """Return a signed transaction as a row."""
    return {
        "hash": bid.signed.hash,
        "outgoing": bid.outgoing,
        "raw": bid.signed.raw,
        "max_fee": bid.fee.max_fee,
        "priority": bid.fee.priority,
        "stored_at": now,
    }
