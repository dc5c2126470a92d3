"""Time moves of margin from one venue to another through the hub, on chains with 1 s blocks.

Chains, four validators and the relayer are processes of their own; a trader uses the SDK. A move's
clock runs from the call that sends it until the destination's block with the credit is seen.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.client import Stage
from bridge.devnet.process import free_port
from bridge.types import Wad
from tests.support.relayer_net import ACTORS, Net, start_net, trader
from tests.support.relayer_world import fund, keyed

BLOCK_TIME = 1.0
SOURCES = ("hub", "alpha", "beta")
READY_SECONDS = 90.0
MOVE_SECONDS = 120.0
AMOUNT = Wad(10**18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Seconds of each move, in order."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of all moves."""
        return statistics.median(self.seconds)


async def move(number: int) -> Moved:
    """Make `number` moves one after the other, each once the one before is credited."""
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        async with start_net(Path(folder), block_time=BLOCK_TIME) as net:
            await fund(net, "alpha", ACTORS.traders[0], 10_000, placed=True)
            async with _relayers(net), trader(net) as bridge:
                seconds = []
                for _ in range(number):
                    begun = time.perf_counter()
                    transfer = await bridge.move_margin("alpha", "beta", AMOUNT)
                    last = await transfer.result(timeout=MOVE_SECONDS)
                    if last.stage is not Stage.CREDITED:
                        raise SystemExit(f"a move ended as {last.stage}: {last.detail}")
                    seconds.append(time.perf_counter() - begun)
                return Moved(seconds=tuple(seconds))


@asynccontextmanager
async def _relayers(net: Net) -> AsyncIterator[None]:
    """Run four validators and a deliverer as processes, and wait until all are ready."""
    ports = [free_port() for _ in range(5)]
    attest = f"[attest]\nchains = {json.dumps(SOURCES)}\n"
    urls = json.dumps([f"http://127.0.0.1:{port}" for port in ports[:4]])
    deliver = "[deliver.attesters]\n" + "".join(f"{name} = {urls}\n" for name in SOURCES)
    configs = [
        keyed(net, f"validator-{n}", key, roles=["attest"], extra=attest, port=ports[n])
        for n, key in enumerate(ACTORS.validators[:4])
    ]
    configs.append(keyed(net, "relayer", ACTORS.relayer, roles=["deliver"], extra=deliver, port=ports[4]))
    async with AsyncExitStack() as stack:
        for config in configs:
            await stack.enter_async_context(_process(config))
        async with httpx.AsyncClient() as http, asyncio.timeout(READY_SECONDS):
            for port in ports:
                await _ready(http, port)
        yield


async def _ready(http: httpx.AsyncClient, port: int) -> None:
    while True:
        try:
            answer = await http.get(f"http://127.0.0.1:{port}/ready")
            if answer.status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _process(config: Path) -> AsyncIterator[None]:
    with config.with_suffix(".log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from relayer.cli import app; app()",
            "run",
            "--config",
            str(config),
            stdout=output,
            stderr=output,
        )
        try:
            yield
        finally:
            process.terminate()
            await process.wait()
