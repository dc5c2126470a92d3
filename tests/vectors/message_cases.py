"""The cases behind the message and proof vectors: what every side must accept, and for each rule a twin to refuse.

Accepted cases are objects, so that Python's own checks stand behind them; refused ones are bytes, or the fields of the
contracts' structs, since Python cannot hold them. `generate_messages` writes the cases down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from bridge.keccak import keccak256
from bridge.merkle import Tree
from bridge.messages import MAX_LEGS, PLACED, STAY, Body, Deposit, Item, Lane, Leg, Next, Parcel, Release, leaf
from bridge.proofs import Delivery, deliver
from bridge.types import (
    ZERO_ADDRESS,
    Account,
    Address,
    AssetId,
    ChainId,
    Hash32,
    InstrumentId,
    LeafCount,
    LeafIndex,
    NextMode,
    Wad,
)

MAX_UINT128: Final = Wad(2**128 - 1)
ACCOUNT: Final = Account(owner=Address(b"\xa1" * 20), label=b"main".ljust(12, b"\0"))
OTHER: Final = Account(owner=Address(b"\xb2" * 20), label=b"\xff" * 12)
PAYEE: Final = Address(b"\xc3" * 20)
KEY: Final = Address(b"\xd4" * 20)
VAULT: Final = Address(b"\xe5" * 20)
CLEARING: Final = Address(b"\xf6" * 20)
LANE: Final = Lane(source=ChainId(1001), outbox=Address(b"\x0b" * 20), destination=ChainId(1002))
FORWARD: Final = Next(mode=NextMode.FORWARD, chain=ChainId(1003), account=OTHER, fee=Wad(5))
TO_TOKENS: Final = Next(mode=NextMode.RELEASE, chain=ChainId(2**64 - 1), to=PAYEE, fee=MAX_UINT128, max_charge=Wad(7))
APPENDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Bytes that nothing accepts, and the rule they break."""

    why: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCase:
    """A delivery and whether an Inbox accepts it."""

    name: str
    delivery: Delivery
    accepted: bool


def accepted_bodies() -> dict[str, Body]:
    """Return one message for each shape, and each field at its ends."""
    legs = tuple(Leg(instrument=InstrumentId(7 * i), base=(-1) ** i * (i + 1)) for i in range(MAX_LEGS))
    extremes = (Leg(instrument=InstrumentId(0), base=-(2**63)), Leg(instrument=InstrumentId(2**32 - 1), base=2**63 - 1))
    deposit = Deposit(account=ACCOUNT, asset=AssetId(1), amount=Wad(10**18), fee=Wad(10**15))
    parcel = Parcel(account=ACCOUNT, cash=Wad(25 * 10**17))
    return {
        "deposit that stays": deposit,
        "deposit forwarded": replace(deposit, next=FORWARD),
        "deposit to tokens": replace(deposit, next=TO_TOKENS),
        "deposit placed": replace(deposit, next=PLACED),
        "deposit of all fields at their end": Deposit(
            account=OTHER, asset=AssetId(2**32 - 1), amount=MAX_UINT128, fee=MAX_UINT128
        ),
        "deposit of nothing": Deposit(account=Account(owner=ZERO_ADDRESS), asset=AssetId(0), amount=Wad(0)),
        "release": Release(account=ACCOUNT, asset=AssetId(2), to=PAYEE, amount=Wad(3), fee=Wad(4)),
        "release of all fields at their end": Release(
            account=OTHER, asset=AssetId(2**32 - 1), to=ZERO_ADDRESS, amount=MAX_UINT128, fee=MAX_UINT128
        ),
        "parcel of cash": parcel,
        "parcel of debt": replace(parcel, cash=Wad(-1), fee=Wad(1)),
        "parcel of least cash": replace(parcel, cash=Wad(-(2**127)), fee=MAX_UINT128),
        "parcel of most cash": replace(parcel, cash=Wad(2**127 - 1)),
        "parcel with a key": replace(parcel, key=KEY, key_epoch=2**32 - 1),
        "parcel forwarded": replace(parcel, next=FORWARD),
        "parcel to tokens": replace(parcel, next=TO_TOKENS),
        "parcel with legs": replace(parcel, legs=extremes),
        "parcel forwarded with all legs": replace(parcel, key=KEY, key_epoch=1, next=FORWARD, legs=legs),
    }


