"""`causeway quote`: what a movement would cost and bring, computed by the contract that charges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bridge.amounts import parse_wad, show_wad
from bridge.cli.options import CONFIG, Config, Fee, Json, run
from bridge.cli.output import show_json, show_table
from bridge.client import Bridge, DepositQuote, WithdrawalQuote

app = typer.Typer(no_args_is_help=True, help="Ask what a movement would cost and bring.")
ChainName = Annotated[str, typer.Argument(metavar="CHAIN", help="A chain's name or id.")]
AssetName = Annotated[str, typer.Argument(metavar="ASSET", help="An asset's symbol.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="Such as 12.5.")]


@app.command()
def withdraw(
    *,
    chain: ChainName,
    asset: AssetName,
    amount: Amount,
    fee: Fee = "0",
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Ask what a withdrawal of this amount would pay out on a chain now."""
    quote = run(_withdraw(config, chain, asset, amount, fee))
    rows = {"payout": quote.payout, "fee": quote.fee, "scarcity charge": quote.charge, "dust kept": quote.dust}
    _show(quote.at.number, rows, as_json)


@app.command()
def deposit(
    *,
    chain: ChainName,
    asset: AssetName,
    amount: Amount,
    fee: Fee = "0",
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Ask what a deposit on a chain would bring now."""
    quote = run(_deposit(config, chain, asset, amount, fee))
    rows = {"credited": quote.credited, "fee": quote.fee, "reward": quote.reward}
    _show(quote.at.number, rows, as_json, waits=quote.waits.name.lower())


def _show(block: int, rows: Mapping[str, int], as_json: bool, waits: str = "none") -> None:
    if as_json:
        plain = {name.replace(" ", "_"): str(value) for name, value in rows.items()}
        show_json({"hub_block": block, **plain, "waits": waits})
        return
    show_table(("", "amount"), [(name, show_wad(value)) for name, value in rows.items()], f"At hub block {block}")
    if waits != "none":
        typer.echo(f"It would wait at the hub: {waits.replace('_', ' ')}.")


async def _withdraw(config: Config, chain: str, asset: str, amount: str, fee: str) -> WithdrawalQuote:
    async with await Bridge.from_config(config) as bridge:
        return await bridge.quote_withdraw(chain, asset, parse_wad(amount), fee=parse_wad(fee))


async def _deposit(config: Config, chain: str, asset: str, amount: str, fee: str) -> DepositQuote:
    async with await Bridge.from_config(config) as bridge:
        return await bridge.quote_deposit(chain, asset, parse_wad(amount), fee=parse_wad(fee))
