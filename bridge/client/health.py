"""Look at a network from outside: whether each chain is there, whole, and connected as it should be."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from bridge.chains import Chain, Network
from bridge.client.connections import ChainClient
from bridge.contracts import finality, messaging, read, read_all
from bridge.deploy.keys import EXPECTED, is_real, public_keys
from bridge.deployments import Deployments
from bridge.errors import CausewayError
from bridge.types import ZERO_ADDRESS, Role

STALE_BLOCKS = 20
STALE_SECONDS = 60.0


class Finding(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at, and what to do about it if it is not good."""

    chain: str
    what: str
    finding: Finding
    detail: str


async def examine(network: Network, deployments: Deployments) -> AsyncIterator[Check]:
    """Yield every check of every chain; a chain that fails one does not hide the others."""
    for chain in network.chains:
        for field in public_keys(chain) if is_real(network) else ():
            yield _wrong(chain, field, f"a public development key; expected {EXPECTED}")
        async for check in _chain(chain, network, deployments):
            yield check


async def _chain(chain: Chain, network: Network, deployments: Deployments) -> AsyncIterator[Check]:
    rpc = chain.connect()
    try:
        await rpc.check_chain()
        head = await rpc.head()
        genesis = await rpc.block(0)
    except CausewayError as error:
        yield Check(chain=chain.name, what="endpoints", finding=Finding.WRONG, detail=str(error))
        return
    else:
        yield _good(chain, "endpoints", f"{chain.rpc_quorum} of {len(chain.rpc)} agree, block {head.number}")
        yield _fresh(chain, head.timestamp)
        if chain.name not in deployments:
            yield _wrong(chain, "deployment", "none recorded; run `causeway deploy`")
            return
        client = ChainClient(chain=chain, deployment=deployments[chain.name], rpc=rpc)
        if genesis.hash != client.deployment.genesis:
            yield _wrong(chain, "deployment", "of another genesis: the chain was started anew; deploy again")
            return
        async for check in _contracts(client):
            yield check
        if chain.role is not Role.BASE:
            async for check in _lanes(client, network):
                yield check
    finally:
        await rpc.aclose()


async def _contracts(client: ChainClient) -> AsyncIterator[Check]:
    head = await client.rpc.head()
    empty = [
        name for name, address in client.deployment.contracts.items() if not await client.rpc.code(address, at=head.ref)
    ]
    if empty:
        yield _wrong(client.chain, "contracts", f"no code at {', '.join(empty)}; run `causeway deploy`")
    else:
        yield _good(client.chain, "contracts", f"{len(client.deployment.contracts)} have code")
    if client.chain.anchor is not None and not empty:
        latest = finality.ANCHOR_LATEST.at(client.chain.anchor)
        number = await read(client.rpc, latest, at=head.ref)
        if number:
            yield _good(client.chain, "anchor", f"holds base block {number}")
        else:
            yield _wrong(client.chain, "anchor", "holds no base block; does its node follow the base chain?")


async def _lanes(client: ChainClient, network: Network) -> AsyncIterator[Check]:
    """Check that every lane that ends here has a route whose oracle is not frozen."""
    head, inbox = await client.rpc.head(), client.contract("inbox")
    sources = network.venues if client.chain.role is Role.HUB else (network.hub,)
    routes = await read_all(client.rpc, [messaging.INBOX_ROUTE.at(inbox, source.id) for source in sources], at=head.ref)
    for source, (_, oracle) in zip(sources, routes, strict=True):
        what = f"lane from {source.name}"
        if oracle == ZERO_ADDRESS:
            yield _wrong(client.chain, what, "has no route: its messages cannot arrive")
            continue
        frozen = finality.ORACLE_FROZEN.at(oracle, source.id, client.chain.id)
        latest = finality.ORACLE_LATEST.at(oracle, source.id, client.chain.id)
        is_frozen, (_, count) = await read_all(client.rpc, [frozen, latest], at=head.ref)
        if is_frozen:
            yield _wrong(client.chain, what, "is frozen: two roots were final; its owner has to reopen it")
        else:
            yield _good(client.chain, what, f"{count} messages final")


def _fresh(chain: Chain, timestamp: int) -> Check:
    """Judge a head's age; chains that mine on demand have no age, and clocks that run ahead none."""
    age = time.time() - timestamp
    limit = max(STALE_BLOCKS * chain.block_time, STALE_SECONDS)
    if chain.block_time and age > limit:
        return Check(
            chain=chain.name,
            what="head",
            finding=Finding.WARNING,
            detail=f"is {age:.0f} s old; the chain or its endpoint has stopped",
        )
    return _good(chain, "head", f"{max(age, 0):.0f} s old")


def _good(chain: Chain, what: str, detail: str) -> Check:
    return Check(chain=chain.name, what=what, finding=Finding.GOOD, detail=detail)


def _wrong(chain: Chain, what: str, detail: str) -> Check:
    return Check(chain=chain.name, what=what, finding=Finding.WRONG, detail=detail)
