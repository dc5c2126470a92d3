"""Each rule of `bridge.mpt`: proofs that keep it are accepted, their twins that break it are refused.

Nodes are made by hand, at the depths of slot 0's path, and sealed: the root is the hash of the first.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge import mpt
from bridge.errors import ProofError
from bridge.keccak import keccak256
from tests.support.tries import RlpItem, account_body, branch, compact, encode

PATH = keccak256(bytes(32)).hex()
FIVE = encode(5)
LONG = encode(b"\xee" * 12)  # too long for a branch of two such leaves to be embedded
OPAQUE = b"\xaa" * 32  # a hash of which nothing is known


def other(nibble: str, difference: int = 1) -> str:
    """Return another nibble."""
    return f"{int(nibble, 16) ^ difference:x}"


DIVERGED = PATH[:63] + other(PATH[63])


def leaf(depth: int, value: RlpItem = FIVE, *, path: str = PATH) -> list[RlpItem]:
    return [compact(path[depth:], is_leaf=True), value]


def fork(depth: int, child: RlpItem, sibling: RlpItem = OPAQUE) -> list[RlpItem]:
    """Return a branch with `child` on the path and one sibling off it."""
    return branch({PATH[depth]: child, other(PATH[depth]): sibling})


def bypass(depth: int, child: RlpItem = OPAQUE) -> list[RlpItem]:
    """Return a branch with two children off the path."""
    return branch({other(PATH[depth]): child, other(PATH[depth], 2): child})


def extension(start: int, end: int, child: RlpItem, *, path: str = PATH) -> list[RlpItem]:
    return [compact(path[start:end], is_leaf=False), child]


def twins(value: RlpItem = FIVE) -> list[RlpItem]:
    """Return the branch below 63 nibbles with two leaves of no nibbles."""
    return fork(63, leaf(64, value), leaf(64, value))


def linked(*levels: RlpItem | Callable[[bytes], RlpItem]) -> list[bytes]:
    """Return encoded nodes; a level that has a child is a function of its hash, bytes are encoded already."""
    nodes: list[bytes] = []
    for level in reversed(levels):
        items = level(keccak256(nodes[0])) if callable(level) else level
        nodes.insert(0, items if isinstance(items, bytes) else encode(items))
    return nodes


def prove(nodes: list[bytes]) -> int:
    return mpt.storage(keccak256(nodes[0]), 0, nodes)


HASHED_LEAF = linked(lambda child: fork(0, child), leaf(1))

ACCEPTED: dict[str, tuple[list[bytes], int]] = {
    "leaf as root": (linked(leaf(0)), 5),
    "leaf below a branch": (HASHED_LEAF, 5),
    "branch below an extension": (linked(lambda c: extension(0, 63, c), twins(LONG)), int.from_bytes(b"\xee" * 12)),
    "branch and leaves embedded": (linked(extension(0, 63, twins())), 5),
    "extension of one nibble": (linked(lambda c: extension(0, 1, c), lambda c: fork(1, c), leaf(2)), 5),
    "extension below a branch": (linked(lambda c: fork(0, c), extension(1, 63, twins())), 5),
    "a hash that no node has, off the path": (linked(lambda c: fork(0, c, bytes(32)), leaf(1)), 5),
    "absent, empty slot": (linked(bypass(0)), 0),
    "absent, empty slot of an embedded branch": (linked(extension(0, 63, bypass(63, leaf(64)))), 0),
    "absent, another extension": (linked(extension(0, 8, OPAQUE, path=other(PATH[0]) + PATH[1:])), 0),
    "absent, another leaf": (linked(leaf(0, path=DIVERGED)), 0),
    "absent, another leaf whose value is of no account": (linked(leaf(0, b"\0" * 110, path=DIVERGED)), 0),
}


@pytest.mark.parametrize(("nodes", "expected"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_proof__in_order__is_accepted(nodes: list[bytes], expected: int) -> None:
    assert prove(nodes) == expected


LEAF = encode(leaf(0))  # 0xe3, a path of 33 bytes under a header of one, a value of one byte
PATH_ITEM = LEAF[1:-1]
BIG = encode(bypass(0))  # 0xf8, a length of one byte

REFUSED: dict[str, tuple[int, list[bytes]]] = {
    "short node referred to by hash": (4, linked(lambda c: extension(0, 63, c), twins())),
    "no bytes as node": (4, [b""]),
    "node left over": (5, [*HASHED_LEAF, LEAF]),
    "node twice": (5, [*HASHED_LEAF, HASHED_LEAF[1]]),
    "node left over after absence": (5, [*linked(bypass(0)), LEAF]),
    "node missing": (5, HASHED_LEAF[:1]),
    "bytes after the node": (6, [LEAF + b"\0"]),
    "node cut": (6, [LEAF[:-1]]),
    "string as node": (6, [encode(bytes(40))]),
    "short list with a length byte": (6, [b"\xf8" + bytes([LEAF[0] - 0xC0]) + LEAF[1:]]),
    "list with a padded length": (6, [b"\xf9\0" + BIG[1:]]),
    "list with a length of three bytes": (6, [b"\xfa\0\0" + BIG[1:]]),
    "list beyond 65,535 bytes": (6, [encode([b" ", bytes(65_536)])]),
    "node that ends within its list": (6, linked(lambda c: fork(0, c), b"\xf8" * 40)),
    "item longer than its list": (6, [b"\xe3" + PATH_ITEM + b"\x82"]),
    "one byte with a header": (6, [b"\xe4" + PATH_ITEM + b"\x81\x05"]),
    "short string with a length byte": (6, [b"\xe4" + b"\xb8" + bytes([33]) + PATH_ITEM[1:] + FIVE]),
    "string with a length of two bytes": (6, [encode(leaf(0, bytes(256)))]),
    "no items": (7, [b"\xf8\x38" + b"\x80" * 56]),
    "one item": (7, [encode([bytes(40)])]),
    "three items": (7, [encode([*leaf(0), b""])]),
    "sixteen items": (7, [encode(bypass(0)[:16])]),
    "eighteen items": (7, [encode([*bypass(0), b""])]),
    "branch with a value": (8, [encode([*bypass(0)[:16], FIVE])]),
    "branch with a list for a value": (8, [encode([*bypass(0)[:16], []])]),
    "branch with one child": (8, [encode(branch({other(PATH[0]): OPAQUE}))]),
    "branch with no child, embedded off the path": (8, linked(lambda c: fork(0, c, branch({})), leaf(1))),
    "branch below 64 nibbles": (8, linked(lambda c: extension(0, 63, c), lambda c: fork(63, c), bypass(0))),
    "hash of 31 bytes": (9, linked(lambda c: fork(0, c, OPAQUE[1:]), leaf(1))),
    "hash of 33 bytes": (9, linked(lambda c: fork(0, c, OPAQUE + b"\0"), leaf(1))),
    "embedded node of 32 bytes": (9, linked(extension(0, 63, twins(encode(b"\xee" * 6))))),
    "embedded node that is no node, off the path": (7, linked(lambda c: fork(0, c, []), leaf(1))),
    "embedded leaf at the wrong depth, off the path": (12, linked(lambda c: fork(0, c, leaf(64)), leaf(1))),
    "path that is a list": (10, [encode([[bytes(33)], FIVE])]),
    "path of no bytes": (10, [encode([b"", bytes(40)])]),
    "path with flag 4": (10, [encode([b"\x40" + bytes.fromhex(PATH), FIVE])]),
    "path with flag 15": (10, [encode([bytes.fromhex("f" + PATH[:63]), FIVE])]),
    "path of a leaf padded with one": (10, [encode([b"\x21" + bytes.fromhex(PATH), FIVE])]),
    "path of an extension padded with one": (10, [encode([b"\x01" + bytes.fromhex(PATH[:8]), OPAQUE])]),
    "extension of no nibbles": (11, linked(lambda c: extension(0, 0, c), lambda c: fork(0, c), leaf(1))),
    "extension to the end of the key": (11, [encode(extension(0, 64, OPAQUE))]),
    "extension beyond the key": (11, [encode(extension(0, 72, OPAQUE, path=PATH * 2))]),
    "extension to nothing": (9, [encode(extension(0, 63, b""))]),
    "extension to a leaf": (11, linked(lambda c: extension(0, 8, c), leaf(8))),
    "extension to an embedded leaf": (11, linked(extension(0, 63, leaf(63)))),
    "extension to an extension": (11, linked(lambda c: extension(0, 8, c), extension(8, 63, twins()))),
    "extension to an embedded leaf, off the path": (11, linked(extension(0, 63, leaf(63), path=DIVERGED[1:] + "0"))),
    "leaf of 63 nibbles": (12, [encode(leaf(1))]),
    "leaf of 65 nibbles": (12, [encode([compact(PATH + "0", is_leaf=True), FIVE])]),
    "leaf with a list for a value": (12, [encode(leaf(0, [FIVE]))]),
    "leaf with no value": (12, [encode(leaf(0, b""))]),
    "another leaf with 111 bytes": (12, [encode(leaf(0, bytes(111), path=DIVERGED))]),
    "slot with zero": (15, [encode(leaf(0, b"\0"))]),
    "slot with the empty string": (15, [encode(leaf(0, b"\x80"))]),
    "slot with a padded number": (15, [encode(leaf(0, encode(b"\0\x05")))]),
    "slot with 33 bytes": (15, [encode(leaf(0, encode(b"\1" * 33)))]),
    "slot with a list": (6, [encode(leaf(0, encode([5])))]),
    "slot with bytes after the number": (6, [encode(leaf(0, FIVE + b"\0"))]),
    "slot with a header too many": (6, [encode(leaf(0, b"\x81\x05"))]),
}


@pytest.mark.parametrize(("rule", "nodes"), REFUSED.values(), ids=REFUSED.keys())
def test_proof__one_rule_broken__is_refused_by_that_rule(rule: int, nodes: list[bytes]) -> None:
    with pytest.raises(ProofError) as refusal:
        prove(nodes)
    assert f"(rule {rule})" in refusal.value.reason


def test_proof__any_node_changed_under_the_same_root__is_refused() -> None:
    root = keccak256(HASHED_LEAF[0])
    for position, node in enumerate(HASHED_LEAF):
        for bit in range(8 * len(node)):
            nodes = list(HASHED_LEAF)
            nodes[position] = (int.from_bytes(node) ^ 1 << bit).to_bytes(len(node))
            with pytest.raises(ProofError, match="rule 3"):
                mpt.storage(root, 0, nodes)


def test_proof__nodes_in_another_order__is_refused() -> None:
    with pytest.raises(ProofError, match="rule 3"):
        mpt.storage(keccak256(HASHED_LEAF[0]), 0, HASHED_LEAF[::-1])


@pytest.mark.parametrize("nodes", [[b"\x80"], [b""], [LEAF]])
def test_empty_trie__any_node__is_refused(nodes: list[bytes]) -> None:
    with pytest.raises(ProofError, match="rule 5"):
        mpt.storage(mpt.EMPTY_ROOT, 0, nodes)


@pytest.mark.parametrize("root", [bytes(32), OPAQUE])
def test_other_root__no_nodes__is_refused(root: bytes) -> None:
    with pytest.raises(ProofError, match="rule 5"):
        mpt.storage(root, 0, [])


@pytest.mark.parametrize(
    "prove_it",
    [
        lambda: mpt.storage(keccak256(LEAF) + b"\0", 0, [LEAF]),
        lambda: mpt.storage(keccak256(LEAF)[1:], 0, [LEAF]),
        lambda: mpt.storage(mpt.EMPTY_ROOT, -1, []),
        lambda: mpt.storage(mpt.EMPTY_ROOT, 2**256, []),
        lambda: mpt.account(mpt.EMPTY_ROOT, bytes(19), []),
        lambda: mpt.account(mpt.EMPTY_ROOT, bytes(32), []),
    ],
)
def test_input__of_a_wrong_width__is_refused(prove_it: Callable[[], object]) -> None:
    with pytest.raises(ProofError, match="rule 1"):
        prove_it()


def prove_account(body: bytes) -> mpt.Account | None:
    address = bytes(20)
    node = encode([compact(keccak256(address).hex(), is_leaf=True), body])
    return mpt.account(keccak256(node), address, [node])


WIDEST = (b"\xff" * 8, b"\xff" * 32, OPAQUE, OPAQUE)


@pytest.mark.parametrize("fields", [WIDEST, (b"", b"", OPAQUE, OPAQUE), (b"\1", b"\x80", bytes(32), bytes(32))])
def test_account__fields_of_allowed_widths__is_accepted(fields: tuple[bytes, bytes, bytes, bytes]) -> None:
    nonce, balance, storage_root, code_hash = fields
    assert prove_account(encode(list(fields))) == mpt.Account(
        nonce=int.from_bytes(nonce),
        balance=int.from_bytes(balance),
        storage_root=storage_root,
        code_hash=code_hash,
    )


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        (14, encode(WIDEST[:3])),
        (14, encode([*WIDEST[1:], b"", b""])),
        (14, encode([[b"\1"], *WIDEST[1:]])),
        (14, encode([b"\1" * 9, b"", *WIDEST[2:]])),
        (14, encode([b"\0", *WIDEST[1:]])),
        (14, encode([b"", b"\1" * 33, *WIDEST[2:]])),
        (14, encode([b"", b"\0\1", *WIDEST[2:]])),
        (14, encode([b"", b"", bytes(31), OPAQUE])),
        (14, encode([b"", b"", OPAQUE, bytes(33)])),
        (14, encode([b"", b"", OPAQUE, b""])),
        (6, account_body() + b"\0"),
        (6, account_body()[:-1]),
        (6, encode(7)),
        (6, b"\xf9\0" + account_body()[1:]),
    ],
)
def test_account__body_out_of_order__is_refused_by_the_rule_it_breaks(rule: int, body: bytes) -> None:
    with pytest.raises(ProofError) as refusal:
        prove_account(body)
    assert f"(rule {rule})" in refusal.value.reason
