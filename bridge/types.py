"""The vocabulary that every layer shares: identifiers, quantities and the account.

Quantities carry their unit in their type. Addresses and hashes are plain bytes of a fixed length; text forms exist only
at the edges (configuration, command line, JSON).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType, Self

from bridge.errors import FieldOutOfRange

ChainId = NewType("ChainId", int)
"""EIP-155 chain id, below 2^64 in every message."""
AssetId = NewType("AssetId", int)
"""An asset's number, the same on every chain; 0 is the quote asset, in which cash is kept."""
InstrumentId = NewType("InstrumentId", int)
"""A listed instrument's number, below 2^32."""
LeafIndex = NewType("LeafIndex", int)
"""Position of a message in its lane, below 2^32 - 1."""
LeafCount = NewType("LeafCount", int)
"""Number of leaves in a lane, at most 2^32 - 1."""
BlockNumber = NewType("BlockNumber", int)
Wad = NewType("Wad", int)
"""An amount with 18 decimals, whatever the token's own decimals are."""
Address = NewType("Address", bytes)
"""20 bytes."""
Hash32 = NewType("Hash32", bytes)
"""32 bytes."""

QUOTE = AssetId(0)
ADDRESS_LENGTH = 20
LABEL_LENGTH = 12
ZERO_ADDRESS = Address(bytes(ADDRESS_LENGTH))
MAX_COUNT = 2**32 - 1


class Role(StrEnum):
    """What a chain is for."""

    BASE = "base"
    HUB = "hub"
    VENUE = "venue"


class Regime(StrEnum):
    """How a rollup's state becomes final."""

    QUORUM = "quorum"
    OPTIMISTIC = "optimistic"
    VALIDITY = "validity"


class NextMode(IntEnum):
    """What the hub does with a credit once it stands."""

    STAY = 0
    FORWARD = 1
    RELEASE = 2
    PLACED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An owner's address and a 12-byte label: one owner, many isolated subaccounts."""

    owner: Address
    label: bytes = bytes(LABEL_LENGTH)

    def __post_init__(self) -> None:
        require_length("owner", self.owner, ADDRESS_LENGTH)
        require_length("label", self.label, LABEL_LENGTH)

    def to_bytes(self) -> bytes:
        """Return the 32 bytes owner ‖ label."""
        return self.owner + self.label

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Split 32 bytes into owner and label; raises FieldOutOfRange for any other length."""
        require_length("account", raw, ADDRESS_LENGTH + LABEL_LENGTH)
        return cls(owner=Address(raw[:ADDRESS_LENGTH]), label=raw[ADDRESS_LENGTH:])


def require_length(field: str, value: bytes, length: int) -> None:
    """Raise FieldOutOfRange unless `value` is exactly `length` bytes."""
    if len(value) != length:
        raise FieldOutOfRange(field=field, value=f"{len(value)} bytes", expected=f"exactly {length} bytes")


def require_uint(field: str, value: int, bits: int) -> None:
    """Raise FieldOutOfRange unless 0 <= value < 2^bits."""
    if not 0 <= value < 1 << bits:
        raise FieldOutOfRange(field=field, value=str(value), expected=f"an unsigned integer of {bits} bits")


def require_int(field: str, value: int, bits: int) -> None:
    """Raise FieldOutOfRange unless -2^(bits-1) <= value < 2^(bits-1)."""
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise FieldOutOfRange(field=field, value=str(value), expected=f"a signed integer of {bits} bits")
