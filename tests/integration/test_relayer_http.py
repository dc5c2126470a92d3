"""What a relayer serves over HTTP: health, figures, attestations and intents, all of it bounded."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bridge.contracts import read
from bridge.contracts.clearing import VENUE_CASH, VENUE_SEND, VENUE_SEND_BY_SIG
from bridge.rpc import Rpc
from bridge.signer import Domain, LocalSigner, typed_digest
from bridge.types import Account
from relayer.attest import Attester
from relayer.errors import DoubleStatement
from relayer.lanes import LaneId
from relayer.network import Places
from relayer.queries import add_rows
from relayer.rows import StatementRow
from relayer.service import Relayer
from relayer.statements import from_json
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
CASH, FEE, TIP = 10**18, 10**15, 10**16
SEND = (
    "Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,"
    "uint128 nextFee,uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip)"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as held:
        yield held


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory, stack: AsyncExitStack) -> Net:
    folder: Path = tmp_path_factory.mktemp("http")
    running = await stack.enter_async_context(start_net(folder, names=("base", "hub", "alpha")))
    await fund(running, "alpha", TRADER, 1_000, placed=True)
    return running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attesters(net: Net, stack: AsyncExitStack) -> list[Relayer]:
    return await stack.enter_async_context(validators(net, sources=["alpha"], number=3))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deliverer(net: Net, attesters: list[Relayer], stack: AsyncExitStack) -> Relayer:
    settings = deliver_settings(net, prices={"USDC": 10**18})
    return await stack.enter_async_context(relayer(settings, net.places, ACTORS.relayer))


def client(of: Relayer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{of.web.port}")


def lane(net: Net) -> LaneId:
    return LaneId(source=net.chain_id("alpha"), destination=net.chain_id("hub"))


def path(net: Net) -> str:
    return f"/attestations/{net.chain_id('alpha')}/{net.chain_id('hub')}"


async def send(net: Net, number: int = 1) -> None:
    account = Account(owner=TRADER.address).to_bytes()
    data = VENUE_SEND.encode(account, CASH, FEE, STAY)
    venue = net.places[net.chain_id("alpha")].at("venue")
    await mine_many(net, "alpha", TRADER, venue, [data] * number)


async def test_health__running__is_alive_ready_and_measured(deliverer: Relayer) -> None:
    async with client(deliverer) as http:
        assert (await http.get("/health")).json() == {"status": "alive"}
        assert (await http.get("/ready")).json()["ready"]
        assert "causeway_chain_height" in (await http.get("/metrics")).text


async def test_ready__oldest_message_too_old__says_why(deliverer: Relayer) -> None:
    allowed, deliverer.health.oldest_age = deliverer.health.oldest_age, 10**6
    async with client(deliverer) as http:
        answer = await http.get("/ready")
    deliverer.health.oldest_age = allowed
    assert answer.status_code == 503
    assert "undelivered" in answer.json()["reasons"][0]


async def test_attestations__lane__are_signed_by_the_validator(net: Net, attesters: list[Relayer]) -> None:
    await send(net)
    async with client(attesters[0]) as http:

        async def has_statement() -> bool:
            return bool((await http.get(path(net))).json()["statements"])

        await until(has_statement)
        answer = (await http.get(path(net))).json()
    outbox = net.places[net.chain_id("alpha")].at("outbox")
    for one in answer["statements"]:
        vote = from_json(one, source=lane(net).source, lane=lane(net).destination, outbox=outbox)
        assert vote.signer == ACTORS.validators[0].address
        assert vote.statement.count <= answer["finalized"]


@pytest.mark.parametrize(
    ("suffix", "status"), [("?count=0", 422), ("?count=4294967296", 422), ("?count=x", 422), ("?count=99999", 200)]
)
async def test_attestations__count_out_of_range__is_refused_or_not_signed(
    net: Net, attesters: list[Relayer], suffix: str, status: int
) -> None:
    async with client(attesters[0]) as http:
        answer = await http.get(path(net) + suffix)
    assert answer.status_code == status
    if status == 200:
        assert all(one["count"] != 99_999 for one in answer.json()["statements"])


async def test_attestations__foreign_chain_or_lane__are_not_found(net: Net, attesters: list[Relayer]) -> None:
    async with client(attesters[0]) as http:
        assert (await http.get("/attestations/1/2")).status_code == 404
        foreign = f"/attestations/{net.chain_id('alpha')}/{net.chain_id('base')}"
        assert (await http.get(foreign)).status_code == 404


async def test_attester__block_above_its_finality__is_not_signed(net: Net, attesters: list[Relayer]) -> None:
    running = attesters[1]
    place = net.places[net.chain_id("alpha")]
    deep = replace(place, chain=replace(place.chain, depth=3))
    places = Places(network=net.places.network, by_id={**net.places.by_id, place.id: deep})
    attester = Attester(
        places=places, source=place.id, rpcs=dict(running.parts.rpcs), book=running.book, signer=LocalSigner.create()
    )
    await send(net)
    count = running.book.lanes[lane(net)].tree.count
    await until(lambda: running.book.lanes[lane(net)].tree.count >= count)
    held = await attester.published(lane(net), running.book.lanes[lane(net)].tree.count, now=1)
    assert held is not None
    assert held.finalized < running.book.lanes[lane(net)].tree.count
    assert held.votes == []


async def test_attester__root_that_contradicts_what_it_signed__is_never_signed(
    net: Net, attesters: list[Relayer]
) -> None:
    running, key = attesters[2], ACTORS.validators[2]
    count = running.book.lanes[lane(net)].tree.count
    other = {
        "signer": key.address,
        "source": lane(net).source,
        "lane": lane(net).destination,
        "leaf_count": count + 1,
        "epoch": 0,
        "root": b"\x66" * 32,
        "height": 1,
        "signature": bytes(65),
        "signed_at": 1,
    }
    async with running.store.begin() as connection:
        await add_rows(connection, StatementRow, [other])
    await send(net)
    await until(lambda: running.book.lanes[lane(net)].tree.count > count)
    attester = running.parts.attesters[lane(net).source]
    with pytest.raises(DoubleStatement):
        await attester._attest(running.book.lanes[lane(net)], count + 1, 1)
    async with client(running) as http:
        assert (await http.get(path(net), params={"count": count + 1})).status_code == 409


async def intent(net: Net, payee: Account, *, tip: int = TIP, signer: LocalSigner = TRADER) -> dict[str, Any]:
    """Return a signed intent to send cash from alpha to the hub, as a client posts it."""
    account = Account(owner=TRADER.address).to_bytes()
    place = net.places[net.chain_id("alpha")]
    nonce, deadline = secrets.randbits(128), int(time.time()) + 600
    domain = Domain(name="Causeway", chain_id=place.id, contract=place.at("venue"))
    digest = typed_digest(domain, SEND, (account, CASH, FEE, *STAY, nonce, deadline, tip))
    signed = (nonce, deadline, tip, signer.sign(digest))
    data = VENUE_SEND_BY_SIG.encode(account, CASH, FEE, STAY, signed, payee.to_bytes())
    return {"chain": place.id, "contract": "venue", "calldata": "0x" + data.hex()}


async def cash_of(net: Net, rpc: Rpc, account: Account) -> int:
    venue = net.places[net.chain_id("alpha")].at("venue")
    found: int = await read(rpc, VENUE_CASH.at(venue, account.to_bytes()), at=(await rpc.head()).ref)
    return found


async def test_intent__signed_and_paid__is_submitted_once_for_its_tip(net: Net, deliverer: Relayer) -> None:
    payee = Account(owner=ACTORS.relayer.address)
    async with client(deliverer) as http, net.rpc("alpha") as rpc:
        assert (await http.get("/intents/terms")).json()["payee"] == "0x" + payee.to_bytes().hex()
        before = await cash_of(net, rpc, payee)
        posted = await intent(net, payee)
        first = await http.post("/intents", json=posted)
        assert first.status_code == 202, first.text
        again = await http.post("/intents", json=posted)
        assert again.json()["intent"] == first.json()["intent"]
        key = first.json()["intent"]

        async def is_mined() -> bool:
            return bool((await http.get(f"/intents/{key}")).json()["status"] == "mined")

        await until(is_mined)
        assert await cash_of(net, rpc, payee) == before + TIP


async def test_intent__that_cannot_be_meant__is_refused_with_its_reason(net: Net, deliverer: Relayer) -> None:
    payee = Account(owner=ACTORS.relayer.address)
    good = await intent(net, payee)
    forged = await intent(net, payee, signer=ACTORS.stranger)
    foreign = await intent(net, Account(owner=ACTORS.stranger.address))
    poor = await intent(net, payee, tip=1)
    plain = {**good, "calldata": "0x" + VENUE_SEND.encode(bytes(32), 1, 1, STAY).hex()}
    cases: list[tuple[Any, int]] = [
        (forged, 422),
        (foreign, 422),
        (poor, 402),
        (plain, 422),
        ({**good, "chain": 1}, 422),
        ({**good, "contract": "outbox"}, 422),
        ({**good, "calldata": good["calldata"][:-2]}, 422),
        ({**good, "calldata": 5}, 422),
        ([], 422),
    ]
    async with client(deliverer) as http:
        for body, status in cases:
            answer = await http.post("/intents", json=body)
            assert answer.status_code == status, (body, answer.text)
        assert (await http.post("/intents", content=b"{")).status_code == 400
        assert (await http.post("/intents", content=b"x" * 20_000)).status_code == 413
        assert (await http.get("/intents/none")).status_code == 404


async def test_intents__more_than_a_minute_takes__are_put_off(net: Net, deliverer: Relayer) -> None:
    async with client(deliverer) as http:
        answers = [(await http.post("/intents", json={})).status_code for _ in range(130)]
    assert answers[0] == 422
    assert answers[-1] == 429
