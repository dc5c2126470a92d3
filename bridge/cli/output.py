"""What commands print: tables and live steps for a person, JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from bridge.cli.funnel import TRANSFER
from bridge.client.status import Stage, Status

if TYPE_CHECKING:
    from bridge.client.transfer import Transfer

_MARKS = {
    Stage.PENDING: "[dim]…[/]",
    Stage.WAITING: "[yellow]◔[/]",
    Stage.STAYED: "[yellow]■[/]",
    Stage.CLAIMABLE: "[yellow]■[/]",
}


def show_json(value: object) -> None:
    """Print one JSON value on one line."""
    typer.echo(json.dumps(value))


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "", console: Console | None = None
) -> None:
    """Print rows under their columns; numbers stand on the right."""
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        is_number = bool(rows) and all(_is_number(row[number]) for row in rows)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    (console or Console()).print(table)


async def show_transfer(transfer: Transfer, *, as_json: bool, watch: bool, timeout: float) -> None:
    """Print a transfer's id and, when watching, each step as the chains show it.

    Ends the command with code 4 where the transfer stopped short, 5 where the time was over.
    """
    if as_json:
        show_json({"transfer": transfer.id})
    else:
        Console().print(f"transfer [bold]{transfer.id}[/]", soft_wrap=True)
    if not watch:
        return
    last = await _follow(transfer, as_json=as_json, timeout=timeout)
    if last.stage in {Stage.STAYED, Stage.CLAIMABLE}:
        raise typer.Exit(TRANSFER)


async def _follow(transfer: Transfer, *, as_json: bool, timeout: float) -> Status:
    import asyncio

    from bridge.errors import TransferTimedOut

    console = Console()
    last: Status | None = None
    try:
        async with asyncio.timeout(timeout):
            with console.status("waiting for the chains") if not as_json else _Silent():
                async for last in transfer:  # the last one is the result
                    show_status(console, last, as_json=as_json)
    except TimeoutError:
        stage = str(last.stage) if last else "unseen"
        raise TransferTimedOut(id=transfer.id, stage=stage, seconds=timeout) from None
    if last is None:  # pragma: no cover  # following yields at least one step or raises
        raise AssertionError(transfer.id)
    return last


def show_status(console: Console, status: Status, *, as_json: bool) -> None:
    """Print one step with the place where it can be looked up."""
    if as_json:
        show_json(status.to_json())
        return
    mark = _MARKS.get(status.stage, "[green]✓[/]")
    evidence = status.evidence
    place = f"{evidence.chain} block {evidence.block.number}" if evidence is not None else ""
    if evidence is not None and evidence.tx is not None:
        place += f" tx 0x{evidence.tx.hex()[:12]}…"
    console.print(f"  {mark} {status.stage:<9} {status.detail}  [dim]{place}[/]", soft_wrap=True)


class _Silent:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _is_number(cell: object) -> bool:
    return isinstance(cell, int) or str(cell).replace("_", "").replace(".", "").lstrip("-").isdigit()
