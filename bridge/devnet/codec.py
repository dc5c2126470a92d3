"""How blocks, receipts and blooms are encoded and hashed, by the Yellow Paper and EIP-2718.

Pure. Decoding of transactions is `transactions`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from bridge.devnet.model import Header, Log, Receipt
from bridge.keccak import keccak256

EMPTY_UNCLES_HASH = bytes.fromhex("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347")
EMPTY_TRIE_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
EMPTY_CODE_HASH = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
EMPTY_REQUESTS_HASH = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
ZERO_HASH = bytes(32)
ZERO_NONCE = bytes(8)

_LONG = 56
_HASHED = 32

Rlp: TypeAlias = "bytes | Sequence[Rlp]"
Decoded: TypeAlias = Any  # nested lists of bytes as an RLP decoder gives them; every reader checks the form


def integer(value: int) -> bytes:
    """Return a non-negative integer as RLP wants it: big endian, no leading zero."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def rlp(item: Rlp) -> bytes:
    """Return the RLP encoding of a byte string or of a nested list of byte strings."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefixed(item, 0x80)
    return _prefixed(b"".join([rlp(part) for part in item]), 0xC0)


def _prefixed(payload: bytes, offset: int) -> bytes:
    size = len(payload)
    if size < _LONG:
        return bytes((offset + size,)) + payload
    length = integer(size)
    return bytes((offset + _LONG - 1 + len(length),)) + length + payload


def rlp_items(encoded: bytes) -> list[Decoded]:
    """Return the items of a list that this node encoded itself; RLP from elsewhere needs a strict decoder."""
    first = encoded[0]
    return _items(encoded, 1 if first < 0xF8 else first - 0xF6, len(encoded))


def _items(data: bytes, at: int, end: int) -> list[Decoded]:
    found: list[Decoded] = []
    while at < end:
        head = data[at]
        if head < 0x80:
            found.append(data[at : at + 1])
            at += 1
            continue
        is_list = head >= 0xC0
        size = head - (0xC0 if is_list else 0x80)
        at += 1
        if size >= _LONG:
            width = size - _LONG + 1
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        found.append(_items(data, at, at + size) if is_list else data[at : at + size])
        at += size
    return found


def header_rlp(header: Header) -> bytes:
    """Return a Prague header's RLP; fields that a chain after the merge fixes are constants."""
    return rlp(
        [
            header.parent_hash,
            EMPTY_UNCLES_HASH,
            header.coinbase,
            header.state_root,
            header.transactions_root,
            header.receipts_root,
            header.logs_bloom,
            b"",
            integer(header.number),
            integer(header.gas_limit),
            integer(header.gas_used),
            integer(header.timestamp),
            header.extra_data,
            header.prev_randao,
            ZERO_NONCE,
            integer(header.base_fee),
            EMPTY_TRIE_ROOT,
            b"",
            b"",
            ZERO_HASH,
            EMPTY_REQUESTS_HASH,
        ]
    )


def block_size(header: bytes, transactions: Sequence[bytes]) -> int:
    """Return the size of a block's encoding; a typed transaction stands in it as a byte string."""
    items = [raw if raw[0] >= 0xC0 else rlp(raw) for raw in transactions]
    listed = len(_prefixed(b"".join(items), 0xC0))
    return len(_prefixed(bytes(len(header) + listed + 2), 0xC0))  # no uncles, no withdrawals: a byte each


def receipt_rlp(kind: int, receipt: Receipt) -> bytes:
    """Return a receipt's consensus encoding, with its type before it (EIP-2718)."""
    logs: Rlp = [[log.address, list(log.topics), log.data] for log in receipt.logs]
    status = b"\x01" if receipt.succeeded else b""
    body = rlp([status, integer(receipt.cumulative_gas_used), receipt.logs_bloom.to_bytes(256, "big"), logs])
    return body if kind == 0 else bytes((kind,)) + body


def bloom(logs: Sequence[Log]) -> int:
    """Return the 2048-bit bloom filter over the addresses and topics of logs."""
    bits = 0
    for value in {item for log in logs for item in (log.address, *log.topics)}:
        bits |= bloom_bits(value)
    return bits


def bloom_bits(value: bytes) -> int:
    """Return the three bits that a value sets in a bloom filter."""
    digest = keccak256(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") & 2047)
    return bits


def ordered_root(values: Sequence[bytes]) -> bytes:
    """Return the Merkle-Patricia root of a list under the keys rlp(0), rlp(1), and so on."""
    if not values:
        return EMPTY_TRIE_ROOT
    leaves = sorted((_nibbles(rlp(integer(index))), value) for index, value in enumerate(values))
    return keccak256(rlp(_node(leaves, 0)))


def _node(leaves: list[tuple[bytes, bytes]], depth: int) -> Decoded:
    first, value = leaves[0]
    if len(leaves) == 1:
        return [compact_path(first[depth:], is_leaf=True), value]
    shared = _shared(first, leaves[-1][0], depth)
    if shared > depth:
        return [compact_path(first[depth:shared], is_leaf=False), _reference(_node(leaves, shared))]
    children: list[Decoded] = [b""] * 17
    for nibble in sorted({key[depth] for key, _ in leaves}):
        children[nibble] = _reference(_node([leaf for leaf in leaves if leaf[0][depth] == nibble], depth + 1))
    return children


def _reference(node: Decoded) -> Decoded:
    encoded = rlp(node)
    return node if len(encoded) < _HASHED else keccak256(encoded)


def _shared(first: bytes, last: bytes, depth: int) -> int:
    # The leaves are sorted, so what the first and the last share, all of them share.
    while depth < len(first) and depth < len(last) and first[depth] == last[depth]:
        depth += 1
    return depth


def _nibbles(key: bytes) -> bytes:
    return bytes(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def compact_path(nibbles: bytes, *, is_leaf: bool) -> bytes:
    """Return a path's nibbles as a trie node holds them: two a byte, after a flag for leaf and odd length."""
    flag = 2 if is_leaf else 0
    head = (flag + 1, nibbles[0]) if len(nibbles) % 2 else (flag, 0)
    rest = nibbles[len(nibbles) % 2 :]
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return bytes((head[0] << 4 | head[1], *(high << 4 | low for high, low in pairs)))
