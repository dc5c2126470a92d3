"""`causeway hub`: look into the clearing house, and close its books.

Thin: each command reads through one function and shows what it returns. Exit codes are those of
`bridge.cli`; `books` ends with 1 where vaults and claims differ.
"""

from __future__ import annotations

import typer

from bridge.amounts import show_wad
from bridge.cli.funnel import NOT_AS_IT_SHOULD_BE
from bridge.cli.options import CONFIG, Config, Json, run
from bridge.cli.output import show_json, show_table
from bridge.client import Connections
from bridge.client.books import AssetBook, Books, close_books
from hub.client import HubView, view_hub

app = typer.Typer(no_args_is_help=True, help="Look into the clearing house.")


@app.command()
def show(config: Config = CONFIG, as_json: Json = False) -> None:
    """Show reserves and their limits, each venue's sum, scarcity pots, and the credits that wait."""
    view = run(_view(config))
    if as_json:
        show_json(view_to_json(view))
        return
    reserves = [
        (r.chain, r.asset, show_wad(r.amount), show_wad(r.ceiling), show_wad(r.inflow_left)) for r in view.reserves
    ]
    show_table(("chain", "asset", "reserve", "ceiling", "inflow left"), reserves, f"At hub block {view.at.number}")
    show_table(("venue", "S(v)"), [(venue.chain, show_wad(venue.cash)) for venue in view.venues])
    show_table(("asset", "scarcity pot"), [(asset, show_wad(pot)) for asset, pot in view.pots.items()])
    if view.waiting:
        rows = [(w.source, w.index, w.reason.name.lower().replace("_", " "), w.since) for w in view.waiting]
        show_table(("waits from", "number", "first reason", "since block"), rows)


@app.command()
def books(config: Config = CONFIG, as_json: Json = False) -> None:
    """Hold what all vaults have against everything that is owed, to the unit; code 1 if they differ."""
    closed = run(_books(config))
    if as_json:
        show_json(books_to_json(closed))
    else:
        _show_books(closed)
    if not closed.is_balanced:
        raise typer.Exit(NOT_AS_IT_SHOULD_BE)


async def _view(config: Config) -> HubView:
    connections = await Connections.from_config(config)
    try:
        return await view_hub(connections)
    finally:
        await connections.aclose()


async def _books(config: Config) -> Books:
    connections = await Connections.from_config(config)
    try:
        return await close_books(connections)
    finally:
        await connections.aclose()


def _show_books(closed: Books) -> None:
    for book in closed.assets:
        rows = [(f"vault of {chain}", show_wad(held)) for chain, held in book.vaults.items()]
        rows += [(name.replace("_", " "), show_wad(-owed)) for name, owed in _owed(book).items()]
        rows.append(("difference", show_wad(book.difference)))
        show_table((book.asset, "amount"), rows)
    blocks = ", ".join(f"{chain} {number}" for chain, number in closed.blocks.items())
    typer.echo(f"{'Equal to the unit' if closed.is_balanced else 'NOT EQUAL'}, at blocks {blocks}")


def _owed(book: AssetBook) -> dict[str, int]:
    return {
        "hub_accounts": book.hub_accounts,
        "venue_accounts": book.venue_accounts,
        "under_way": book.under_way,
        "scarcity_pot": book.pot,
        "claimable": book.claimable,
    }


def view_to_json(view: HubView) -> dict[str, object]:
    """Return plain values; amounts are wads as decimal text."""
    return {
        "block": view.at.number,
        "block_hash": "0x" + view.at.hash.hex(),
        "reserves": [
            {
                "chain": r.chain,
                "asset": r.asset,
                "amount": str(r.amount),
                "ceiling": str(r.ceiling),
                "inflow_left": str(r.inflow_left),
                "inflow_burst": str(r.inflow_burst),
                "target": str(r.target),
            }
            for r in view.reserves
        ],
        "venues": {venue.chain: str(venue.cash) for venue in view.venues},
        "pots": {asset: str(pot) for asset, pot in view.pots.items()},
        "waiting": [
            {"source": w.source, "index": w.index, "reason": w.reason.name.lower(), "since": w.since}
            for w in view.waiting
        ],
    }


def books_to_json(closed: Books) -> dict[str, object]:
    """Return plain values; amounts are wads as decimal text."""
    return {
        "balanced": closed.is_balanced,
        "blocks": dict(closed.blocks),
        "assets": {
            book.asset: {
                "vaults": {chain: str(held) for chain, held in book.vaults.items()},
                "donations": {chain: str(given) for chain, given in book.donations.items()},
                **{name: str(owed) for name, owed in _owed(book).items()},
                "difference": str(book.difference),
            }
            for book in closed.assets
        },
    }
