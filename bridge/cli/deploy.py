"""`causeway deploy`: put the contracts on all chains, or find them standing and check them."""

from __future__ import annotations

import typer

from bridge.chains import load_network
from bridge.cli.options import (
    CONFIG,
    KEYS,
    Config,
    Json,
    KeyName,
    Keys,
    PasswordFd,
    PasswordFile,
    run,
    unlock,
)
from bridge.cli.output import show_json, show_table
from bridge.deploy import Progress, deploy
from bridge.signer import checksum

app = typer.Typer()


@app.command(name="deploy")
def command(
    *,
    key: KeyName,
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    as_json: Json = False,
) -> None:
    """Deploy deterministically; run it again to resume or to check what stands.

    The key becomes the owner of the Deployer and the governor of every timelock. What stands under
    a name with other code or other arguments stops the command: nothing is ever replaced.
    """
    network = load_network(config)
    signer = unlock(key, keys, password_file, password_fd)
    rows: list[Progress] = []

    def report(row: Progress) -> None:
        rows.append(row)
        if not as_json:
            how = f"deployed, {row.gas:,} gas" if row.gas else "stands, checked"
            typer.echo(f"{row.chain:>10}  {row.name:<16} {checksum(row.address)}  {how}")

    run(deploy(network, signer, report=report))
    if as_json:
        show_json([{"chain": r.chain, "name": r.name, "address": checksum(r.address), "gas": r.gas} for r in rows])
        return
    total = sum(row.gas for row in rows)
    show_table(("contracts", "gas"), [(len(rows), f"{total:,}")])
