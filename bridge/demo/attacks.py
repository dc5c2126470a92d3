"""The steps in which somebody tries: a forged proof, a replay, a false state root."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from bridge import messages
from bridge.client.delivery import encode, prove
from bridge.client.status import MessageId, Stage
from bridge.contracts import finality, read
from bridge.contracts.abi import read_log
from bridge.demo.network import BOND, OPTIMISTIC
from bridge.demo.scene import Scene, Told, of_receipt
from bridge.errors import CallReverted, CheckFailed, TransactionFailed
from bridge.messages import Item
from bridge.sender import Call
from bridge.types import Account, ChainId, Hash32, Wad

FALSE_ROOT = Hash32(b"\xfa" * 32)
REFUTED_WITHIN = 60.0
GAS = 1_500_000


async def forgery(scene: Scene) -> Told:
    """A stranger changes the amount in a proven message, and is refused on chain."""
    message = await _delivered(scene)
    genuine = await prove(scene.connections, message)
    item = Item.decode(genuine.items)
    body = messages.decode(item.body)
    if not isinstance(body, messages.Deposit):
        raise CheckFailed(what="the first message", found=type(body).__name__, expected="Deposit")
    thief = Account(owner=scene.actors.stranger.address)
    richer = replace(body, account=thief, amount=Wad(body.amount * 1_000))
    forged = replace(genuine, items=replace(item, body=richer.encode()).encode())
    root = replace(forged, root=Hash32(b"\x66" * 32))
    facts = {
        "changed message": await _refused(scene, message, encode(forged, thief), "ProofInvalid"),
        "invented root": await _refused(scene, message, encode(root, thief), "RootNotAccepted"),
    }
    return Told(facts=facts)


async def replay(scene: Scene) -> Told:
    """A message that was delivered once is brought again with its genuine proof, and is refused."""
    message = await _delivered(scene)
    genuine = await prove(scene.connections, message)
    thief = Account(owner=scene.actors.stranger.address)
    reason = await _refused(scene, message, encode(genuine, thief), "NothingDelivered")
    return Told(facts={"genuine proof, second time": reason})


async def dispute(scene: Scene) -> Told:
    """A stranger proposes a false state root under bond; a validator disputes it, the court decides."""
    base, rollup = scene.connections.base, scene.connections[OPTIMISTIC]
    registry = base.contract("root-registry")
    height = (await rollup.rpc.head()).number
    propose = finality.REGISTRY_PROPOSE.encode(rollup.chain.id, height, FALSE_ROOT)
    sender = scene.stranger.sender(base)
    receipt = await sender.run(Call(to=registry, data=propose, value=BOND))
    events = [read_log(log) for log in receipt.logs]
    proposal = next(event for event in events if isinstance(event, finality.Proposed))
    seconds = await _until_refuted(scene, proposal.id)
    head = await base.rpc.head()
    final = finality.REGISTRY_FINAL_ROOT.at(registry, rollup.chain.id, height)
    if await read(base.rpc, final, at=head.ref) == FALSE_ROOT:
        raise CheckFailed(what=f"{OPTIMISTIC} at {height}", found="false", expected="never final")
    facts = {
        "false root": f"proposed for block {height} of {OPTIMISTIC}, disputed, refuted in {seconds:.1f} s",
        "bond": f"{BOND / 10**18:g} ether lost by the proposer",
    }
    return Told(facts=facts, transactions=of_receipt(base.name, receipt))


async def _until_refuted(scene: Scene, proposal: int) -> float:
    base = scene.connections.base
    view = finality.REGISTRY_PROPOSAL.at(base.contract("root-registry"), proposal)
    started = time.monotonic()
    status = finality.Status.NONE
    while time.monotonic() - started < REFUTED_WITHIN:
        record = await read(base.rpc, view, at=(await base.rpc.head()).ref)
        status = finality.Status(record[3])
        if status is finality.Status.REFUTED:
            return time.monotonic() - started
        await asyncio.sleep(0.25)
    raise CheckFailed(
        what=f"false proposal {proposal}",
        found=status.name.lower(),
        expected=f"refuted within {REFUTED_WITHIN:g} s",
    )


async def _delivered(scene: Scene) -> MessageId:
    """Return a message that was delivered in an earlier step."""
    async for status in scene.transfers["first"]:
        if status.stage is Stage.FINAL and status.message is not None:
            return status.message
    raise CheckFailed(what="the first deposit", found="undelivered", expected="delivered")


async def _refused(scene: Scene, message: MessageId, data: bytes, expected: str) -> str:
    """Send it for real, see it revert, and return the contract's reason in its own words."""
    client = scene.connections[ChainId(message.destination)]
    sender, inbox = scene.stranger.sender(client), client.contract("inbox")
    try:
        await sender.run(Call(to=inbox, data=data, gas=GAS))
    except TransactionFailed:
        pass
    else:
        raise CheckFailed(what="a forged delivery", found="accepted", expected=expected)
    try:
        await sender.estimate(Call(to=inbox, data=data))
    except CallReverted as refusal:
        if refusal.error == expected:
            return f"refused: {refusal.error}"
        raise
    raise CheckFailed(what="a forged delivery", found="accepted", expected=expected)
