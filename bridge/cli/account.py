"""`causeway account`: what an account has, where, and what is under way."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bridge.amounts import show_wad
from bridge.cli.options import CONFIG, Config, Json, parse_account, run
from bridge.cli.output import show_json, show_table
from bridge.client import AccountView, Bridge
from bridge.types import Account

app = typer.Typer()


@app.command()
def account(
    owner: Annotated[str, typer.Argument(help="0x… owner (20 bytes), or owner and label (32).")],
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Show cash, collateral and what is under way, waiting or claimable, at named blocks."""
    view = run(_view(config, parse_account(owner)))
    if as_json:
        show_json(to_json(view))
        return
    rows = [
        (place.chain, place.at.number, show_wad(place.cash), _collateral(place.collateral)) for place in view.places
    ]
    show_table(("chain", "block", "cash", "collateral"), rows)
    if view.under_way:
        moving = [
            (row.kind, _lane(row.message.source, row.message.destination, row.message.index),
             f"{show_wad(row.amount)} {row.asset}", "waits at the hub" if row.is_waiting else "under way")
            for row in view.under_way
        ]  # fmt: skip
        show_table(("message", "lane", "amount", "state"), moving)
    for claim in view.claims:
        Console().print(
            f"{show_wad(claim.amount)} {claim.asset} on {claim.chain} wait for 0x{claim.to.hex()}: "
            f"`causeway claim {claim.chain} {claim.asset}`"
        )


async def _view(config: Config, owner: Account) -> AccountView:
    async with await Bridge.from_config(config) as bridge:
        return await bridge.account(owner)


def to_json(view: AccountView) -> dict[str, object]:
    """Return plain values; amounts are wads as decimal text."""
    return {
        "account": "0x" + view.account.to_bytes().hex(),
        "places": [
            {
                "chain": place.chain,
                "block": place.at.number,
                "block_hash": "0x" + place.at.hash.hex(),
                "cash": str(place.cash),
                "collateral": {symbol: str(held) for symbol, held in place.collateral.items()},
            }
            for place in view.places
        ],
        "under_way": [
            {
                "kind": row.kind,
                "source": row.message.source,
                "destination": row.message.destination,
                "index": row.message.index,
                "asset": row.asset,
                "amount": str(row.amount),
                "waiting": row.is_waiting,
            }
            for row in view.under_way
        ],
        "claims": [
            {
                "chain": claim.chain,
                "asset": claim.asset,
                "to": "0x" + claim.to.hex(),
                "amount": str(claim.amount),
            }
            for claim in view.claims
        ],
    }


def _collateral(held: object) -> str:
    pairs = dict(held).items() if isinstance(held, dict) else ()
    return ", ".join(f"{show_wad(amount)} {symbol}" for symbol, amount in pairs if amount)


def _lane(source: int, destination: int, index: int) -> str:
    return f"{source} → {destination} number {index}"
