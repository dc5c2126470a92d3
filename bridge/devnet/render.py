"""How a client sees blocks, transactions, receipts and logs: the JSON shapes of the execution API."""

from __future__ import annotations

from typing import Any, TypeAlias

from bridge.devnet import codec
from bridge.devnet.model import AccountProof, Block, Header, Log, Receipt, Transaction

Json: TypeAlias = dict[str, Any]

ZERO_HASH = "0x" + "00" * 32


def data(value: bytes) -> str:
    """Return bytes as 0x and hexadecimal digits."""
    return "0x" + value.hex()


def bloom(value: int) -> str:
    """Return a bloom filter as 256 bytes of hexadecimal digits."""
    return f"0x{value:0512x}"


def header(block: Block) -> Json:
    """Return a block's header fields, with its hash and size."""
    head: Header = block.header
    return {
        "number": hex(head.number),
        "hash": data(block.hash),
        "parentHash": data(head.parent_hash),
        "nonce": data(codec.ZERO_NONCE),
        "sha3Uncles": data(codec.EMPTY_UNCLES_HASH),
        "logsBloom": data(head.logs_bloom),
        "transactionsRoot": data(head.transactions_root),
        "stateRoot": data(head.state_root),
        "receiptsRoot": data(head.receipts_root),
        "miner": data(head.coinbase),
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "extraData": data(head.extra_data),
        "size": hex(block.size),
        "gasLimit": hex(head.gas_limit),
        "gasUsed": hex(head.gas_used),
        "timestamp": hex(head.timestamp),
        "uncles": [],
        "mixHash": data(head.prev_randao),
        "baseFeePerGas": hex(head.base_fee),
        "withdrawals": [],
        "withdrawalsRoot": data(codec.EMPTY_TRIE_ROOT),
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": ZERO_HASH,
        "requestsHash": data(codec.EMPTY_REQUESTS_HASH),
    }


def block(found: Block, *, is_full: bool, is_pending: bool = False) -> Json:
    """Return a block, with whole transactions or their hashes; a pending one has no hash yet."""
    shape = header(found)
    if is_full:
        shape["transactions"] = [mined(found, index) for index in range(len(found.transactions))]
    else:
        shape["transactions"] = [data(item.hash) for item in found.transactions]
    if is_pending:
        shape |= {"hash": None, "nonce": None, "miner": None, "logsBloom": None}
        if is_full:
            shape["transactions"] = [transaction(item) for item in found.transactions]
    return shape


def mined(holder: Block, index: int) -> Json:
    """Return a transaction of a block, with its place and the price it paid."""
    item = holder.transactions[index]
    place = {
        "blockHash": data(holder.hash),
        "blockNumber": hex(holder.number),
        "transactionIndex": hex(index),
    }
    return transaction(item) | place | {"gasPrice": hex(item.price(holder.header.base_fee))}


def transaction(item: Transaction) -> Json:
    """Return a transaction that has no place in a block yet."""
    shape: Json = {
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
        "hash": data(item.hash),
        "type": hex(item.kind),
        "from": data(item.sender),
        "to": None if item.to is None else data(item.to),
        "nonce": hex(item.nonce),
        "gas": hex(item.gas),
        "gasPrice": hex(item.max_fee),
        "value": hex(item.value),
        "input": data(item.data),
        "v": hex(item.v),
        "r": hex(item.r),
        "s": hex(item.s),
    }
    if item.chain_id is not None:
        shape["chainId"] = hex(item.chain_id)
    if item.kind > 0:
        shape["yParity"] = hex(item.y_parity)
        shape["accessList"] = [
            {"address": data(address), "storageKeys": [f"0x{slot:064x}" for slot in slots]}
            for address, slots in item.access_list
        ]
    if item.gas_price is None:
        shape["maxFeePerGas"] = hex(item.max_fee)
        shape["maxPriorityFeePerGas"] = hex(item.max_priority_fee)
    if item.authorizations:
        shape["authorizationList"] = [
            {
                "chainId": hex(entry.chain_id),
                "address": data(entry.address),
                "nonce": hex(entry.nonce),
                "yParity": hex(entry.y_parity),
                "r": hex(entry.r),
                "s": hex(entry.s),
            }
            for entry in item.authorizations
        ]
    return shape


def receipt(holder: Block, index: int) -> Json:
    """Return the receipt of a block's transaction."""
    item, result = holder.transactions[index], holder.receipts[index]
    contract = result.contract_address
    return {
        "transactionHash": data(item.hash),
        "transactionIndex": hex(index),
        "blockHash": data(holder.hash),
        "blockNumber": hex(holder.number),
        "from": data(item.sender),
        "to": None if item.to is None else data(item.to),
        "cumulativeGasUsed": hex(result.cumulative_gas_used),
        "gasUsed": hex(result.gas_used),
        "effectiveGasPrice": hex(result.gas_price),
        "contractAddress": None if contract is None else data(contract),
        "logs": transaction_logs(holder, index, result),
        "logsBloom": bloom(result.logs_bloom),
        "type": hex(item.kind),
        "status": "0x1" if result.succeeded else "0x0",
    }


def transaction_logs(holder: Block, index: int, result: Receipt) -> list[Json]:
    """Return the logs of a block's transaction."""
    return [log(holder, index, entry) for entry in result.logs]


def log(holder: Block, index: int, entry: Log, *, is_removed: bool = False) -> Json:
    """Return a log with its place; `is_removed` says that a reorg took it away."""
    return {
        "address": data(entry.address),
        "topics": [data(topic) for topic in entry.topics],
        "data": data(entry.data),
        "blockNumber": hex(holder.number),
        "blockHash": data(holder.hash),
        "blockTimestamp": hex(holder.header.timestamp),
        "transactionHash": data(holder.transactions[index].hash),
        "transactionIndex": hex(index),
        "logIndex": hex(entry.index),
        "removed": is_removed,
    }


def proof(address: bytes, found: AccountProof) -> Json:
    """Return an account proof in the shape of EIP-1186."""
    return {
        "address": data(address),
        "balance": hex(found.account.balance),
        "nonce": hex(found.account.nonce),
        "codeHash": data(found.account.code_hash),
        "storageHash": data(found.account.storage_root),
        "accountProof": [data(node) for node in found.nodes],
        "storageProof": [
            {
                "key": f"0x{item.slot:064x}",
                "value": hex(item.value),
                "proof": [data(node) for node in item.nodes],
            }
            for item in found.storage
        ],
    }
