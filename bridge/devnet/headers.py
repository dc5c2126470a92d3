"""Base headers as a JSON-RPC endpoint reports them, checked against their own hash.

A header whose fields hash to the hash under which it was given carries the state root that this block has; an
endpoint can withhold it, but not alter it. Which headers follow on one another is the caller's to check.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.devnet import codec
from bridge.devnet.errors import AnchorError
from bridge.devnet.params import Json
from bridge.keccak import keccak256

# Field names in header order, with what they are: an integer or bytes. Later forks append, and a chain's header has
# all of them up to its own fork's (London, Shanghai, Cancun, Prague).
_FIXED: tuple[tuple[str, bool], ...] = (
    ("parentHash", False),
    ("sha3Uncles", False),
    ("miner", False),
    ("stateRoot", False),
    ("transactionsRoot", False),
    ("receiptsRoot", False),
    ("logsBloom", False),
    ("difficulty", True),
    ("number", True),
    ("gasLimit", True),
    ("gasUsed", True),
    ("timestamp", True),
    ("extraData", False),
    ("mixHash", False),
    ("nonce", False),
)
_APPENDED: tuple[tuple[str, bool], ...] = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseHeader:
    """What an anchor keeps of a base block."""

    number: int
    hash: bytes
    parent_hash: bytes
    state_root: bytes


def checked(number: int, reported: Json) -> BaseHeader:
    """Return the header that an endpoint reports for a height.

    Raises `AnchorError` if it is missing, of another height, or does not hash to its hash.
    """
    if not isinstance(reported, dict):
        raise AnchorError(number=number, problem="the endpoint does not have it")
    try:
        fields = [_field(reported[name], is_integer=is_integer) for name, is_integer in _FIXED]
        present = [(name, is_integer) for name, is_integer in _APPENDED if reported.get(name) is not None]
        fields += [_field(reported[name], is_integer=is_integer) for name, is_integer in present]
        given = bytes.fromhex(reported["hash"][2:])
        found = int(reported["number"], 16)
    except (KeyError, TypeError, ValueError) as error:
        raise AnchorError(number=number, problem=f"malformed: {error!r}") from error
    if found != number:
        raise AnchorError(number=number, problem=f"the endpoint gave block {found} in its place")
    if keccak256(codec.rlp(fields)) != given:
        raise AnchorError(number=number, problem=f"its fields do not hash to {given.hex()}")
    return BaseHeader(number=number, hash=given, parent_hash=fields[0], state_root=fields[3])


def _field(value: Json, *, is_integer: bool) -> bytes:
    return codec.integer(int(value, 16)) if is_integer else bytes.fromhex(value[2:])
