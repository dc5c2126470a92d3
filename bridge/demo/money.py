"""The steps in which money moves: deposits, margin, a forward, a withdrawal, a crash in between."""

from __future__ import annotations

import asyncio
import signal

from bridge.amounts import parse_wad, show_wad, units_of, wad_of
from bridge.client import Stage, Status
from bridge.contracts import custody, read
from bridge.demo.network import HUB, OTHER_SYMBOL, QUOTE_SYMBOL
from bridge.demo.relayers import start_one, wait_ready
from bridge.demo.scene import (
    FEE,
    FEES,
    Scene,
    Told,
    cash_at,
    finish,
    require_equal,
    transactions,
)
from bridge.errors import CheckFailed
from bridge.messages import PLACED
from bridge.sender import Call, Sender
from bridge.types import QUOTE, Address, Hash32, Wad

ADA_PLACED = parse_wad("1_000")
ADA_COLLATERAL = parse_wad("2")
BEN_DEPOSIT = parse_wad("3_000")
BEN_ON_GAMMA = parse_wad("2_000")
MARGIN = parse_wad("400")
FORWARDED = parse_wad("500")
WITHDRAWN = parse_wad("250")
INTERRUPTED = parse_wad("100")
MINTED = {QUOTE_SYMBOL: parse_wad("10_000"), OTHER_SYMBOL: parse_wad("10")}


async def mint(scene: Scene) -> Told:
    """Give both traders stand-in tokens on every rollup."""
    used: set[tuple[str, Hash32]] = set()
    for client in scene.connections.rollups:
        sender = Sender(client.rpc, scene.actors.deployer)
        sent = []
        for symbol, amount in MINTED.items():
            units = units_of(amount, client.chain.asset(symbol).decimals)
            for trader in scene.actors.traders:
                data = custody.STAND_IN_MINT.encode(trader.address, units)
                token = client.deployment.token(symbol)
                sent.append(await sender.submit(Call(to=token, data=data)))
        for signed in sent:
            used.add((client.name, (await sender.wait(signed)).tx_hash))
    facts = {symbol: f"{show_wad(amount)} each, on each rollup" for symbol, amount in MINTED.items()}
    return Told(facts=facts, transactions=frozenset(used))


async def deposits(scene: Scene) -> Told:
    """Ada deposits on alpha, cash at its venue at once; both bring collateral to the hub."""
    placed = await scene.ada.deposit("alpha", QUOTE_SYMBOL, ADA_PLACED, fee=FEE, then=PLACED)
    collateral = await scene.ada.deposit("alpha", OTHER_SYMBOL, ADA_COLLATERAL)
    ben = await scene.ben.deposit("beta", QUOTE_SYMBOL, BEN_DEPOSIT, fee=FEE)
    # Final after gamma's window only; the withdrawal there waits for it, nobody else does.
    scene.transfers["slow"] = await scene.ben.deposit("gamma", QUOTE_SYMBOL, BEN_ON_GAMMA, fee=FEE)
    steps = await finish(placed, collateral, ben)
    ada, bens = await scene.ada.account(), await scene.ben.account()
    require_equal("Ada's cash at alpha", cash_at(ada, "alpha"), ADA_PLACED - FEE)
    at_hub = next(place for place in ada.places if place.chain == HUB)
    require_equal("Ada's collateral", at_hub.collateral[OTHER_SYMBOL], ADA_COLLATERAL)
    if cash_at(bens, HUB) < BEN_DEPOSIT - FEE:  # scarcity may have rewarded it
        raise CheckFailed(
            what="Ben's cash at the hub",
            found=show_wad(cash_at(bens, HUB)),
            expected=f"at least {show_wad(BEN_DEPOSIT - FEE)}",
        )
    scene.transfers["first"] = ben
    facts = {
        "Ada": f"{show_wad(ADA_PLACED)} {QUOTE_SYMBOL} on alpha, cash at its venue in the same block",
        "Ada too": f"{show_wad(ADA_COLLATERAL)} {OTHER_SYMBOL} on alpha, collateral at the hub",
        "Ben": f"{show_wad(BEN_DEPOSIT)} {QUOTE_SYMBOL} on beta, cash at the hub",
        "Ben too": f"{show_wad(BEN_ON_GAMMA)} {QUOTE_SYMBOL} on gamma, under way until its window is over",
    }
    return Told(facts=facts, transactions=transactions(steps))


