"""Signed intents: an action that its owner signs and anyone may submit, for a tip.

Each function returns the calldata of a contract's `…BySig` function, ready for a transaction of
whoever submits it or for a relayer's `POST /intents`. The type strings are those that the contracts
hash (IVenue, IHub, IVault); what is signed names chain and contract, so an intent is of use there alone.
Nonces have no order: any number not used yet is good.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.amounts import units_of
from bridge.contracts import Function, clearing
from bridge.contracts.custody import DEPOSIT_BY_SIG, next_fields
from bridge.messages import STAY, Next
from bridge.signer import Domain, Signer, TypedValue, typed_digest
from bridge.types import Account, Address, AssetId, ChainId, Wad

NAME = "Causeway"
FREE = Wad(0)
_TAIL = ",uint256 nonce,uint64 deadline,uint128 tip)"
_SEND = (
    "Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,"
    f"uint128 nextFee,uint128 maxCharge{_TAIL}"
)
_SEND_PARCEL = f"SendParcel(bytes32 account,uint64 venue,bytes32 to,uint128 cash,uint128 fee{_TAIL}"
_WITHDRAW = (
    f"Withdraw(bytes32 account,uint32 asset,uint128 amount,uint64 chain,address to,uint128 fee,uint128 maxCharge{_TAIL}"
)
_DEPOSIT = (
    "Deposit(address from,uint32 asset,uint256 amount,bytes32 account,uint128 fee,uint8 mode,uint64 chain,bytes32 to,"
    f"uint128 nextFee,uint128 maxCharge{_TAIL}"
)
_PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bargain:
    """What the submitter gets and until when: `tip` in wads goes to `payee`, who is not signed."""

    payee: Account
    tip: Wad
    deadline: int
    nonce: int

    @classmethod
    def offer(cls, *, payee: Account, tip: Wad, deadline: int) -> Bargain:
        """Return a bargain with a random nonce of 256 bits, which nobody can guess or use up."""
        return cls(payee=payee, tip=tip, deadline=deadline, nonce=secrets.randbits(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The contract that an intent is for."""

    chain: ChainId
    contract: Address


def venue_send(
    signer: Signer,
    place: Place,
    bargain: Bargain,
    *,
    account: Account,
    cash: Wad,
    fee: Wad = FREE,
    then: Next = STAY,
) -> bytes:
    """Return the calldata that moves cash out of a venue."""
    fields = next_fields(then)
    head = (account.to_bytes(), cash, fee)
    signature = _signed(signer, place, bargain, _SEND, (*head, *fields))
    return _call(clearing.VENUE_SEND_BY_SIG, (*head, fields), bargain, signature)


def send_parcel(
    signer: Signer,
    place: Place,
    bargain: Bargain,
    *,
    account: Account,
    venue: ChainId,
    to: Account,
    cash: Wad,
    fee: Wad = FREE,
) -> bytes:
    """Return the calldata that moves cash from the hub to a venue."""
    fields = (account.to_bytes(), venue, to.to_bytes(), cash, fee)
    signature = _signed(signer, place, bargain, _SEND_PARCEL, fields)
    return _call(clearing.SEND_PARCEL_BY_SIG, fields, bargain, signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """What a withdrawal asks for; `amount` is everything that it may cost."""

    asset: AssetId
    amount: Wad
    chain: ChainId
    to: Address
    fee: Wad
    max_charge: Wad


def withdraw(signer: Signer, place: Place, bargain: Bargain, *, account: Account, payout: Payout) -> bytes:
    """Return the calldata that pays tokens out of the hub's ledger on another chain."""
    p = payout
    fields = (account.to_bytes(), p.asset, p.amount, p.chain, p.to, p.fee, p.max_charge)
    signature = _signed(signer, place, bargain, _WITHDRAW, fields)
    return _call(clearing.WITHDRAW_BY_SIG, fields, bargain, signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """An ERC-2612 permit as the vault takes it; the default says that the allowance stands already."""

    deadline: int = 0
    v: int = 0
    r: bytes = bytes(32)
    s: bytes = bytes(32)


NO_PERMIT = Permit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a deposit brings: `units` of a token with `decimals` for an account; `fee` in wads out of it."""

    asset: AssetId
    decimals: int
    units: int
    account: Account
    fee: Wad = FREE
    then: Next = STAY

    def taken(self, bargain: Bargain) -> int:
        """Return the token units that leave the depositor, the tip among them.

        Raises FieldOutOfRange for a tip that the token cannot say.
        """
        return self.units + units_of(bargain.tip, self.decimals)


def deposit(signer: Signer, place: Place, bargain: Bargain, *, payment: Payment, permit: Permit = NO_PERMIT) -> bytes:
    """Return the calldata that takes tokens of the signer into a vault.

    The tip is paid in the token to the payee's owner, as a vault keeps no accounts.
    """
    p, fields = payment, next_fields(payment.then)
    head = (signer.address, p.asset, p.units, p.account.to_bytes(), p.fee)
    in_units = replace(bargain, tip=Wad(units_of(bargain.tip, p.decimals)))
    signature = _signed(signer, place, in_units, _DEPOSIT, (*head, *fields))
    intent = (bargain.nonce, bargain.deadline, in_units.tip, signature)
    allowed = (permit.deadline, permit.v, permit.r, permit.s)
    return DEPOSIT_BY_SIG.encode(*head, fields, intent, bargain.payee.owner, allowed)


def sign_permit(signer: Signer, token: Domain, *, spender: Address, units: int, nonce: int, deadline: int) -> Permit:
    """Return the permit that lets `spender` take exactly `units` of the signer's tokens (ERC-2612)."""
    values = (signer.address, spender, units, nonce, deadline)
    signature = signer.sign(typed_digest(token, _PERMIT, values))
    return Permit(deadline=deadline, v=signature[64], r=signature[:32], s=signature[32:64])


def _signed(signer: Signer, place: Place, bargain: Bargain, declaration: str, fields: Sequence[TypedValue]) -> bytes:
    domain = Domain(name=NAME, chain_id=place.chain, contract=place.contract)
    values = [*fields, bargain.nonce, bargain.deadline, bargain.tip]
    return signer.sign(typed_digest(domain, declaration, values))


def _call(function: Function, arguments: Sequence[object], bargain: Bargain, signature: bytes) -> bytes:
    intent = (bargain.nonce, bargain.deadline, bargain.tip, signature)
    return function.encode(*arguments, intent, bargain.payee.to_bytes())
