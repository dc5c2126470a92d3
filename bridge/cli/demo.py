"""`causeway demo`: the whole story on five local chains, for a person or a program."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bridge.amounts import show_wad
from bridge.cli.options import Json, run
from bridge.cli.output import show_json, show_table
from bridge.demo.run import Options, Outcome, Report, run_demo, to_json
from bridge.devnet.spec import Backend

app = typer.Typer()
PICTURE_WIDTH = 100


@app.command()
def demo(  # noqa: PLR0917  # typer takes a command's options as its parameters
    as_json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave chains and daemons running.")] = False,
    backend: Annotated[Backend, typer.Option(help="The program that is each chain.")] = Backend.PY_EVM,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where the state goes; a temporary one by default.")
    ] = None,
    block_time: Annotated[float, typer.Option(help="Seconds between blocks.")] = 1.0,
    picture: Annotated[Path | None, typer.Option(help="Draw what a person sees into this SVG file.")] = None,
) -> None:
    """Tell the story of two traders on five local chains, with real transactions.

    Ends with a ledger in which every asset's vaults equal its claims, and exit code 0; code 1 if
    anything does not add up.
    """
    with tempfile.TemporaryDirectory(prefix="causeway-demo-") as temporary:
        kept = folder or Path("causeway-demo") if keep else folder
        state = Path(temporary) if kept is None else kept
        options = Options(folder=state.resolve(), backend=backend, block_time=block_time, keep=keep)
        console = Console(quiet=as_json, record=picture is not None, width=PICTURE_WIDTH if picture else None)
        narrator = _Narrator(console)
        with narrator:
            outcome = run(run_demo(options, narrator.listen))
        if as_json:
            show_json(to_json(outcome))
        else:
            _show(outcome, console)
            if keep:
                console.print(f"Everything runs on in {state}; `causeway devnet down --folder {state}` ends it.")
            if picture is not None:
                _draw(console, picture)


class _Narrator:
    """Says what happens while it happens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = self._console.status("starting")

    def __enter__(self) -> None:
        self._status.start()

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def listen(self, title: str, report: Report | None) -> None:
        """Show a step that begins, or one that is done."""
        if report is None:
            self._status.update(title)
            return
        gas = f"{report.gas:,} gas" if report.gas else ""
        self._console.print(f"[green]✓[/] [bold]{title}[/]  [dim]{report.seconds:.1f} s  {gas}[/]")
        for what, how in report.facts.items():
            self._console.print(f"    {what}: {how}", style="dim", highlight=False)


def _show(outcome: Outcome, console: Console) -> None:
    rows = [(step.title, f"{step.seconds:.1f}", f"{step.gas:,}") for step in outcome.steps]
    show_table(("step", "seconds", "gas"), rows, title="Steps", console=console)
    for book in outcome.books.assets:
        held = [(f"vault on {chain}", show_wad(amount), "") for chain, amount in book.vaults.items()]
        owed = [
            ("accounts at the hub", "", show_wad(book.hub_accounts)),
            ("cash at venues", "", show_wad(book.venue_accounts)),
            ("messages under way", "", show_wad(book.under_way)),
            ("scarcity pot", "", show_wad(book.pot)),
            ("claimable", "", show_wad(book.claimable)),
        ]
        total = [("sum", show_wad(sum(book.vaults.values())), show_wad(book.claims))]
        show_table((book.asset, "held", "owed"), [*held, *owed, *total], title=f"Ledger: {book.asset}", console=console)
    console.print(f"Every asset's vaults equal its claims. {outcome.seconds:.0f} s in all.")


def _draw(console: Console, picture: Path) -> None:
    """Save what was printed, with the reader's own monospaced font: a picture fetches nothing."""
    svg = console.export_svg(title="causeway demo", unique_id="causeway")
    picture.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")
