"""Drain a backlog: ten thousand messages, roots final, one relayer process, two anvil chains.

The clock starts when the relayer has read the last message and ends when the last one is delivered
on chain. What the relayer and the chain computed meanwhile is read from their processes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bridge.contracts.clearing import SEND_PARCEL
from bridge.contracts.finality import QUORUM_SUBMIT
from bridge.contracts.messaging import Delivered
from bridge.rpc import LogFilter, Rpc
from bridge.sender import Call
from bridge.types import Account
from relayer import statements
from relayer.quorum import Statement
from tests.support.relayer_net import ACTORS, Net, start_net
from tests.support.relayer_world import deployer_runs, fund, keyed, mine_many, tree_of

ACCOUNTS = 100
GAS_LIMIT = 60_000_000
TIMEOUT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What was measured; seconds of wall time and of processor time, bytes of resident memory."""

    messages: int
    seconds: float
    relayer_cpu: float
    chain_cpu: float
    memory: int
    blocks: int


async def drain(messages: int) -> Drained:
    """Send `messages` parcels to a venue, make their root final, and time their delivery."""
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        async with start_net(Path(folder), names=("base", "hub", "alpha"), gas_limit=GAS_LIMIT) as net:
            hub, alpha = net.rpc("hub"), net.rpc("alpha")
            async with hub, alpha:
                await _backlog(net, hub, messages)
                await _final_root(net, hub, alpha, messages)
                return await _timed(net, alpha, messages)


async def _backlog(net: Net, hub: Rpc, messages: int) -> None:
    trader = ACTORS.traders[0]
    await fund(net, "hub", trader, 10**6)
    account = Account(owner=trader.address).to_bytes()
    to = [Account(owner=trader.address, label=number.to_bytes(12, "big")).to_bytes() for number in range(ACCOUNTS)]
    ledger, venue = net.places[net.chain_id("hub")].at("hub"), net.chain_id("alpha")
    calls = [SEND_PARCEL.encode(account, venue, to[number % ACCOUNTS], 10**15, 10**12) for number in range(messages)]
    await mine_many(net, "hub", trader, ledger, calls)


async def _final_root(net: Net, hub: Rpc, alpha: Rpc, messages: int) -> None:
    """Have the validators' quorum accepted at the venue, as any deliverer could."""
    tree, height = await tree_of(net, hub, "hub", "alpha")
    if tree.count != messages:
        raise SystemExit(f"{tree.count} messages were sent, not {messages}")
    source, lane = net.chain_id("hub"), net.chain_id("alpha")
    statement = Statement(
        source=net.places[source].id,
        lane=net.places[lane].id,
        root=tree.subtree_root(),
        count=messages,
        height=height,
        epoch=0,
    )
    outbox = net.places[source].at("outbox")
    votes = [statements.sign(statement, outbox, key) for key in ACTORS.validators[:3]]
    signatures = b"".join(v.signature for v in sorted(votes, key=lambda vote: vote.signer))
    fields = (source, lane, statement.root, messages, height, 0)
    data = QUORUM_SUBMIT.encode(fields, signatures)
    await deployer_runs(net, "alpha", Call(to=net.places[lane].at("quorum-roots"), data=data))


async def _timed(net: Net, alpha: Rpc, messages: int) -> Drained:
    config = keyed(net, "relayer", ACTORS.relayer, roles=["deliver"])
    first = (await alpha.head()).number
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from relayer.cli import app; app()",
        "run",
        "--config",
        str(config),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    relayer = psutil.Process(process.pid)
    chain = psutil.Process(net.chains["alpha"].pid)
    try:
        async with asyncio.timeout(TIMEOUT):
            await _ready(process, messages)
            begun, used, chain_used = time.perf_counter(), _cpu(relayer), _cpu(chain)
            drop = asyncio.create_task(_drop(process))
            await _delivered(net, alpha, first, messages)
            seconds = time.perf_counter() - begun
            relayer_cpu, chain_cpu = _cpu(relayer) - used, _cpu(chain) - chain_used
            memory = _peak(relayer)
    finally:
        process.terminate()
        await process.wait()
    await drop
    return Drained(
        messages=messages,
        seconds=seconds,
        relayer_cpu=relayer_cpu,
        chain_cpu=chain_cpu,
        memory=memory,
        blocks=(await alpha.head()).number - first,
    )


async def _ready(process: asyncio.subprocess.Process, messages: int) -> None:
    """Wait for the relayer's own word that it has read all messages."""
    assert process.stderr is not None
    seen = 0
    async for line in process.stderr:
        if not line.startswith(b"{"):
            sys.stderr.buffer.write(line)  # it ends for a reason that it gives in plain words
            continue
        event = json.loads(line)
        if event["event"] == "chain_read" and event["chain"] == "hub":
            seen += event["taken"]
        if seen >= messages:
            return
    raise SystemExit("the relayer ended before it was ready")


async def _drop(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        if b'"warning"' in line or b'"error"' in line:
            sys.stderr.buffer.write(line)


async def _delivered(net: Net, alpha: Rpc, first: int, messages: int) -> None:
    wanted = LogFilter(addresses=(net.places[net.chain_id("alpha")].at("inbox"),), topics=((Delivered.TOPIC,),))
    done, block = 0, first + 1
    while done < messages:
        head = await alpha.head()
        if head.number >= block:
            logs = await alpha.logs(wanted, first=block, last=head.ref)
            done += sum(int.from_bytes(log.data[32:64], "big") for log in logs)
            block = head.number + 1
        await asyncio.sleep(0.1)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
