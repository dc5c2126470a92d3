"""Keys that sign: EIP-1559 transactions and EIP-712 statements.

A signer is a port: `LocalSigner` holds the key in memory, and a hardware or remote signer can take
its place with the same two members. How keys rest on disk is `bridge.keystore`'s business; what is
signed, and why, the caller's. A key is never shown: not by repr, not in an error.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import rlp
from coincurve import PrivateKey, PublicKey

from bridge.errors import FieldOutOfRange
from bridge.keccak import keccak256
from bridge.types import Address, ChainId, Hash32, require_length

SIGNATURE_LENGTH = 65
DYNAMIC_FEE = b"\x02"
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Signer(Protocol):
    """What everything that signs here needs."""

    @property
    def address(self) -> Address:
        """The address that signatures recover to."""
        ...

    def sign(self, digest: Hash32) -> bytes:
        """Return r ‖ s ‖ v of a 32-byte digest: 65 bytes, low s, v 27 or 28."""
        ...


class LocalSigner:
    """A key in this process's memory."""

    __slots__ = ("_key", "address")

    def __init__(self, key: bytes) -> None:
        require_length("key", key, 32)
        if not 0 < int.from_bytes(key, "big") < CURVE_ORDER:
            raise FieldOutOfRange(field="key", value="out of range", expected="1 to the order - 1")
        self._key = PrivateKey(key)
        self.address = address_of(self._key.public_key)

    @classmethod
    def create(cls) -> LocalSigner:
        """Return a signer with a new random key."""
        return cls((secrets.randbelow(CURVE_ORDER - 1) + 1).to_bytes(32, "big"))

    def __repr__(self) -> str:
        return f"LocalSigner(0x{self.address.hex()})"

    def sign(self, digest: Hash32) -> bytes:
        """Return r ‖ s ‖ v of a 32-byte digest: 65 bytes, low s, v 27 or 28."""
        require_length("digest", digest, 32)
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def export(self) -> bytes:
        """Return the key itself, for a keystore to encrypt; it goes nowhere else."""
        secret: bytes = self._key.secret
        return secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """An EIP-1559 transaction before it is signed; fees in wei a gas; `to` None creates."""

    chain_id: ChainId
    nonce: int
    to: Address | None
    data: bytes = b""
    value: int = 0
    gas: int
    max_fee: int
    max_tip: int

    def fields(self) -> list[object]:
        """Return the RLP fields that are signed, in their order."""
        head = [self.chain_id, self.nonce, self.max_tip, self.max_fee, self.gas]
        return [*map(_minimal, head), self.to or b"", _minimal(self.value), self.data, []]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """The bytes to broadcast and the hash under which they will be found."""

    raw: bytes
    hash: Hash32


def sign_transaction(signer: Signer, transaction: Transaction) -> SignedTransaction:
    """Return the signed transaction; the same input gives the same bytes (RFC 6979 nonces)."""
    fields = transaction.fields()
    digest = Hash32(keccak256(DYNAMIC_FEE + rlp.encode(fields)))
    signature = signer.sign(digest)
    r, s = signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")
    raw: bytes = DYNAMIC_FEE + rlp.encode([*fields, _minimal(signature[64] - 27), r, s])
    return SignedTransaction(raw=raw, hash=Hash32(keccak256(raw)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """An EIP-712 domain; without chain and contract, what is signed holds everywhere."""

    name: str
    version: str = "1"
    chain_id: ChainId | None = None
    contract: Address | None = None

    def separator(self) -> bytes:
        """Return the hash of the domain's fields that are given."""
        given = [("string", "name", keccak256(self.name.encode()))]
        given.append(("string", "version", keccak256(self.version.encode())))
        if self.chain_id is not None:
            given.append(("uint256", "chainId", _word(self.chain_id)))
        if self.contract is not None:
            given.append(("address", "verifyingContract", _word(self.contract)))
        declared = ",".join(f"{form} {name}" for form, name, _ in given)
        return keccak256(keccak256(f"EIP712Domain({declared})".encode()) + b"".join(word for *_, word in given))


TypedValue = int | bytes | bool
"""A field's value: numbers for integers, bytes for addresses, fixed and dynamic bytes."""


def typed_digest(domain: Domain, declaration: str, values: Sequence[TypedValue]) -> Hash32:
    """Return the EIP-712 digest of a flat struct, declared as `Root(uint64 source,bytes32 root)`.

    Raises FieldOutOfRange unless there is one value a field and each fits its type. Structs inside
    structs are given as their own hash, under the full declaration.
    """
    struct = typed_struct(declaration, values)
    return Hash32(keccak256(b"\x19\x01" + domain.separator() + struct))


def typed_struct(declaration: str, values: Sequence[TypedValue]) -> bytes:
    """Return the EIP-712 hash of a struct; of a declaration with inner structs the first is meant.

    A field whose type is an inner struct takes that struct's hash.
    """
    inside = declaration[declaration.index("(") + 1 : declaration.index(")")]
    forms = [field.split(" ") for field in inside.split(",") if field]
    if len(forms) != len(values):
        raise FieldOutOfRange(field=declaration, value=f"{len(values)} values", expected=f"{len(forms)} values")
    words = [_field_word(form, name, value) for (form, name), value in zip(forms, values, strict=True)]
    return keccak256(keccak256(declaration.encode()) + b"".join(words))


def recover(digest: Hash32, signature: bytes) -> Address:
    """Return the address that signed a digest.

    Raises FieldOutOfRange for a signature that is not 65 bytes, or that no key can have made.
    """
    require_length("signature", signature, SIGNATURE_LENGTH)
    if signature[64] not in {27, 28}:
        raise FieldOutOfRange(field="v", value=str(signature[64]), expected="27 or 28")
    compact = signature[:64] + bytes([signature[64] - 27])
    try:
        key = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except Exception as error:  # noqa: BLE001  # coincurve raises no narrower class
        raise FieldOutOfRange(field="signature", value=str(error), expected="a point on the curve") from None
    return address_of(key)


def address_of(key: PublicKey) -> Address:
    """Return the address of a public key."""
    return Address(keccak256(key.format(compressed=False)[1:])[12:])


def checksum(address: Address) -> str:
    """Return the EIP-55 text of an address."""
    digits = address.hex()
    marks = keccak256(digits.encode()).hex()
    pairs = zip(digits, marks, strict=False)
    return "0x" + "".join(d.upper() if int(mark, 16) > 7 else d for d, mark in pairs)


def _field_word(form: str, name: str, value: TypedValue) -> bytes:
    match value:
        case bool() | int():
            width = int(form.removeprefix("uint") or 256) if form.startswith("uint") else 1
            is_number = form.startswith("uint") or form == "bool"
            if not is_number or not 0 <= value < 1 << width:
                raise FieldOutOfRange(field=name, value=str(value), expected=form)
            return _word(int(value))
        case bytes() if form == "bytes":
            return keccak256(value)
        case bytes() if form == "address":
            require_length(name, value, 20)
            return _word(value)
        case bytes():
            require_length(name, value, int(form.removeprefix("bytes")) if "bytes" in form else 32)
            return value.ljust(32, b"\0")


def _word(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def _minimal(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
