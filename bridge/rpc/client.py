"""One chain: the reads that everything else is made of, and the one write.

Reads of state take a BlockRef and are asked by block hash, so one computation never mixes two
blocks. What counts as an answer is decided in `quorum`; what answers prove is decided by others:
lane trees are rebuilt and compared, and account proofs verified, by the pure modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from bridge.errors import BlockReplaced, BlockUnknown, ChainError, RequestRefused, SourceFailed, WrongChain
from bridge.keccak import keccak256
from bridge.rpc.quorum import Quorum
from bridge.rpc.types import (
    AccountProof,
    Block,
    BlockRef,
    Json,
    Log,
    LogFilter,
    Receipt,
    Request,
    parse_block,
    parse_bytes,
    parse_int,
    parse_logs,
    parse_proof,
    parse_receipt,
    to_hex,
)
from bridge.types import Address, Hash32

ALREADY_KNOWN = ("already known", "already imported", "alreadyknown", "known transaction")


class Rpc(Quorum):
    """Reads and sends on one chain; an async context manager that closes its connections."""

    # --- the chain and its blocks -----------------------------------------------------------

    async def check_chain(self) -> None:
        """Raise WrongChain unless every endpoint that answers serves this chain, by quorum."""
        found = await self.everyone(Request(method="eth_chainId", parse=parse_int))
        serving = 0
        for source, answer in zip(self.sources, found, strict=True):
            if isinstance(answer, ChainError):
                continue
            if answer != self.chain_id:
                raise WrongChain(source=source.name, found=answer, expected=self.chain_id)
            serving += 1
        if serving < self.quorum:
            failed = "; ".join(str(answer) for answer in found if isinstance(answer, ChainError))
            raise self.no_quorum("eth_chainId", serving, failed)

    async def head(self, tag: str = "latest") -> Block:
        """Return the newest block at `tag` (latest, safe, finalized) that a quorum has reached.

        Endpoints are never level: the block taken is the quorum-th highest of their heads, then
        read by number, and a quorum has to agree on it.
        """
        heads = [block for block in await self.each(_block_request(tag)) if block is not None]
        if len(heads) < self.quorum:
            raise self.no_quorum(f"the {tag} block", len(heads), "the others have none")
        if len(self.sources) == 1:
            return heads[0]
        return await self.block(sorted((head.number for head in heads), reverse=True)[self.quorum - 1])

    async def block(self, number: int) -> Block:
        """Return the canonical block of that number; raises BlockUnknown if there is none yet."""
        return (await self.blocks([number]))[0]

    async def find_block(self, number: int) -> Block | None:
        """Return the canonical block of that number, or None if the chain is not there yet."""
        return await self.ask(_block_request(hex(number)))

    async def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Return the canonical blocks of those numbers, in that order; raises BlockUnknown."""
        found = await self.ask_all([_block_request(hex(number)) for number in numbers])
        for number, block in zip(numbers, found, strict=True):
            if block is None:
                raise BlockUnknown(chain=self.name, number=number)
        return found

    async def require_canonical(self, ref: BlockRef) -> None:
        """Raise BlockReplaced unless `ref` is the canonical block of its number."""
        self._require(ref, await self.block(ref.number))

    def _require(self, ref: BlockRef, found: Block | None) -> None:
        if found is None:
            raise BlockUnknown(chain=self.name, number=ref.number)
        if found.hash != ref.hash:
            raise BlockReplaced(
                chain=self.name,
                number=ref.number,
                expected=to_hex(ref.hash),
                found=to_hex(found.hash),
            )

    # --- state at a block -------------------------------------------------------------------

    async def call(self, to: Address, data: bytes, *, at: BlockRef) -> bytes:
        """Return what a call returns in the state of block `at`; a revert is RequestRefused."""
        return await self.ask(call_request(to, data, at=at))

    async def calls(self, calls: Sequence[tuple[Address, bytes]], *, at: BlockRef) -> list[bytes]:
        """Return what several calls return in the state of one block, in batches."""
        return await self.ask_all([call_request(to, data, at=at) for to, data in calls])

    async def code(self, address: Address, *, at: BlockRef) -> bytes:
        """Return the code of an address in the state of block `at`; empty if it has none."""
        params = (to_hex(address), at.by_hash())
        return await self.ask(Request(method="eth_getCode", params=params, parse=parse_bytes))

    async def storage(self, address: Address, slot: int, *, at: BlockRef) -> int:
        """Return one storage word in the state of block `at`, unproven."""
        params = (to_hex(address), _word(slot), at.by_hash())
        return await self.ask(Request(method="eth_getStorageAt", params=params, parse=parse_int))

    async def balance(self, address: Address, *, at: BlockRef) -> int:
        """Return the balance in wei in the state of block `at`."""
        params = (to_hex(address), at.by_hash())
        return await self.ask(Request(method="eth_getBalance", params=params, parse=parse_int))

    async def proof(self, address: Address, slots: Sequence[int], *, at: BlockRef) -> AccountProof:
        """Return the account and storage proof at block `at`, as the nodes gave it: unverified.

        Nodes' support of a block hash in eth_getProof is patchy, so it is asked by number between
        two looks at the block.
        """
        params = (to_hex(address), [_word(slot) for slot in slots], hex(at.number))
        proof = Request(method="eth_getProof", params=params, parse=parse_proof)
        answer: AccountProof = (await self._pinned(at, [proof]))[0]
        return answer

    # --- logs -------------------------------------------------------------------------------

    async def logs(self, wanted: LogFilter, *, first: int, last: BlockRef) -> list[Log]:
        """Return the logs of blocks `first` to `last`, in the chain's order.

        Every range is read between two looks at its last block and at `last` itself; because
        blocks are linked by hash, all logs are of one chain, or BlockReplaced is raised. Logs out
        of the range, out of the filter or out of order raise ChainError. That none is *missing* no
        answer can show: whoever needs all of them compares with the chain's own commitment.
        """
        found: list[Log] = []
        for start in range(first, last.number + 1, self.limits.log_span):
            end = min(start + self.limits.log_span - 1, last.number)
            found += await self._logs_between(wanted, start, end, last)
        return found

    async def _logs_between(self, wanted: LogFilter, first: int, end: int, last: BlockRef) -> tuple[Log, ...]:
        span = {"fromBlock": hex(first), "toBlock": hex(end)}
        params = ({**wanted.params(), **span},)
        request = Request(method="eth_getLogs", params=params, parse=parse_logs)
        logs: tuple[Log, ...] = (await self._pinned(last, [request]))[0]
        places = [(log.block.number, log.index) for log in logs]
        is_sorted = all(a < b for a, b in pairwise(places))
        in_range = all(first <= log.block.number <= end and wanted.takes(log) for log in logs)
        if not (is_sorted and in_range):
            raise SourceFailed(source=f"chain {self.name}", problem="logs that were not asked for")
        return logs

    async def _pinned(self, at: BlockRef, requests: Sequence[Request[Any]]) -> list[Any]:
        look = _block_request(hex(at.number))
        before, *answers, after = await self.ask_all([look, *requests, look])
        self._require(at, before)
        self._require(at, after)
        return answers

    # --- transactions -----------------------------------------------------------------------

    async def receipt(self, tx_hash: Hash32) -> Receipt | None:
        """Return the receipt of a transaction; None while it is not mined."""
        return (await self.receipts([tx_hash]))[0]

    async def receipts(self, tx_hashes: Sequence[Hash32]) -> list[Receipt | None]:
        """Return the receipts of several transactions, None for each that is not mined."""
        return await self.ask_all(
            [
                Request(
                    method="eth_getTransactionReceipt",
                    params=(to_hex(tx_hash),),
                    parse=parse_receipt,
                )
                for tx_hash in tx_hashes
            ]
        )

    async def nonce(self, address: Address, *, tag: str = "pending") -> int:
        """Return an account's next nonce, counting its pending transactions by default.

        Endpoints' pools differ, so with several endpoints it is the highest that any of them says:
        a nonce too high waits and is seen, one too low would replace a transaction.
        """
        request = Request(method="eth_getTransactionCount", params=(to_hex(address), tag), parse=parse_int)
        return max(await self.each(request))

    async def gas_price(self) -> tuple[int, int]:
        """Return (base fee of the newest block, suggested priority fee) in wei."""
        tip_request = Request(method="eth_maxPriorityFeePerGas", parse=parse_int)
        block = await self.head()
        return block.base_fee, max(await self.each(tip_request))

    async def estimate_gas(self, call: dict[str, Any], *, tag: str = "latest") -> int:
        """Return the highest estimate that an endpoint gives; a revert raises RequestRefused."""
        request = Request(method="eth_estimateGas", params=(call, tag), parse=parse_int)
        return max(await self.each(request))

    async def send_raw(self, raw: bytes) -> Hash32:
        """Hand a signed transaction to all endpoints and return its hash.

        One that takes it is enough, and a transaction that is known already was taken: sending the
        same bytes again changes nothing. Raises the refusal if all refuse.
        """
        tx_hash = Hash32(keccak256(raw))
        request = Request(method="eth_sendRawTransaction", params=(to_hex(raw),), parse=parse_bytes)
        refusals = [_refusal_to_send(answer) for answer in await self.everyone(request)]
        if any(refusal is None for refusal in refusals):
            return tx_hash
        raise next(refusal for refusal in refusals if refusal is not None)


def call_request(to: Address, data: bytes, *, at: BlockRef) -> Request[bytes]:
    """Return the request of a call in the state of block `at`."""
    params = ({"to": to_hex(to), "data": to_hex(data)}, at.by_hash())
    return Request(method="eth_call", params=params, parse=parse_bytes)


def _block_request(tag: str) -> Request[Block | None]:
    return Request(method="eth_getBlockByNumber", params=(tag, False), parse=parse_block)


def _refusal_to_send(answer: Json) -> ChainError | None:
    if not isinstance(answer, RequestRefused):
        return answer if isinstance(answer, ChainError) else None
    is_known = any(phrase in answer.reason.lower() for phrase in ALREADY_KNOWN)
    return None if is_known else answer


def _word(slot: int) -> str:
    return to_hex(slot.to_bytes(32, "big"))
