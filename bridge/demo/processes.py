"""Start and end what the demo is made of: five chains, and programs beside them.

Everything ends with this process, however it ends: by `aclose`, by Ctrl-C, or killed. With `keep`
it outlives this process instead, recorded in the state folder, and `end_kept` ends it. What an earlier
network left in the folder is removed before a chain starts anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.demo.leftovers import forget
from bridge.demo.network import ANCHOR, BASE, HUB, VENUES, chain_spec
from bridge.devnet import cluster, command, parent
from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import Backend, ChainSpec
from bridge.errors import ProgramFailed

STOP_SECONDS = 8.0
POLL_SECONDS = 0.05
LOG_TAIL = 1_500
PROGRAMS = "programs.json"


@dataclass(slots=True, kw_only=True)
class Program:
    """One child process beside the chains; its output goes to `log`."""

    name: str
    log: Path
    process: asyncio.subprocess.Process

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    def require_running(self) -> None:
        """Raise ProgramFailed with the end of its log if it has ended."""
        if not self.is_running:
            tail = self.log.read_bytes()[-LOG_TAIL:].decode(errors="replace").strip()
            raise ProgramFailed(name=self.name, code=self.process.returncode or 0, log=tail)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and its children, at first by `number`, after a while by force."""
        _signal_group(self.process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        _signal_group(self.process.pid, signal.SIGKILL)
        await self.process.wait()


@dataclass(slots=True, kw_only=True)
class LocalProcesses:
    """The running chains and programs of one state folder."""

    folder: Path
    backend: Backend
    block_time: float
    keep: bool
    urls: dict[str, str] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    _chains: list[DevnetProcess] = field(default_factory=list)

    async def start_chains(self) -> Mapping[str, str]:
        """Start the base chain, then the rollups that anchor it; return their urls by name."""
        await self._start([BASE])
        await self._start([HUB, *VENUES])
        if self.backend is Backend.ANVIL:
            kept = _kept(self.folder)
            for name in (HUB, *VENUES):
                if f"anchor-{name}" not in kept:
                    await self.run(f"anchor-{name}", self._sidecar(name))
        return self.urls

    async def run(self, name: str, arguments: Sequence[str]) -> Program:
        """Start a program, in a group of its own, with its output in the state folder."""
        log = self.folder / f"{name}.log"
        wrapper = [] if self.keep else [sys.executable, "-I", "-S", parent.__file__, str(os.getpid())]
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *wrapper,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=command.environment(),
                start_new_session=True,
            )
        self.programs[name] = Program(name=name, log=log, process=process)
        self._record()
        return self.programs[name]

    async def aclose(self) -> None:
        """End everything that does not have to outlive this process."""
        if self.keep:
            return
        await asyncio.gather(*(program.stop() for program in self.programs.values()))
        await asyncio.gather(*(chain.stop() for chain in self._chains))

    async def _start(self, names: Sequence[str]) -> None:
        specs = [
            chain_spec(
                name,
                backend=self.backend,
                block_time=self.block_time,
                base_url=self.urls.get(BASE),
            )
            for name in names
        ]
        if self.keep:
            await self._up(specs)
            return
        forget(self.folder, names)
        started = [DevnetProcess(spec, folder=self.folder / "chains" / spec.name) for spec in specs]
        self._chains += started
        await asyncio.gather(*(chain.start() for chain in started))
        for chain in started:
            self.urls[chain.spec.name] = chain.url

    async def _up(self, specs: Sequence[ChainSpec]) -> None:
        """Bring chains up that outlive us; programs of those that are no more end with their memory."""
        chains = self.folder / "chains"
        before = {status.name: status.pid for status in cluster.status(chains) if status.is_running}
        await self._begin_anew([spec.name for spec in specs if spec.name not in before])
        started = await cluster.up(specs, chains)
        await self._begin_anew([status.name for status in started if before.get(status.name, status.pid) != status.pid])
        self.urls |= {status.name: status.url for status in started}

    async def _begin_anew(self, names: Sequence[str]) -> None:
        if names:
            await _end_programs(self.folder)
            forget(self.folder, names)

    def _sidecar(self, name: str) -> list[str]:
        program = [sys.executable, "-m", "bridge.devnet.anchor_sidecar", "--url", self.urls[name]]
        return [*program, "--base", self.urls[BASE], "--anchor", f"0x{ANCHOR.hex()}"]

    def _record(self) -> None:
        if self.keep:
            pids = {name: program.process.pid for name, program in self.programs.items()}
            (self.folder / PROGRAMS).write_text(json.dumps(_kept(self.folder) | pids))


async def end_kept(folder: Path) -> tuple[str, ...]:
    """End the chains and programs that a demo with `keep` left, and return their names."""
    return (*await _end_programs(folder), *await cluster.down(folder / "chains"))


async def _end_programs(folder: Path) -> tuple[str, ...]:
    running = _kept(folder)
    for pid in running.values():
        _signal_group(pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            while _kept(folder):  # noqa: ASYNC110  # not our children, so there is no event to wait for
                await asyncio.sleep(POLL_SECONDS)
    for pid in _kept(folder).values():
        _signal_group(pid, signal.SIGKILL)
    (folder / PROGRAMS).unlink(missing_ok=True)
    return tuple(running)


def _kept(folder: Path) -> dict[str, int]:
    """Return the programs that an earlier run left and that still run, as name to pid."""
    try:
        recorded: dict[str, int] = json.loads((folder / PROGRAMS).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {name: pid for name, pid in recorded.items() if _is_ours(pid)}


def _is_ours(pid: int) -> bool:
    """Tell whether a recorded pid is still a program of ours: the system uses numbers again."""
    try:
        return b"bridge." in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _signal_group(pid: int, number: signal.Signals) -> None:
    # The program leads its own group (start_new_session), so its pid is the group's id.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
