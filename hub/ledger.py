"""The hub's ledger, equal to the `Hub` contract to the bit: what accounts may do there, by a call or a signed intent.

Crediting is `ledger_credits`', what leaves is `ledger_sends`', the data is `ledger_state`'s; this module decides who
may act and is the place to import from. Each function takes a ledger and returns a `Step`; refusals raise `hub.errors`.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, Wad
from hub import ledger_sends as sends
from hub.errors import (
    ChainAlreadyKnown,
    ChainUnknown,
    IntentExpired,
    KeyZero,
    NonceAlreadyUsed,
    NotAuthorised,
    ReserveMisconfigured,
    SessionCannot,
    SessionLossLimit,
    SignatureInvalid,
)
from hub.fees import MILLION
from hub.ledger_credits import deliver, retry, take_local
from hub.ledger_sends import DepositQuote, Withdrawal, WithdrawQuote, quote_deposit, quote_withdraw
from hub.ledger_state import (
    MAX_DECIMALS,
    Ledger,
    Peer,
    Reserve,
    ReserveConfig,
    Session,
    Step,
    credit,
    debit,
    require_owned,
)
from hub.steps import Caller, Direct, Entry, Signed, put

__all__ = [
    "DepositQuote",
    "Ledger",
    "Peer",
    "Reserve",
    "ReserveConfig",
    "Session",
    "Step",
    "WithdrawQuote",
    "Withdrawal",
    "add_peer",
    "cancel_nonce",
    "deliver",
    "enter_venue",
    "quote_deposit",
    "quote_withdraw",
    "retry",
    "revoke_session",
    "send_parcel",
    "set_reserve",
    "set_session",
    "take_local",
    "transfer",
    "withdraw",
]


def add_peer(ledger: Ledger, *, chain: ChainId, peer: Peer) -> Step:
    """Add a chain; what is added is never replaced. Who may is the contract owner's business."""
    if chain in ledger.peers:
        raise ChainAlreadyKnown(chain=chain)
    if peer.vault == ZERO_ADDRESS or (chain == ledger.chain and peer.venue != ZERO_ADDRESS):
        raise ChainUnknown(chain=chain)
    return Step(ledger=replace(ledger, peers=put(ledger.peers, chain, peer)))


def set_reserve(ledger: Ledger, *, chain: ChainId, asset: AssetId, config: ReserveConfig) -> Step:
    """List an asset on a chain or replace its limits; decimals are for good and the burst never falls."""
    held = ledger.reserves.get((chain, asset))
    is_valid = chain in ledger.peers and config.decimals <= MAX_DECIMALS and config.curve.ppm <= MILLION
    is_kept = held is None or (
        held.config.decimals == config.decimals and held.config.inflow_burst <= config.inflow_burst
    )
    if not (is_valid and is_kept):
        raise ReserveMisconfigured(chain=chain, asset=asset)
    reserve = Reserve(config=config) if held is None else replace(held, config=config)
    return Step(ledger=replace(ledger, reserves=put(ledger.reserves, (chain, asset), reserve)))


def send_parcel(
    ledger: Ledger,
    *,
    caller: Caller,
    account: Account,
    venue: ChainId,
    to: Account,
    cash: Wad,
    fee: Wad,
    time: int,
) -> Step:
    """Send cash to an account at a venue; a session key may too, to the account itself, at a cost within its limit."""
    taken, actor = _take_caller(ledger, caller, account, QUOTE, time)
    tip = caller.tip if isinstance(caller, Signed) else 0
    taken = _require_may_move(taken, account=account, actor=actor, to=to, cost=fee + tip, time=time)
    return sends.send_parcel(taken, account=account, venue=venue, to=to, cash=cash, fee=fee)


def withdraw(ledger: Ledger, *, caller: Caller, account: Account, withdrawal: Withdrawal, time: int) -> Step:
    """Pay tokens out on a chain; `amount` is everything that it may cost, and what rounding leaves over stays."""
    taken = _take_owner(ledger, caller, account, withdrawal.asset, time)
    return sends.withdraw(taken, account=account, withdrawal=withdrawal)


def transfer(
    ledger: Ledger, *, caller: Caller, account: Account, to: Account, asset: AssetId, amount: Wad, time: int
) -> Step:
    """Move cash or collateral to another account at the hub."""
    taken = _take_owner(ledger, caller, account, asset, time)
    require_owned(to)
    return Step(ledger=credit(debit(taken, account, asset, amount), to, asset, amount))


