"""Ask contracts at a block, and turn a revert into what the contract meant by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from bridge.contracts.abi import View
from bridge.contracts.reverts import as_revert
from bridge.errors import RequestRefused
from bridge.rpc import BlockRef, Rpc

Value = TypeVar("Value")


async def read(rpc: Rpc, view: View[Value], *, at: BlockRef) -> Value:
    """Return the answer of one view in the state of block `at`; raises CallReverted."""
    values: list[Value] = await read_all(rpc, [view], at=at)
    return values[0]


async def read_all(rpc: Rpc, views: Sequence[View[Any]], *, at: BlockRef) -> list[Any]:
    """Return the answers of several views in the state of one block; raises CallReverted."""
    try:
        returned = await rpc.calls([(view.to, view.data) for view in views], at=at)
    except RequestRefused as refusal:
        raise as_revert(refusal) from refusal
    return [view.decode(data) for view, data in zip(views, returned, strict=True)]
