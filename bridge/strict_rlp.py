"""Read RLP in its one canonical form, for proofs that must not be writable in two ways.

The forms accepted are those of rule 6 in `bridge.mpt`, where a proof's other rules stand too. No
general decoder is used: it has no such bounds, and what it forgives would be ours to answer for.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import ProofError

_STRING = 0x80
_LIST = 0xC0
_SHORT = 55  # longest payload whose length is part of the first byte
_WIDEST = {_STRING: 1, _LIST: 2}  # bytes that a length may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One string or list: its encoding, header included, and what the header announces."""

    encoded: bytes
    payload: bytes
    is_list: bool


def read_list(encoded: bytes) -> list[Item]:
    """Return the items of the one list that fills `encoded`; raises ProofError otherwise.

    Lists among the items are not looked into: who reads one, judges it.
    """
    whole = _whole(encoded)
    if not whole.is_list:
        raise ProofError(reason="a string stands where RLP must be a list (rule 6)")
    items: list[Item] = []
    start = 0
    while start < len(whole.payload):
        items.append(_item(whole.payload, start))
        start += len(items[-1].encoded)
    return items


def read_string(encoded: bytes) -> bytes:
    """Return the one string that fills `encoded`; raises ProofError otherwise."""
    whole = _whole(encoded)
    if whole.is_list:
        raise ProofError(reason="a list stands where RLP must be a string (rule 6)")
    return whole.payload


def _whole(encoded: bytes) -> Item:
    item = _item(encoded, 0)
    if len(item.encoded) != len(encoded):
        raise ProofError(reason="bytes follow the end of an RLP item (rule 6)")
    return item


def _item(data: bytes, start: int) -> Item:
    if start >= len(data):
        raise ProofError(reason="RLP is empty (rule 6)")
    first = data[start]
    if first < _STRING:
        byte = data[start : start + 1]
        return Item(encoded=byte, payload=byte, is_list=False)
    base = _LIST if first >= _LIST else _STRING
    content, length = _extent(data, start, base)
    end = content + length
    if end > len(data):
        raise ProofError(reason="an RLP item is cut short (rule 6)")
    if base == _STRING and length == 1 and data[content] < _STRING:
        raise ProofError(reason="a single byte has a header of its own in RLP (rule 6)")
    return Item(encoded=data[start:end], payload=data[content:end], is_list=base == _LIST)


def _extent(data: bytes, start: int, base: int) -> tuple[int, int]:
    """Return where the payload of the item at `start` begins, and its length."""
    announced = data[start] - base
    if announced <= _SHORT:
        return start + 1, announced
    width = announced - _SHORT
    if width > _WIDEST[base]:
        raise ProofError(reason="an RLP item is longer than any part of a node (rule 6)")
    content = start + 1 + width
    length = int.from_bytes(data[start + 1 : content], "big")
    if length <= _SHORT or length.bit_length() <= 8 * (width - 1):
        raise ProofError(reason="an RLP length is not in its shortest form (rule 6)")
    return content, length
