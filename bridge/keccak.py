"""Hash with Keccak-256, the hash of Ethereum, by the fastest implementation installed.

Everything in Causeway that hashes calls these functions. They choose safe-pysha3 (Linux wheels
only) at about 1 µs a hash, and pycryptodome elsewhere at about 8 µs.
"""

from __future__ import annotations

from struct import iter_unpack

try:
    from sha3 import keccak_256 as _new
except ImportError:
    from Crypto.Hash import keccak

    def _new(data: bytes) -> keccak.Keccak_Hash:
        return keccak.new(data=data, digest_bits=256)


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest of `data`."""
    digest: bytes = _new(data).digest()
    return digest


def keccak256_pairs(row: bytes | bytearray) -> bytes:
    """Return the digests of each 64 bytes of `row`, as one string; its length is a multiple of 64.

    It gives what `keccak256` gives, without a call of ours per hash, which trees would notice.
    """
    return b"".join([_new(pair).digest() for (pair,) in iter_unpack("64s", row)])
