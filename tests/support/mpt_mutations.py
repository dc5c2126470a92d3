"""Yield damaged Merkle-Patricia proofs, the same ones for the same seed.

Every case starts from a true proof of presence or absence in a random trie and suffers one to three
mutations. Most are sealed afterwards: parents and root are rehashed, so that the damage gets past
the hash check and meets the structural rules. Cases come in families of eight, a true proof first
and seven damaged forms of it. A case says nothing about what should happen to it: two verifiers are
to agree on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from rlp.exceptions import RLPException

from bridge.keccak import keccak256
from tests.support.mpt_cases import Case, true_proof
from tests.support.mpt_oddities import odd_item, odd_value, recoded
from tests.support.tries import RlpItem, decode, encode

FAMILY = 8


def cases(seed: int, count: int) -> Iterator[Case]:
    """Yield `count` cases; a longer run starts with those of a shorter one."""
    random = Random(seed)
    while count > 0:
        truth = true_proof(random)
        yield truth
        for _ in range(min(count, FAMILY) - 1):
            yield _mutated(truth, random)
        count -= FAMILY


def _mutated(case: Case, random: Random) -> Case:
    is_sealed = random.random() < 0.75
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if case.nodes and random.random() < 0.85:
            name = random.choice(_NODE_MUTATION_NAMES)
            case = _with_damaged_node(case, _NODE_MUTATIONS[name], random, is_sealed=is_sealed)
        else:
            name = random.choice(list(_LIST_MUTATIONS))
            case = replace(case, nodes=tuple(_LIST_MUTATIONS[name](list(case.nodes), random)))
        case = replace(case, mutations=(*case.mutations, name))
    if is_sealed and case.nodes:
        case = replace(case, root=keccak256(case.nodes[0]))
    return replace(case, is_sealed=is_sealed)


def _with_damaged_node(
    case: Case, damage: Callable[[bytes, Random], bytes], random: Random, *, is_sealed: bool
) -> Case:
    nodes = list(case.nodes)
    position = random.choice((len(nodes) - 1, random.randrange(len(nodes))))
    before = nodes[position]
    nodes[position] = damage(before, random)
    while is_sealed and position > 0:
        parent = nodes[position - 1]
        nodes[position - 1] = parent.replace(keccak256(before), keccak256(nodes[position]))
        before, position = parent, position - 1
    return replace(case, nodes=tuple(nodes))


# --- mutations of the list of nodes


def _drop(nodes: list[bytes], random: Random) -> list[bytes]:
    at = random.randrange(max(len(nodes), 1))
    return nodes[:at] + nodes[at + 1 :]


def _duplicate(nodes: list[bytes], random: Random) -> list[bytes]:
    at = random.randrange(len(nodes) + 1)
    return [*nodes[:at], _pick(nodes, random), *nodes[at:]]


def _append(nodes: list[bytes], random: Random) -> list[bytes]:
    return [*nodes, random.choice((b"", b"\x80", b"\xc0", random.randbytes(40)))]


def _truncate(nodes: list[bytes], random: Random) -> list[bytes]:
    return nodes[: random.randrange(len(nodes) + 1)]


def _reorder(nodes: list[bytes], random: Random) -> list[bytes]:
    return random.sample(nodes, len(nodes))


def _swap(nodes: list[bytes], random: Random) -> list[bytes]:
    if len(nodes) < 2:
        return nodes
    at = random.randrange(len(nodes) - 1)
    return [*nodes[:at], nodes[at + 1], nodes[at], *nodes[at + 2 :]]


def _pick(nodes: list[bytes], random: Random) -> bytes:
    return random.choice(nodes) if nodes else b"\x80"


_LIST_MUTATIONS: dict[str, Callable[[list[bytes], Random], list[bytes]]] = {
    "drop": _drop,
    "duplicate": _duplicate,
    "append": _append,
    "truncate": _truncate,
    "reorder": _reorder,
    "swap": _swap,
}


# --- mutations of one node's bytes


def _flip_bit(node: bytes, random: Random) -> bytes:
    at = random.randrange(8 * max(len(node), 1))
    return (int.from_bytes(node, "big") ^ 1 << at).to_bytes(max(len(node), 1), "big")


def _cut(node: bytes, random: Random) -> bytes:
    return node[: random.randrange(len(node) + 1)]


def _extend(node: bytes, random: Random) -> bytes:
    return node + random.randbytes(random.randrange(1, 4))


def _insert_byte(node: bytes, random: Random) -> bytes:
    at = random.randrange(len(node) + 1)
    return node[:at] + random.randbytes(1) + node[at:]


def _delete_byte(node: bytes, random: Random) -> bytes:
    at = random.randrange(len(node) + 1)
    return node[:at] + node[at + 1 :]


def _set_byte(node: bytes, random: Random) -> bytes:
    """Put a byte that RLP or the compact form gives a meaning to where it has none."""
    at = random.randrange(max(len(node), 1))
    byte = random.choice((0x00, 0x01, 0x10, 0x20, 0x7F, 0x80, 0x81, 0xA0, 0xB7, 0xB8, 0xC0, 0xF8))
    return node[:at] + bytes([byte]) + node[at + 1 :]


def _rewrite(edit: Callable[[list[RlpItem], Random], None]) -> Callable[[bytes, Random], bytes]:
    """Return a mutation that edits the node's items; bytes that are no list lose a bit instead."""

    def mutation(node: bytes, random: Random) -> bytes:
        items = _items(node)
        if items is None:
            return _flip_bit(node, random)
        edit(items, random)
        return encode(items)

    return mutation


