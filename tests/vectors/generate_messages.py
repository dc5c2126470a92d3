"""Write the message and proof vectors: `python -m tests.vectors.generate_messages`.

One set of cases (`message_cases`) in two forms: `messages.json` for any client of the protocol, and a Solidity library
that hands the same bytes to the forge tests. Accepted bodies come with the ABI encoding of their struct, refused ones
with the rule that they break.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_checksum_address

from bridge.messages import Body, Deposit, Next, Parcel, Release, leaf
from bridge.proofs import Delivery
from bridge.types import LeafIndex
from tests.vectors.message_cases import (
    APPENDS,
    CLEARING,
    LANE,
    VAULT,
    ProofCase,
    accepted_bodies,
    commitments_digest,
    lane_items,
    proof_cases,
    refused_bodies,
    refused_structs,
)

ROOT: Final = Path(__file__).parents[2]
JSON_FILE: Final = ROOT / "tests/vectors/messages.json"
SOLIDITY_FILE: Final = ROOT / "contracts/test/messaging/support/MessageVectors.sol"
HYPERLANE_FILE: Final = ROOT / "tests/vectors/merkle/hyperlane.json"

NEXT_TYPE: Final = "(uint8,uint64,bytes32,uint128,uint128)"
STRUCT_TYPES: Final = {
    Deposit: f"(bytes32,uint32,uint128,uint128,{NEXT_TYPE})",
    Release: "(bytes32,uint32,address,uint128,uint128)",
    Parcel: f"(bytes32,int128,uint128,address,uint32,{NEXT_TYPE},(uint32,int64)[])",
}
DELIVERY_TYPE: Final = "(uint64,bytes32,uint32,uint32,bytes,bytes32[])"


def as_struct(body: Body) -> bytes:
    """Return abi.encode of the contracts' struct for a message."""
    return abi_encode([STRUCT_TYPES[type(body)]], [_struct_fields(body)])


def as_calldata(delivery: Delivery) -> bytes:
    """Return abi.encode of the arguments of `Inbox.deliver`, but for the payee, as one tuple."""
    fields = (delivery.source, delivery.root, delivery.count, delivery.first, delivery.items, delivery.siblings)
    return abi_encode([DELIVERY_TYPE], [fields])


def vectors() -> dict[str, object]:
    """Return the JSON form."""
    items = lane_items()
    return {
        "bodies": [
            {"name": name, "kind": type(body).__name__, "body": _hex(body.encode()), "struct": _hex(as_struct(body))}
            for name, body in accepted_bodies().items()
        ],
        "refusedBodies": [{"why": case.why, "body": _hex(case.raw)} for case in refused_bodies()],
        "refusedStructs": [
            {"why": why, "kind": kind.__name__, "struct": _hex(abi_encode([STRUCT_TYPES[kind]], [fields]))}
            for why, kind, fields in refused_structs()
        ],
        "lane": {"source": LANE.source, "outbox": _hex(LANE.outbox), "destination": LANE.destination},
        "leaves": [
            {"index": i, "item": _hex(item), "leaf": _hex(leaf(lane=LANE, index=LeafIndex(i), item=item))}
            for i, item in enumerate(items)
        ],
        "deliveries": [_delivery_row(case) for case in proof_cases()],
        "commitments": {"appends": APPENDS, "digest": _hex(commitments_digest())},
    }


