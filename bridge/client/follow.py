"""Follow a transfer from its transaction to where it rests, by what the chains show.

Nothing is remembered between two looks: whatever happened while nobody watched is found again, so a
transfer can be followed from its id alone. A delivered message is looked up by its lane and index.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bridge import messages
from bridge.client.connections import ChainClient, Connections, events
from bridge.client.status import AnyId, Evidence, IntentId, MessageId, Stage, Status, TransferId
from bridge.client.taken import look_for, wait_for
from bridge.contracts import clearing, custody, explain, finality, messaging, read_all
from bridge.contracts.clearing import WaitReason
from bridge.errors import SourceFailed, TransactionFailed, TransferUnknown
from bridge.messages import Item
from bridge.rpc import BlockRef, Log, LogFilter, Receipt
from bridge.rpc.types import to_hex
from bridge.types import ChainId, NextMode

MINED_WITHIN = 120.0

_HUB_STEPS = (
    clearing.DepositCredited.TOPIC,
    clearing.HubParcelCredited.TOPIC,
    clearing.CreditWaiting.TOPIC,
    clearing.Forwarded.TOPIC,
    clearing.ForwardStayed.TOPIC,
)
_CREDITS = (clearing.DepositCredited, clearing.HubParcelCredited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One message under way: from where to where, as what, and the log that shows it sent."""

    source: ChainClient
    destination: ChainClient
    message: MessageId
    body: messages.Body
    log: Log


async def follow(connections: Connections, transfer: AnyId) -> AsyncIterator[Status]:
    """Yield each step of a transfer as it becomes visible, the last one with `is_end`.

    Raises TransferUnknown for a transaction that sent no message, TransactionFailed for one that
    reverted or is not mined in two minutes, IntentExpired for an intent that nobody submitted in its
    time, SourceFailed for a receipt that is not whole.
    """
    client = connections[transfer.chain]
    if isinstance(transfer, IntentId):
        taken = await look_for(client, transfer)
        if taken is None:
            yield Status(stage=Stage.PENDING, evidence=None, detail=f"signed for {client.name}, not submitted yet")
            taken = await wait_for(client, transfer)
        async for status in _from_receipt(connections, client, taken, transfer):
            yield status
        return
    receipt = await client.rpc.receipt(transfer.tx)
    if receipt is None:
        yield Status(stage=Stage.PENDING, evidence=None, detail=f"on {client.name}, not mined yet")
        receipt = await _mined(client, transfer)
    if not receipt.succeeded:
        raise TransactionFailed(
            chain=client.name,
            tx=to_hex(transfer.tx),
            problem=f"reverted in block {receipt.block.number}",
            remedy="nothing was moved; make the transfer again",
        )
    async for status in _from_receipt(connections, client, receipt, transfer):
        yield status


async def _from_receipt(
    connections: Connections, client: ChainClient, receipt: Receipt, transfer: AnyId
) -> AsyncIterator[Status]:
    if client is connections.hub:
        found = events([log for log in receipt.logs if log.address == client.contract("hub")])
        for step in found:
            if isinstance(step, clearing.DepositCredited) and step.source == client.chain.id:
                async for status in _after_credit(connections, found, step):
                    yield status
                return
            if isinstance(step, clearing.Withdrawn) and step.chain == client.chain.id:
                yield _local_payment(client, list(receipt.logs), step.index)
                return
    sent = _sent(client, receipt)
    part = transfer.part if isinstance(transfer, TransferId) else 0
    if part >= len(sent):
        raise TransferUnknown(id=str(transfer), problem="sent no message to another chain")
    async for status in _hop(connections, _as_hop(connections, client, sent[part])):
        yield status


async def _hop(connections: Connections, hop: Hop) -> AsyncIterator[Status]:
    """Follow one message to its credit, and whatever that credit sends on."""
    yield Status(
        stage=Stage.SENT,
        evidence=_by_log(hop.source, hop.log),
        message=hop.message,
        detail=f"{describe(hop.body)}, {hop.source.name} → {hop.destination.name}",
    )
    async for status in _until_delivered(hop):
        yield status
    if hop.destination is not connections.hub:
        yield await _arrival(hop)
        return
    async for status in _at_hub(connections, hop):
        yield status


