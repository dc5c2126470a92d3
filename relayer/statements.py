"""Hash, sign, recover and encode what validators state about a lane."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode

from bridge.contracts.finality import STATEMENT
from bridge.errors import FieldOutOfRange, MessageMalformed
from bridge.signer import Domain, Signer, recover, typed_digest
from bridge.types import Address, ChainId, Hash32
from relayer.quorum import Quorum, Statement, Vote

DOMAIN = Domain(name="Causeway Roots")
DECLARATION = "Root(uint64 source,address outbox,uint64 lane,bytes32 root,uint32 count,uint64 height,uint32 epoch)"


def digest(statement: Statement, outbox: Address) -> Hash32:
    """Return the EIP-712 digest, which names no chain: a signature is evidence everywhere."""
    s = statement
    values = (s.source, outbox, s.lane, s.root, s.count, s.height, s.epoch)
    return typed_digest(DOMAIN, DECLARATION, values)


def sign(statement: Statement, outbox: Address, signer: Signer) -> Vote:
    """Return the statement under a signature; whether it may be signed is decided before."""
    signature = signer.sign(digest(statement, outbox))
    return Vote(statement=statement, signer=signer.address, signature=signature)


def encode_update(quorum: Quorum) -> bytes:
    """Return what QuorumRoots.update takes."""
    s = quorum.statement
    fields = (s.source, s.lane, s.root, s.count, s.height, s.epoch)
    return encode((STATEMENT, "bytes"), (fields, quorum.signatures))


def to_json(vote: Vote) -> dict[str, Any]:
    """Return a vote as an attester publishes it."""
    s = vote.statement
    return {
        "root": "0x" + s.root.hex(),
        "count": s.count,
        "height": s.height,
        "epoch": s.epoch,
        "signature": "0x" + vote.signature.hex(),
    }


def from_json(raw: Any, *, source: ChainId, lane: ChainId, outbox: Address) -> Vote:  # noqa: ANN401
    """Read a published vote and recover its signer; raises MessageMalformed for anything else."""
    try:
        statement = Statement(
            count=uint(raw["count"], 32),
            height=uint(raw["height"], 64),
            epoch=uint(raw["epoch"], 32),
            source=source,
            lane=lane,
            root=fixed_bytes(raw["root"], 32),
        )
        signature = fixed_bytes(raw["signature"], 65)
        signer = recover(digest(statement, outbox), signature)
    except (KeyError, TypeError, ValueError, FieldOutOfRange) as error:
        raise MessageMalformed(reason=f"no attestation: {type(error).__name__}") from None
    return Vote(statement=statement, signer=signer, signature=signature)


def uint(value: Any, bits: int) -> int:  # noqa: ANN401  # what a stranger sent
    """Return a JSON integer below 2^bits; raises ValueError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
        raise ValueError
    return value


def fixed_bytes(value: Any, length: int) -> bytes:  # noqa: ANN401  # as above
    """Return `length` bytes from 0x and hex digits; raises ValueError for anything else."""
    if not isinstance(value, str) or len(value) != 2 + 2 * length or not value.startswith("0x"):
        raise ValueError
    raw = bytes.fromhex(value[2:])
    if len(raw) != length:
        raise ValueError
    return raw
