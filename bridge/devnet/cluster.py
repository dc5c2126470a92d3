"""Several chains that outlive the program which started them: up, down and status over one state folder.

`up` twice starts nothing twice, `down` leaves no process, and both find their way after a run that was killed: what
runs is read from the folder and from the machine, and a record is believed only if that process answers as that
chain. Configuration files are the caller's: here a chain is a `ChainSpec`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bridge.devnet import command, parent, process
from bridge.devnet.errors import ProcessError
from bridge.devnet.spec import ChainSpec, to_json

START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 5.0
_POLL_SECONDS = 0.05
_RECORD = "chain.json"
_LOCK = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """One chain of a state folder; `started` is the kernel's start time of its process, which no later one shares."""

    name: str
    chain_id: int
    backend: str
    port: int
    pid: int
    started: str
    spec: str
    is_running: bool = True

    @property
    def url(self) -> str:
        """Return the chain's HTTP endpoint."""
        return f"http://{command.HOST}:{self.port}"


async def up(
    specs: Sequence[ChainSpec],
    folder: Path,
    *,
    ports: dict[str, int] | None = None,
    timeout: float = START_TIMEOUT,
) -> tuple[ChainStatus, ...]:
    """Bring every chain up and return their status, in the order of the specs.

    Safe to repeat: a chain that runs as described stays; one that runs otherwise is ended and started anew; `ports`
    fixes ports by name. If one does not come up, those that this call started are ended again. Raises
    `ProcessError`.
    """
    names = [spec.name for spec in specs]
    if len(set(names)) != len(names):
        raise ProcessError(chain=", ".join(names), problem="names are not unique", remedy="give each chain its own")
    async with _locked(folder):
        found = [await _matching(spec, folder, (ports or {}).get(spec.name)) for spec in specs]
        missing = [spec for spec, status in zip(specs, found, strict=True) if status is None]
        tasks = [asyncio.create_task(_start(spec, folder, (ports or {}).get(spec.name), timeout)) for spec in missing]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        failures = [item for item in results if isinstance(item, BaseException)]
        if failures:
            for spec in missing:
                await _end(folder / spec.name)
            raise failures[0]
        started = {item.name: item for item in results if isinstance(item, ChainStatus)}
        return tuple(status or started[spec.name] for spec, status in zip(specs, found, strict=True))


async def down(folder: Path) -> tuple[str, ...]:
    """End every chain of the folder and return their names; what had ended already is tidied up."""
    if not folder.exists():
        return ()
    async with _locked(folder):
        records = sorted(path.parent for path in folder.glob(f"*/{_RECORD}"))
        await asyncio.gather(*(_end(path) for path in records))
        return tuple(path.name for path in records)


def status(folder: Path) -> tuple[ChainStatus, ...]:
    """Return every chain of the folder, those that have died too."""
    found = (_read(path.parent) for path in sorted(folder.glob(f"*/{_RECORD}")))
    return tuple(item for item in found if item is not None)


async def _matching(spec: ChainSpec, folder: Path, port: int | None) -> ChainStatus | None:
    """Return the running chain if it is the one described; end it if it is another."""
    record = _read(folder / spec.name)
    if record is None:
        return None
    is_same = record.spec == to_json(spec) and port in {None, record.port}
    if record.is_running and is_same and await process.answers(record.url, spec.chain_id):
        return record
    await _end(folder / spec.name)
    return None


async def _start(spec: ChainSpec, folder: Path, port: int | None, timeout: float) -> ChainStatus:
    own = folder / spec.name
    port = port or process.free_port()
    arguments = command.prepare(spec, port, own, owner=None)
    log_path = own / f"{spec.name}.log"
    with log_path.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=command.environment(),
            start_new_session=True,
        )
    record = ChainStatus(
        name=spec.name,
        chain_id=spec.chain_id,
        backend=spec.backend.value,
        port=port,
        pid=child.pid,
        started=_start_time(child.pid),
        spec=to_json(spec),
    )
    # Written before the chain answers, so that a run killed here is still found and ended by `down`.
    _write(own, record)
    await _wait(child, record, timeout, log_path)
    return record


async def _wait(child: asyncio.subprocess.Process, record: ChainStatus, timeout: float, log_path: Path) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while child.returncode is None:
                if await process.answers(record.url, record.chain_id):
                    return
                await asyncio.sleep(_POLL_SECONDS)
    problem = f"did not come up: {process.tail(log_path)}"
    raise ProcessError(chain=record.name, problem=problem, remedy=f"read {log_path}")


async def _end(own: Path) -> None:
    record = _read(own)
    if record is not None and record.is_running:
        _signal(record, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                while _is_alive(record):  # noqa: ASYNC110 - not our child, so there is no event to wait for
                    await asyncio.sleep(_POLL_SECONDS)
        _signal(record, signal.SIGKILL)
    (own / _RECORD).unlink(missing_ok=True)


def _signal(record: ChainStatus, number: int) -> None:
    if _is_alive(record):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(record.pid, number)


def _is_alive(record: ChainStatus) -> bool:
    # A pid is used again by the system; with its start time it names one process for good.
    return parent.is_running(record.pid) and _start_time(record.pid) == record.started


def _start_time(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return fields[19].decode()


def _read(own: Path) -> ChainStatus | None:
    try:
        record = ChainStatus(**json.loads((own / _RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return ChainStatus(**asdict(record) | {"is_running": _is_alive(record)})


def _write(own: Path, record: ChainStatus) -> None:
    temporary = own / f"{_RECORD}.new"
    temporary.write_text(json.dumps(asdict(record), indent=1))
    temporary.replace(own / _RECORD)


@contextlib.asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[None]:
    """Hold the folder alone: two programs that bring chains up at once would start each twice."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            await asyncio.sleep(_POLL_SECONDS)
        yield  # the lock goes with the file
