"""What the relayer's tests and bench do to a network: funds, many transactions, keys on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bridge.contracts import read_log
from bridge.contracts.custody import DEPOSIT, STAND_IN_MINT, TOKEN_APPROVE
from bridge.contracts.messaging import Sent
from bridge.keystore import SCRYPT_COST_DEVNET, Keystore
from bridge.merkle import Tree
from bridge.messages import Lane, leaf
from bridge.rpc import LogFilter, Request, Rpc
from bridge.rpc.types import parse_bytes, to_hex
from bridge.sender import Call, Sender
from bridge.signer import LocalSigner, Transaction, sign_transaction
from bridge.types import Account, Address
from tests.support.relayer_net import ACTORS, Net

BATCH = 200
SEND_GAS = 250_000
PASSWORD = b"bench"
STAY = (0, 0, bytes(32), 0, 0)


async def fund(net: Net, chain: str, trader: LocalSigner, whole: int, *, placed: bool = False) -> None:
    """Give a trader `whole` units of quote at the hub, or placed at the chain's venue."""
    place = net.places[net.chain_id(chain)]
    token, vault = place.deployment.token("USDC"), place.at("vault")
    units = whole * 10**6
    await deployer_runs(net, chain, Call(to=token, data=STAND_IN_MINT.encode(trader.address, units)))
    then = (3, *STAY[1:]) if placed else STAY
    async with net.rpc(chain) as rpc:
        sender = Sender(rpc, trader)
        await sender.run(Call(to=token, data=TOKEN_APPROVE.encode(vault, units)))
        account = Account(owner=trader.address).to_bytes()
        await sender.run(Call(to=vault, data=DEPOSIT.encode(0, units, account, 0, then)))


async def deployer_runs(net: Net, chain: str, call: Call) -> None:
    """Run one transaction of the deployer."""
    async with net.rpc(chain) as rpc:
        await Sender(rpc, ACTORS.deployer).run(call)


async def mine_many(net: Net, chain: str, signer: LocalSigner, to: Address, calls: Sequence[bytes]) -> None:
    """Send many transactions of one key, in batches, and return when all are mined."""
    async with net.rpc(chain) as rpc:
        nonce, base_fee = await rpc.nonce(signer.address), (await rpc.head()).base_fee
        for start in range(0, len(calls), BATCH):
            batch = calls[start : start + BATCH]
            signed = [
                sign_transaction(
                    signer,
                    Transaction(
                        chain_id=rpc.chain_id,
                        nonce=nonce + start + place,
                        to=to,
                        data=data,
                        gas=SEND_GAS,
                        max_fee=100 * base_fee + 10**9,
                        max_tip=10**9,
                    ),
                )
                for place, data in enumerate(batch)
            ]
            requests = [
                Request(method="eth_sendRawTransaction", params=(to_hex(s.raw),), parse=parse_bytes) for s in signed
            ]
            await rpc.ask_all([_control("evm_setAutomine", False), *requests, _control("evm_mine")])
        await rpc.ask(_control("evm_setAutomine", True))
        while await rpc.nonce(signer.address, tag="latest") < nonce + len(calls):
            await rpc.ask(_control("evm_mine"))


def _control(method: str, *params: object) -> Request[object]:
    """Return a request of the kind that only local chains take."""
    return Request(method=method, params=params, parse=lambda answer: answer)


async def tree_of(net: Net, rpc: Rpc, source: str, destination: str) -> tuple[Tree, int]:
    """Return a lane's tree from its logs, and the block of its last message."""
    place = net.places[net.chain_id(source)]
    lane = Lane(source=place.id, outbox=place.at("outbox"), destination=net.places[net.chain_id(destination)].id)
    head = await rpc.head()
    wanted = LogFilter(addresses=(lane.outbox,), topics=((Sent.TOPIC,),))
    events = [read_log(log) for log in await rpc.logs(wanted, first=0, last=head.ref)]
    own = [event for event in events if event.destination == lane.destination]
    tree = Tree()
    tree.append_many(leaf(lane=lane, index=event.index, item=event.item) for event in own)
    return tree, own[-1].log.block.number if own else 0


def keyed(net: Net, name: str, signer: LocalSigner, *, roles: Sequence[str], extra: str = "", port: int = 0) -> Path:
    """Write a relayer's settings and keystore, and return the settings' path."""
    folder = net.folder
    if not (folder / "keys" / f"{name}.json").exists():
        Keystore(folder / "keys").add(name, signer, PASSWORD, cost=SCRYPT_COST_DEVNET)
    (folder / "password").write_bytes(PASSWORD)
    path = folder / f"{name}.toml"
    path.write_text(
        f'version = 1\nname = "{name}"\nstore = "sqlite:///{name}.db"\n'
        f"roles = {json.dumps(list(roles))}\n"
        f'[key]\nname = "{name}"\npassword_file = "password"\n[http]\nport = {port}\n{extra}'
    )
    return path
