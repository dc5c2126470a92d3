"""Find the transaction that used a signed intent: by the contract's own log, not by anyone's word.

A relayer's answer is never trusted for it: whoever submits an intent, in whichever transaction and
beside whatever else, the contract logs the signer's nonce and nobody can use that nonce again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bridge.client.connections import ChainClient, events
from bridge.client.status import IntentId
from bridge.contracts import custody, read
from bridge.errors import IntentExpired, TransferUnknown
from bridge.rpc import Block, Log, LogFilter, Receipt


async def look_for(client: ChainClient, intent: IntentId) -> Receipt | None:
    """Return the receipt of the transaction that used an intent, with this intent's logs alone.

    None while it is unused. Raises IntentExpired once it can never be used.
    """
    head = await client.rpc.head()
    view = custody.IS_NONCE_USED.at(client.contract(intent.contract), intent.signer, intent.nonce)
    if await read(client.rpc, view, at=head.ref):
        return await _receipt(client, await _use(client, intent, head))
    if head.timestamp > intent.deadline:
        raise IntentExpired(id=str(intent), deadline=intent.deadline)
    return None


async def wait_for(client: ChainClient, intent: IntentId) -> Receipt:
    """Wait until an intent is used, which its deadline bounds; raises IntentExpired after it."""
    while True:
        receipt = await look_for(client, intent)
        if receipt is not None:
            return receipt
        await asyncio.sleep(client.pause)


async def _use(client: ChainClient, intent: IntentId, head: Block) -> Log:
    """Return the log of the nonce, which `head` knows as used, looking onwards from the signing."""
    contract, signer = client.contract(intent.contract), intent.signer.rjust(32, b"\0")
    wanted = LogFilter(addresses=(contract,), topics=((custody.NonceUsed.TOPIC,), (signer,)))
    span = client.rpc.limits.log_span
    for first in range(intent.first, head.number + 1, span):
        last = min(first + span - 1, head.number)
        end = head if last == head.number else await client.rpc.block(last)
        for used in events(await client.rpc.logs(wanted, first=first, last=end.ref)):
            if used.nonce == intent.nonce:
                log: Log = used.log
                return log
    raise TransferUnknown(id=str(intent), problem=f"has a nonce that was used before block {intent.first}")


async def _receipt(client: ChainClient, used: Log) -> Receipt | None:
    """Return a transaction's receipt with the logs from one nonce to the next one's."""
    receipt = await client.rpc.receipt(used.tx_hash)
    if receipt is None:  # replaced since its log was read: the next look tells
        return None
    later = [log.index for log in receipt.logs if _is_use(log) and log.index > used.index]
    end = min(later, default=None)
    own = [log for log in receipt.logs if log.index >= used.index and (end is None or log.index < end)]
    return replace(receipt, logs=tuple(own))


def _is_use(log: Log) -> bool:
    return log.topics[:1] == (custody.NonceUsed.TOPIC,)