async def _until_delivered(hop: Hop) -> AsyncIterator[Status]:
    """Yield the root's arrival, and end when the Inbox has the message marked as delivered."""
    destination, message = hop.destination, hop.message
    inbox = destination.contract("inbox")
    route = messaging.INBOX_ROUTE.at(inbox, message.source)
    head = await destination.rpc.head()
    _, oracle = (await read_all(destination.rpc, [route], at=head.ref))[0]
    is_reported = False
    while True:
        (commitment, count), is_delivered = await read_all(
            destination.rpc,
            [
                finality.ORACLE_LATEST.at(oracle, message.source, message.destination),
                messaging.IS_DELIVERED.at(inbox, message.source, message.index),
            ],
            at=head.ref,
        )
        if count > message.index and not is_reported:
            is_reported = True
            evidence = Evidence(chain=destination.name, block=head.ref, commitment=commitment)
            detail = f"{destination.name} holds a root of {count} messages"
            final = Status(stage=Stage.FINAL, evidence=evidence, message=message, detail=detail)
            yield final
        if is_delivered:
            return
        await asyncio.sleep(destination.pause)
        head = await destination.rpc.head()


async def _arrival(hop: Hop) -> Status:
    """Return what became of a message that a venue's chain took.

    An endpoint's logs may come later than the state that shows the delivery, so it looks until they
    are there.
    """
    while (status := await _seen_arrival(hop)) is None:  # noqa: ASYNC110  # a chain sends no event to wait for
        await asyncio.sleep(hop.destination.pause)
    return status


async def _seen_arrival(hop: Hop) -> Status | None:
    client = hop.destination
    at = (await client.rpc.head()).ref
    if isinstance(hop.body, messages.Release):
        return await _payment(client, hop.body, hop.message, at=at)
    wanted = LogFilter(
        addresses=(client.contract("venue"),),
        topics=((clearing.VenueParcelCredited.TOPIC,), (_word(hop.message.index),)),
    )
    credit = next(iter(await client.find(wanted, at=at)), None)
    if credit is None:
        return None
    return Status(
        stage=Stage.CREDITED,
        evidence=_by_log(client, credit.log),
        message=hop.message,
        detail=f"cash at the venue of {client.name}",
        is_end=True,
    )


async def _payment(client: ChainClient, body: messages.Release, message: MessageId, *, at: BlockRef) -> Status | None:
    wanted = LogFilter(
        addresses=(client.contract("vault"),),
        topics=(
            (custody.Released.TOPIC, custody.Claimable.TOPIC),
            (body.account.to_bytes(),),
            (_word(body.asset),),
            (body.to.rjust(32, b"\0"),),
        ),
    )
    found = await client.history(wanted, at=at)
    step = next((step for step in found if step.index == message.index), None)
    return None if step is None else _paid(client, step, message)


def _local_payment(client: ChainClient, logs: list[Log], index: int) -> Status:
    """Return what became of a release on the hub's own chain, which one transaction settles."""
    own = events([log for log in logs if log.address == client.contract("vault")])
    steps = [step for step in own if isinstance(step, custody.Released | custody.Claimable)]
    step = next((step for step in steps if step.index == index), None)
    if step is None:
        raise _incomplete(client, f"payment {index}")
    return _paid(client, step, None)


def _paid(client: ChainClient, step: custody.Released | custody.Claimable, message: MessageId | None) -> Status:
    is_paid = isinstance(step, custody.Released)
    claim = f"kept for 0x{step.to.hex()} by the vault of {client.name}: `claim` pays it out"
    return Status(
        stage=Stage.PAID if is_paid else Stage.CLAIMABLE,
        evidence=_by_log(client, step.log),
        message=message,
        detail=f"paid to 0x{step.to.hex()} on {client.name}" if is_paid else claim,
        is_end=True,
    )


async def _at_hub(connections: Connections, hop: Hop) -> AsyncIterator[Status]:
    """Follow a message that the hub took: credited at once, or waiting first."""
    hub = connections.hub
    lane = (_word(hop.message.source),), (_word(hop.message.index),)
    wanted = LogFilter(addresses=(hub.contract("hub"),), topics=(_HUB_STEPS, *lane))
    is_reported = False
    while True:
        found = await hub.find(wanted, at=(await hub.rpc.head()).ref)
        credit = next((step for step in found if isinstance(step, _CREDITS)), None)
        if credit is not None:
            async for status in _after_credit(connections, found, credit, hop.message):
                yield status
            return
        waiting = next((s for s in found if isinstance(s, clearing.CreditWaiting)), None)
        if waiting is not None and not is_reported:
            is_reported = True
            reason = WaitReason(waiting.reason).name.lower().replace("_", " ")
            yield Status(
                stage=Stage.WAITING,
                evidence=_by_log(hub, waiting.log),
                message=hop.message,
                detail=f"the credit waits at the hub: {reason}; anyone can retry it",
            )
        await asyncio.sleep(hub.pause)


