"""The messages that cross between chains: their fields and their one accepted encoding.

    leaf     = keccak256(tag ‖ version ‖ source ‖ outbox ‖ destination ‖ index ‖ item)
    item     = length of body (2) ‖ sender (20) ‖ recipient (20) ‖ body
    deposit  = 1 ‖ account (32) ‖ asset (4) ‖ amount (16) ‖ fee (16) ‖ next
    release  = 2 ‖ account (32) ‖ asset (4) ‖ to (20) ‖ amount (16) ‖ fee (16)
    parcel   = 3 ‖ account (32) ‖ cash (16, signed) ‖ fee (16) ‖ key (20) ‖ key epoch (4) ‖ next ‖ legs
    next     = 0                                                                      (stay)
             | 1 ‖ chain (8) ‖ account (32) ‖ fee (16)                                (forward)
             | 2 ‖ chain (8) ‖ to (20) ‖ fee (16) ‖ max charge (16)                   (release)
             | 3                                                                      (placed)
    leg      = instrument (4) ‖ base (8, signed)

All integers are big endian; all amounts have 18 decimals. A leaf's preimage is at least 92 bytes, so it is never the 64
bytes of an inner node. Decoding refuses every unused byte, every mode out of place and legs that are not strictly
ascending, so a message has one encoding. The contracts' `Messages` library follows this module; generated vectors hold
the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self, assert_never

from bridge.errors import MessageMalformed
from bridge.keccak import keccak256
from bridge.types import (
    ADDRESS_LENGTH,
    ZERO_ADDRESS,
    Account,
    Address,
    AssetId,
    ChainId,
    Hash32,
    InstrumentId,
    LeafIndex,
    NextMode,
    Wad,
    require_int,
    require_length,
    require_uint,
)

TAG: Final = b"CAUSEWAY"
VERSION: Final = 1
MAX_BODY: Final = 2048
MAX_LEGS: Final = 128

_NO_CHAIN: Final = ChainId(0)
_NOTHING: Final = Wad(0)


class Kind(IntEnum):
    """First byte of a body."""

    DEPOSIT = 1
    RELEASE = 2
    PARCEL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What the hub does with a credit once it stands.

    It stays, is forwarded as cash to a venue, is released as tokens, or is placed at its venue already.
    """

    mode: NextMode = NextMode.STAY
    chain: ChainId = _NO_CHAIN
    account: Account | None = None
    to: Address | None = None
    fee: Wad = _NOTHING
    max_charge: Wad = _NOTHING

    def __post_init__(self) -> None:
        require_uint("next.chain", self.chain, 64)
        require_uint("next.fee", self.fee, 128)
        require_uint("next.max_charge", self.max_charge, 128)
        has = (self.chain != 0, self.account is not None, self.to is not None)
        match self.mode:
            case NextMode.STAY | NextMode.PLACED:
                fits = has == (False, False, False) and self.fee == self.max_charge == 0
            case NextMode.FORWARD:
                fits = has == (True, True, False) and self.max_charge == 0
            case NextMode.RELEASE:
                fits = has == (True, False, True)
            case _:  # pragma: no cover
                assert_never(self.mode)
        if not fits:
            raise MessageMalformed(
                reason=f"next has fields that mode {self.mode.name} does not use, or lacks one it needs"
            )
        if self.to is not None:
            require_length("next.to", self.to, ADDRESS_LENGTH)

    def encode(self) -> bytes:
        """Return mode ‖ the fields that the mode uses."""
        head = bytes([self.mode])
        if self.account is not None:
            return head + _uint(self.chain, 8) + self.account.to_bytes() + _uint(self.fee, 16)
        if self.to is not None:
            return head + _uint(self.chain, 8) + self.to + _uint(self.fee, 16) + _uint(self.max_charge, 16)
        return head


