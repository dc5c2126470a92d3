"""Send transactions of one key on one chain and see them mined.

It chooses nonce, gas and fees, and repeats a broadcast until the receipt is there; the same signed
bytes are sent each time, so a repetition never acts twice. It is for people's and deployers' few
transactions: the relayer, which has to survive restarts, stores what it signs (`relayer.submitter`).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bridge.contracts.reverts import as_revert
from bridge.errors import ChainError, RequestRefused, TransactionFailed
from bridge.rpc import Receipt, Rpc
from bridge.rpc.types import to_hex
from bridge.signer import SignedTransaction, Signer, Transaction, sign_transaction
from bridge.types import Address, Hash32

RECEIPT_TIMEOUT = 120.0
REBROADCAST = 5.0
POLL_FIRST = 0.02
POLL_LONGEST = 0.5
GAS_MARGIN = (6, 5)
"""Of an estimate: state may move between the estimate and the block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a transaction does: `gas` None is estimated, which also shows a revert beforehand."""

    to: Address | None
    data: bytes
    value: int = 0
    gas: int | None = None


class Sender:
    """A key's transactions on one chain, one nonce after the other."""

    def __init__(self, rpc: Rpc, signer: Signer, *, timeout: float = RECEIPT_TIMEOUT) -> None:
        self.rpc = rpc
        self.signer = signer
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._next_nonce = 0
        self._unsent: dict[Hash32, int] = {}
        self._returned: set[int] = set()

    async def run(self, call: Call) -> Receipt:
        """Send a transaction and return its receipt once it is mined and succeeded.

        Raises CallReverted if the contract refuses it beforehand, TransactionFailed if it is mined
        and reverted or not mined in time.
        """
        return await self.wait(await self.submit(call))

    async def submit(self, call: Call) -> SignedTransaction:
        """Sign and broadcast a transaction; raises CallReverted if it would revert."""
        signed = await self.sign(call)
        await self.broadcast(signed)
        return signed

    async def broadcast(self, signed: SignedTransaction) -> None:
        """Hand a signed transaction to the chain; one that nobody took leaves no gap behind it.

        Its nonce is given back with the error. If an endpoint took it all the same, the nonce counts
        as pending there, and where that is not seen the next transaction takes this one's place: of
        the two at most one is mined.
        """
        nonce = self._unsent.pop(signed.hash, None)
        try:
            await self.rpc.send_raw(signed.raw)
        except ChainError:
            if nonce is not None:
                self._returned.add(nonce)
            raise

    async def sign(self, call: Call) -> SignedTransaction:
        """Return the transaction, signed and not sent; its nonce counts as used until `broadcast` fails."""
        gas = call.gas if call.gas is not None else await self.estimate(call)
        base_fee, tip = await self.rpc.gas_price()
        async with self._turn:
            nonce = self._take_nonce(await self.rpc.nonce(self.signer.address))
        signed = sign_transaction(
            self.signer,
            Transaction(
                chain_id=self.rpc.chain_id,
                nonce=nonce,
                to=call.to,
                data=call.data,
                value=call.value,
                gas=gas,
                max_fee=2 * base_fee + tip,
                max_tip=tip,
            ),
        )
        self._unsent[signed.hash] = nonce
        return signed

    def _take_nonce(self, pending: int) -> int:
        """Return the lowest nonce that was given back and is still free, else the one after the last."""
        self._returned = {nonce for nonce in self._returned if nonce >= pending}
        nonce = min(self._returned, default=max(self._next_nonce, pending))
        self._returned.discard(nonce)
        self._next_nonce = max(self._next_nonce, nonce + 1)
        return nonce

    async def wait(self, signed: SignedTransaction) -> Receipt:
        """Return the receipt of a transaction, broadcasting it again while it is missing."""
        started = sent = time.monotonic()
        pause = POLL_FIRST
        while (receipt := await self.rpc.receipt(signed.hash)) is None:
            now = time.monotonic()
            if now - started > self._timeout:
                raise self._failed(signed.hash, f"was not mined in {self._timeout:g} s")
            if now - sent > REBROADCAST:
                sent = now
                await self._again(signed)
            await asyncio.sleep(pause)
            pause = min(2 * pause, POLL_LONGEST)
        if not receipt.succeeded:
            raise self._failed(signed.hash, f"reverted in block {receipt.block.number}")
        return receipt

    async def _again(self, signed: SignedTransaction) -> None:
        try:
            await self.rpc.send_raw(signed.raw)
        except RequestRefused:
            return  # mined meanwhile: the next look at the receipt tells

    async def estimate(self, call: Call) -> int:
        """Return the gas for a call, with a margin; raises CallReverted if it would revert now."""
        fields = {"from": to_hex(self.signer.address), "data": to_hex(call.data)}
        if call.to is not None:
            fields["to"] = to_hex(call.to)
        if call.value:
            fields["value"] = hex(call.value)
        try:
            estimate = await self.rpc.estimate_gas(fields)
        except RequestRefused as refusal:
            to = "creation" if call.to is None else to_hex(call.to)
            raise as_revert(refusal, to=to) from None
        return estimate * GAS_MARGIN[0] // GAS_MARGIN[1]

    def _failed(self, tx: Hash32, problem: str) -> TransactionFailed:
        remedy = "look at its trace, or send it again with a higher fee"
        return TransactionFailed(chain=self.rpc.name, tx=to_hex(tx), problem=problem, remedy=remedy)
