"""The content of a keystore file: version 3 of Ethereum's secret storage, AES-128-CTR under scrypt.

What it writes any wallet reads; what it reads may use PBKDF2 too. Parameters in a file are bounded
before they are used, or a file could ask for all of the machine's memory. (The common library for
this imports pairing arithmetic, which takes longer than everything else a command does.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from Crypto.Cipher import AES

from bridge.keccak import keccak256
from bridge.types import Address

Fields = Mapping[str, Any]
BLOCK_SIZE, PARALLELISM, KEY_LENGTH = 8, 1, 32
MAX_MEMORY = 1 << 30
MAX_ROUNDS = 10_000_000


def encrypt(key: bytes, address: Address, password: bytes, *, cost: int) -> dict[str, Any]:
    """Return the file's content; `cost` is scrypt's N, a power of two."""
    salt, start = secrets.token_bytes(32), secrets.token_bytes(16)
    parameters = {
        "dklen": KEY_LENGTH,
        "n": cost,
        "r": BLOCK_SIZE,
        "p": PARALLELISM,
        "salt": salt.hex(),
    }
    derived = _derive({"kdf": "scrypt", "kdfparams": parameters}, password)
    sealed = _cipher(derived, start).encrypt(key)
    return {
        "address": address.hex(),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": start.hex()},
            "ciphertext": sealed.hex(),
            "kdf": "scrypt",
            "kdfparams": parameters,
            "mac": _mac(derived, sealed).hex(),
        },
        "id": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        "version": 3,
    }


def decrypt(content: Fields, password: bytes) -> bytes:
    """Return the key; raises ValueError or KeyError for a wrong password or another form of file."""
    crypto = content.get("crypto") or content["Crypto"]
    if content["version"] != 3 or crypto["cipher"] != "aes-128-ctr":
        raise ValueError("not a keystore of version 3 with AES-128-CTR")
    derived = _derive(crypto, password)
    sealed = bytes.fromhex(crypto["ciphertext"])
    if not hmac.compare_digest(_mac(derived, sealed), bytes.fromhex(crypto["mac"])):
        raise ValueError("the password does not fit")
    start = bytes.fromhex(crypto["cipherparams"]["iv"])
    key: bytes = _cipher(derived, start).decrypt(sealed)
    return key


def _derive(crypto: Fields, password: bytes) -> bytes:
    given = crypto["kdfparams"]
    salt, length = bytes.fromhex(given["salt"]), int(given["dklen"])
    if length != KEY_LENGTH:
        raise ValueError(f"a derived key of {length} bytes; expected {KEY_LENGTH}")
    if crypto["kdf"] == "scrypt":
        n, r, p = int(given["n"]), int(given["r"]), int(given["p"])
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=MAX_MEMORY, dklen=length)
    rounds = int(given["c"])
    if crypto["kdf"] != "pbkdf2" or given["prf"] != "hmac-sha256" or not 0 < rounds <= MAX_ROUNDS:
        raise ValueError("a key derivation that is not known here")
    return hashlib.pbkdf2_hmac("sha256", password, salt, rounds, length)


def _cipher(derived: bytes, start: bytes) -> Any:  # noqa: ANN401  # the library's cipher object
    return AES.new(derived[:16], AES.MODE_CTR, nonce=b"", initial_value=start)


def _mac(derived: bytes, sealed: bytes) -> bytes:
    return keccak256(derived[16:32] + sealed)