async def _after_credit(
    connections: Connections,
    found: list[Any],
    credit: clearing.DepositCredited | clearing.HubParcelCredited,
    message: MessageId | None = None,
) -> AsyncIterator[Status]:
    """Report a credit at the hub and follow what it sent on in the same transaction."""
    hub = connections.hub
    onward = next((s for s in found if isinstance(s, clearing.Forwarded)), None)
    stayed = next((s for s in found if isinstance(s, clearing.ForwardStayed)), None)
    evidence = _by_log(hub, credit.log)
    if stayed is not None:
        reason = explain(stayed.reason)[0]
        detail = f"credited at the hub; what comes next failed a check ({reason})"
        yield Status(stage=Stage.STAYED, evidence=evidence, message=message, detail=detail, is_end=True)
        return
    is_end = onward is None
    yield Status(stage=Stage.CREDITED, evidence=evidence, message=message, detail="at the hub", is_end=is_end)
    if onward is None:
        return
    yield Status(
        stage=Stage.FORWARDED,
        evidence=_by_log(hub, onward.log),
        message=MessageId(source=hub.chain.id, destination=onward.destination, index=onward.new_index),
        detail=f"sent on to {connections[onward.destination].name}",
    )
    async for status in _onward(connections, onward):
        yield status


async def _onward(connections: Connections, onward: clearing.Forwarded) -> AsyncIterator[Status]:
    hub = connections.hub
    # The endpoint that is asked now may be behind the one that had the log.
    while (receipt := await hub.rpc.receipt(onward.log.tx_hash)) is None:  # noqa: ASYNC110  # as above
        await asyncio.sleep(hub.pause)
    if onward.destination == hub.chain.id:
        yield _local_payment(hub, list(receipt.logs), onward.new_index)
        return
    message = onward.destination, onward.new_index
    sent = next((step for step in _sent(hub, receipt) if (step.destination, step.index) == message), None)
    if sent is None:
        raise _incomplete(hub, f"message {onward.new_index} to chain {onward.destination}")
    async for status in _hop(connections, _as_hop(connections, hub, sent)):
        yield status


async def _mined(client: ChainClient, transfer: TransferId) -> Receipt:
    started = time.monotonic()
    while (receipt := await client.rpc.receipt(transfer.tx)) is None:
        if time.monotonic() - started > MINED_WITHIN:
            raise TransactionFailed(
                chain=client.name,
                tx=to_hex(transfer.tx),
                problem=f"is not mined after {MINED_WITHIN:g} s",
                remedy="if it was never broadcast nothing has moved: make the transfer again",
            )
        await asyncio.sleep(client.pause)
    return receipt


def _incomplete(client: ChainClient, what: str) -> SourceFailed:
    """Return the error for a receipt that lacks what its own transaction cannot have left out."""
    return SourceFailed(source=f"chain {client.name}", problem=f"a receipt without the log of {what}")


def describe(body: messages.Body) -> str:
    """Return what a message is, in words."""
    match body:
        case messages.Deposit():
            onward = {NextMode.FORWARD: " to forward", NextMode.RELEASE: " to release"}
            return "deposit" + onward.get(body.next.mode, "")
        case messages.Release():
            return "release"
        case messages.Parcel():
            return "parcel"


def _sent(client: ChainClient, receipt: Receipt) -> list[messaging.Sent]:
    own = [log for log in receipt.logs if log.address == client.contract("outbox")]
    return [step for step in events(own) if isinstance(step, messaging.Sent)]


def _as_hop(connections: Connections, source: ChainClient, sent: messaging.Sent) -> Hop:
    return Hop(
        source=source,
        destination=connections[sent.destination],
        message=MessageId(source=ChainId(source.chain.id), destination=sent.destination, index=sent.index),
        body=messages.decode(Item.decode(sent.item).body),
        log=sent.log,
    )


def _by_log(client: ChainClient, log: Log) -> Evidence:
    return Evidence(chain=client.name, block=log.block, tx=log.tx_hash, log=log.index)


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
