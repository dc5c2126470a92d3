"""Deliver a message oneself: anyone can, with nothing but what the chains show.

The lane's tree is rebuilt from logs and believed only if its commitment is the one that the Outbox
holds at the same block: an endpoint that leaves logs out is noticed, never followed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge import proofs
from bridge.client.connections import ChainClient, Connections, events
from bridge.client.status import MessageId
from bridge.contracts import finality, messaging, read, read_all
from bridge.errors import RootNotFinal, SourceFailed
from bridge.merkle import Tree
from bridge.merkle_proof import commitment
from bridge.messages import Lane, leaf
from bridge.proofs import Delivery
from bridge.rpc import BlockRef, LogFilter, Receipt
from bridge.sender import Call, Sender
from bridge.types import Account, Hash32, LeafCount, LeafIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCopy:
    """A lane rebuilt at a block of its source: its tree and the items in it."""

    lane: Lane
    at: BlockRef
    tree: Tree
    items: tuple[bytes, ...]


async def deliver(connections: Connections, message: MessageId, payee: Account, sender: Sender) -> Receipt:
    """Prove a message against the newest root that its destination holds, and deliver it.

    Raises RootNotFinal while no held root covers the message, CallReverted with NothingDelivered if
    it was delivered before, SourceFailed if the source's logs do not give what the chain commits to.
    """
    delivery = await prove(connections, message)
    inbox = connections[message.destination].contract("inbox")
    return await sender.run(Call(to=inbox, data=encode(delivery, payee)))


async def prove(connections: Connections, message: MessageId) -> Delivery:
    """Return the delivery of one message against the newest root held; raises as `deliver` does."""
    source, destination = connections[message.source], connections[message.destination]
    copy = await copy_lane(source, destination)
    held, count = await held_root(destination, message)
    name = f"{source.name} → {destination.name} number {message.index}"
    if count <= message.index:
        problem = f"{destination.name} holds a root of {count} messages"
        raise RootNotFinal(message=name, problem=problem)
    if count > copy.tree.count:
        raise RootNotFinal(message=name, problem=f"{source.name} was read before that root")
    if copy.tree.commitment(count) != held:
        raise SourceFailed(source=f"chain {source.name}", problem=f"its lane differs from the root of {count} held")
    items = [copy.items[message.index]]
    return proofs.deliver(lane=copy.lane, tree=copy.tree, first=message.index, items=items, count=LeafCount(count))


def encode(delivery: Delivery, payee: Account) -> bytes:
    """Return the calldata that delivers against a root which is held."""
    return messaging.DELIVER.encode(
        delivery.source,
        delivery.root,
        delivery.count,
        delivery.first,
        payee.to_bytes(),
        delivery.items,
        list(delivery.siblings),
    )


async def held_root(destination: ChainClient, message: MessageId) -> tuple[Hash32, int]:
    """Return the newest commitment that the destination holds of a message's lane, and its count."""
    head = await destination.rpc.head()
    route = messaging.INBOX_ROUTE.at(destination.contract("inbox"), message.source)
    _, oracle = await read(destination.rpc, route, at=head.ref)
    latest = finality.ORACLE_LATEST.at(oracle, message.source, message.destination)
    held, count = await read(destination.rpc, latest, at=head.ref)
    return held, count


async def copy_lane(source: ChainClient, destination: ChainClient) -> LaneCopy:
    """Rebuild a lane at the source's newest block and check it against the chain's commitment."""
    head, outbox = await source.rpc.head(), source.contract("outbox")
    lane = Lane(source=source.chain.id, outbox=outbox, destination=destination.chain.id)
    topics = ((messaging.Sent.TOPIC,), (destination.chain.id.to_bytes(32, "big"),))
    wanted = LogFilter(addresses=(outbox,), topics=topics)
    logs = await source.rpc.logs(wanted, first=source.deployment.block, last=head.ref)
    items = tuple(sent.item for sent in events(logs))
    tree = Tree()
    tree.append_many(leaf(lane=lane, index=LeafIndex(index), item=item) for index, item in enumerate(items))
    questions = [
        messaging.OUTBOX_COUNT.at(outbox, destination.chain.id),
        messaging.OUTBOX_COMMITMENT.at(outbox, destination.chain.id),
    ]
    count, committed = await read_all(source.rpc, questions, at=head.ref)
    rebuilt = commitment(tree.subtree_root(), tree.count) if tree.count else bytes(32)
    if tree.count != count or rebuilt != committed:
        raise SourceFailed(
            source=f"chain {source.name}",
            problem=f"its logs give {tree.count} messages, its Outbox holds {count} or others",
        )
    return LaneCopy(lane=lane, at=head.ref, tree=tree, items=items)