def _items(node: bytes) -> list[RlpItem] | None:
    try:
        items = decode(node)
    except RLPException:
        return None
    return items if isinstance(items, list) and items else None


def _recode(node: bytes, random: Random) -> bytes:
    """Write the same items in a form that is not the shortest."""
    items = _items(node)
    return _flip_bit(node, random) if items is None else recoded(items, random)


def _replace_item(items: list[RlpItem], random: Random) -> None:
    items[random.randrange(len(items))] = odd_item(random)


def _replace_last_item(items: list[RlpItem], random: Random) -> None:
    items[-1] = odd_item(random)


def _drop_item(items: list[RlpItem], random: Random) -> None:
    del items[random.randrange(len(items))]


def _add_item(items: list[RlpItem], random: Random) -> None:
    items.insert(random.randrange(len(items) + 1), odd_item(random))


def _swap_items(items: list[RlpItem], random: Random) -> None:
    first, second = random.randrange(len(items)), random.randrange(len(items))
    items[first], items[second] = items[second], items[first]


def _empty_items(items: list[RlpItem], random: Random) -> None:
    """Leave a branch with one child or none."""
    kept = random.randrange(len(items))
    items[:] = [item if at == kept and random.random() < 0.7 else b"" for at, item in enumerate(items)]


def _edit_path(items: list[RlpItem], random: Random) -> None:
    if not isinstance(items[0], bytes):
        return
    digits = items[0].hex() or "00"
    flag = random.choice("0123456789abcdef")
    items[0] = bytes.fromhex(
        random.choice((flag + digits[1:], digits[0] + flag + digits[2:], digits[:-2], digits + "0" + flag))
    )


def _edit_value(items: list[RlpItem], random: Random) -> None:
    """Put in place of the last item, where a leaf has its value, one that breaks a value rule."""
    items[-1] = odd_value(random)


_NODE_MUTATIONS: dict[str, Callable[[bytes, Random], bytes]] = {
    "flip bit": _flip_bit,
    "cut": _cut,
    "extend": _extend,
    "insert byte": _insert_byte,
    "delete byte": _delete_byte,
    "set byte": _set_byte,
    "replace item": _rewrite(_replace_item),
    "replace last item": _rewrite(_replace_last_item),
    "drop item": _rewrite(_drop_item),
    "add item": _rewrite(_add_item),
    "swap items": _rewrite(_swap_items),
    "empty items": _rewrite(_empty_items),
    "recode": _recode,
    "edit path": _rewrite(_edit_path),
    "edit value": _rewrite(_edit_value),
}
# The last two reach rules that the others, which damage nodes blindly, hardly ever do.
_NODE_MUTATION_NAMES = [*_NODE_MUTATIONS, "edit path", *["edit value"] * 4]
