"""The Ethereum ABI as tables: functions that encode their calls, events that decode their logs.

A function is its Solidity signature; an event is a frozen dataclass under its Solidity signature.
Both are written by hand so that a reader and the type checker see them, and a test holds every one
to the compiled contracts. Addresses are bytes here, never text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from bridge.errors import ProofError
from bridge.keccak import keccak256
from bridge.rpc import Log
from bridge.types import Account, Address

Value = TypeVar("Value")
EventClass = TypeVar("EventClass", bound=type)
AbiValue = Any
"""An argument or result: int, bytes, bool, str, or a tuple or list of them."""

_PARAMETER = re.compile(r"(?P<type>[a-z0-9\[\]]+)(?P<indexed> indexed)? (?P<name>\w+)")


class Function:
    """A contract's function: `deliver(uint64,bytes32)` and the types that it returns."""

    def __init__(self, signature: str, *returns: str) -> None:
        self.signature = signature
        self.name = signature.partition("(")[0]
        self.inputs = split_types(signature[len(self.name) + 1 : -1])
        self.returns = returns
        self.selector = keccak256(signature.encode())[:4]

    def encode(self, *arguments: AbiValue) -> bytes:
        """Return the calldata; raises eth_abi's EncodingError for a value out of its type."""
        return self.selector + encode(self.inputs, arguments)

    def decode(self, data: bytes) -> AbiValue:
        """Return what a call returned: the value alone if it is one, else a tuple.

        Raises ProofError where the bytes are not of the types, as of an address without code.
        """
        try:
            values = decode(self.returns, data)
        except DecodingError as error:
            raise ProofError(reason=f"{self.name} returned {len(data)} bytes: {error}") from None
        plain = tuple(map(_plain, self.returns, values))
        return plain[0] if len(plain) == 1 else plain

    def decode_arguments(self, calldata: bytes) -> tuple[AbiValue, ...]:
        """Return the arguments of calldata made for this function."""
        return tuple(map(_plain, self.inputs, decode(self.inputs, calldata[4:])))

    def at(self, to: Address, *arguments: AbiValue) -> View[Any]:
        """Return the question that this view is to the contract at `to`."""
        return View(to=to, function=self, data=self.encode(*arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Generic[Value]):
    """One question to a contract, ready to be asked at a block."""

    to: Address
    function: Function
    data: bytes

    def decode(self, returned: bytes) -> Value:
        """Return the answer; see `Function.decode`."""
        answer: Value = self.function.decode(returned)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """How logs of one event become its dataclass."""

    signature: str
    topic: bytes
    indexed: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]
    accounts: frozenset[str]
    make: Callable[..., Any]


EVENTS: dict[bytes, EventType] = {}
"""Every event of our contracts by its first topic."""


def event(signature: str) -> Callable[[EventClass], EventClass]:
    """Register a dataclass as an event: its first field is `log`, the rest the parameters in order.

    A parameter of type bytes32 whose field is declared as Account becomes one.
    """
    name, _, inside = signature.partition("(")
    parameters = [_PARAMETER.fullmatch(part) for part in inside[:-1].split(", ") if part]
    if None in parameters:
        raise ValueError(f"signature of an event not understood: {signature}")
    found = [parameter for parameter in parameters if parameter is not None]
    topic = keccak256(f"{name}({','.join(p['type'] for p in found)})".encode())

    def register(cls: EventClass) -> EventClass:
        declared = fields(cls)
        names = [snake(parameter["name"]) for parameter in found]
        if ["log", *names] != [field.name for field in declared]:
            raise ValueError(f"{cls.__name__} does not have the fields of {signature}")
        EVENTS[topic] = EventType(
            signature=signature,
            topic=topic,
            indexed=tuple((snake(p["name"]), p["type"]) for p in found if p["indexed"]),
            plain=tuple((snake(p["name"]), p["type"]) for p in found if not p["indexed"]),
            accounts=frozenset(f.name for f in declared if f.type == "Account"),
            make=cls,
        )
        cls.TOPIC = topic  # type: ignore[attr-defined]  # declared by each event as ClassVar
        return cls

    return register


def read_log(log: Log) -> Any:  # noqa: ANN401  # one of the registered dataclasses
    """Return the event that a log is, or None if it is none of ours.

    Any contract can log anything: the caller has to have checked `log.address`. Raises ProofError
    where a log has our topic and not our form.
    """
    kind = EVENTS.get(log.topics[0]) if log.topics else None
    if kind is None or len(log.topics) != 1 + len(kind.indexed):
        return None
    try:
        values = dict(_indexed(kind, log))
        plain = decode([form for _, form in kind.plain], log.data)
    except DecodingError as error:
        raise ProofError(reason=f"log of {kind.signature}: {error}") from None
    for (name, form), value in zip(kind.plain, plain, strict=True):
        values[name] = _plain(form, value)
    for name in kind.accounts:
        values[name] = Account.from_bytes(values[name])
    return kind.make(log=log, **values)


def split_types(types: str) -> tuple[str, ...]:
    """Split a list of ABI types at its outer commas."""
    parts: list[str] = []
    depth = 0
    for piece in re.split(r"([(),])", types):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 0:
            parts.append("")
        elif piece:
            parts = parts or [""]
            parts[-1] += piece
    return tuple(parts)


def snake(name: str) -> str:
    """Return Python's form of a Solidity name."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)


def _indexed(kind: EventType, log: Log) -> list[tuple[str, AbiValue]]:
    return [
        (name, _plain(form, decode([form], topic)[0]))
        for (name, form), topic in zip(kind.indexed, log.topics[1:], strict=True)
    ]


def _plain(form: str, value: AbiValue) -> AbiValue:
    """Return a decoded value with its addresses as bytes, at any depth."""
    if form == "address":
        return Address(bytes.fromhex(value[2:]))
    if form.endswith("]"):
        inner = form[: form.rindex("[")]
        return tuple(_plain(inner, item) for item in value)
    if form.startswith("("):
        return tuple(map(_plain, split_types(form[1:-1]), value))
    return value
