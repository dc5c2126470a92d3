"""Messages arrive: alone, in batches, by whoever delivers, whatever breaks or stops on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bridge.contracts import read
from bridge.contracts.clearing import VENUE_CASH, VENUE_SEND
from bridge.contracts.messaging import OUTBOX_COUNT, Delivered
from bridge.devnet.faults import Fault, FaultProxy, Rule
from bridge.rpc import Log, LogFilter, Request
from bridge.sender import Call, Sender
from bridge.types import Account, Address
from relayer import queries
from relayer.config import Endpoints, Settings
from relayer.lanes import LaneId
from relayer.reader import Reader
from relayer.service import Relayer
from relayer.store import Store
from relayer.submitter import Submitter
from relayer.transfer import Stage
from tests.support.relayer_net import (
    ACTORS,
    Net,
    deliver_settings,
    relayer,
    start_net,
    until,
    validators,
)
from tests.support.relayer_world import STAY, fund, mine_many

pytestmark = [pytest.mark.anvil, pytest.mark.asyncio(loop_scope="module")]
TRADER = ACTORS.traders[0]
CASH = 10**18
FEE = 10**15
"""Of every message but the first, the placed deposit that funds the trader."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    folder: Path = tmp_path_factory.mktemp("delivery")
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(start_net(folder, names=("base", "hub", "alpha")))
        await fund(running, "alpha", TRADER, 1_000_000, placed=True)
        await stack.enter_async_context(validators(running, sources=["hub", "alpha"], number=3))
        yield running


class Crash(BaseException):
    """The process ends here."""


async def send(net: Net, number: int) -> int:
    """Send parcels from alpha to the hub, and return how many messages the lane then has."""
    account = Account(owner=TRADER.address).to_bytes()
    place = net.places[net.chain_id("alpha")]
    data = VENUE_SEND.encode(account, CASH, FEE, STAY)
    await mine_many(net, "alpha", TRADER, place.at("venue"), [data] * number)
    async with net.rpc("alpha") as rpc:
        view = OUTBOX_COUNT.at(place.at("outbox"), net.chain_id("hub"))
        count: int = await read(rpc, view, at=(await rpc.head()).ref)
    return count


async def deliveries(net: Net) -> list[Log]:
    """Return the hub's logs of deliveries from alpha, oldest first."""
    inbox = net.places[net.chain_id("hub")].at("inbox")
    async with net.rpc("hub") as rpc:
        wanted = LogFilter(addresses=(inbox,), topics=((Delivered.TOPIC,),))
        return await rpc.logs(wanted, first=0, last=(await rpc.head()).ref)


def indices(logs: list[Log]) -> list[int]:
    found: list[int] = []
    for log in logs:
        first, n = int.from_bytes(log.data[:32], "big"), int.from_bytes(log.data[32:64], "big")
        found += range(first, first + n)
    return found


async def assert_each_once(net: Net, count: int) -> None:
    assert sorted(indices(await deliveries(net))) == list(range(count))


def lane(net: Net) -> LaneId:
    return LaneId(source=net.chain_id("alpha"), destination=net.chain_id("hub"))


def drained(running: Relayer, net: Net, count: int) -> Callable[[], bool]:
    def is_drained() -> bool:
        book = running.book.lanes[lane(net)]
        return not running.book.deciding.locked() and book.tree.count == count and not book.pending

    return is_drained


async def test_delivery__one_message__arrives_alone_and_earns_its_fee(net: Net) -> None:
    count = await send(net, 1)
    async with relayer(deliver_settings(net), net.places, ACTORS.relayer) as running:
        await until(drained(running, net, count))
        async with running.store.read() as connection:
            assert (await queries.earned(connection))[net.chain_id("hub"), 0] == FEE * (count - 1)
    await assert_each_once(net, count)


async def test_delivery__backlog__goes_in_ranges(net: Net) -> None:
    before = len(await deliveries(net))
    count = await send(net, 90)
    settings = deliver_settings(net, items=40)
    async with relayer(settings, net.places, ACTORS.relayer) as running:
        await until(drained(running, net, count))
    await assert_each_once(net, count)
    assert len(await deliveries(net)) - before <= 4