async def margin(scene: Scene) -> Told:
    """Ada moves margin from venue alpha to venue beta: a parcel of cash, and no token moves."""
    before = await _vault_units(scene)
    moved = await scene.ada.move_margin("alpha", "beta", MARGIN, fees=FEES)
    steps = await finish(moved)
    if await _vault_units(scene) != before:
        raise CheckFailed(what="vaults", found="other balances", expected="the same: no token moves")
    view = await scene.ada.account()
    require_equal("Ada's cash at beta", cash_at(view, "beta"), MARGIN - 2 * FEE)
    facts = {"alpha → hub → beta": f"{show_wad(MARGIN)} of margin", "tokens moved": "none"}
    return Told(facts=facts, transactions=transactions(steps))


async def forward(scene: Scene) -> Told:
    """Ben deposits on beta in one transaction that ends as cash at gamma."""
    sent = await scene.ben.transfer("beta", "gamma", QUOTE_SYMBOL, FORWARDED, as_cash=True, fees=FEES)
    steps = await finish(sent)
    view = await scene.ben.account()
    require_equal("Ben's cash at gamma", cash_at(view, "gamma"), FORWARDED - 2 * FEE)
    facts = {"one transaction": f"{show_wad(FORWARDED)} {QUOTE_SYMBOL} on beta → cash at gamma"}
    return Told(facts=facts, transactions=transactions(steps))


async def withdrawal(scene: Scene) -> Told:
    """Ada withdraws on gamma what came in on alpha and is margin at beta: a third chain."""
    slow = await finish(scene.transfers["slow"])  # a release needs what came in there
    owner = scene.actors.traders[0].address
    quote = await scene.ada.quote_withdraw("gamma", QUOTE_SYMBOL, Wad(WITHDRAWN - FEE), fee=FEE)
    before = await _units(scene, "gamma", owner)
    sent = await scene.ada.withdraw("gamma", QUOTE_SYMBOL, WITHDRAWN, source="beta", fees=FEES)
    steps = await finish(sent)
    if steps[-1].stage is not Stage.PAID:
        raise CheckFailed(what="the withdrawal", found=steps[-1].detail, expected="tokens paid out")
    decimals = scene.connections["gamma"].decimals(QUOTE)
    gained = wad_of(await _units(scene, "gamma", owner) - before, decimals)
    require_equal("what Ada was paid", gained, quote.payout)
    facts = {
        "beta → hub → gamma": f"{show_wad(WITHDRAWN)} of margin became {show_wad(gained)} {QUOTE_SYMBOL}",
        "as quoted": f"fees {show_wad(2 * FEE)}, scarcity charge {show_wad(quote.charge)}",
    }
    return Told(facts=facts, transactions=transactions([*slow, *steps]))


async def crash(scene: Scene) -> Told:
    """The relayer is killed while margin of Ben is under way from gamma, and started again."""
    moved = await scene.ben.move_margin("gamma", "alpha", INTERRUPTED, fees=FEES)
    await _until(scene, moved_id=moved.id)
    name = scene.daemons.relayer
    await scene.processes.programs[name].stop(signal.SIGKILL)
    await asyncio.sleep(1.0)
    restarted = await start_one(scene.processes, name)
    await wait_ready(restarted, scene.daemons.ports[name])
    found = scene.ben.resume(moved.id)  # from the id alone, as after a restart of one's own
    steps = await finish(found)
    view = await scene.ben.account()
    require_equal("Ben's cash at alpha", cash_at(view, "alpha"), INTERRUPTED - 2 * FEE)
    facts = {
        "gamma → hub → alpha": f"{show_wad(INTERRUPTED)} of margin, final after its window",
        "relayer": "killed on the way, restarted, nothing lost and nothing doubled",
    }
    return Told(facts=facts, transactions=transactions(steps))


async def _until(scene: Scene, *, moved_id: str) -> Status:
    """Return the first step of a transfer, once its message is in its lane."""
    async for status in scene.ben.resume(moved_id):
        if status.stage is Stage.SENT:
            return status
    raise CheckFailed(what="the move", found="without a message", expected="one in its lane")


async def _vault_units(scene: Scene) -> list[int]:
    return [await _units(scene, client.name, client.contract("vault")) for client in scene.connections.rollups]


async def _units(scene: Scene, chain: str, owner: Address) -> int:
    client = scene.connections[chain]
    token = client.deployment.token(QUOTE_SYMBOL)
    head = await client.rpc.head()
    units: int = await read(client.rpc, custody.TOKEN_BALANCE.at(token, owner), at=head.ref)
    return units
