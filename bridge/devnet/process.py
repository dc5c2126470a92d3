"""One chain as a child process: start it, wait until it answers, talk to it, end it for sure.

`async with DevnetProcess(ChainSpec(chain_id=31337)) as chain:` gives a chain at `chain.url`, py-evm or anvil.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from bridge.devnet import command
from bridge.devnet.errors import ProcessError, RpcError
from bridge.devnet.params import Json
from bridge.devnet.spec import ChainSpec

START_TIMEOUT = 60.0  # seconds; a loaded machine imports slowly
STOP_TIMEOUT = 5.0
CALL_TIMEOUT = 30.0
_POLL_SECONDS = 0.02
_ATTEMPTS = 3
_LOG_TAIL = 2_000


class DevnetProcess:
    """A running chain, or one about to run; `folder` keeps its files, a temporary one unless given.

    Its process group ends with `stop`, with the `async with` block, and with this process.
    """

    def __init__(
        self,
        spec: ChainSpec,
        *,
        folder: Path | None = None,
        port: int | None = None,
        timeout: float = START_TIMEOUT,
    ) -> None:
        self.spec, self.timeout = spec, timeout
        self._given_port = port
        self._port: int | None = None
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="causeway-devnet-")
        self.folder = folder or Path(self._temporary.name if self._temporary else "")
        self._process: asyncio.subprocess.Process | None = None
        self._client: httpx.AsyncClient | None = None

    @property
    def port(self) -> int:
        """Return the port that the chain listens on.

        Raises `ProcessError` before it was started.
        """
        if self._port is None:
            raise self._error("is not running", "start it first")
        return self._port

    @property
    def url(self) -> str:
        """Return the chain's HTTP endpoint."""
        return f"http://{command.HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Return the id of the chain's process, or None if there is none."""
        return None if self._process is None else self._process.pid

    @property
    def log_path(self) -> Path:
        """Return the file that holds what the chain's process prints."""
        return self.folder / f"{self.spec.name}.log"

    @property
    def is_running(self) -> bool:
        """Return whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the process and return when it answers; a started chain is left as it is.

        Raises `ProcessError` with the end of its log if it does not come up.
        """
        if self.is_running:
            return
        for attempt in range(1, _ATTEMPTS + 1):
            port = self._given_port or free_port()
            try:
                await self._spawn(port)
                await self._wait(port)
            except BaseException as error:
                await self._kill()
                # A port that another process took meanwhile is worth another try.
                is_taken = isinstance(error, ProcessError) and "ddress already in use" in str(error)
                if not is_taken or self._given_port or attempt == _ATTEMPTS:
                    raise
            else:
                self._port = port
                return

    async def stop(self) -> None:
        """End the process group, at first politely; nothing of it is left afterwards."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
        await self._kill()
        self._port = None
        if self._temporary is not None:
            self._temporary.cleanup()

    async def restart(self) -> None:
        """End the process and start a new one on the same port, from genesis."""
        port = self.port
        await self._kill()
        self._given_port = port
        await self.start()

    async def rpc(self, method: str, *params: Json) -> Json:
        """Return the result of one JSON-RPC request.

        Raises `RpcError` with the node's message if it refuses.
        """
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=CALL_TIMEOUT)
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = (await self._client.post(self.url, json=request)).json()
        if "error" in answer:
            refusal = RpcError(answer["error"]["message"], data=answer["error"].get("data"))
            refusal.code = answer["error"]["code"]
            raise refusal
        return answer["result"]

    async def _spawn(self, port: int) -> None:
        arguments = command.prepare(self.spec, port, self.folder, owner=os.getpid())
        with self.log_path.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=command.environment(),
                start_new_session=True,
            )

    async def _wait(self, port: int) -> None:
        url = f"http://{command.HOST}:{port}"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.timeout):
                while self.is_running:
                    if await answers(url, self.spec.chain_id):
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        problem = "does not answer" if self.is_running else "ended while it started"
        raise self._error(f"{problem}: {tail(self.log_path)}", f"read {self.log_path}")

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()
        _signal_group(process.pid, signal.SIGKILL)

    def _error(self, problem: str, remedy: str) -> ProcessError:
        return ProcessError(chain=self.spec.name, problem=problem, remedy=remedy)


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((command.HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def answers(url: str, chain_id: int) -> bool:
    """Return whether a node of that chain answers at a url."""
    try:
        async with httpx.AsyncClient(timeout=2.0) as client:
            request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
            answer = (await client.post(url, json=request)).json()
    except (httpx.HTTPError, ValueError):
        return False
    return isinstance(answer, dict) and answer.get("result") == hex(chain_id)


def tail(path: Path) -> str:
    """Return the end of a log file, for a message to a person."""
    if not path.exists():
        return "no log"
    return path.read_bytes()[-_LOG_TAIL:].decode(errors="replace").strip() or "empty log"


def _signal_group(pid: int, number: int) -> None:
    # The child leads its own group (start_new_session), so its pid is the group's id.
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            os.kill(pid, number)
        else:
            os.killpg(pid, number)
