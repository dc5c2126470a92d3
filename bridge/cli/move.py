"""`causeway deposit`, `move`, `withdraw` and `claim`: one transaction each, then its steps.

With --via a relayer sends the transaction, for a tip, and the key needs no gas.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bridge.amounts import parse_wad
from bridge.cli.options import (
    CONFIG,
    KEYS,
    TIMEOUT,
    AccountText,
    Config,
    Fee,
    Json,
    KeyName,
    Keys,
    MaxTip,
    OnwardFee,
    PasswordFd,
    PasswordFile,
    Timeout,
    ViaUrl,
    Watch,
    parse_account,
    parse_address,
    parse_via,
    run,
    unlock,
)
from bridge.cli.output import show_json, show_transfer
from bridge.client import Bridge, Fees, Transfer
from bridge.messages import PLACED, STAY
from bridge.rpc import Receipt
from bridge.signer import LocalSigner
from bridge.types import Account

Action = Callable[[Bridge], Awaitable[Transfer]]
deposit_app, move_app, withdraw_app, claim_app = typer.Typer(), typer.Typer(), typer.Typer(), typer.Typer()

ChainName = Annotated[str, typer.Argument(metavar="CHAIN", help="A chain's name or id.")]
Source = Annotated[str, typer.Argument(metavar="FROM", help="A venue's chain, or the hub's.")]
Destination = Annotated[str, typer.Argument(metavar="TO", help="A venue's chain, or the hub's.")]
AssetName = Annotated[str, typer.Argument(metavar="ASSET", help="An asset's symbol.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="Such as 12.5.")]
Receiver = Annotated[str | None, typer.Option("--to", help="0x… address; the key's own by default.")]


@deposit_app.command()
def deposit(  # noqa: PLR0913  # each is an option of the command
    *,
    chain: ChainName,
    asset: AssetName,
    amount: Amount,
    key: KeyName,
    account: AccountText = None,
    fee: Fee = "0",
    place: Annotated[bool, typer.Option("--place", help="Cash at the venue of this chain, at once.")] = False,
    via: ViaUrl = None,
    max_tip: MaxTip = "0",
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    watch: Watch = True,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Bring tokens into an account at the hub, or with --place at the chain's own venue."""

    async def act(bridge: Bridge) -> Transfer:
        return await bridge.deposit(
            chain,
            asset,
            parse_wad(amount),
            account=_account(account),
            fee=parse_wad(fee),
            then=PLACED if place else STAY,
            via=parse_via(via, max_tip),
        )

    signer = unlock(key, keys, password_file, password_fd)
    run(_transfer(config, signer, act, as_json=as_json, watch=watch, timeout=timeout))


@move_app.command()
def move(  # noqa: PLR0913  # each is an option of the command
    *,
    source: Source,
    destination: Destination,
    amount: Amount,
    key: KeyName,
    account: AccountText = None,
    to: Annotated[str | None, typer.Option("--to", help="Account to move to; the same by default.")] = None,
    fee: Fee = "0",
    onward_fee: OnwardFee = "0",
    via: ViaUrl = None,
    max_tip: MaxTip = "0",
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    watch: Watch = True,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Move margin between venues through the hub, or between a venue and the hub; no token moves."""

    async def act(bridge: Bridge) -> Transfer:
        return await bridge.move_margin(
            source,
            destination,
            parse_wad(amount),
            account=_account(account),
            to=_account(to),
            fees=_fees(fee, onward_fee),
            via=parse_via(via, max_tip),
        )

    signer = unlock(key, keys, password_file, password_fd)
    run(_transfer(config, signer, act, as_json=as_json, watch=watch, timeout=timeout))


@withdraw_app.command()
def withdraw(  # noqa: PLR0913  # each is an option of the command
    *,
    chain: ChainName,
    asset: AssetName,
    amount: Amount,
    key: KeyName,
    source: Annotated[str | None, typer.Option("--from", help="A venue whose cash is taken; the hub.")] = None,
    to: Receiver = None,
    account: AccountText = None,
    fee: Fee = "0",
    onward_fee: OnwardFee = "0",
    max_charge: Annotated[str | None, typer.Option(help="Scarcity charge to pay at most.")] = None,
    via: ViaUrl = None,
    max_tip: MaxTip = "0",
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    watch: Watch = True,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Pay tokens out on a chain; the amount is everything that it may cost."""

    async def act(bridge: Bridge) -> Transfer:
        return await bridge.withdraw(
            chain,
            asset,
            parse_wad(amount),
            to=parse_address(to) if to else None,
            account=_account(account),
            source=source,
            fees=_fees(fee, onward_fee, max_charge),
            via=parse_via(via, max_tip),
        )

    signer = unlock(key, keys, password_file, password_fd)
    run(_transfer(config, signer, act, as_json=as_json, watch=watch, timeout=timeout))


@claim_app.command()
def claim(  # noqa: PLR0913  # each is an option of the command
    *,
    chain: ChainName,
    asset: AssetName,
    key: KeyName,
    to: Receiver = None,
    account: AccountText = None,
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    as_json: Json = False,
) -> None:
    """Have a vault pay what it keeps for a receiver; anyone may ask for it."""

    async def act(config: Path, signer: LocalSigner) -> Receipt:
        async with await Bridge.from_config(config, signer=signer) as bridge:
            receiver = parse_address(to) if to else None
            return await bridge.claim(chain, asset, to=receiver, account=_account(account))

    receipt = run(act(config, unlock(key, keys, password_file, password_fd)))
    tx, block = "0x" + receipt.tx_hash.hex(), receipt.block.number
    if as_json:
        show_json({"chain": chain, "tx": tx, "block": block, "gas": receipt.gas_used})
        return
    typer.echo(f"Paid in block {block} of {chain}: {tx}")


async def _transfer(
    config: Path, signer: LocalSigner, act: Action, *, as_json: bool, watch: bool, timeout: float
) -> None:
    async with await Bridge.from_config(config, signer=signer) as bridge:
        transfer = await act(bridge)
        await show_transfer(transfer, as_json=as_json, watch=watch, timeout=timeout)


def _account(text: str | None) -> Account | None:
    return None if text is None else parse_account(text)


def _fees(first: str, onward: str, max_charge: str | None = None) -> Fees:
    fees = Fees(first=parse_wad(first), onward=parse_wad(onward))
    return fees if max_charge is None else replace(fees, max_charge=parse_wad(max_charge))
