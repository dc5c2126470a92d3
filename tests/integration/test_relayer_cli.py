"""The operators' verbs as processes: run, killed and run again, plan, explain, doctor, repair, init."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bridge.contracts import read
from bridge.contracts.clearing import VENUE_SEND
from bridge.contracts.messaging import IS_DELIVERED
from bridge.devnet.process import free_port
from bridge.types import Account
from tests.support.relayer_net import ACTORS, Net, start_net, until
from tests.support.relayer_world import STAY, fund, keyed, mine_many

pytestmark = [pytest.mark.anvil, pytest.mark.asyncio(loop_scope="module")]
TRADER = ACTORS.traders[0]
PROGRAM = "from relayer.cli import app; app()"
SECONDS = 240.0  # every verb is a process of its own, and machines are shared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    folder: Path = tmp_path_factory.mktemp("cli")
    async with start_net(folder, names=("base", "hub", "alpha")) as running:
        await fund(running, "alpha", TRADER, 1_000, placed=True)
        ports = [free_port() for _ in range(3)]
        running.attesters = [f"http://127.0.0.1:{port}" for port in ports]
        for number, port in enumerate(ports):
            key = ACTORS.validators[number]
            extra = '[attest]\nchains = ["alpha", "hub"]\n'
            keyed(running, f"validator-{number}", key, roles=["attest"], extra=extra, port=port)
        urls = json.dumps(running.attesters)
        attesters = f"[deliver.attesters]\nalpha = {urls}\nhub = {urls}\n"
        keyed(running, "relayer", ACTORS.relayer, roles=["deliver"], extra=attesters)
        yield running


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        found = json.loads(self.out)
        assert isinstance(found, list)
        return found


async def command(*arguments: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return Ended(process.returncode or 0, out.decode(), err.decode())


def config(net: Net, name: str = "relayer") -> list[str]:
    return ["--config", str(net.folder / f"{name}.toml")]


@asynccontextmanager
async def running(net: Net, *names: str) -> AsyncIterator[Sequence[asyncio.subprocess.Process]]:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM,
            "run",
            *config(net, name),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for name in names
    ]
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        codes = await asyncio.gather(*(process.wait() for process in processes))
        assert set(codes) <= {0, -9}


async def send(net: Net, number: int) -> None:
    account = Account(owner=TRADER.address).to_bytes()
    data = VENUE_SEND.encode(account, 10**18, 10**15, STAY)
    venue = net.places[net.chain_id("alpha")].at("venue")
    await mine_many(net, "alpha", TRADER, venue, [data] * number)


async def is_delivered(net: Net, index: int) -> bool:
    async with net.rpc("hub") as rpc:
        inbox = net.places[net.chain_id("hub")].at("inbox")
        view = IS_DELIVERED.at(inbox, net.chain_id("alpha"), index)
        return bool(await read(rpc, view, at=(await rpc.head()).ref))


VALIDATORS = ("validator-0", "validator-1", "validator-2")


async def test_run__killed_and_started_again__delivers_everything(net: Net) -> None:
    async with running(net, *VALIDATORS), running(net, "relayer") as [relayer]:
        await until(lambda: is_delivered(net, 0), seconds=SECONDS)
        await send(net, 3)
        relayer.kill()
        await relayer.wait()
        await send(net, 3)
        async with running(net, "relayer"):
            await until(lambda: is_delivered(net, 6), seconds=SECONDS)
            doctor = await command("doctor", *config(net), "--json")
            second = await command("run", *config(net))
    assert (doctor.code, {row["result"] for row in doctor.rows}) == (0, {"good"}), doctor.out
    assert second.code == 2
    assert "in use" in second.err


async def test_explain__message__tells_its_story(net: Net) -> None:
    found = await command("explain", "alpha:hub:0", *config(net), "--json")
    facts = {row["fact"]: row["is"] for row in found.rows}
    assert facts["stage"] == "delivered"
    assert "transaction mined" in facts
    assert facts["waits for"] == "nothing: it is credited"
    leaf = await command("explain", facts["leaf"], *config(net), "--json")
    assert leaf.rows == found.rows


@pytest.mark.parametrize("message", ["alpha:nowhere:0", "alpha:hub", "0xnothing"])
async def test_explain__no_message__is_refused_with_what_is_expected(net: Net, message: str) -> None:
    assert (await command("explain", message, *config(net))).code == 2


async def test_plan__messages_without_attesters__say_what_they_wait_for(net: Net) -> None:
    async with running(net, "relayer"):
        await send(net, 2)

        async def waits() -> bool:
            rows = (await command("plan", *config(net), "--json")).rows
            return any("no quorum" in row["note"] for row in rows)

        await until(waits, seconds=SECONDS)


async def test_plan__root_at_hand__shows_the_delivery(net: Net) -> None:
    async with running(net, *VALIDATORS):

        async def shows() -> bool:
            rows = (await command("plan", *config(net), "--json")).rows
            return [row["does"] for row in rows] == ["range"] and rows[0]["root"] == "brings it"

        await until(shows, seconds=SECONDS)


async def test_repair__rows_taken_back__are_read_again(net: Net) -> None:
    back = await command("repair", "--chain", "alpha", "--from-block", "0", *config(net))
    assert back.code == 0, back.err
    assert (await command("explain", "alpha:hub:0", *config(net), "--json")).rows == []
    async with running(net, *VALIDATORS, "relayer"):
        await until(lambda: is_delivered(net, 8), seconds=SECONDS)

        async def is_known() -> bool:
            rows = (await command("explain", "alpha:hub:0", *config(net), "--json")).rows
            return {"message": "alpha:hub:0", "fact": "stage", "is": "delivered"} in rows

        await until(is_known, seconds=SECONDS)


async def test_doctor__attesters_away__says_what_is_wrong(net: Net) -> None:
    found = await command("doctor", *config(net), "--json")
    assert found.code == 1
    assert [row["check"] for row in found.rows if row["result"] == "wrong"] == [
        "hub: attesters",
        "alpha: attesters",
    ]


async def test_init__twice__never_replaces_settings(tmp_path: Path) -> None:
    file = tmp_path / "relayer.toml"
    assert (await command("init", "--config", str(file))).code == 0
    written = file.read_text()
    assert (await command("init", "--config", str(file))).code == 2
    assert file.read_text() == written


async def test_run__settings_missing__names_the_file(tmp_path: Path) -> None:
    ended = await command("run", "--config", str(tmp_path / "none.toml"))
    assert ended.code == 2
    assert "none.toml" in ended.err
