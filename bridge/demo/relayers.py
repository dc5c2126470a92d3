"""The relayer and the four validators of the demo: their keys, their settings, their processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.demo.network import HUB, OPTIMISTIC, VENUES, Cast
from bridge.demo.processes import LocalProcesses, Program
from bridge.devnet.process import free_port
from bridge.errors import ProgramFailed
from bridge.keystore import SCRYPT_COST_DEVNET, Keystore
from bridge.signer import LocalSigner

KEYS = "keys"
PASSWORD = "password"  # noqa: S105  # the name of a file; the keys in it are public ones
RELAYER = "relayer"
READY_WITHIN = 60.0
READY_POLL = 0.1
QUORUM_CHAINS = tuple(name for name in (HUB, *VENUES) if name != OPTIMISTIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemons:
    """The processes' names and the ports on which they tell of themselves."""

    relayer: str
    validators: tuple[str, ...]
    ports: Mapping[str, int]


def write_settings(folder: Path, actors: Cast) -> Daemons:
    """Write keystores and settings of the relayer and the validators; return their names."""
    names = tuple(f"validator-{number}" for number in range(1, len(actors.validators) + 1))
    ports = {name: free_port() for name in (RELAYER, *names)}
    signers = dict(zip(names, actors.validators, strict=True)) | {RELAYER: actors.relayer}
    write_keys(folder, signers | people(actors))
    attesters = [f"http://127.0.0.1:{ports[name]}" for name in names]
    _write(folder, RELAYER, _relayer_settings(ports[RELAYER], attesters))
    for name in names:
        _write(folder, name, _validator_settings(name, ports[name]))
    return Daemons(relayer=RELAYER, validators=names, ports=ports)


def people(actors: Cast) -> dict[str, LocalSigner]:
    """Return those who act by the command line, by the names of their keys."""
    return {"deployer": actors.deployer, "ada": actors.traders[0], "ben": actors.traders[1]}


def write_keys(folder: Path, signers: Mapping[str, LocalSigner]) -> None:
    """Put keys into the folder's keystore, under one password beside it; existing ones stay."""
    store = Keystore(folder / KEYS)
    store.directory.mkdir(parents=True, exist_ok=True)
    password = folder / KEYS / PASSWORD
    password.write_text("devnet")
    held = {stored.name for stored in store.stored()}
    for name, signer in signers.items():
        if name not in held:
            store.add(name, signer, b"devnet", cost=SCRYPT_COST_DEVNET)


async def start(processes: LocalProcesses, daemons: Daemons) -> None:
    """Start all daemons and return when each says that it is ready."""
    for name in (*daemons.validators, daemons.relayer):
        await start_one(processes, name)
    await asyncio.gather(*(wait_ready(processes.programs[name], daemons.ports[name]) for name in processes_of(daemons)))


async def start_one(processes: LocalProcesses, name: str) -> Program:
    """Start one daemon by its settings; also after it was killed."""
    config = processes.folder / f"{name}.toml"
    command = [sys.executable, "-m", "bridge.cli", "relayer", "run", "--config", str(config)]
    return await processes.run(name, command)


async def wait_ready(program: Program, port: int) -> None:
    """Return when a daemon answers; raises ProgramFailed if it ends or stays silent."""
    deadline = time.monotonic() + READY_WITHIN
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as http:
        while time.monotonic() < deadline:
            program.require_running()
            try:
                answer = await http.get(f"http://127.0.0.1:{port}/ready")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.OK:
                return
            await asyncio.sleep(READY_POLL)
    log = program.log.read_text(errors="replace")[-1_000:]
    raise ProgramFailed(name=program.name, code=0, log=f"not ready in {READY_WITHIN:g} s: {log}")


def processes_of(daemons: Daemons) -> tuple[str, ...]:
    """Return the names of all daemons."""
    return (daemons.relayer, *daemons.validators)


def _write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.toml").write_text(text)


def _relayer_settings(port: int, attesters: list[str]) -> str:
    quoted = ", ".join(f'"{url}"' for url in attesters)
    lines = "\n".join(f"{chain} = [{quoted}]" for chain in QUORUM_CHAINS)
    return f"""\
{_head(RELAYER, port, ["deliver", "propose"])}
[deliver.attesters]
{lines}

[propose]
chains = ["{OPTIMISTIC}"]
every = 3.0
"""


def _validator_settings(name: str, port: int) -> str:
    chains = ", ".join(f'"{chain}"' for chain in QUORUM_CHAINS)
    return f"""\
{_head(name, port, ["attest", "watch"])}
[attest]
chains = [{chains}]

[watch]
chains = ["{OPTIMISTIC}"]
"""


def _head(name: str, port: int, roles: list[str]) -> str:
    played = ", ".join(f'"{role}"' for role in roles)
    return f"""\
version = 1
name = "{name}"
store = "sqlite:///{name}.db"
roles = [{played}]

[key]
keystore = "{KEYS}"
name = "{name}"
password_file = "{KEYS}/{PASSWORD}"

[http]
port = {port}
"""