def enter_venue(
    ledger: Ledger, *, caller: Caller, account: Account, venue: ChainId, key: Address, fee: Wad, time: int
) -> Step:
    """Name the key that acts for the account at a venue and send it there in a parcel without cash."""
    taken = _take_owner(ledger, caller, account, QUOTE, time)
    if key == ZERO_ADDRESS:
        raise KeyZero
    epoch = taken.entered.get((account, venue), Entry()).epoch + 1
    taken = replace(taken, entered=put(taken.entered, (account, venue), Entry(key=key, epoch=epoch)))
    return sends.send_parcel(taken, account=account, venue=venue, to=account, cash=Wad(0), fee=fee)


def set_session(ledger: Ledger, *, caller: Caller, account: Account, key: Address, session: Session, time: int) -> Step:
    """Let a key act within limits; replaces what it had."""
    taken = _take_owner(ledger, caller, account, QUOTE, time)
    if key == ZERO_ADDRESS:
        raise KeyZero
    return Step(ledger=replace(taken, sessions=put(taken.sessions, (account, key), session)))


def revoke_session(ledger: Ledger, *, caller: Caller, account: Account, key: Address, time: int) -> Step:
    """End a session; the owner, or the key itself by a call."""
    is_own = isinstance(caller, Direct) and caller.sender == key
    taken = ledger if is_own else _take_owner(ledger, caller, account, QUOTE, time)
    left = {held: session for held, session in taken.sessions.items() if held != (account, key)}
    return Step(ledger=replace(taken, sessions=left))


def cancel_nonce(ledger: Ledger, *, caller: Direct, nonce: int) -> Step:
    """Burn one of the caller's own nonces."""
    return Step(ledger=_use_nonce(ledger, caller.sender, nonce))


def _take_owner(ledger: Ledger, caller: Caller, account: Account, asset: AssetId, time: int) -> Ledger:
    """Return the ledger with the caller's intent used and its tip paid; raises unless the caller is the owner."""
    if isinstance(caller, Direct):
        if caller.sender != account.owner:
            raise NotAuthorised(account=account, caller=caller.sender)
        return ledger
    taken, actor = _take_caller(ledger, caller, account, asset, time)
    if actor != account.owner:
        raise SessionCannot(account=account, key=actor)
    return taken


def _take_caller(ledger: Ledger, caller: Caller, account: Account, asset: AssetId, time: int) -> tuple[Ledger, Address]:
    """Return who acts; of an intent the nonce is used and the tip paid, in the asset that the action moves."""
    if isinstance(caller, Direct):
        return ledger, caller.sender
    if time > caller.deadline:
        raise IntentExpired(deadline=caller.deadline, timestamp=time)
    is_known = caller.signer == account.owner or _has_session(ledger, account, caller.signer)
    if caller.signer == ZERO_ADDRESS or not is_known:
        raise SignatureInvalid(account=account, recovered=caller.signer)
    taken = _use_nonce(ledger, caller.signer, caller.nonce)
    if caller.tip:
        taken = credit(debit(taken, account, asset, caller.tip), caller.payee, asset, caller.tip)
    return taken, caller.signer


def _has_session(ledger: Ledger, account: Account, key: Address) -> bool:
    session = ledger.sessions.get((account, key))
    return session is not None and session.expiry != 0


def _use_nonce(ledger: Ledger, signer: Address, nonce: int) -> Ledger:
    if (signer, nonce) in ledger.nonces:
        raise NonceAlreadyUsed(signer=signer, nonce=nonce)
    return replace(ledger, nonces=ledger.nonces | {(signer, nonce)})


def _require_may_move(ledger: Ledger, *, account: Account, actor: Address, to: Account, cost: int, time: int) -> Ledger:
    if actor == account.owner:
        return ledger
    session = ledger.sessions.get((account, actor))
    if session is None or session.expiry == 0 or time > session.expiry:
        raise NotAuthorised(account=account, caller=actor)
    if to != account:
        raise SessionCannot(account=account, key=actor)
    if cost > session.loss_limit:
        raise SessionLossLimit(account=account, key=actor, left=session.loss_limit, needed=cost)
    spent = replace(session, loss_limit=Wad(session.loss_limit - cost))
    return replace(ledger, sessions=put(ledger.sessions, (account, actor), spent))
