"""JSON-RPC methods that only a development chain has: time, snapshots, edits, reorgs, halts and censorship.

Where anvil has a method, this is its name and form, so that one client drives both; what only this node has is
under `devnet_`.
"""

from __future__ import annotations

from bridge.devnet import params, render, transactions
from bridge.devnet.errors import InvalidParamsError
from bridge.devnet.model import AccountChange, Transaction
from bridge.devnet.node import Node
from bridge.devnet.params import Json
from bridge.devnet.rpc import Handler

MAX_MINED = 10_000  # blocks a call
MAX_INTERVAL = 86_400.0  # seconds


def methods(node: Node) -> dict[str, Handler]:
    """Return the handlers by name."""
    dev = _Dev(node)
    return {
        "evm_snapshot": lambda _: hex(node.chain.snapshot()),
        "evm_revert": lambda args: node.chain.revert(params.number(params.take(args, 0))),
        "evm_mine": dev.mine,
        "anvil_mine": dev.mine_many,
        "evm_increaseTime": lambda args: node.chain.clock.advance(params.number(params.take(args, 0))),
        "evm_setNextBlockTimestamp": dev.set_next_timestamp,
        "evm_setAutomine": dev.set_automine,
        "evm_setIntervalMining": dev.set_interval,
        "anvil_getAutomine": lambda _: node.miner.is_automatic,
        "anvil_setBalance": lambda args: dev.edit(args, AccountChange(balance=params.number(params.take(args, 1)))),
        "anvil_setNonce": lambda args: dev.edit(args, AccountChange(nonce=params.number(params.take(args, 1)))),
        "anvil_setCode": lambda args: dev.edit(args, AccountChange(code=params.data(params.take(args, 1)))),
        "anvil_setStorageAt": dev.set_storage,
        "anvil_setNextBlockBaseFeePerGas": dev.set_base_fee,
        "anvil_dropTransaction": dev.drop,
        "anvil_reorg": dev.reorg,
        "devnet_reorg": dev.reorg_with_options,
        "devnet_halt": dev.halt,
        "devnet_resume": dev.resume,
        "devnet_censor": lambda args: dev.censor(args, is_censored=True),
        "devnet_uncensor": dev.uncensor,
        "devnet_status": dev.status,
    }


class _Dev:
    def __init__(self, node: Node) -> None:
        self._node, self._chain, self._miner = node, node.chain, node.miner

    async def mine(self, args: list[Json]) -> str:
        given = params.take(args, 0, default={})
        options = given if isinstance(given, dict) else {"timestamp": given}
        blocks = _count(options.get("blocks", 1))
        timestamp = options.get("timestamp")
        if timestamp is not None:
            self._chain.clock.set_next(params.number(timestamp), self._chain.head.header.timestamp)
        for _ in range(blocks):
            await self._miner.mine()
        return "0x0"

    async def mine_many(self, args: list[Json]) -> None:
        blocks, interval = _count(params.take(args, 0, default=1)), params.number(params.take(args, 1, default=0))
        for index in range(blocks):
            if index and interval:
                head = self._chain.head.header.timestamp
                self._chain.clock.set_next(head + interval, head)
            await self._miner.mine()

    def set_next_timestamp(self, args: list[Json]) -> None:
        self._chain.clock.set_next(params.number(params.take(args, 0)), self._chain.head.header.timestamp)

    async def set_automine(self, args: list[Json]) -> None:
        is_automatic = params.take(args, 0)
        if not isinstance(is_automatic, bool):
            raise InvalidParamsError("evm_setAutomine: true or false expected")
        self._miner.is_automatic = is_automatic
        await self._miner.settle()

    def set_interval(self, args: list[Json]) -> None:
        seconds = params.take(args, 0)
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= MAX_INTERVAL:
            raise InvalidParamsError(f"evm_setIntervalMining: 0 to {MAX_INTERVAL:.0f} seconds expected")
        self._miner.is_automatic = False
        self._miner.set_interval(float(seconds))

    def edit(self, args: list[Json], change: AccountChange) -> None:
        self._chain.edit({params.address(params.take(args, 0)): change})

    def set_storage(self, args: list[Json]) -> bool:
        slot, value = params.slot(params.take(args, 1)), params.word(params.take(args, 2))
        self.edit(args, AccountChange(slots={slot: value}))
        return True

    def set_base_fee(self, args: list[Json]) -> None:
        self._chain.next_base_fee = params.number(params.take(args, 0))
        self._chain.pool.version += 1

    def drop(self, args: list[Json]) -> str | None:
        transaction_hash = params.hash32(params.take(args, 0))
        return render.data(transaction_hash) if self._chain.pool.drop(transaction_hash) else None

    def reorg(self, args: list[Json]) -> None:
        if args and isinstance(args[0], dict):
            args = [args[0].get("depth"), args[0].get("txBlockPairs")]
        depth = params.number(params.take(args, 0))
        pairs = params.sequence(params.take(args, 1, default=[]), "transactions", MAX_MINED)
        self._chain.reorg(depth, tuple(self._placed(pair, depth) for pair in pairs))

    def reorg_with_options(self, args: list[Json]) -> None:
        options = params.mapping(params.take(args, 0), "reorg")
        keep = options.get("keepTransactions", False)
        blocks = options.get("blocks")
        if not isinstance(keep, bool):
            raise InvalidParamsError("keepTransactions: true or false expected")
        self._chain.reorg(
            params.number(options.get("depth")), keep=keep, blocks=None if blocks is None else _count(blocks)
        )

    def _placed(self, pair: Json, depth: int) -> tuple[Transaction, int]:
        items = params.sequence(pair, "transaction and block", 2)
        if len(items) != 2 or isinstance(items[0], dict):
            raise InvalidParamsError("each pair: a raw signed transaction and a block offset expected")
        offset = params.number(items[1])
        if offset >= depth:
            raise InvalidParamsError(f"block offset {offset}: below the depth {depth} expected")
        return transactions.decode(params.data(items[0]), self._chain.spec.chain_id), offset

    def halt(self, _: list[Json]) -> bool:
        self._miner.is_halted = True
        return True

    async def resume(self, _: list[Json]) -> bool:
        await self._miner.resume()
        return True

    def censor(self, args: list[Json], *, is_censored: bool) -> bool:
        self._chain.pool.censor(params.address(params.take(args, 0)), is_censored=is_censored)
        return True

    async def uncensor(self, args: list[Json]) -> bool:
        self.censor(args, is_censored=False)
        await self._miner.settle()
        return True

    def status(self, _: list[Json]) -> dict[str, Json]:
        return {
            "halted": self._miner.is_halted,
            "automine": self._miner.is_automatic,
            "interval": self._miner.interval,
            "censored": sorted(render.data(item) for item in self._chain.pool.censored),
            "waiting": hex(len(self._chain.pool)),
            "head": hex(self._chain.head.number),
            "anchor": self._miner.feed_status(),
        }


def _count(given: Json) -> int:
    blocks = params.number(given)
    if blocks > MAX_MINED:
        raise InvalidParamsError(f"at most {MAX_MINED} blocks are mined at once, {blocks} asked for")
    return blocks
