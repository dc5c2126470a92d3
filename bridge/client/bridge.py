"""The SDK's front door: make a transfer, follow one, ask what an account has and what things cost.

Each action checks what would be refused, sends one transaction of the signer (before a deposit a
second one that allows exactly its amount), and returns a Transfer as soon as it is broadcast. With
`via` nothing is sent: the signer signs an intent, which a relayer submits for a tip, so that no gas
is needed.
Amounts are wads: integers of 18 decimals (`bridge.amounts.parse_wad`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from bridge.client import checks
from bridge.client.accounts import AccountView, view_account
from bridge.client.connections import ChainClient, Connections
from bridge.client.delivery import deliver
from bridge.client.gasless import Via, prepare
from bridge.client.orders import (
    FREE,
    Fees,
    Order,
    parcel_order,
    payment_order,
    payout_order,
    release_to,
    venue_order,
)
from bridge.client.quotes import DepositQuote, WithdrawalQuote, quote_deposit, quote_withdrawal
from bridge.client.relay import Relayer
from bridge.client.status import MessageId, TransferId, parse_id
from bridge.client.transfer import Transfer
from bridge.contracts import custody, read
from bridge.contracts.custody import next_fields
from bridge.errors import KeyUnavailable
from bridge.intents import Payment, Payout
from bridge.messages import STAY, Next
from bridge.rpc import Limits, Receipt
from bridge.sender import Call, Sender
from bridge.signer import Signer
from bridge.types import Account, Address, NextMode, Wad

Remember = Callable[[str], None]


NO_FEES = Fees()


class Bridge:
    """One user's view of a network; an async context manager that closes its connections.

    Without a signer it reads and follows. `remember` is called with each transfer's id after it is
    signed and before it is broadcast, so that a crash in between loses no transfer.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        signer: Signer | None = None,
        remember: Remember = lambda _: None,
    ) -> None:
        self.connections = connections
        self._signer = signer
        self._remember = remember
        self._senders: dict[str, Sender] = {}

    @classmethod
    async def from_config(
        cls,
        path: str | Path = "chains.toml",
        *,
        signer: Signer | None = None,
        limits: Limits | None = None,
        remember: Remember = lambda _: None,
    ) -> Self:
        """Connect to the network of a configuration file; raises ConfigError or ChainError."""
        connections = await Connections.from_config(path, limits=limits)
        return cls(connections, signer=signer, remember=remember)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.connections.aclose()

    # --- moving -----------------------------------------------------------------------------

    async def deposit(
        self,
        chain: str | int,
        asset: str,
        amount: Wad,
        *,
        account: Account | None = None,
        fee: Wad = FREE,
        then: Next = STAY,
        via: Via | None = None,
    ) -> Transfer:
        """Bring tokens into `account` (the signer's own by default) at the hub.

        `fee`, out of the amount, goes to whoever delivers. Raises TransferRefused, OwnerIsContract,
        CallReverted or a ChainError, and with `via` RelayerRefused.
        """
        client = self.connections[chain]
        listed, owner = client.chain.asset(asset), self.signer.address
        account = account or Account(owner=owner)
        units = checks.require_payable(client, listed.asset.id, amount)
        checks.require_fees(amount, fee, then.fee)
        await checks.require_owner_acts(self.connections, client, account)
        if then.account is not None:
            destination = self.connections[then.chain]
            await checks.require_owner_acts(self.connections, destination, then.account)
        token = client.deployment.token(asset)
        await checks.require_tokens(client, token, owner, units)
        data = custody.DEPOSIT.encode(listed.asset.id, units, account.to_bytes(), fee, next_fields(then))
        if via is None:
            await self._allow(client, token, units)
            return await self._send(client, client.contract("vault"), data)
        payment = Payment(
            asset=listed.asset.id, decimals=listed.decimals, units=units, account=account, fee=fee, then=then
        )
        return await self._hand_in(await payment_order(client, token, payment, data, self.signer), via)

    async def move_margin(
        self,
        source: str | int,
        destination: str | int,
        amount: Wad,
        *,
        account: Account | None = None,
        to: Account | None = None,
        fees: Fees = NO_FEES,
        via: Via | None = None,
    ) -> Transfer:
        """Move cash between a venue and the hub, or from venue to venue through the hub.

        No token moves. Raises as `deposit` does.
        """
        here, there = self.connections[source], self.connections[destination]
        account = account or Account(owner=self.signer.address)
        to = to or account
        if here is self.connections.hub:
            order = await parcel_order(
                here, self.signer, account=account, there=there, to=to, amount=amount, fee=fees.first
            )
            return await self._do(order, via)
        then = STAY
        if there is not self.connections.hub:
            checks.require_venue(there)
            then = Next(mode=NextMode.FORWARD, chain=there.chain.id, account=to, fee=fees.onward)
        order = await venue_order(here, self.signer, account=account, amount=amount, fee=fees.first, then=then)
        return await self._do(order, via)

    async def transfer(  # noqa: PLR0913  # each is a choice of the movement
        self,
        source: str | int,
        destination: str | int,
        asset: str,
        amount: Wad,
        *,
        to: Address | None = None,
        account: Account | None = None,
        as_cash: bool = False,
        fees: Fees = NO_FEES,
        via: Via | None = None,
    ) -> Transfer:
        """Bring tokens from one chain to another in one: deposit here, tokens or cash there.

        Tokens go to `to` (the signer by default); with `as_cash` the quote asset becomes cash of
        `account` at the venue there. What fails a check at the hub stays the account's there.
        """
        there = self.connections[destination]
        account = account or Account(owner=self.signer.address)
        checks.require_fees(amount, fees.first, fees.onward)
        if as_cash:
            checks.require_venue(there)
            checks.require_cash(self.connections[source].chain.asset(asset).asset)
            then = Next(mode=NextMode.FORWARD, chain=there.chain.id, account=account, fee=fees.onward)
        else:
            there.chain.asset(asset)
            then = release_to(there.chain.id, to or self.signer.address, fees)
        return await self.deposit(source, asset, amount, account=account, fee=fees.first, then=then, via=via)

    async def withdraw(
        self,
        chain: str | int,
        asset: str,
        amount: Wad,
        *,
        to: Address | None = None,
        account: Account | None = None,
        source: str | int | None = None,
        fees: Fees = NO_FEES,
        via: Via | None = None,
    ) -> Transfer:
        """Pay tokens out on `chain` to `to` (the signer by default), out of what is at the hub.

        `amount` is everything that it may cost. With `source` a venue, cash comes from there first.
        Raises as `deposit` does.
        """
        there, hub = self.connections[chain], self.connections.hub
        account = account or Account(owner=self.signer.address)
        to = to or self.signer.address
        listed = there.chain.asset(asset)
        if source is not None and self.connections[source] is not hub:
            checks.require_cash(listed.asset)
            then = release_to(there.chain.id, to, fees)
            here = self.connections[source]
            order = await venue_order(here, self.signer, account=account, amount=amount, fee=fees.first, then=then)
            return await self._do(order, via)
        payout = Payout(
            asset=listed.asset.id,
            amount=amount,
            chain=there.chain.id,
            to=to,
            fee=fees.first,
            max_charge=fees.max_charge,
        )
        return await self._do(await payout_order(hub, self.signer, account=account, payout=payout), via)

    async def claim(
        self,
        chain: str | int,
        asset: str,
        *,
        to: Address | None = None,
        account: Account | None = None,
    ) -> Receipt:
        """Have the vault of `chain` pay what it keeps for `to` out of `account`; anyone may ask.

        Returns the receipt. Raises CallReverted with NothingClaimable, OutflowLimited or
        TransferRefused, the contract's own words.
        """
        client = self.connections[chain]
        account = account or Account(owner=self.signer.address)
        listed = client.chain.asset(asset)
        data = custody.RETRY_CLAIM.encode(account.to_bytes(), to or self.signer.address, listed.asset.id)
        return await self.sender(client).run(Call(to=client.contract("vault"), data=data))

    async def deliver(self, message: MessageId, *, payee: Account | None = None) -> Receipt:
        """Deliver a message oneself, from public data alone; its fee goes to `payee`.

        Raises RootNotFinal while no root covers it, CallReverted if it was delivered already.
        """
        client = self.connections[message.destination]
        payee = payee or Account(owner=self.signer.address)
        return await deliver(self.connections, message, payee, self.sender(client))

    def resume(self, transfer_id: str) -> Transfer:
        """Find a transfer again by its id, or an intent's by its; raises TransferUnknown for what is no id."""
        parsed = parse_id(transfer_id)
        self.connections.network.chain(parsed.chain)
        return Transfer(self.connections, parsed)

    # --- asking -----------------------------------------------------------------------------

    async def account(self, account: Account | None = None) -> AccountView:
        """Show what an account has and what is under way, per chain, at named blocks."""
        return await view_account(self.connections, account or Account(owner=self.signer.address))

    async def quote_withdraw(self, chain: str | int, asset: str, amount: Wad, *, fee: Wad = FREE) -> WithdrawalQuote:
        """Ask the hub what a withdrawal would pay and cost now."""
        client = self.connections[chain]
        listed = client.chain.asset(asset)
        return await quote_withdrawal(self.connections, client, listed.asset.id, amount, fee)

    async def quote_deposit(self, chain: str | int, asset: str, amount: Wad, *, fee: Wad = FREE) -> DepositQuote:
        """Ask the hub what a deposit would bring now."""
        client = self.connections[chain]
        listed = client.chain.asset(asset)
        return await quote_deposit(self.connections, client, listed.asset.id, amount, fee)

    @property
    def signer(self) -> Signer:
        """The key that acts; raises KeyUnavailable if none was given."""
        if self._signer is None:
            raise KeyUnavailable(name="of the signer", problem="none was given", remedy="pass signer= to act")
        return self._signer

    def sender(self, client: ChainClient) -> Sender:
        """Return the signer's sender on a chain, one for all of its transactions there."""
        if client.name not in self._senders:
            self._senders[client.name] = Sender(client.rpc, self.signer)
        return self._senders[client.name]

    # --- steps ------------------------------------------------------------------------------

    async def _do(self, order: Order, via: Via | None) -> Transfer:
        if via is not None:
            return await self._hand_in(order, via)
        return await self._send(order.client, order.client.contract(order.contract), order.call)

    async def _hand_in(self, order: Order, via: Via) -> Transfer:
        """Sign an order on a relayer's terms, remember it, and only then let it out of hand."""
        async with Relayer(via.url) as relayer:
            prepared = await prepare(order, self.signer, via, relayer)
            transfer = Transfer(self.connections, prepared.id)
            self._remember(transfer.id)
            await relayer.hand_in(order.client.chain.id, order.contract, prepared.calldata)
        return transfer

    async def _allow(self, client: ChainClient, token: Address, units: int) -> None:
        """Allow the vault exactly this much, unless it may take it already.

        What is left of an earlier allowance is taken back first: some tokens, as USDT, change none
        but that of zero.
        """
        vault = client.contract("vault")
        head = await client.rpc.head()
        view = custody.TOKEN_ALLOWANCE.at(token, self.signer.address, vault)
        allowed = await read(client.rpc, view, at=head.ref)
        if allowed >= units:
            return
        for amount in (0, units) if allowed else (units,):
            data = custody.TOKEN_APPROVE.encode(vault, amount)
            await self.sender(client).run(Call(to=token, data=data))

    async def _send(self, client: ChainClient, to: Address, data: bytes) -> Transfer:
        sender = self.sender(client)
        signed = await sender.sign(Call(to=to, data=data))
        transfer = Transfer(self.connections, TransferId(chain=client.name, tx=signed.hash))
        self._remember(transfer.id)
        await sender.broadcast(signed)
        return transfer
