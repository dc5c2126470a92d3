"""JSON-RPC methods that read the chain: blocks, transactions, receipts, logs, filters, fees, identity."""

from __future__ import annotations

from bridge.devnet import builder, filters, logs, params, render
from bridge.devnet.errors import InvalidParamsError, ResourceNotFoundError
from bridge.devnet.filters import Kind
from bridge.devnet.model import Block, Hash
from bridge.devnet.node import Node
from bridge.devnet.params import Json
from bridge.devnet.rpc import Handler
from bridge.keccak import keccak256

CLIENT_VERSION = "causeway-devnet/0.1.0/py-evm/prague"
SUGGESTED_TIP = 1_000_000_000  # wei a gas
MAX_FEE_HISTORY = 1_024  # blocks
MAX_PERCENTILES = 100


def methods(node: Node) -> dict[str, Handler]:
    """Return the handlers by name."""
    reader = _Reader(node)
    spec = node.chain.spec
    return {
        "web3_clientVersion": lambda _: CLIENT_VERSION,
        "web3_sha3": lambda args: render.data(keccak256(params.data(params.take(args, 0)))),
        "net_version": lambda _: str(spec.chain_id),
        "net_listening": lambda _: True,
        "net_peerCount": lambda _: "0x0",
        "eth_chainId": lambda _: hex(spec.chain_id),
        "eth_syncing": lambda _: False,
        "eth_mining": lambda _: False,
        "eth_hashrate": lambda _: "0x0",
        "eth_accounts": lambda _: [],
        "eth_coinbase": lambda _: render.data(spec.coinbase),
        "eth_blockNumber": lambda _: hex(node.chain.head.number),
        "eth_gasPrice": lambda _: hex(node.chain.base_fee() + SUGGESTED_TIP),
        "eth_maxPriorityFeePerGas": lambda _: hex(SUGGESTED_TIP),
        "eth_blobBaseFee": lambda _: "0x1",
        "eth_feeHistory": reader.fee_history,
        "eth_getBlockByNumber": reader.block_by_number,
        "eth_getBlockByHash": reader.block_by_hash,
        "eth_getBlockTransactionCountByNumber": lambda args: reader.count(node.find(params.take(args, 0))),
        "eth_getBlockTransactionCountByHash": lambda args: reader.count(reader.hashed(args)),
        "eth_getUncleCountByBlockNumber": lambda args: "0x0" if node.find(params.take(args, 0)) else None,
        "eth_getUncleCountByBlockHash": lambda args: "0x0" if reader.hashed(args) else None,
        "eth_getBlockReceipts": reader.block_receipts,
        "eth_getTransactionByHash": reader.transaction,
        "eth_getTransactionByBlockHashAndIndex": lambda args: reader.by_index(reader.hashed(args), args),
        "eth_getTransactionByBlockNumberAndIndex": lambda args: reader.by_index(node.find(params.take(args, 0)), args),
        "eth_getRawTransactionByHash": reader.raw_transaction,
        "eth_getTransactionReceipt": reader.receipt,
        "eth_getLogs": reader.logs,
        "eth_newFilter": reader.new_filter,
        "eth_newBlockFilter": lambda _: hex(node.filters.install(Kind.BLOCKS)),
        "eth_newPendingTransactionFilter": lambda _: hex(node.filters.install(Kind.PENDING)),
        "eth_getFilterChanges": lambda args: node.filters.changes(params.quantity(params.take(args, 0))),
        "eth_getFilterLogs": reader.filter_logs,
        "eth_uninstallFilter": lambda args: node.filters.uninstall(params.quantity(params.take(args, 0))),
    }


