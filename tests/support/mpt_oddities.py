"""Make the parts of a node that look almost right: items, values and encodings.

They go where `tests.support.mpt_mutations` puts them; each breaks some rule of `bridge.mpt` in some
place, and a few break none.
"""

from __future__ import annotations

from random import Random

from tests.support.tries import RlpItem, account_body, branch, compact, encode

_FIELD_CHANGES: tuple[tuple[int, bytes], ...] = (
    (0, b"\0\1"),
    (0, b"\1" * 9),
    (1, b"\0"),
    (1, b"\1" * 33),
    (2, bytes(31)),
    (3, bytes(33)),
    (3, b""),
)


def odd_item(random: Random) -> RlpItem:
    """Return an item for any place in a node."""
    nibbles = random.randbytes(32).hex()[: random.randrange(65)]
    small = random.randbytes(1)
    return random.choice(
        (
            b"",
            b"\0",
            small,
            random.randbytes(31),
            random.randbytes(32),
            random.randbytes(33),
            random.randbytes(300),
            [],
            [small],
            [[], []],
            [compact(nibbles, is_leaf=True), small],
            [compact(nibbles[-1:], is_leaf=True), small],
            [compact("", is_leaf=True), small],
            [compact("1", is_leaf=False), branch({"0": [b" ", small], "f": [b" ", small]})],
            branch({"3": [b" ", small], "c": [b" ", small]}),
            branch({"3": [b" ", small]}),
        )
    )


def odd_value(random: Random) -> bytes:
    """Return an encoded slot or account that is not in order, or is the wrong one of the two."""
    return random.choice(
        (
            b"",
            b"\0",
            b"\x80",
            b"\x81\x05",
            b"\xb8\x02\xff\xff",
            b"\xc0",
            encode(b"\0\1"),
            encode(b"\1" * 33),
            encode(7) + b"\0",
            encode([7]),
            encode(7),
            random.randbytes(111),
            account_body(nonce=1),
            _odd_account(random),
        )
    )


def _odd_account(random: Random) -> bytes:
    fields: list[RlpItem] = [b"\1", b"\2", bytes(32), bytes(32)]
    change = random.randrange(4)
    if change == 0:
        fields.pop()
    elif change == 1:
        fields.append(b"")
    elif change == 2:
        fields[random.randrange(4)] = [b"\1"]
    else:
        at, field = random.choice(_FIELD_CHANGES)
        fields[at] = field
    return encode(fields)


def recoded(items: list[RlpItem], random: Random) -> bytes:
    """Return the items' list with one header, its own or an item's, longer than need be."""
    parts = [encode(item) for item in items]
    if random.random() < 0.4:
        return _with_header(0xC0, b"".join(parts), random)
    at = random.randrange(len(items))
    if isinstance(items[at], bytes):
        parts[at] = _with_header(0x80, items[at], random)
    else:
        parts[at] = _with_header(0xC0, b"".join(encode(item) for item in items[at]), random)
    payload = b"".join(parts)
    return _shortest_list(payload)


def _with_header(base: int, payload: bytes, random: Random) -> bytes:
    """Return the payload under a header whose length takes up to 4 bytes, or under a short one."""
    if base == 0x80 and len(payload) <= 55 and random.random() < 0.5:
        return bytes([base + len(payload)]) + payload
    width = random.randrange(1 if len(payload) < 256 else 2, 5)
    return bytes([base + 55 + width]) + len(payload).to_bytes(width, "big") + payload


def _shortest_list(payload: bytes) -> bytes:
    if len(payload) <= 55:
        return bytes([0xC0 + len(payload)]) + payload
    width = (len(payload).bit_length() + 7) // 8
    return bytes([0xC0 + 55 + width]) + len(payload).to_bytes(width, "big") + payload
