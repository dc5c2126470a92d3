"""Raw transactions: strict decoding of types 0, 1, 2 and 4, and recovery of their sender.

It decides what is well formed. What the chain's state says about it (nonce, funds, fee) is the pool's.
"""

from __future__ import annotations

import rlp
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from bridge.devnet import codec
from bridge.devnet.codec import Decoded
from bridge.devnet.errors import TransactionRejectedError
from bridge.devnet.model import Address, Authorization, Transaction
from bridge.keccak import keccak256

LEGACY, ACCESS_LIST, DYNAMIC_FEE, SET_CODE = 0, 1, 2, 4
MAX_RAW_SIZE = 131_072  # what public nodes take, in bytes
MAX_INIT_CODE = 49_152  # EIP-3860

_HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
_ADDRESS = 20
_WORD = 32
_FIELDS = {LEGACY: 9, ACCESS_LIST: 11, DYNAMIC_FEE: 12, SET_CODE: 13}
_TX_GAS, _CREATE_GAS, _INIT_WORD_GAS = 21_000, 32_000, 2
_TOKEN_GAS, _FLOOR_TOKEN_GAS, _NON_ZERO_TOKENS = 4, 10, 4
_ACCESS_ADDRESS_GAS, _ACCESS_KEY_GAS, _AUTHORIZATION_GAS = 2_400, 1_900, 25_000


def decode(raw: bytes, chain_id: int) -> Transaction:
    """Decode a signed transaction for this chain and recover who signed it.

    Raises `TransactionRejectedError` for anything that is not the one encoding of a valid transaction.
    """
    if not raw or len(raw) > MAX_RAW_SIZE:
        raise TransactionRejectedError(f"oversized data: {len(raw)} bytes, 1 to {MAX_RAW_SIZE} allowed")
    kind = LEGACY if raw[0] >= 0xC0 else raw[0]
    if kind not in _FIELDS or (kind == LEGACY and raw[0] == LEGACY):
        raise TransactionRejectedError("transaction type not supported")
    try:
        items = rlp.decode(raw if kind == LEGACY else raw[1:], strict=True)
        if len(items) != _FIELDS[kind] or isinstance(items, bytes):
            raise TransactionRejectedError(f"rlp: {_FIELDS[kind]} fields expected for type {kind}")
        return _legacy(raw, items, chain_id) if kind == LEGACY else _typed(raw, kind, items, chain_id)
    except (rlp.DecodingError, TypeError, ValueError) as error:
        raise TransactionRejectedError(f"rlp: {error}") from error
    except (BadSignature, ValidationError) as error:
        raise TransactionRejectedError(f"invalid sender: {error}") from error


def intrinsic_gas(
    data: bytes,
    *,
    is_create: bool,
    access_list: tuple[tuple[Address, tuple[int, ...]], ...] = (),
    authorizations: int = 0,
) -> tuple[int, int]:
    """Return the gas that a transaction costs before it runs, and the floor that its data sets (EIP-7623)."""
    zeros = data.count(0)
    tokens = zeros + _NON_ZERO_TOKENS * (len(data) - zeros)
    gas = _TX_GAS + _TOKEN_GAS * tokens + _AUTHORIZATION_GAS * authorizations
    if is_create:
        gas += _CREATE_GAS + init_code_gas(data)
    gas += sum(_ACCESS_ADDRESS_GAS + _ACCESS_KEY_GAS * len(slots) for _, slots in access_list)
    return gas, _TX_GAS + _FLOOR_TOKEN_GAS * tokens


