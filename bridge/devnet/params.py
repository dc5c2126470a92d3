"""Reading JSON-RPC parameters: exact forms of quantities, data, addresses and blocks.

Whatever does not have the form raises `InvalidParamsError`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from bridge.devnet.errors import InvalidParamsError
from bridge.devnet.model import Address, Hash

Json: TypeAlias = Any  # what json.loads returns: every reader checks what it takes

WORD = 1 << 256
_MISSING = object()


def take(params: Sequence[Json], index: int, default: Json = _MISSING) -> Json:
    """Return a parameter, or its default where it is left out or null."""
    if index < len(params) and params[index] is not None:
        return params[index]
    if default is _MISSING:
        raise InvalidParamsError(f"missing value for required argument {index}")
    return default


def quantity(value: Json) -> int:
    """Return a quantity: a hexadecimal string below 2^256."""
    try:
        if not isinstance(value, str) or value[:2] not in {"0x", "0X"} or "_" in value:
            raise InvalidParamsError(f"quantity {value!r}: a string 0x… expected")
        number = int(value, 16)
    except ValueError:
        raise InvalidParamsError(f"quantity {value!r}: hexadecimal digits expected") from None
    if number >= WORD:
        raise InvalidParamsError("quantity: below 2^256 expected")
    return number


def number(value: Json) -> int:
    """Return an integer given as a JSON number, a decimal string or a quantity, as dev methods take it."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < WORD:
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return quantity(value)


def data(value: Json) -> bytes:
    """Return bytes given as 0x and an even number of hexadecimal digits."""
    if not isinstance(value, str) or value[:2] not in {"0x", "0X"}:
        raise InvalidParamsError("data: a string 0x… expected")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise InvalidParamsError("data: an even number of hexadecimal digits expected") from None


def address(value: Json) -> Address:
    """Return an address of 20 bytes; its checksum, if it has one, is the client's business."""
    found = data(value)
    if len(found) != 20:
        raise InvalidParamsError(f"address: 20 bytes expected, {len(found)} given")
    return found


def hash32(value: Json) -> Hash:
    """Return a hash of 32 bytes."""
    found = data(value)
    if len(found) != 32:
        raise InvalidParamsError(f"hash: 32 bytes expected, {len(found)} given")
    return found


def slot(value: Json) -> int:
    """Return a storage slot, as a quantity or as up to 32 bytes."""
    if isinstance(value, str) and len(value) > 66:
        raise InvalidParamsError("storage key: at most 32 bytes expected")
    return quantity("0x0" if value == "0x" else value)


def word(value: Json) -> int:
    """Return a 256-bit word given as data of 32 bytes or as a quantity."""
    return slot(value)


def mapping(value: Json, what: str) -> dict[str, Json]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise InvalidParamsError(f"{what}: an object expected")
    return value


def sequence(value: Json, what: str, limit: int) -> list[Json]:
    """Return a JSON array of at most `limit` items."""
    if not isinstance(value, list):
        raise InvalidParamsError(f"{what}: an array expected")
    if len(value) > limit:
        raise InvalidParamsError(f"{what}: at most {limit} items expected, {len(value)} given")
    return value
