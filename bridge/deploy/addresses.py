"""Where contracts will stand, before anything is deployed.

The Deployer stands by CREATE2 from the common deployment proxy, with salt zero; everything else by
CREATE3 from the Deployer, so that an address follows from the Deployer and a name alone.
"""

from __future__ import annotations

from eth_abi.abi import encode

from bridge import artifacts
from bridge.keccak import keccak256
from bridge.types import Address

DEPLOYMENT_PROXY = Address(bytes.fromhex("4e59b44847b379578588920cA78FbF26c0B4956C"))
CREATE2_SALT = bytes(32)
CREATE3_PROXY_CODE = bytes.fromhex("73365f5f37365f34f06012573d5f5f3e3d5ffd5b005f526014600cf3")
"""Init code of OpenZeppelin's Create3 proxy, whose first creation is the contract."""


def deployer_code(owner: Address) -> bytes:
    """Return the Deployer's init code for an owner."""
    return artifacts.load("Deployer").bytecode + encode(["address"], [owner])


def deployer_address(owner: Address) -> Address:
    """Return where an owner's Deployer stands on every chain."""
    return _create2(DEPLOYMENT_PROXY, CREATE2_SALT, deployer_code(owner))


def address_of(deployer: Address, name: str) -> Address:
    """Return where the contract of that name stands."""
    proxy = _create2(deployer, salt_of(name), CREATE3_PROXY_CODE)
    first_creation = b"\xd6\x94" + proxy + b"\x01"
    return Address(keccak256(first_creation)[12:])


def salt_of(name: str) -> bytes:
    """Return a name as the Deployer takes it: ASCII, padded with zeros on the right."""
    raw = name.encode("ascii")
    if not 0 < len(raw) <= 32:
        raise ValueError(f"a contract's name has 1 to 32 characters: {name!r}")
    return raw.ljust(32, b"\0")


def _create2(creator: Address, salt: bytes, init_code: bytes) -> Address:
    return Address(keccak256(b"\xff" + creator + salt + keccak256(init_code))[12:])
