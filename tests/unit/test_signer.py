"""Signatures and transactions are those that the common libraries make."""

from __future__ import annotations

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data

from bridge.amounts import parse_wad, show_wad, units_of, wad_of
from bridge.deploy.addresses import address_of, salt_of
from bridge.errors import FieldOutOfRange
from bridge.signer import (
    CURVE_ORDER,
    Domain,
    LocalSigner,
    Transaction,
    checksum,
    recover,
    sign_transaction,
    typed_digest,
)
from bridge.types import Address, ChainId, Hash32

KEY = bytes(range(1, 33))
SIGNER = LocalSigner(KEY)
OTHER = EthAccount.from_key(KEY)
TO = Address(b"\x22" * 20)


def transaction(**changes: object) -> Transaction:
    fields = {"nonce": 0, "to": TO, "data": b"hi", "value": 7, "gas": 50_000, "max_fee": 10, "max_tip": 0}
    return Transaction(chain_id=ChainId(5), **(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 70_000])
@pytest.mark.parametrize("to", [TO, None])
def test_transaction__signed__has_the_bytes_of_the_common_library(nonce: int, to: Address | None) -> None:
    signed = sign_transaction(SIGNER, transaction(nonce=nonce, to=to))
    fields = {
        "type": 2,
        "chainId": 5,
        "nonce": nonce,
        "data": b"hi",
        "value": 7,
        "gas": 50_000,
        "maxFeePerGas": 10,
        "maxPriorityFeePerGas": 0,
    }
    expected = OTHER.sign_transaction(fields | ({} if to is None else {"to": checksum(to)}))
    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.hash == bytes(expected.hash)


def test_typed_digest__flat_struct__is_signed_as_by_the_common_library() -> None:
    domain = Domain(name="Causeway", chain_id=ChainId(3), contract=TO)
    declaration = "Root(uint64 s,address o,bytes32 r,bytes b,bool f)"
    digest = typed_digest(domain, declaration, [4, TO, b"\x03" * 32, b"xyz", True])
    forms = [("s", "uint64"), ("o", "address"), ("r", "bytes32"), ("b", "bytes"), ("f", "bool")]
    message = encode_typed_data(
        domain_data={"name": "Causeway", "version": "1", "chainId": 3, "verifyingContract": checksum(TO)},
        message_types={"Root": [{"name": name, "type": form} for name, form in forms]},
        message_data={"s": 4, "o": checksum(TO), "r": b"\x03" * 32, "b": b"xyz", "f": True},
    )
    assert SIGNER.sign(digest) == bytes(OTHER.sign_message(message).signature)
    assert recover(digest, SIGNER.sign(digest)) == SIGNER.address


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ("A(uint8 v)", 256),
        ("A(uint64 v)", -1),
        ("A(address v)", b"\x01" * 19),
        ("A(bytes32 v)", b"\x01" * 31),
        ("A(bytes4 v)", b"\x01" * 5),
        ("A(address v)", 7),
    ],
)
def test_typed_digest__value_out_of_its_type__is_refused(declaration: str, value: int | bytes) -> None:
    with pytest.raises(FieldOutOfRange):
        typed_digest(Domain(name="Causeway"), declaration, [value])


def test_typed_digest__value_missing__is_refused() -> None:
    with pytest.raises(FieldOutOfRange):
        typed_digest(Domain(name="Causeway"), "A(uint8 v,uint8 w)", [1])


@pytest.mark.parametrize("signature", [bytes(64), bytes(65), bytes(64) + b"\x1b", b"\xff" * 64 + b"\x1c"])
def test_recover__what_no_key_signed__is_refused(signature: bytes) -> None:
    with pytest.raises(FieldOutOfRange):
        recover(Hash32(bytes(32)), signature)


@pytest.mark.parametrize("key", [bytes(32), CURVE_ORDER.to_bytes(32, "big"), bytes(31)])
def test_key__outside_the_group__is_refused(key: bytes) -> None:
    with pytest.raises(FieldOutOfRange):
        LocalSigner(key)


def test_signer__shown__hides_its_key() -> None:
    assert KEY.hex() not in repr(SIGNER)
    assert SIGNER.address.hex() in repr(SIGNER)
    assert LocalSigner.create().address != LocalSigner.create().address


@pytest.mark.parametrize(
    ("text", "wad"),
    [("0", 0), ("1", 10**18), ("1_000.5", 1000 * 10**18 + 5 * 10**17), ("0.000000000000000001", 1)],
)
def test_amount__written__is_exact_and_shown_again(text: str, wad: int) -> None:
    assert parse_wad(text) == wad
    assert parse_wad(show_wad(wad)) == wad


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1.", ".5", "1.0000000000000000001", " 1", "1,5"])
def test_amount__of_another_form__is_refused(text: str) -> None:
    with pytest.raises(FieldOutOfRange):
        parse_wad(text)


def test_units__exact__convert_both_ways_and_dust_is_refused() -> None:
    assert units_of(wad_of(123, 6), 6) == 123
    with pytest.raises(FieldOutOfRange):
        units_of(10**12 + 1, 6)
    with pytest.raises(FieldOutOfRange):
        wad_of(1, 19)


def test_address__of_a_name__depends_on_deployer_and_name_alone() -> None:
    deployer = Address(b"\x11" * 20)
    assert address_of(deployer, "vault") == address_of(deployer, "vault")
    assert address_of(deployer, "vault") != address_of(deployer, "hub")
    assert address_of(deployer, "vault") != address_of(TO, "vault")
    assert salt_of("vault") == b"vault".ljust(32, b"\0")
    with pytest.raises(ValueError, match="1 to 32"):
        salt_of("x" * 33)
