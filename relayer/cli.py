"""The operators' verbs: run, plan, doctor, explain, repair, init.

Each command is thin: it reads the settings, calls one function and shows its result; `--json`
prints it for a program. Exit codes: 0 done, 1 something is wrong with what was looked at, 2 the
command cannot be carried out as given.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Coroutine
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from bridge.errors import CausewayError

app = typer.Typer(help="Run a relayer, and look into it.", no_args_is_help=True)
Value = TypeVar("Value")

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The relayer's settings.", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
DEFAULT = Path("relayer.toml")


@app.command()
def init(config: ConfigFile = DEFAULT) -> None:
    """Write a commented relayer.toml; an existing one is left as it is."""
    if config.exists():
        _fail(f"{config} exists; choose another name with --config")
    config.write_text(files("relayer").joinpath("example.toml").read_text(encoding="utf-8"))
    Console().print(f"Wrote {config}: name a key and the roles, then `causeway relayer doctor`.")


@app.command()
def run(
    config: ConfigFile = DEFAULT,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Play the configured roles until interrupted."""
    _do(_run(config), log_level=log_level)


@app.command()
def plan(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show what would be sent now, and what waits for which reason."""
    from relayer.inspect import planned

    _show(_do(planned(config)), as_json, "Nothing waits.")


@app.command()
def doctor(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Check settings, key, endpoints, contracts, attesters, store and balances."""
    from relayer.doctor import examine

    found = _do(examine(config))
    _show(found, as_json, "Nothing to check.")
    if any(row["result"] == "wrong" for row in found):
        raise typer.Exit(1)


@app.command()
def explain(
    message: Annotated[str, typer.Argument(help="source:destination:index by names or ids, or a transaction's hash.")],
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Tell all that is known of a message: where it is, what was tried, what comes next."""
    from relayer.inspect import explained

    _show(_do(explained(config, message)), as_json, "No such message is known here.")


@app.command()
def repair(
    chain: Annotated[str, typer.Option(help="The chain whose rows are taken back, by name or id.")],
    from_block: Annotated[int, typer.Option(help="Rows of this block and above are read again.")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Take back what was read from a chain, so that the next run reads it again."""
    from relayer.inspect import taken_back

    _do(taken_back(config, chain, from_block))
    Console().print(f"Rows of {chain} from block {from_block} on are gone; the next run reads them.")


async def _run(config: Path) -> None:
    from relayer.config import load_settings
    from relayer.network import load_places
    from relayer.service import Relayer
    from relayer.store import Store

    settings = load_settings(config)
    places = load_places(settings.chains)
    signer = settings.key.unlock()
    store = await Store.open(settings.store)
    try:
        relayer = Relayer(settings=settings, places=places, store=store, signer=signer)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, relayer.stop)
        await relayer.run()
    finally:
        await store.close()


def _do(work: Coroutine[Any, Any, Value], *, log_level: str = "error") -> Value:
    from relayer.logs import set_up_logs

    set_up_logs(level=log_level)
    try:
        return asyncio.run(work)
    except CausewayError as error:
        _fail(str(error))
    except ExceptionGroup as group:
        known, other = group.split(CausewayError)
        if other is not None or known is None:
            raise
        _fail("; ".join(map(str, known.exceptions)))
    raise AssertionError("_fail exits")


def _fail(reason: str) -> None:
    Console(stderr=True, soft_wrap=True).print(reason, style="red", markup=False)
    raise typer.Exit(2)


def _show(rows: list[dict[str, Any]], as_json: bool, nothing: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        Console().print(nothing)
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
