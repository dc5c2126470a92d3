"""A node: a chain with its miner and filters, and how a client's block parameter names a state of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from bridge.devnet import params
from bridge.devnet.chain import Chain
from bridge.devnet.errors import InvalidParamsError, ResourceNotFoundError
from bridge.devnet.filters import Filters
from bridge.devnet.miner import Miner
from bridge.devnet.model import Block, BlockEnv, Hash
from bridge.devnet.params import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A block with the state to read there and the surroundings in which a call runs."""

    block: Block
    root: Hash
    env: BlockEnv


class Node:
    """What the methods share."""

    def __init__(self, chain: Chain, miner: Miner) -> None:
        self.chain, self.miner = chain, miner
        self.filters = Filters(time.monotonic)
        chain.listen(self.filters.on_block)
        self._pending: tuple[Hash, int, Block] | None = None

    def finalized(self) -> int:
        """Return the height of the newest finalized block."""
        return max(self.chain.head.number - self.chain.spec.finality_depth, 0)

    def safe(self) -> int:
        """Return the height of the newest safe block: half as deep as a finalized one."""
        return max(self.chain.head.number - (self.chain.spec.finality_depth + 1) // 2, 0)

    def pending(self) -> Block:
        """Return the block that would be mined now; built once for a head and a pool."""
        key = (self.chain.state_root, self.chain.pool.version)
        if self._pending is None or self._pending[:2] != key:
            self._pending = (*key, self.chain.pending())
        return self._pending[2]

    def height(self, tag: Json) -> int:
        """Return the height that a tag or a quantity names; it may lie beyond the head."""
        match tag:
            case "latest":
                return self.chain.head.number
            case "pending":
                return self.chain.head.number + 1
            case "earliest":
                return 0
            case "finalized":
                return self.finalized()
            case "safe":
                return self.safe()
            case _:
                return params.quantity(tag)

    def find(self, selector: Json) -> Block | None:
        """Return the block that a tag, quantity, hash or EIP-1898 object names; None if there is none."""
        if selector == "pending":
            return self.pending()
        if isinstance(selector, dict):
            return self._by_object(selector)
        if isinstance(selector, str) and len(selector) == 66:
            return self.chain.by_hash(params.hash32(selector))
        return self.chain.by_number(self.height(selector))

    def view(self, selector: Json) -> View:
        """Return the state at a block.

        Raises `ResourceNotFoundError` if the block is not on this chain: an answer from another one would be a lie.
        """
        block = self.find(selector)
        if block is None:
            raise ResourceNotFoundError(f"header not found: {selector}")
        if selector != "pending":
            return View(block=block, root=self.chain.root_of(block), env=self.chain.env_of(block))
        env = replace(self.chain.env_after(self.chain.head), timestamp=block.header.timestamp)
        return View(block=block, root=block.header.state_root, env=env)

    def _by_object(self, selector: dict[str, Json]) -> Block | None:
        if ("blockHash" in selector) == ("blockNumber" in selector):
            raise InvalidParamsError("block: an object with either blockHash or blockNumber expected (EIP-1898)")
        if "blockHash" in selector:
            return self.chain.by_hash(params.hash32(selector["blockHash"]))
        return self.chain.by_number(self.height(selector["blockNumber"]))
