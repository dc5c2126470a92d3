"""Run the demo from nothing to closed books, and report each step's time and gas.

Whatever happens, nothing is left running: an error, Ctrl-C or the end of this process ends all
chains and daemons, unless `keep` says to leave them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bridge.chains import load_network
from bridge.client import Connections
from bridge.client.books import AssetBook, Books, close_books
from bridge.demo import relayers
from bridge.demo.network import CONFIG, cast, config_text
from bridge.demo.processes import LocalProcesses, end_kept
from bridge.demo.scene import Scene, Step, gas_of
from bridge.demo.story import STORY
from bridge.deploy import Progress, deploy
from bridge.devnet.spec import Backend
from bridge.errors import CheckFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a demo runs; `block_time` in seconds."""

    folder: Path
    backend: Backend = Backend.PY_EVM
    block_time: float = 1.0
    keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One step: how long it took, what gas its transactions used, and what came of it."""

    name: str
    title: str
    seconds: float
    gas: int
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole demo: its steps and the closed books."""

    steps: tuple[Report, ...]
    books: Books
    seconds: float


Listener = Callable[[str, Report | None], None]
"""Called with a step's title when it begins, and again with its report when it is done."""


async def run_demo(options: Options, listen: Listener = lambda _title, _report: None) -> Outcome:
    """Play the whole story; raises CheckFailed where something does not add up."""
    began = time.monotonic()
    reports: list[Report] = []

    def done(name: str, title: str, since: float, gas: int, facts: Mapping[str, str]) -> None:
        seconds = time.monotonic() - since
        reports.append(Report(name=name, title=title, seconds=seconds, gas=gas, facts=facts))
        listen(title, reports[-1])

    async with AsyncExitStack() as stack:
        scene = await _set_up(options, stack, listen, done)
        for step in STORY:
            since = time.monotonic()
            listen(step.title, None)
            told = await step.play(scene)
            done(step.name, step.title, since, await gas_of(scene.connections, told), told.facts)
        books = await _closed(scene, listen, done)
    return Outcome(steps=tuple(reports), books=books, seconds=time.monotonic() - began)


Done = Callable[[str, str, float, int, Mapping[str, str]], None]


async def _set_up(options: Options, stack: AsyncExitStack, listen: Listener, done: Done) -> Scene:
    """Start chains, deploy, start the daemons."""
    options.folder.mkdir(parents=True, exist_ok=True)
    await end_kept(options.folder)  # an earlier demo in this folder: the story begins on empty chains
    processes = LocalProcesses(
        folder=options.folder,
        backend=options.backend,
        block_time=options.block_time,
        keep=options.keep,
    )
    stack.push_async_callback(processes.aclose)
    since, title = time.monotonic(), f"Five chains start ({options.backend})"
    listen(title, None)
    urls = await processes.start_chains()
    done("chains", title, since, 0, dict(urls))

    since, title = time.monotonic(), "The contracts are deployed and checked"
    listen(title, None)
    config = options.folder / CONFIG
    config.write_text(config_text(urls, block_time=options.block_time))
    placed: list[Progress] = []
    actors = cast()
    await deploy(load_network(config), actors.deployer, report=placed.append)
    facts = {"contracts": str(len(placed)), "configuration": str(config)}
    done("deploy", title, since, sum(row.gas for row in placed), facts)

    since, title = time.monotonic(), "A relayer and four validators start"
    listen(title, None)
    daemons = relayers.write_settings(options.folder, actors)
    await relayers.start(processes, daemons)
    done("relayer", title, since, 0, {name: f"port {daemons.ports[name]}" for name in daemons.ports})

    connections = await Connections.from_config(config)
    stack.push_async_callback(connections.aclose)
    return Scene(
        folder=options.folder,
        actors=actors,
        processes=processes,
        daemons=daemons,
        connections=connections,
    )


async def _closed(scene: Scene, listen: Listener, done: Done) -> Books:
    since, title = time.monotonic(), "The books are closed"
    listen(title, None)
    books = await close_books(scene.connections)
    for book in books.assets:
        if book.difference:
            raise CheckFailed(what=f"{book.asset}: vaults less claims", found=str(book.difference), expected="0")
    facts = {book.asset: "vaults equal claims to the unit" for book in books.assets}
    done("ledger", title, since, 0, facts)
    return books


def to_json(outcome: Outcome) -> dict[str, object]:
    """Return plain values for programs; amounts are wads as decimal text."""
    return {
        "seconds": round(outcome.seconds, 2),
        "steps": [
            {
                "name": step.name,
                "title": step.title,
                "seconds": round(step.seconds, 2),
                "gas": step.gas,
                "facts": dict(step.facts),
            }
            for step in outcome.steps
        ],
        "ledger": [_book(book) for book in outcome.books.assets],
        "balanced": outcome.books.is_balanced,
    }


def _book(book: AssetBook) -> dict[str, object]:
    return {
        "asset": book.asset,
        "vaults": {chain: str(held) for chain, held in book.vaults.items()},
        "claims": {
            "hub_accounts": str(book.hub_accounts),
            "venue_accounts": str(book.venue_accounts),
            "under_way": str(book.under_way),
            "pot": str(book.pot),
            "claimable": str(book.claimable),
        },
        "difference": str(book.difference),
    }


__all__ = ["Options", "Outcome", "Report", "Step", "run_demo", "to_json"]