def render_json() -> str:
    """Return the text of messages.json."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


def render_solidity() -> str:
    """Return the text of the Solidity library with the same cases."""
    bodies = accepted_bodies().values()
    cases = list(proof_cases())
    refused: dict[type[Body], list[bytes]] = {kind: [] for kind in STRUCT_TYPES}
    for _, kind, fields in refused_structs():
        refused[kind].append(abi_encode([STRUCT_TYPES[kind]], [fields]))
    functions = [
        _solidity_list("bodies", [body.encode() for body in bodies]),
        _solidity_list("structs", [as_struct(body) for body in bodies]),
        _solidity_list("refusedBodies", [case.raw for case in refused_bodies()]),
        _solidity_list("refusedDeposits", refused[Deposit]),
        _solidity_list("refusedParcels", refused[Parcel]),
        _solidity_list("items", lane_items()),
        _solidity_list("deliveries", [as_calldata(case.delivery) for case in cases if case.accepted]),
        _solidity_list("refusedDeliveries", [as_calldata(case.delivery) for case in cases if not case.accepted]),
        *_solidity_hyperlane(),
    ]
    constants = [
        f"uint64 internal constant SOURCE = {LANE.source};",
        f"uint64 internal constant DESTINATION = {LANE.destination};",
        f"address internal constant OUTBOX = {to_checksum_address(LANE.outbox)};",
        f"address internal constant VAULT = {to_checksum_address(VAULT)};",
        f"address internal constant CLEARING = {to_checksum_address(CLEARING)};",
        f"uint256 internal constant APPENDS = {APPENDS};",
        f"bytes32 internal constant COMMITMENTS = {_solidity_hex(commitments_digest())};",
    ]
    head = (
        "// SPDX-License-Identifier: MIT\n// Written by tests/vectors/generate_messages.py\npragma solidity 0.8.37;\n\n"
        "// forgefmt: disable-start\n"
    )
    body = "\n".join([*(f"    {line}" for line in constants), "", *functions])
    return f"{head}library MessageVectors {{\n{body}}}\n// forgefmt: disable-end\n"


def _solidity_hyperlane() -> list[str]:
    """Public depth-32 trees: their leaves in one list of packed words, their roots in another."""
    trees = json.loads(HYPERLANE_FILE.read_text())
    packed = [b"".join(_from_hex(proof["leaf"]) for proof in tree["proofs"]) for tree in trees]
    roots = [_from_hex(tree["expectedRoot"]) for tree in trees]
    return [_solidity_list("hyperlaneLeaves", packed), _solidity_list("hyperlaneRoots", roots)]


def _solidity_list(name: str, values: Sequence[bytes]) -> str:
    lines = [f"        list[{i}] = {_solidity_hex(value)};" for i, value in enumerate(values)]
    return "\n".join(
        [
            f"    function {name}() internal pure returns (bytes[] memory list) {{",
            f"        list = new bytes[]({len(values)});",
            *lines,
            "    }",
            "",
        ]
    )


def _solidity_hex(value: bytes) -> str:
    return f'hex"{value.hex()}"'


def _delivery_row(case: ProofCase) -> dict[str, object]:
    delivery = case.delivery
    return {
        "name": case.name,
        "accepted": case.accepted,
        "root": _hex(delivery.root),
        "count": delivery.count,
        "first": delivery.first,
        "items": _hex(delivery.items),
        "siblings": [_hex(node) for node in delivery.siblings],
    }


def _struct_fields(body: Body) -> tuple[object, ...]:
    match body:
        case Deposit():
            return body.account.to_bytes(), body.asset, body.amount, body.fee, _next_fields(body.next)
        case Release():
            return body.account.to_bytes(), body.asset, body.to, body.amount, body.fee
        case Parcel():
            head = body.account.to_bytes(), body.cash, body.fee, body.key, body.key_epoch, _next_fields(body.next)
            return *head, tuple((leg.instrument, leg.base) for leg in body.legs)


def _next_fields(next_: Next) -> tuple[object, ...]:
    to = bytes(32)
    if next_.account is not None:
        to = next_.account.to_bytes()
    elif next_.to is not None:
        to = next_.to.rjust(32, b"\0")
    return int(next_.mode), next_.chain, to, next_.fee, next_.max_charge


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


if __name__ == "__main__":
    JSON_FILE.write_text(render_json())
    SOLIDITY_FILE.write_text(render_solidity())