async def test_delivery__two_relayers__deliver_each_message_once(net: Net) -> None:
    async with (
        relayer(deliver_settings(net), net.places, ACTORS.relayer) as one,
        relayer(deliver_settings(net, "rival"), net.places, ACTORS.stranger) as other,
    ):
        count = await send(net, 20)
        await until(drained(one, net, count))
        await until(drained(other, net, count))
        async with one.store.read() as connection:
            mine = sum((await queries.earned(connection)).values())
        async with other.store.read() as connection:
            theirs = sum((await queries.earned(connection)).values())
    assert mine + theirs == FEE * (count - 1)
    await assert_each_once(net, count)


@pytest.mark.parametrize("step", ["decided", "signed", "sent", "read"])
async def test_delivery__killed_at_a_step_and_restarted__loses_and_doubles_nothing(
    net: Net, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = await send(net, 5)
    settings = deliver_settings(net, f"killed-{step}")
    _crash_at(step, monkeypatch)
    store = await Store.open(settings.store)
    running = Relayer(settings=settings, places=net.places, store=store, signer=ACTORS.relayer)
    with pytest.raises(BaseExceptionGroup) as caught:
        await asyncio.wait_for(running.run(), 30)
    assert caught.group_contains(Crash)
    await store.close()
    monkeypatch.undo()
    async with relayer(settings, net.places, ACTORS.relayer) as again:
        await until(drained(again, net, count))
    await assert_each_once(net, count)


def _crash_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process after a delivery was decided, signed, sent, or before its log is taken."""
    if step == "decided":
        monkeypatch.setattr(Submitter, "_sign", _crash)
    elif step == "signed":
        monkeypatch.setattr(Submitter, "broadcast", _crash)
    elif step == "sent":
        broadcast = Submitter.broadcast

        async def then_crash(self: Submitter, signed: Any) -> None:  # noqa: ANN401
            await broadcast(self, signed)
            raise Crash

        monkeypatch.setattr(Submitter, "broadcast", then_crash)
    else:
        original = Reader.step

        async def not_twice(self: Reader, *, now: int) -> bool:
            live = self.book.into(self.chain)
            if any(m.transfer.stage is Stage.SENT for lane in live for m in lane.pending.values()):
                raise Crash
            return await original(self, now=now)

        monkeypatch.setattr(Reader, "step", not_twice)


async def _crash(*_: object, **__: object) -> None:
    raise Crash


async def test_delivery__logs_missing__waits_and_reads_again_until_they_are_there(net: Net) -> None:
    async with FaultProxy(net.chains["alpha"].url) as proxy:
        missing = proxy.add(Rule(fault=Fault.MISSING_LOGS, method="eth_getLogs"))
        count = await send(net, 4)
        settings = _own_rpc(deliver_settings(net, "starved"), "alpha", [proxy.url])
        store = await Store.open(settings.store)
        running = Relayer(settings=settings, places=net.places, store=store, signer=ACTORS.relayer)
        task = asyncio.create_task(running.run())
        try:
            await until(lambda: "read:alpha" in running.health.problems)
            book = running.book.lanes[lane(net)]
            assert missing.hits > 0
            assert (book.tree.count, net.chain_id("alpha") in running.book.cursors) == (0, False)
            proxy.clear()
            await until(drained(running, net, count))
            await until(lambda: "read:alpha" not in running.health.problems)
        finally:
            running.stop()
            await task
            await store.close()
    await assert_each_once(net, count)


async def test_delivery__settlement_logs_missing__are_found_by_the_rescan(net: Net) -> None:
    count = await send(net, 3)
    async with FaultProxy(net.chains["hub"].url) as proxy:
        settings = _own_rpc(deliver_settings(net, "blind"), "hub", [proxy.url])
        async with relayer(settings, net.places, ACTORS.relayer) as running:
            await until(drained(running, net, count))
            proxy.add(Rule(fault=Fault.MISSING_LOGS, method="eth_getLogs"))
            async with relayer(deliver_settings(net, "rival"), net.places, ACTORS.stranger) as rival:
                more = await send(net, 2)
                await until(drained(rival, net, more))
            await until(lambda: running.book.lanes[lane(net)].tree.count == more)
            proxy.clear()
            hub = running.parts.readers[net.chain_id("hub")]
            await hub.rescan(1_000, now=1)
            await until(drained(running, net, more))
    await assert_each_once(net, more)


async def test_delivery__fewer_endpoints_than_the_quorum__stops_and_goes_on(net: Net) -> None:
    async with FaultProxy(net.chains["alpha"].url) as one, FaultProxy(net.chains["alpha"].url) as two:
        settings = _own_rpc(deliver_settings(net, "careful"), "alpha", [one.url, two.url])
        async with relayer(settings, net.places, ACTORS.relayer) as running:
            await until(lambda: "read:alpha" not in running.health.problems)
            two.add(Rule(fault=Fault.HTTP_500))
            count = await send(net, 2)
            await until(lambda: "read:alpha" in running.health.problems)
            assert running.book.lanes[lane(net)].tree.count == count - 2
            two.clear()
            await until(drained(running, net, count))
    await assert_each_once(net, count)


def _own_rpc(settings: Settings, chain: str, urls: list[str]) -> Settings:
    return replace(settings, rpc={chain: Endpoints(urls=tuple(urls), quorum=len(urls))})


async def test_submitter__nonce_taken_by_another_transaction__replans_its_messages(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = deliver_settings(net, "raced")
    async with net.rpc("hub") as rpc:
        await rpc.ask(_control("evm_setAutomine", False))
        async with relayer(settings, net.places, ACTORS.relayer) as running:
            dropped: list[bytes] = []
            original = Submitter.broadcast

            async def lost(self: Submitter, signed: Any) -> None:  # noqa: ANN401
                dropped.extend(one.raw for one in signed)

            monkeypatch.setattr(Submitter, "broadcast", lost)
            count = await send(net, 2)
            await until(lambda: dropped)
            await rpc.ask(_control("evm_setAutomine", True))
            await _burn_nonce(net)
            monkeypatch.setattr(Submitter, "broadcast", original)
            await until(drained(running, net, count), seconds=60)
            async with running.store.read() as connection:
                rows = [*await connection.execute(queries.outgoing.select())]
            assert "lost" in {row.status for row in rows}
    await assert_each_once(net, count)


async def test_submitter__transaction_stuck__is_outbid_until_mined(net: Net) -> None:
    settings = deliver_settings(net, "slow")
    async with net.rpc("hub") as rpc:
        await rpc.ask(_control("evm_setAutomine", False))
        async with relayer(settings, net.places, ACTORS.relayer) as running:
            count = await send(net, 2)

            async def is_outbid() -> bool:
                async with running.store.read() as connection:
                    return len([*await connection.execute(queries.attempt.select())]) >= 2

            await until(is_outbid, seconds=30)
            await rpc.ask(_control("evm_setAutomine", True))
            await rpc.ask(_control("evm_mine"))
            await until(drained(running, net, count))
    await assert_each_once(net, count)


async def _burn_nonce(net: Net) -> None:
    async with net.rpc("hub") as rpc:
        await Sender(rpc, ACTORS.relayer).run(Call(to=Address(ACTORS.relayer.address), data=b""))


def _control(method: str, *params: object) -> Request[object]:
    return Request(method=method, params=params, parse=lambda answer: answer)


async def test_reorganisation__destination__undoes_deliveries_and_makes_them_again(net: Net) -> None:
    settings = deliver_settings(net, "reorged")
    async with net.rpc("hub") as rpc, relayer(settings, net.places, ACTORS.relayer) as running:
        kept = await rpc.ask(_control("evm_snapshot"))
        count = await send(net, 3)
        await until(drained(running, net, count))
        await rpc.ask(_control("evm_revert", kept))
        for _ in range(4):  # a fork counts once it is longer
            await rpc.ask(_control("evm_mine"))
        await until(lambda: not drained(running, net, count)())
        await until(drained(running, net, count))
        async with running.store.read() as connection:
            earned = sum((await queries.earned(connection)).values())
            settled = [*await connection.execute(queries.settlement.select())]
        assert earned == FEE * (sum(row.n for row in settled if row.ours) - 1)
    await assert_each_once(net, count)


async def test_reorganisation__source__takes_messages_back_and_reads_the_new_ones(net: Net) -> None:
    async with net.rpc("alpha") as rpc:
        settings = net.settings("blocked", ["deliver"])  # no attesters: nothing is delivered
        async with relayer(settings, net.places, ACTORS.stranger) as running:
            book = running.book.lanes[lane(net)]
            kept = await rpc.ask(_control("evm_snapshot"))
            count = await send(net, 3)
            await until(lambda: book.tree.count == count)
            await rpc.ask(_control("evm_revert", kept))
            for _ in range(8):
                await rpc.ask(_control("evm_mine"))
            await until(lambda: book.tree.count == count - 3)
            place = net.places[net.chain_id("alpha")]
            view = VENUE_CASH.at(place.at("venue"), Account(owner=TRADER.address).to_bytes())
            assert await read(rpc, view, at=(await rpc.head()).ref) > 0
