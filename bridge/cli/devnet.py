"""`causeway devnet`: five local chains that outlive the command, with keys and a chains.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bridge.cli.options import Json, run
from bridge.cli.output import show_json, show_table
from bridge.demo import relayers
from bridge.demo.network import CONFIG, cast, config_text
from bridge.demo.processes import LocalProcesses, end_kept
from bridge.devnet import cluster
from bridge.devnet.spec import Backend

app = typer.Typer(no_args_is_help=True, help="Run five local chains.")
Folder = Annotated[Path, typer.Option("--folder", help="Where state, keys and logs are.")]
FOLDER = Path("devnet")


@app.command()
def up(
    folder: Folder = FOLDER,
    backend: Annotated[Backend, typer.Option(help="The program that is each chain.")] = Backend.PY_EVM,
    block_time: Annotated[float, typer.Option(help="Seconds between blocks; 0 mines on demand.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Start base, hub, alpha, beta and gamma; running ones are left as they are."""
    urls = run(_up(folder.resolve(), backend, block_time))
    if as_json:
        show_json({"config": str(folder / CONFIG), "urls": urls})
        return
    show_table(("chain", "url"), list(urls.items()))
    Console().print(
        f"Configuration in {folder / CONFIG}, keys in {folder / relayers.KEYS} (all under the password in "
        f"{folder / relayers.KEYS / relayers.PASSWORD}).\nNext: causeway deploy --config {folder / CONFIG} "
        f"--keystore {folder / relayers.KEYS} --key deployer "
        f"--password-file {folder / relayers.KEYS / relayers.PASSWORD}",
        soft_wrap=True,
    )


@app.command()
def down(folder: Folder = FOLDER, as_json: Json = False) -> None:
    """End every chain and program of a folder; those of a kept demo too."""
    names = run(end_kept(folder.resolve()))
    if as_json:
        show_json({"ended": list(names)})
        return
    typer.echo(f"Ended: {', '.join(names) or 'nothing was running'}.")


@app.command()
def status(folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Show each chain of a folder, those that have died too; code 1 if one has."""
    found = cluster.status(folder.resolve() / "chains")
    if as_json:
        show_json([{"chain": c.name, "id": c.chain_id, "url": c.url, "running": c.is_running} for c in found])
    else:
        rows = [(c.name, c.chain_id, c.backend, c.url, "runs" if c.is_running else "has died") for c in found]
        show_table(("chain", "id", "backend", "url", "state"), rows)
    if not all(chain.is_running for chain in found):
        raise typer.Exit(1)


async def _up(folder: Path, backend: Backend, block_time: float) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    processes = LocalProcesses(folder=folder, backend=backend, block_time=block_time, keep=True)
    urls = await processes.start_chains()
    (folder / CONFIG).write_text(config_text(urls, block_time=block_time))
    relayers.write_keys(folder, relayers.people(cast()))
    return dict(urls)
