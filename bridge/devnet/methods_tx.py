"""JSON-RPC methods that take transactions in, and that show the pool."""

from __future__ import annotations

from bridge.devnet import params, render, transactions
from bridge.devnet.model import Transaction
from bridge.devnet.node import Node
from bridge.devnet.params import Json
from bridge.devnet.rpc import Handler


def methods(node: Node) -> dict[str, Handler]:
    """Return the handlers by name; the dispatcher mines after them, before it answers."""
    pool = _Pool(node)
    return {
        "eth_sendRawTransaction": pool.send_raw,
        "txpool_status": pool.status,
        "txpool_content": pool.content,
    }


class _Pool:
    def __init__(self, node: Node) -> None:
        self._node, self._chain = node, node.chain

    def send_raw(self, args: list[Json]) -> str:
        transaction = transactions.decode(params.data(params.take(args, 0)), self._chain.spec.chain_id)
        self._chain.submit(transaction)
        self._node.filters.on_pending(transaction.hash)
        return render.data(transaction.hash)

    def status(self, _: list[Json]) -> dict[str, str]:
        groups = self._groups()
        return {name: hex(len(items)) for name, items in groups.items()}

    def content(self, _: list[Json]) -> dict[str, Json]:
        shape: dict[str, Json] = {}
        for name, items in self._groups().items():
            senders: dict[str, dict[str, Json]] = {}
            for item in items:
                senders.setdefault(render.data(item.sender), {})[str(item.nonce)] = render.transaction(item)
            shape[name] = senders
        return shape

    def _groups(self) -> dict[str, list[Transaction]]:
        groups: dict[str, list[Transaction]] = {"pending": [], "queued": []}
        pool = self._chain.pool
        for item in pool.all():
            reach = pool.next_nonce(item.sender, self._chain.nonce(item.sender))
            groups["pending" if item.nonce < reach else "queued"].append(item)
        return groups
