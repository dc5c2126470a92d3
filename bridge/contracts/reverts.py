"""What a contract meant by reverting: its custom error by name, with its fields.

The names come from the compiled contracts, so every error that any of them has is known here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from bridge import artifacts
from bridge.errors import CallReverted, ChainError, RequestRefused
from bridge.keccak import keccak256

BUILT_IN = (
    {"name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)


def as_revert(refusal: RequestRefused, *, to: str = "contract") -> ChainError:
    """Return CallReverted if a refusal is a revert with data, else the refusal itself."""
    if not refusal.data:
        return refusal
    name, fields = explain(refusal.data)
    return CallReverted(to=to, error=name, fields=fields, data=refusal.data)


def explain(data: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the name of the error that revert data encodes, and its fields as text.

    Data of an unknown error is given as its selector, without fields.
    """
    entry = _known().get(data[:4])
    if entry is None:
        return f"unknown error 0x{data[:4].hex()}", ()
    types = [_type(parameter) for parameter in entry["inputs"]]
    try:
        values = decode(types, data[4:])
    except DecodingError:
        return f"{entry['name']} with malformed fields", ()
    names = (parameter["name"] for parameter in entry["inputs"])
    return entry["name"], tuple((name, _shown(value)) for name, value in zip(names, values, strict=True))


@cache
def _known() -> dict[bytes, dict[str, Any]]:
    entries = [*BUILT_IN, *artifacts.errors()]
    return {_selector(entry): entry for entry in entries}


def _selector(entry: dict[str, Any]) -> bytes:
    types = ",".join(_type(parameter) for parameter in entry["inputs"])
    return keccak256(f"{entry['name']}({types})".encode())[:4]


def _type(parameter: dict[str, Any]) -> str:
    form: str = parameter["type"]
    if not form.startswith("tuple"):
        return form
    inner = ",".join(_type(component) for component in parameter["components"])
    return f"({inner}){form.removeprefix('tuple')}"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