def refused_bodies() -> Iterator[Refused]:
    """Yield a twin of accepted bodies for each rule of decoding."""
    for name, body in accepted_bodies().items():
        raw = body.encode()
        yield Refused(why=f"{name}, one byte short", raw=raw[:-1])
        yield Refused(why=f"{name}, one byte too many", raw=raw + b"\0")
    bodies = {name: body.encode() for name, body in accepted_bodies().items()}
    stays, parcel = bodies["deposit that stays"], bodies["parcel of cash"]
    yield Refused(why="no bytes", raw=b"")
    yield Refused(why="kind 0", raw=b"\0" + stays[1:])
    yield Refused(why="kind 4", raw=b"\x04" + stays[1:])
    yield Refused(why="a kind alone", raw=b"\x01")
    yield Refused(why="unknown mode", raw=stays[:-1] + b"\x04")
    yield Refused(why="highest mode", raw=stays[:-1] + b"\xff")
    yield Refused(why="placed parcel", raw=parcel[:-1] + b"\x03")
    yield Refused(why="forward to chain zero", raw=_patched(bodies["deposit forwarded"], 70, bytes(8)))
    yield Refused(why="release to chain zero", raw=_patched(bodies["parcel to tokens"], 90, bytes(8)))
    yield Refused(why="fee above the deposit", raw=_patched(stays, 37, bytes(16)))
    yield Refused(why="key without an epoch", raw=_patched(parcel, 65, KEY))
    yield Refused(why="epoch without a key", raw=_patched(parcel, 85, b"\0\0\0\x01"))
    yield from _refused_legs(parcel)


def _refused_legs(parcel: bytes) -> Iterator[Refused]:
    leg = Leg(instrument=InstrumentId(5), base=1)
    low, high = (_leg(replace(leg, instrument=InstrumentId(i))) for i in (4, 5))
    yield Refused(why="leg of nothing", raw=parcel + high[:4] + bytes(8))
    yield Refused(why="legs of one instrument", raw=parcel + high + high)
    yield Refused(why="legs descending", raw=parcel + high + low)
    yield Refused(why="leg cut off", raw=parcel + low + high[:11])
    many = b"".join(_leg(replace(leg, instrument=InstrumentId(i))) for i in range(MAX_LEGS + 1))
    yield Refused(why="one leg too many", raw=parcel + many)


def refused_structs() -> Iterator[tuple[str, type[Body], tuple[object, ...]]]:
    """Yield what the contracts refuse to encode: name, message and field values. Python cannot even hold them."""
    account, to = ACCOUNT.to_bytes(), PAYEE.rjust(32, b"\0")
    nexts = {
        "stay with a chain": (0, 1, bytes(32), 0, 0),
        "stay with a recipient": (0, 0, to, 0, 0),
        "stay with a fee": (0, 0, bytes(32), 1, 0),
        "stay with a charge": (0, 0, bytes(32), 0, 1),
        "forward to chain zero": (1, 0, account, 1, 0),
        "forward with a charge": (1, 1, account, 1, 1),
        "tokens to chain zero": (2, 0, to, 1, 1),
        "tokens to an account": (2, 1, account, 1, 1),
        "placed with a fee": (3, 0, bytes(32), 1, 0),
        "unknown mode": (4, 0, bytes(32), 0, 0),
    }
    for name, fields in nexts.items():
        yield f"deposit, {name}", Deposit, (account, 1, 2, 1, fields)
        yield f"parcel, {name}", Parcel, (account, 2, 1, ZERO_ADDRESS, 0, fields, ())
    stay = (0, 0, bytes(32), 0, 0)
    yield "fee above the deposit", Deposit, (account, 1, 2, 3, stay)
    yield "placed parcel", Parcel, (account, 2, 1, ZERO_ADDRESS, 0, (3, 0, bytes(32), 0, 0), ())
    yield "key without an epoch", Parcel, (account, 2, 1, KEY, 0, stay, ())
    yield "epoch without a key", Parcel, (account, 2, 1, ZERO_ADDRESS, 1, stay, ())
    yield "leg of nothing", Parcel, (account, 2, 1, ZERO_ADDRESS, 0, stay, ((1, 0),))
    yield "legs of one instrument", Parcel, (account, 2, 1, ZERO_ADDRESS, 0, stay, ((1, 1), (1, 2)))
    yield "legs descending", Parcel, (account, 2, 1, ZERO_ADDRESS, 0, stay, ((2, 1), (1, 1)))
    many = tuple((i, 1) for i in range(MAX_LEGS + 1))
    yield "one leg too many", Parcel, (account, 2, 1, ZERO_ADDRESS, 0, stay, many)


