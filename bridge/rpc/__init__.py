"""Ethereum JSON-RPC as this project reads chains: batched, bounded, pinned to blocks, by quorum.

`Rpc` is one chain behind one or more endpoints. `types` holds what its answers parse into, `source`
one endpoint over HTTP, `client` the quorum and the typed reads.
"""

from bridge.rpc.client import Rpc
from bridge.rpc.source import Limits, Source
from bridge.rpc.types import (
    AccountProof,
    Block,
    BlockRef,
    Log,
    LogFilter,
    Receipt,
    Request,
    SlotProof,
)

__all__ = [
    "AccountProof",
    "Block",
    "BlockRef",
    "Limits",
    "Log",
    "LogFilter",
    "Receipt",
    "Request",
    "Rpc",
    "SlotProof",
    "Source",
]