class _Reader:
    def __init__(self, node: Node) -> None:
        self._node, self._chain = node, node.chain

    def block_by_number(self, args: list[Json]) -> Json:
        selector = params.take(args, 0)
        block = self._chain.by_number(self._node.height(selector)) if selector != "pending" else self._node.pending()
        return self._block(block, args, is_pending=selector == "pending")

    def block_by_hash(self, args: list[Json]) -> Json:
        return self._block(self.hashed(args), args)

    def hashed(self, args: list[Json]) -> Block | None:
        return self._chain.by_hash(params.hash32(params.take(args, 0)))

    @staticmethod
    def _block(block: Block | None, args: list[Json], *, is_pending: bool = False) -> Json:
        is_full = params.take(args, 1, default=False)
        if not isinstance(is_full, bool):
            raise InvalidParamsError("argument 1: true or false expected")
        return None if block is None else render.block(block, is_full=is_full, is_pending=is_pending)

    @staticmethod
    def count(block: Block | None) -> str | None:
        return None if block is None else hex(len(block.transactions))

    def block_receipts(self, args: list[Json]) -> Json:
        block = self._node.find(params.take(args, 0))
        return None if block is None else [render.receipt(block, index) for index in range(len(block.transactions))]

    def transaction(self, args: list[Json]) -> Json:
        transaction_hash: Hash = params.hash32(params.take(args, 0))
        place = self._chain.place(transaction_hash)
        if place is not None:
            return render.mined(*place)
        waiting = self._chain.pool.get(transaction_hash)
        return None if waiting is None else render.transaction(waiting)

    def raw_transaction(self, args: list[Json]) -> Json:
        transaction_hash = params.hash32(params.take(args, 0))
        place = self._chain.place(transaction_hash)
        found = self._chain.pool.get(transaction_hash) if place is None else place[0].transactions[place[1]]
        return None if found is None else render.data(found.raw)

    @staticmethod
    def by_index(block: Block | None, args: list[Json]) -> Json:
        index = params.quantity(params.take(args, 1))
        return None if block is None or index >= len(block.transactions) else render.mined(block, index)

    def receipt(self, args: list[Json]) -> Json:
        place = self._chain.place(params.hash32(params.take(args, 0)))
        return None if place is None else render.receipt(*place)

    def logs(self, args: list[Json]) -> Json:
        return self._logs(params.mapping(params.take(args, 0), "filter"))

    def _logs(self, query: dict[str, Json]) -> Json:
        wanted = logs.criteria(query)
        if query.get("blockHash") is not None:
            if query.get("fromBlock") is not None or query.get("toBlock") is not None:
                raise InvalidParamsError("cannot specify both blockHash and fromBlock/toBlock, choose one or the other")
            block = self._chain.by_hash(params.hash32(query["blockHash"]))
            if block is None:
                raise ResourceNotFoundError("unknown block")
            return list(logs.matching(block, wanted))
        head = self._chain.head.number
        first, last = (self._node.height(query.get(key) or "latest") for key in ("fromBlock", "toBlock"))
        if first > last:
            raise InvalidParamsError(f"invalid block range: from {first} to {last}")
        return logs.scan(self._chain.blocks, min(first, head + 1), min(last, head), wanted)

    def new_filter(self, args: list[Json]) -> str:
        query = params.mapping(params.take(args, 0, default={}), "filter")
        ends = [query.get(key) for key in ("fromBlock", "toBlock")]
        bounds = [None if end in {None, "latest", "pending"} else self._node.height(end) for end in ends]
        number = self._node.filters.install(
            Kind.LOGS, wanted=logs.criteria(query), first=bounds[0] or 0, last=bounds[1], query=query
        )
        return hex(number)

    def filter_logs(self, args: list[Json]) -> Json:
        found: filters.Filter = self._node.filters.get(params.quantity(params.take(args, 0)))
        if found.kind is not Kind.LOGS:
            raise InvalidParamsError("the filter is not a log filter")
        return self._logs(found.query)

    def fee_history(self, args: list[Json]) -> Json:
        wanted = min(params.number(params.take(args, 0)), MAX_FEE_HISTORY)
        newest = self._node.find(params.take(args, 1, default="latest"))
        if newest is None:
            raise ResourceNotFoundError("request beyond head block")
        percentiles = params.sequence(params.take(args, 2, default=[]), "percentiles", MAX_PERCENTILES)
        if any(
            not isinstance(item, (int, float)) or not 0 <= item <= 100 for item in percentiles
        ) or percentiles != sorted(percentiles):
            raise InvalidParamsError("percentiles: ascending numbers from 0 to 100 expected")
        last = min(newest.number, self._chain.head.number)
        blocks = self._chain.blocks[max(last - wanted + 1, 0) : last + 1]
        return _fee_history(blocks, percentiles) if blocks else {"oldestBlock": hex(last), "gasUsedRatio": []}


def _fee_history(blocks: list[Block], percentiles: list[float]) -> dict[str, Json]:
    headers = [block.header for block in blocks]
    history: dict[str, Json] = {
        "oldestBlock": hex(headers[0].number),
        "baseFeePerGas": [*(hex(header.base_fee) for header in headers), hex(builder.next_base_fee(headers[-1]))],
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        "baseFeePerBlobGas": ["0x1"] * (len(headers) + 1),
        "blobGasUsedRatio": [0.0] * len(headers),
    }
    if percentiles:
        history["reward"] = [[hex(tip) for tip in _rewards(block, percentiles)] for block in blocks]
    return history


def _rewards(block: Block, percentiles: list[float]) -> list[int]:
    """Return the tips at percentiles of the block's gas, in wei a gas; an empty block pays none."""
    paid = sorted(
        (item.tip(block.header.base_fee), receipt.gas_used)
        for item, receipt in zip(block.transactions, block.receipts, strict=True)
    )
    tips: list[int] = []
    for percentile in percentiles:
        threshold, total = block.header.gas_used * percentile / 100, 0
        chosen = 0
        for tip, gas in paid:
            chosen, total = tip, total + gas
            if total >= threshold:
                break
        tips.append(chosen)
    return tips
