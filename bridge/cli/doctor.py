"""`causeway doctor`: check configuration, endpoints, contracts and lanes, and say what to do."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from bridge.chains import load_network
from bridge.cli.funnel import NOT_AS_IT_SHOULD_BE
from bridge.cli.options import CONFIG, Config, Json, run
from bridge.cli.output import show_json
from bridge.client.health import Check, Finding, examine
from bridge.deployments import deployments_path, load_deployments

app = typer.Typer()
_MARKS = {Finding.GOOD: "[green]✓[/]", Finding.WARNING: "[yellow]![/]", Finding.WRONG: "[red]✗[/]"}


@app.command()
def doctor(config: Config = CONFIG, as_json: Json = False) -> None:
    """Check everything that can be checked from outside; code 1 if something is wrong."""
    checks = run(_examine(config, quiet=as_json))
    if as_json:
        show_json([{"chain": c.chain, "what": c.what, "finding": c.finding, "detail": c.detail} for c in checks])
    if any(check.finding is Finding.WRONG for check in checks):
        raise typer.Exit(NOT_AS_IT_SHOULD_BE)


async def _examine(config: Path, *, quiet: bool) -> list[Check]:
    network = load_network(config)
    deployments = load_deployments(deployments_path(config))
    console = Console(quiet=quiet)
    console.print(f"[green]✓[/] {config}: {len(network.chains)} chains, {len(network.assets)} assets")
    checks = []
    async for check in examine(network, deployments):
        checks.append(check)
        mark = _MARKS[check.finding]
        console.print(f"{mark} [bold]{check.chain}[/] {check.what}: {check.detail}", highlight=False)
    return checks
