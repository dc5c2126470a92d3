"""Calls and events of the vault, its tokens, and the Deployer under which all contracts stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bridge.contracts.abi import Function, event
from bridge.messages import Next
from bridge.rpc import Log
from bridge.types import Account, Address, AssetId, LeafIndex, Wad

NEXT = "(uint8,uint64,bytes32,uint128,uint128)"
INTENT = "(uint256,uint64,uint128,bytes)"
PERMIT = "(uint256,uint8,bytes32,bytes32)"
VAULT_ASSET = "(uint32,address,uint8,uint16,uint32,uint104,uint104,uint104)"

DEPOSIT = Function(f"deposit(uint32,uint256,bytes32,uint128,{NEXT})", "uint32")
DEPOSIT_BY_SIG = Function(
    f"depositBySig(address,uint32,uint256,bytes32,uint128,{NEXT},{INTENT},address,{PERMIT})",
    "uint32",
)
RETRY_CLAIM = Function("retryClaim(bytes32,address,uint32)", "uint128")
REDIRECT_CLAIM = Function("redirectClaim(bytes32,address,uint32,address)")
CLAIMS = Function("claims(bytes32,address,uint32)", "uint128")
HELD = Function("held(uint32)", "uint256")
OWED = Function("owed(uint32)", "uint256")
OUTFLOW_AVAILABLE = Function("outflowAvailable(uint32)", "uint256")
ASSET_CONFIG = Function("assetConfig(uint32)", VAULT_ASSET)
IS_NONCE_USED = Function("isNonceUsed(address,uint256)", "bool")
CANCEL_NONCE = Function("cancelNonce(uint256)")

TOKEN_BALANCE = Function("balanceOf(address)", "uint256")
TOKEN_ALLOWANCE = Function("allowance(address,address)", "uint256")
TOKEN_APPROVE = Function("approve(address,uint256)", "bool")
TOKEN_TRANSFER = Function("transfer(address,uint256)", "bool")
TOKEN_DECIMALS = Function("decimals()", "uint8")
TOKEN_NAME = Function("name()", "string")
TOKEN_PERMIT_NONCE = Function("nonces(address)", "uint256")
TOKEN_DOMAIN_SEPARATOR = Function("DOMAIN_SEPARATOR()", "bytes32")
STAND_IN_MINT = Function("mint(address,uint256)")

DEPLOYER_DEPLOY = Function("deploy(bytes32,bytes)", "address")
DEPLOYER_ADDRESS_OF = Function("addressOf(bytes32)", "address")
DEPLOYER_INIT_CODE_HASH = Function("initCodeHash(bytes32)", "bytes32")


def next_fields(then: Next) -> tuple[int, int, bytes, int, int]:
    """Return a Next as the contracts take it, `to` being an account or a padded address."""
    to = bytes(32)
    if then.account is not None:
        to = then.account.to_bytes()
    elif then.to is not None:
        to = then.to.rjust(32, b"\0")
    return (then.mode, then.chain, to, then.fee, then.max_charge)


class ClaimReason(IntEnum):
    """Why a release was not pushed to its receiver at once."""

    TRANSFER_FAILED = 0
    OUTFLOW_LIMITED = 1


@event(
    "Deposited(bytes32 indexed account, uint32 indexed asset, uint128 amount, uint128 fee, uint8 mode, uint32 index)"
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """Tokens arrived for an account; `index` is the message's place in the lane to the hub."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    asset: AssetId
    amount: Wad
    fee: Wad
    mode: int
    index: LeafIndex


@event("Released(bytes32 indexed account, uint32 indexed asset, address indexed to, uint128 amount, uint32 index)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A release of the hub was paid."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    asset: AssetId
    to: Address
    amount: Wad
    index: LeafIndex


@event(
    "Claimable(bytes32 indexed account, uint32 indexed asset, address indexed to, uint128 amount, "
    "uint32 index, uint8 reason)"
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Claimable:
    """A release could not be pushed and is kept for its receiver."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    asset: AssetId
    to: Address
    amount: Wad
    index: LeafIndex
    reason: int


@event("NonceUsed(address indexed signer, uint256 nonce)")
@dataclass(frozen=True, slots=True, kw_only=True)
class NonceUsed:
    """A signer's nonce was used by an intent, which the transaction's next logs show, or burnt by its owner."""

    TOPIC: ClassVar[bytes]
    log: Log
    signer: Address
    nonce: int


@event("FeesPaid(bytes32 indexed payee, uint32 indexed asset, uint128 amount)")
@dataclass(frozen=True, slots=True, kw_only=True)
class FeesPaid:
    """Fees of delivered releases were paid to a deliverer's payee."""

    TOPIC: ClassVar[bytes]
    log: Log
    payee: Account
    asset: AssetId
    amount: Wad


@event("Claimed(bytes32 indexed account, uint32 indexed asset, address indexed to, uint128 amount)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A claim, or a part of it, was paid."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    asset: AssetId
    to: Address
    amount: Wad
