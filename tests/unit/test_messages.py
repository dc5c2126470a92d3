"""Messages: every accepted encoding, a refused twin for each rule, and the vectors that the contracts run too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import FieldOutOfRange, MessageMalformed
from bridge.keccak import keccak256
from bridge.messages import (
    MAX_BODY,
    MAX_LEGS,
    PLACED,
    STAY,
    Body,
    Deposit,
    Item,
    Lane,
    Leg,
    Next,
    Parcel,
    Release,
    decode,
    leaf,
)
from bridge.types import (
    ZERO_ADDRESS,
    Account,
    Address,
    AssetId,
    ChainId,
    InstrumentId,
    LeafIndex,
    NextMode,
    Wad,
    require_int,
    require_uint,
)
from tests.vectors.generate_messages import JSON_FILE, SOLIDITY_FILE, as_struct, render_json, render_solidity
from tests.vectors.message_cases import ACCOUNT, FORWARD, KEY, LANE, PAYEE, TO_TOKENS, accepted_bodies, refused_bodies

Row = Any  # what JSON or a parametrised case holds
VECTORS: Row = json.loads(JSON_FILE.read_text())

wads = st.integers(0, 2**128 - 1).map(Wad)
addresses = st.binary(min_size=20, max_size=20).map(Address)
accounts = st.builds(Account, owner=addresses, label=st.binary(min_size=12, max_size=12))
chains = st.integers(1, 2**64 - 1).map(ChainId)
assets = st.integers(0, 2**32 - 1).map(AssetId)
nexts = st.one_of(
    st.just(STAY),
    st.builds(Next, mode=st.just(NextMode.FORWARD), chain=chains, account=accounts, fee=wads),
    st.builds(Next, mode=st.just(NextMode.RELEASE), chain=chains, to=addresses, fee=wads, max_charge=wads),
)
deposits = st.tuples(wads, wads).flatmap(
    lambda pair: st.builds(
        Deposit,
        account=accounts,
        asset=assets,
        amount=st.just(max(pair)),
        fee=st.just(min(pair)),
        next=nexts | st.just(PLACED),
    )
)
releases = st.builds(Release, account=accounts, asset=assets, to=addresses, amount=wads, fee=wads)
lots = st.integers(-(2**63), 2**63 - 1).filter(bool)
legs = st.dictionaries(st.integers(0, 2**32 - 1), lots, max_size=MAX_LEGS).map(
    lambda held: tuple(Leg(instrument=InstrumentId(i), base=held[i]) for i in sorted(held))
)
keys = st.just((ZERO_ADDRESS, 0)) | st.tuples(addresses.filter(any), st.integers(1, 2**32 - 1))
parcels = keys.flatmap(
    lambda key: st.builds(
        Parcel,
        account=accounts,
        cash=st.integers(-(2**127), 2**127 - 1).map(Wad),
        fee=wads,
        key=st.just(key[0]),
        key_epoch=st.just(key[1]),
        next=nexts,
        legs=legs,
    )
)


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def parcel(**fields: Row) -> Parcel:
    defaults: Row = {"account": ACCOUNT, "cash": Wad(1)}
    return Parcel(**defaults | fields)


# -- bodies


@given(deposits | releases | parcels)
def test_decode__any_message__is_the_inverse_of_encode(message: Body) -> None:
    raw = message.encode()
    assert decode(raw) == message
    assert len(raw) <= MAX_BODY


@given(st.binary(max_size=200))
def test_decode__any_bytes__are_refused_or_are_the_one_encoding(raw: bytes) -> None:
    try:
        message = decode(raw)
    except (MessageMalformed, FieldOutOfRange):
        return
    assert message.encode() == raw


@given(deposits | releases | parcels, st.data())
def test_decode__one_byte_changed__is_refused_or_another_message(message: Body, data: st.DataObject) -> None:
    raw = bytearray(message.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = decode(bytes(raw))
    except (MessageMalformed, FieldOutOfRange):
        return
    assert other != message
    assert other.encode() == raw


@pytest.mark.parametrize("row", VECTORS["bodies"], ids=lambda row: row["name"])
def test_decode__accepted_vector__gives_its_fields(row: Row) -> None:
    message = decode(from_hex(row["body"]))
    assert type(message).__name__ == row["kind"]
    assert message == accepted_bodies()[row["name"]]
    assert as_struct(message) == from_hex(row["struct"])
    assert message.encode() == from_hex(row["body"])


@pytest.mark.parametrize("row", VECTORS["refusedBodies"], ids=lambda row: row["why"])
def test_decode__refused_vector__raises(row: Row) -> None:
    with pytest.raises(MessageMalformed):
        decode(from_hex(row["body"]))


def test_refused_bodies__each_case__stands_in_the_vectors() -> None:
    assert [row["why"] for row in VECTORS["refusedBodies"]] == [case.why for case in refused_bodies()]


# -- fields


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": NextMode.STAY, "chain": 1},
        {"mode": NextMode.STAY, "fee": 1},
        {"mode": NextMode.STAY, "max_charge": 1},
        {"mode": NextMode.STAY, "to": PAYEE},
        {"mode": NextMode.PLACED, "account": ACCOUNT},
        {"mode": NextMode.FORWARD, "chain": 0, "account": ACCOUNT},
        {"mode": NextMode.FORWARD, "chain": 1},
        {"mode": NextMode.FORWARD, "chain": 1, "account": ACCOUNT, "to": PAYEE},
        {"mode": NextMode.FORWARD, "chain": 1, "account": ACCOUNT, "max_charge": 1},
        {"mode": NextMode.RELEASE, "chain": 0, "to": PAYEE},
        {"mode": NextMode.RELEASE, "chain": 1, "account": ACCOUNT},
    ],
)
def test_next__field_that_its_mode_does_not_use__is_refused(fields: Row) -> None:
    with pytest.raises(MessageMalformed, match="next has fields"):
        Next(**fields)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("next.chain", {"mode": NextMode.FORWARD, "chain": 2**64, "account": ACCOUNT}),
        ("next.fee", {"mode": NextMode.FORWARD, "chain": 1, "account": ACCOUNT, "fee": -1}),
        ("next.max_charge", {"mode": NextMode.RELEASE, "chain": 1, "to": PAYEE, "max_charge": 2**128}),
        ("next.to", {"mode": NextMode.RELEASE, "chain": 1, "to": PAYEE[:-1]}),
    ],
)
def test_next__value_out_of_range__is_refused(field: str, fields: Row) -> None:
    with pytest.raises(FieldOutOfRange) as refused:
        Next(**fields)
    assert refused.value.field == field


def test_next__each_mode__encodes_the_fields_it_uses() -> None:
    assert [len(next_.encode()) for next_ in (STAY, FORWARD, TO_TOKENS, PLACED)] == [1, 57, 61, 1]


def test_deposit__fee_above_amount__is_refused() -> None:
    Deposit(account=ACCOUNT, asset=AssetId(0), amount=Wad(1), fee=Wad(1))
    with pytest.raises(MessageMalformed, match="fee 2 is more than the deposit of 1"):
        Deposit(account=ACCOUNT, asset=AssetId(0), amount=Wad(1), fee=Wad(2))


@pytest.mark.parametrize(("field", "value"), [("asset", 2**32), ("amount", 2**128), ("fee", -1)])
def test_deposit__value_out_of_range__is_refused(field: str, value: int) -> None:
    with pytest.raises(FieldOutOfRange, match=field):
        Deposit(**{"account": ACCOUNT, "asset": AssetId(0), "amount": Wad(1), field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("field", "value"), [("asset", -1), ("amount", 2**128), ("fee", 2**128), ("to", b"")])
def test_release__value_out_of_range__is_refused(field: str, value: Row) -> None:
    with pytest.raises(FieldOutOfRange, match=field):
        Release(**{"account": ACCOUNT, "asset": AssetId(0), "to": PAYEE, "amount": Wad(1), field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("cash", 2**127), ("cash", -(2**127) - 1), ("fee", 2**128), ("key", b"\1" * 21), ("key_epoch", 2**32)],
)
def test_parcel__value_out_of_range__is_refused(field: str, value: Row) -> None:
    with pytest.raises(FieldOutOfRange, match=field):
        parcel(**{"key": KEY, "key_epoch": 1} | {field: value})


@pytest.mark.parametrize(("key", "epoch"), [(KEY, 0), (ZERO_ADDRESS, 1)])
def test_parcel__key_and_epoch_apart__are_refused(key: Address, epoch: int) -> None:
    parcel(key=KEY, key_epoch=1)
    with pytest.raises(MessageMalformed, match="only a key has one"):
        parcel(key=key, key_epoch=epoch)


def test_parcel__placed__is_refused() -> None:
    with pytest.raises(MessageMalformed, match="never placed"):
        parcel(next=PLACED)


def test_parcel__one_leg_too_many__is_refused() -> None:
    many = tuple(Leg(instrument=InstrumentId(i), base=1) for i in range(MAX_LEGS + 1))
    parcel(legs=many[:-1])
    with pytest.raises(MessageMalformed, match="129 legs"):
        parcel(legs=many)


@pytest.mark.parametrize("instruments", [(1, 1), (2, 1), (1, 3, 2)])
def test_parcel__legs_not_ascending__are_refused(instruments: tuple[int, ...]) -> None:
    with pytest.raises(MessageMalformed, match="strictly ascending"):
        parcel(legs=tuple(Leg(instrument=InstrumentId(i), base=1) for i in instruments))


def test_leg__of_nothing__is_refused() -> None:
    with pytest.raises(MessageMalformed, match="no contracts"):
        Leg(instrument=InstrumentId(1), base=0)


@pytest.mark.parametrize(("instrument", "base"), [(2**32, 1), (-1, 1), (1, 2**63), (1, -(2**63) - 1)])
def test_leg__value_out_of_range__is_refused(instrument: int, base: int) -> None:
    with pytest.raises(FieldOutOfRange, match=r"leg\."):
        Leg(instrument=InstrumentId(instrument), base=base)


# -- items and leaves


@given(addresses, addresses, st.binary(min_size=1, max_size=MAX_BODY))
def test_item__any__is_the_inverse_of_encode(sender: Address, recipient: Address, body: bytes) -> None:
    item = Item(sender=sender, recipient=recipient, body=body)
    assert Item.decode(item.encode()) == item


@pytest.mark.parametrize("length", [0, MAX_BODY + 1])
def test_item__body_of_refused_length__is_refused(length: int) -> None:
    with pytest.raises(MessageMalformed, match=f"body of {length} bytes"):
        Item(sender=PAYEE, recipient=PAYEE, body=bytes(length))
    with pytest.raises(MessageMalformed):
        Item.decode(length.to_bytes(2, "big") + PAYEE + PAYEE + bytes(length))


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: raw[:41], lambda _: b""])
def test_item__bytes_missing_or_left_over__are_refused(change: Row) -> None:
    raw = Item(sender=PAYEE, recipient=PAYEE, body=b"body").encode()
    with pytest.raises(MessageMalformed, match="length that it states"):
        Item.decode(change(raw))


@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_item__address_of_wrong_length__is_refused(field: str) -> None:
    with pytest.raises(FieldOutOfRange, match=field):
        Item(**{"sender": PAYEE, "recipient": PAYEE, "body": b"body", field: bytes(19)})  # type: ignore[arg-type]


@pytest.mark.parametrize("row", VECTORS["leaves"], ids=lambda row: str(row["index"]))
def test_leaf__vector__is_reproduced(row: Row) -> None:
    lane = VECTORS["lane"]
    assert (
        Lane(source=lane["source"], outbox=Address(from_hex(lane["outbox"])), destination=lane["destination"]) == LANE
    )
    assert leaf(lane=LANE, index=row["index"], item=from_hex(row["item"])) == from_hex(row["leaf"])


def test_leaf__preimage__binds_tag_version_lane_and_index() -> None:
    item = Item(sender=PAYEE, recipient=KEY, body=b"body").encode()
    preimage = b"CAUSEWAY\x01" + (1001).to_bytes(8, "big") + LANE.outbox + (1002).to_bytes(8, "big")
    assert leaf(lane=LANE, index=LeafIndex(7), item=item) == keccak256(preimage + (7).to_bytes(4, "big") + item)


@pytest.mark.parametrize(("field", "value"), [("source", 2**64), ("outbox", bytes(21)), ("destination", -1)])
def test_lane__value_out_of_range__is_refused(field: str, value: Row) -> None:
    fields = {"source": ChainId(1), "outbox": PAYEE, "destination": ChainId(2), field: value}
    with pytest.raises(FieldOutOfRange, match=field):
        Lane(**fields)


# -- shared types


@given(accounts)
def test_account__any__is_the_inverse_of_its_bytes(account: Account) -> None:
    assert Account.from_bytes(account.to_bytes()) == account


@pytest.mark.parametrize("raw", [bytes(31), bytes(33), b""])
def test_account__bytes_of_wrong_length__are_refused(raw: bytes) -> None:
    with pytest.raises(FieldOutOfRange, match="account"):
        Account.from_bytes(raw)


def test_account__parts_of_wrong_length__are_refused() -> None:
    with pytest.raises(FieldOutOfRange, match="owner"):
        Account(owner=Address(bytes(19)))
    with pytest.raises(FieldOutOfRange, match="label"):
        Account(owner=PAYEE, label=b"main")


@given(st.integers(1, 256))
def test_require_uint__values_at_both_ends__are_told_apart(bits: int) -> None:
    for inside in (0, 2**bits - 1):
        require_uint("field", inside, bits)
    for outside in (-1, 2**bits):
        with pytest.raises(FieldOutOfRange, match=f"unsigned integer of {bits} bits"):
            require_uint("field", outside, bits)


@given(st.integers(1, 256))
def test_require_int__values_at_both_ends__are_told_apart(bits: int) -> None:
    half = 2 ** (bits - 1)
    for inside in (-half, half - 1):
        require_int("field", inside, bits)
    for outside in (-half - 1, half):
        with pytest.raises(FieldOutOfRange, match=f"signed integer of {bits} bits"):
            require_int("field", outside, bits)


# -- generated files


def test_vectors__generated_again__change_nothing() -> None:
    assert JSON_FILE.read_text() == render_json()
    assert SOLIDITY_FILE.read_text() == render_solidity()