def lane_items() -> list[bytes]:
    """Return the items of a lane of eleven messages, of mixed senders, recipients and lengths."""
    bodies = [body.encode() for body in accepted_bodies().values()][:11]
    return [
        Item(sender=(VAULT, CLEARING)[i % 2], recipient=(CLEARING, VAULT)[i % 3 == 0], body=body).encode()
        for i, body in enumerate(bodies)
    ]


def proof_cases() -> Iterator[ProofCase]:
    """Yield deliveries of one lane at several counts, then twins of one of them that must be refused."""
    items, tree = lane_items(), Tree()
    tree.append_many(leaf(lane=LANE, index=LeafIndex(i), item=item) for i, item in enumerate(items))

    def proven(first: int, n: int, count: int) -> Delivery:
        chosen = items[first : first + n]
        return deliver(lane=LANE, tree=tree, first=LeafIndex(first), items=chosen, count=LeafCount(count))

    for first, n, count in (
        (0, 1, 1),
        (0, 2, 2),
        (1, 1, 3),
        (2, 3, 5),
        (4, 4, 8),
        (0, 11, 11),
        (10, 1, 11),
        (3, 7, 11),
    ):
        yield ProofCase(name=f"{n} from {first} of {count}", delivery=proven(first, n, count), accepted=True)
    good = proven(2, 3, 7)
    yield ProofCase(name="good", delivery=good, accepted=True)
    for name, delivery in _refused_deliveries(good, items).items():
        yield ProofCase(name=name, delivery=delivery, accepted=False)


def _refused_deliveries(good: Delivery, items: list[bytes]) -> dict[str, Delivery]:
    siblings, zero = good.siblings, Hash32(bytes(32))
    return {
        "no items": replace(good, items=b""),
        "item cut off": replace(good, items=good.items[:-1]),
        "byte after the items": replace(good, items=good.items + b"\0"),
        "one item fewer": replace(good, items=b"".join(items[2:4])),
        "one item more": replace(good, items=b"".join(items[2:6])),
        "items swapped": replace(good, items=items[3] + items[2] + items[4]),
        "item without a body": replace(good, items=bytes(42) + good.items),
        "body altered": replace(good, items=good.items[:-1] + bytes([good.items[-1] ^ 1])),
        "sender altered": replace(good, items=_patched(good.items, 2, b"\0")),
        "one index lower": replace(good, first=LeafIndex(good.first - 1)),
        "one index higher": replace(good, first=LeafIndex(good.first + 1)),
        "one subtree higher": replace(good, first=LeafIndex(good.first + 8)),
        "count lower": replace(good, count=LeafCount(6)),
        "count of a higher subtree": replace(good, count=LeafCount(9)),
        "count below the range": replace(good, count=LeafCount(4)),
        "count zero": replace(good, count=LeafCount(0)),
        "root zero": replace(good, root=zero),
        "root altered": replace(good, root=Hash32(keccak256(good.root))),
        "sibling missing": replace(good, siblings=siblings[:-1]),
        "no siblings": replace(good, siblings=()),
        "sibling padded": replace(good, siblings=(*siblings, zero)),
        "siblings padded to depth 32": replace(good, siblings=siblings + (zero,) * (32 - len(siblings))),
        "siblings swapped": replace(good, siblings=(siblings[1], siblings[0], *siblings[2:])),
        "sibling zero": replace(good, siblings=(zero, *siblings[1:])),
    }


def commitments_digest() -> bytes:
    """Return the hash over a lane's commitments after each of APPENDS appends; leaf i is keccak256(i as 32 bytes)."""
    tree, digest = Tree(), bytes(32)
    for i in range(APPENDS):
        tree.append(keccak256(i.to_bytes(32, "big")))
        digest = keccak256(digest + tree.commitment())
    return digest


def _leg(leg: Leg) -> bytes:
    parcel = Parcel(account=ACCOUNT, cash=Wad(0), next=STAY)
    return replace(parcel, legs=(leg,)).encode()[len(parcel.encode()) :]


def _patched(raw: bytes, offset: int, patch: bytes) -> bytes:
    return raw[:offset] + patch + raw[offset + len(patch) :]
