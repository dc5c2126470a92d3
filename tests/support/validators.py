"""Validators of tests: keys in order of address, and the statements that they sign.

The digests are written out here, apart from any code under test: EIP-712 in a domain of a name and a version alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from eth_abi.abi import encode
from eth_keys.datatypes import PrivateKey

from bridge.keccak import keccak256

_DOMAIN: Final = keccak256(
    keccak256(b"EIP712Domain(string name,string version)") + keccak256(b"Causeway Roots") + keccak256(b"1")
)
_ROOT: Final = keccak256(
    b"Root(uint64 source,address outbox,uint64 lane,bytes32 root,uint32 count,uint64 height,uint32 epoch)"
)
_ROTATION: Final = keccak256(b"Rotation(uint64 source,address outbox,uint32 epoch,bytes32 set)")
_STATE_ROOT: Final = keccak256(b"StateRoot(uint64 chain,uint64 height,bytes32 stateRoot,uint32 epoch)")
_VOTE: Final = keccak256(b"Vote(address court,uint256 id,bytes32 claim,bool valid,uint32 epoch)")


@dataclass(frozen=True)
class Validator:
    """A key and its address."""

    key: PrivateKey

    @cached_property
    def address(self) -> bytes:
        return bytes(self.key.public_key.to_canonical_address())

    def sign(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ v."""
        signature = self.key.sign_msg_hash(digest)
        return signature.to_bytes()[:64] + bytes([27 + signature.v])


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A lane's commitment at a height, as validators sign it."""

    source: int
    lane: int
    root: bytes
    count: int
    height: int = 1
    epoch: int = 0

    def fields(self) -> tuple[object, ...]:
        return (self.source, self.lane, self.root, self.count, self.height, self.epoch)

    def digest(self, outbox: bytes) -> bytes:
        types = ["bytes32", "uint64", "address", "uint64", "bytes32", "uint32", "uint64", "uint32"]
        head = (_ROOT, self.source, outbox, self.lane, self.root, self.count, self.height, self.epoch)
        return _typed(types, head)

    def but(self, **changes: int | bytes) -> Statement:
        return replace(self, **changes)  # type: ignore[arg-type]  # the fields' names are the caller's


def rotation_digest(*, source: int, outbox: bytes, epoch: int, members: list[tuple[bytes, int]]) -> bytes:
    members_hash = keccak256(encode(["(address,uint48)[]"], [members]))
    return _typed(
        ["bytes32", "uint64", "address", "uint32", "bytes32"], (_ROTATION, source, outbox, epoch, members_hash)
    )


def state_root_digest(*, chain: int, height: int, state_root: bytes, epoch: int = 0) -> bytes:
    return _typed(["bytes32", "uint64", "uint64", "bytes32", "uint32"], (_STATE_ROOT, chain, height, state_root, epoch))


def vote_digest(*, court: bytes, case: int, claim: bytes, valid: bool, epoch: int = 0) -> bytes:
    types = ["bytes32", "address", "uint256", "bytes32", "bool", "uint32"]
    return _typed(types, (_VOTE, court, case, claim, valid, epoch))


def validators(count: int, *, first_key: int = 1) -> list[Validator]:
    """Return validators in ascending order of address, the same ones each time."""
    keys = [PrivateKey(number.to_bytes(32, "big")) for number in range(first_key, first_key + count)]
    return sorted(map(Validator, keys), key=lambda validator: validator.address)


def members(of: list[Validator], weight: int = 1) -> list[tuple[bytes, int]]:
    """Return a set in which all weigh the same."""
    return [(validator.address, weight) for validator in of]


def signed(digest: bytes, by: list[Validator]) -> bytes:
    """Return the signatures in the order given."""
    return b"".join(validator.sign(digest) for validator in by)


def _typed(types: list[str], values: tuple[object, ...]) -> bytes:
    return keccak256(b"\x19\x01" + _DOMAIN + keccak256(encode(types, values)))