def init_code_gas(data: bytes) -> int:
    """Return what EIP-3860 charges for code that is about to create a contract."""
    return _INIT_WORD_GAS * ((len(data) + 31) // 32)


def _legacy(raw: bytes, items: list[Decoded], chain_id: int) -> Transaction:
    nonce, price, gas, to, value, data, v, r, s = items
    number = _uint(v)
    is_protected = number >= 35
    signed = [nonce, price, gas, to, value, data]
    if is_protected:
        signed += [codec.integer(chain_id), b"", b""]
    return _transaction(
        raw,
        LEGACY,
        codec.rlp(signed),
        chain=((number - 35) // 2) if is_protected else None,
        expected_chain=chain_id,
        nonce=nonce,
        fees=(price, price),
        gas=gas,
        to=to,
        value=value,
        data=data,
        access_list=[],
        authorizations=[],
        parity=(number - 35) % 2 if is_protected else number - 27,
        v=number,
        r=r,
        s=s,
    )


def _typed(raw: bytes, kind: int, items: list[Decoded], chain_id: int) -> Transaction:
    *body, parity, r, s = items
    chain, nonce, *rest = body
    priority, limit = (rest[0], rest[0]) if kind == ACCESS_LIST else (rest[0], rest[1])
    rest = rest[1:] if kind == ACCESS_LIST else rest[2:]
    gas, to, value, data, access_list, *authorizations = rest
    return _transaction(
        raw,
        kind,
        bytes((kind,)) + codec.rlp(body),
        chain=_uint(chain),
        expected_chain=chain_id,
        nonce=nonce,
        fees=(limit, priority),
        gas=gas,
        to=to,
        value=value,
        data=data,
        access_list=access_list,
        authorizations=authorizations[0] if authorizations else [],
        parity=_uint(parity),
        v=_uint(parity),
        r=r,
        s=s,
    )


def _transaction(raw: bytes, kind: int, signed: bytes, **part: Decoded) -> Transaction:
    chain, expected = part["chain"], part["expected_chain"]
    if chain is not None and chain != expected:
        raise TransactionRejectedError(f"invalid chain id for signer: have {chain} want {expected}")
    max_fee, priority = (_uint(fee) for fee in part["fees"])
    to: Address | None = _address(part["to"]) if part["to"] or kind == SET_CODE else None
    access_list = tuple(
        (_address(address), tuple(_slot(slot) for slot in slots)) for address, slots in part["access_list"]
    )
    authorizations = tuple(_authorization(item) for item in part["authorizations"])
    data: bytes = _data(part["data"])
    intrinsic, floor = intrinsic_gas(
        data, is_create=to is None, access_list=access_list, authorizations=len(authorizations)
    )
    transaction = Transaction(
        hash=keccak256(raw),
        raw=raw,
        kind=kind,
        chain_id=chain,
        nonce=_uint(part["nonce"], 8),
        max_fee=max_fee,
        max_priority_fee=priority,
        gas_price=max_fee if kind in {LEGACY, ACCESS_LIST} else None,
        gas=_uint(part["gas"], 8),
        to=to,
        value=_uint(part["value"]),
        data=data,
        access_list=access_list,
        authorizations=authorizations,
        y_parity=part["parity"],
        v=part["v"],
        r=_uint(part["r"]),
        s=_uint(part["s"]),
        sender=_recover(signed, part["parity"], _uint(part["r"]), _uint(part["s"])),
        intrinsic_gas=intrinsic,
        floor_gas=floor,
    )
    _check(transaction)
    return transaction


def _check(transaction: Transaction) -> None:
    if transaction.max_priority_fee > transaction.max_fee:
        raise TransactionRejectedError("max priority fee per gas higher than max fee per gas")
    if transaction.kind == SET_CODE and not transaction.authorizations:
        raise TransactionRejectedError("EIP-7702 transaction with empty auth list")
    if transaction.to is None and len(transaction.data) > MAX_INIT_CODE:
        raise TransactionRejectedError(
            f"max initcode size exceeded: {len(transaction.data)} bytes, limit {MAX_INIT_CODE}"
        )
    required = max(transaction.intrinsic_gas, transaction.floor_gas)
    if transaction.gas < required:
        raise TransactionRejectedError(f"intrinsic gas too low: have {transaction.gas}, want {required}")


def _recover(signed: bytes, parity: int, r: int, s: int) -> Address:
    if parity not in {0, 1} or not 0 < s <= _HALF_ORDER:
        raise TransactionRejectedError("invalid sender: signature is not in its one accepted form (parity, low s)")
    signature = Signature(vrs=(parity, r, s))
    return signature.recover_public_key_from_msg_hash(keccak256(signed)).to_canonical_address()


def _uint(value: Decoded, size: int = _WORD) -> int:
    if not isinstance(value, bytes) or len(value) > size or value[:1] == b"\x00":
        raise ValueError("integer is not canonical")
    return int.from_bytes(value, "big")


def _data(value: Decoded) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("byte string expected")
    return value


def _address(value: Decoded) -> Address:
    if not isinstance(value, bytes) or len(value) != _ADDRESS:
        raise ValueError("address of 20 bytes expected")
    return value


def _slot(value: Decoded) -> int:
    if not isinstance(value, bytes) or len(value) != _WORD:
        raise ValueError("storage key of 32 bytes expected")
    return int.from_bytes(value, "big")


def _authorization(item: Decoded) -> Authorization:
    chain, address, nonce, parity, r, s = item
    return Authorization(
        chain_id=_uint(chain),
        address=_address(address),
        nonce=_uint(nonce, 8),
        y_parity=_uint(parity, 1),
        r=_uint(r),
        s=_uint(s),
    )