STAY: Final = Next()
PLACED: Final = Next(mode=NextMode.PLACED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A position: `base` lots of an instrument, negative when short, never zero."""

    instrument: InstrumentId
    base: int

    def __post_init__(self) -> None:
        require_uint("leg.instrument", self.instrument, 32)
        require_int("leg.base", self.base, 64)
        if self.base == 0:
            raise MessageMalformed(reason=f"leg of instrument {self.instrument} has no contracts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Vault to hub: tokens of `asset` worth `amount` (the fee included) arrived for `account`."""

    account: Account
    asset: AssetId
    amount: Wad
    fee: Wad = _NOTHING
    next: Next = STAY

    def __post_init__(self) -> None:
        require_uint("asset", self.asset, 32)
        require_uint("amount", self.amount, 128)
        require_uint("fee", self.fee, 128)
        if self.fee > self.amount:
            raise MessageMalformed(reason=f"fee {self.fee} is more than the deposit of {self.amount}")

    def encode(self) -> bytes:
        """Return the body."""
        head = bytes([Kind.DEPOSIT]) + self.account.to_bytes() + _uint(self.asset, 4)
        return head + _uint(self.amount, 16) + _uint(self.fee, 16) + self.next.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Hub to vault: pay `amount` of `asset` to `to` for `account`, and `fee` beside it to whoever delivers."""

    account: Account
    asset: AssetId
    to: Address
    amount: Wad
    fee: Wad = _NOTHING

    def __post_init__(self) -> None:
        require_uint("asset", self.asset, 32)
        require_length("to", self.to, ADDRESS_LENGTH)
        require_uint("amount", self.amount, 128)
        require_uint("fee", self.fee, 128)

    def encode(self) -> bytes:
        """Return the body."""
        head = bytes([Kind.RELEASE]) + self.account.to_bytes() + _uint(self.asset, 4)
        return head + self.to + _uint(self.amount, 16) + _uint(self.fee, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Hub to venue or venue to hub: signed cash and legs of `account`, and `fee` beside it to whoever delivers.

    `key` (hub to venue only) is the address that acts for an account there; of two keys the one with the higher epoch
    holds.
    """

    account: Account
    cash: Wad
    fee: Wad = _NOTHING
    key: Address = ZERO_ADDRESS
    key_epoch: int = 0
    next: Next = STAY
    legs: tuple[Leg, ...] = field(default=())

    def __post_init__(self) -> None:
        require_int("cash", self.cash, 128)
        require_uint("fee", self.fee, 128)
        require_length("key", self.key, ADDRESS_LENGTH)
        require_uint("key_epoch", self.key_epoch, 32)
        if (self.key == ZERO_ADDRESS) != (self.key_epoch == 0):
            raise MessageMalformed(reason="a key has an epoch above zero, and only a key has one")
        if self.next.mode is NextMode.PLACED:
            raise MessageMalformed(reason="a parcel is never placed: only a deposit is")
        if len(self.legs) > MAX_LEGS:
            raise MessageMalformed(reason=f"{len(self.legs)} legs; at most {MAX_LEGS} travel in one parcel")
        if any(a.instrument >= b.instrument for a, b in zip(self.legs, self.legs[1:], strict=False)):
            raise MessageMalformed(reason="legs must be strictly ascending by instrument")

    def encode(self) -> bytes:
        """Return the body."""
        head = (
            bytes([Kind.PARCEL])
            + self.account.to_bytes()
            + self.cash.to_bytes(16, "big", signed=True)
            + _uint(self.fee, 16)
        )
        legs = b"".join(_uint(leg.instrument, 4) + leg.base.to_bytes(8, "big", signed=True) for leg in self.legs)
        return head + self.key + _uint(self.key_epoch, 4) + self.next.encode() + legs


Body = Deposit | Release | Parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Where a tree stands and where its messages go: everything of a leaf that is the same for all of the tree."""

    source: ChainId
    outbox: Address
    destination: ChainId

    def __post_init__(self) -> None:
        require_uint("source", self.source, 64)
        require_length("outbox", self.outbox, ADDRESS_LENGTH)
        require_uint("destination", self.destination, 64)

    def prefix(self) -> bytes:
        """Return the 45 bytes with which the preimage of each of the lane's leaves starts."""
        return TAG + bytes([VERSION]) + _uint(self.source, 8) + self.outbox + _uint(self.destination, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message as it travels: who sends it, who is to take it, and its body."""

    sender: Address
    recipient: Address
    body: bytes

    def __post_init__(self) -> None:
        require_length("sender", self.sender, ADDRESS_LENGTH)
        require_length("recipient", self.recipient, ADDRESS_LENGTH)
        if not 0 < len(self.body) <= MAX_BODY:
            raise MessageMalformed(reason=f"body of {len(self.body)} bytes; expected 1 to {MAX_BODY}")

    def encode(self) -> bytes:
        """Return length ‖ sender ‖ recipient ‖ body, as the Outbox logs it and the Inbox takes it."""
        return _uint(len(self.body), 2) + self.sender + self.recipient + self.body

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Split exactly one item; raises MessageMalformed if bytes are missing or left over."""
        if len(raw) < 42 or int.from_bytes(raw[:2], "big") != len(raw) - 42:
            raise MessageMalformed(reason=f"item of {len(raw)} bytes does not have the length that it states")
        return cls(sender=Address(raw[2:22]), recipient=Address(raw[22:42]), body=raw[42:])


def leaf(*, lane: Lane, index: LeafIndex, item: bytes) -> Hash32:
    """Return the leaf of an encoded item at `index` of `lane`."""
    return Hash32(keccak256(lane.prefix() + _uint(index, 4) + item))


def decode(body: bytes) -> Body:
    """Decode a body of any kind; raises MessageMalformed or FieldOutOfRange unless it is the one accepted encoding."""
    reader = _Reader(body)
    try:
        kind = Kind(reader.unsigned(1))
    except ValueError:
        raise MessageMalformed(
            reason=f"unknown kind {body[0]}; expected 1 (deposit), 2 (release) or 3 (parcel)"
        ) from None
    message: Body
    match kind:
        case Kind.DEPOSIT:
            message = _deposit(reader)
        case Kind.RELEASE:
            message = _release(reader)
        case Kind.PARCEL:
            message = _parcel(reader)
        case _:  # pragma: no cover
            assert_never(kind)
    reader.finish()
    return message


class _Reader:
    """Takes bytes from the front; short input and left-over bytes are errors."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def take(self, n: int) -> bytes:
        if self._at + n > len(self._raw):
            raise MessageMalformed(
                reason=f"body ends at byte {len(self._raw)}; a field of {n} bytes was to start at {self._at}"
            )
        self._at += n
        return self._raw[self._at - n : self._at]

    def unsigned(self, n: int) -> int:
        return int.from_bytes(self.take(n), "big")

    def signed(self, n: int) -> int:
        return int.from_bytes(self.take(n), "big", signed=True)

    def left(self) -> int:
        return len(self._raw) - self._at

    def finish(self) -> None:
        if self.left():
            raise MessageMalformed(reason=f"{self.left()} unused bytes at the end of the body")


def _deposit(reader: _Reader) -> Deposit:
    return Deposit(
        account=Account.from_bytes(reader.take(32)),
        asset=AssetId(reader.unsigned(4)),
        amount=Wad(reader.unsigned(16)),
        fee=Wad(reader.unsigned(16)),
        next=_next(reader),
    )


def _release(reader: _Reader) -> Release:
    return Release(
        account=Account.from_bytes(reader.take(32)),
        asset=AssetId(reader.unsigned(4)),
        to=Address(reader.take(20)),
        amount=Wad(reader.unsigned(16)),
        fee=Wad(reader.unsigned(16)),
    )


def _parcel(reader: _Reader) -> Parcel:
    return Parcel(
        account=Account.from_bytes(reader.take(32)),
        cash=Wad(reader.signed(16)),
        fee=Wad(reader.unsigned(16)),
        key=Address(reader.take(20)),
        key_epoch=reader.unsigned(4),
        next=_next(reader),
        legs=_legs(reader),
    )


def _next(reader: _Reader) -> Next:
    number = reader.unsigned(1)
    try:
        mode = NextMode(number)
    except ValueError:
        raise MessageMalformed(reason=f"unknown next mode {number}; expected 0 to 3") from None
    match mode:
        case NextMode.STAY:
            return STAY
        case NextMode.FORWARD:
            chain, account = ChainId(reader.unsigned(8)), Account.from_bytes(reader.take(32))
            return Next(mode=mode, chain=chain, account=account, fee=Wad(reader.unsigned(16)))
        case NextMode.RELEASE:
            chain, to = ChainId(reader.unsigned(8)), Address(reader.take(20))
            fee, max_charge = Wad(reader.unsigned(16)), Wad(reader.unsigned(16))
            return Next(mode=mode, chain=chain, to=to, fee=fee, max_charge=max_charge)
        case NextMode.PLACED:
            return PLACED
        case _:  # pragma: no cover
            assert_never(mode)


def _legs(reader: _Reader) -> tuple[Leg, ...]:
    legs = []
    while reader.left():
        legs.append(Leg(instrument=InstrumentId(reader.unsigned(4)), base=reader.signed(8)))
    return tuple(legs)


def _uint(value: int, n: int) -> bytes:
    return value.to_bytes(n, "big")
