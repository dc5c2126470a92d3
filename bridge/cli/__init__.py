"""The `causeway` command line: thin commands over the SDK, and the console script's entry.

Exit codes, the same for every command:

    0    done
    1    what was looked at is not as it should be (doctor, a demo that does not add up)
    2    the command cannot be carried out as given: arguments, configuration, keys
    3    a chain or an endpoint failed, or a contract refused
    4    a transfer cannot be made, or stopped short of where it should have gone
    5    not finished in the time given; it goes on
    130  interrupted
"""

from __future__ import annotations

import signal
import sys
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from typing import Annotated

import typer

from bridge.cli.lazy import Row, lazy_group

GROUP = "causeway.commands"
DISTRIBUTION = "causeway-bridge"
_OWN: dict[str, Row] = {
    "init": ("bridge.cli.init:app", "Write a commented chains.toml."),
    "wallet": ("bridge.cli.wallet:app", "Make, import and list keys."),
    "devnet": ("bridge.cli.devnet:app", "Run five local chains."),
    "deploy": ("bridge.cli.deploy:app", "Put the contracts on all chains, or check them."),
    "account": ("bridge.cli.account:app", "Show what an account has, and where."),
    "quote": ("bridge.cli.quote:app", "Ask what a movement would cost and bring."),
    "deposit": ("bridge.cli.move:deposit_app", "Bring tokens into an account."),
    "move": ("bridge.cli.move:move_app", "Move margin between venues and the hub; no token moves."),
    "withdraw": ("bridge.cli.move:withdraw_app", "Pay tokens out on a chain."),
    "claim": ("bridge.cli.move:claim_app", "Have a vault pay what it keeps for a receiver."),
    "transfer": ("bridge.cli.transfer:app", "Follow, deliver or make a transfer."),
    "doctor": ("bridge.cli.doctor:app", "Check configuration, endpoints and contracts."),
    "demo": ("bridge.cli.demo:app", "Tell the whole story on five local chains."),
}
_SUMMARIES = {
    "relayer": "Run a relayer, and look into it.",
    "hub": "Look into the clearing house.",
}


def commands() -> dict[str, Row]:
    """Return every command: our own, then those that installed packages bring."""
    found = entry_points(group=GROUP)
    brought = {
        point.name: (point.value, _SUMMARIES.get(point.name, f"Commands of {point.module}."))
        for point in sorted(found, key=lambda point: point.name)
        if find_spec(point.module) is not None
    }
    return _OWN | brought


app = typer.Typer(
    cls=lazy_group(commands),
    name="causeway",
    help="Move collateral and margin between rollups by Merkle inclusion proof.",
    epilog="Exit codes: 0 done, 1 not as it should be, 2 bad input, 3 chain, 4 transfer, 5 time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"causeway {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Take no other options: each command has its own."""


def main() -> None:
    """Run the console script and exit with the code that says how it went."""
    from bridge.cli.funnel import exit_code_of

    # A polite end is an interrupt: what was started is ended in the same way.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        sys.exit(code)
