"""Bring a plan on chain: deploy what is missing, check what is found, stop at what is another's.

Safe to repeat at any point: a contract that stands under its name with the same init code is left
as it is, and everything is checked at the end against the compiled code, whoever put it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from bridge import artifacts
from bridge.chains import Chain, Network
from bridge.contracts import custody, read_all
from bridge.deploy.addresses import CREATE2_SALT, DEPLOYMENT_PROXY, deployer_code, salt_of
from bridge.deploy.keys import require_own_keys
from bridge.deploy.plan import Piece, Places, plan, tokens
from bridge.deployments import (
    Deployment,
    Deployments,
    Start,
    deployments_path,
    load_deployments,
    load_starts,
    save_deployments,
    save_starts,
    starts_path,
)
from bridge.errors import CausewayError, DeploymentConflict, TransactionFailed
from bridge.keccak import keccak256
from bridge.rpc import Block, Receipt, Rpc
from bridge.rpc.types import to_hex
from bridge.sender import Call, Sender
from bridge.signer import SignedTransaction, Signer
from bridge.types import Address, BlockNumber

GAS_BASE = 4_000_000
GAS_A_BYTE = 280
"""200 to store a byte, 16 of calldata, 2 a word to hash, memory; constructors are within the base:
an Outbox writes 33 slots for each of its lanes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One contract of one chain, found or deployed now; `gas` is zero for one that was found."""

    chain: str
    name: str
    address: Address
    gas: int


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One chain with what is to stand there and the key that puts it there."""

    chain: Chain
    network: Network
    places: Places
    sender: Sender

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The contracts of the chain's plan."""
        return plan(self.chain, self.network, self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is recorded of a chain: whole (`known`), or as an earlier run began it (`start`).

    A record of another genesis counts for nothing. `begin` records a start for a later run.
    """

    known: Deployment | None = None
    start: Start | None = None
    begin: Callable[[Start], None] = lambda _: None


async def deploy(network: Network, signer: Signer, *, report: Report = lambda _: None) -> Deployments:
    """Deploy all chains of a network, record where everything stands, and return the record.

    The record is written as each chain is whole, so that a crash between chains loses nothing.
    Raises DeploymentConflict, ConfigInvalid or a ChainError; repeating the call resumes.
    """
    require_own_keys(network, signer.address)
    path = deployments_path(network.file)
    places = Places.of(signer.address)
    recorded = dict(load_deployments(path))
    begun = starts_path(network.file)
    starts = dict(load_starts(begun))

    async def deploy_one(chain: Chain) -> None:
        async with chain.connect() as rpc:
            await rpc.check_chain()
            site = Site(chain=chain, network=network, places=places, sender=Sender(rpc, signer))

            def begin(start: Start) -> None:
                starts[chain.name] = start
                save_starts(begun, starts)

            origin = Origin(known=recorded.get(chain.name), start=starts.get(chain.name), begin=begin)
            recorded[chain.name] = await deploy_chain(site, origin, report)
        save_deployments(path, recorded)

    await _all([deploy_one(chain) for chain in network.chains])
    begun.unlink(missing_ok=True)
    return recorded


async def _all(jobs: Sequence[Coroutine[object, object, None]]) -> None:
    """Run jobs side by side and raise the first error alone: it is one of ours, with a remedy."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except* CausewayError as errors:
        raise errors.exceptions[0] from None


async def deploy_chain(site: Site, origin: Origin, report: Report = lambda _: None) -> Deployment:
    """Deploy one chain's contracts, or find them standing, and return where they are."""
    rpc, places, pieces = site.sender.rpc, site.places, site.pieces
    genesis, head = await rpc.block(0), await rpc.head()
    await _ensure_deployer(site.sender, places, head)
    missing = await _missing(rpc, places, pieces)
    first = _first_block(origin, Start(genesis=genesis.hash, block=head.number), is_new=len(missing) == len(pieces))
    gas = await _create(site.sender, places, missing)
    await _check_code(rpc, places, pieces)
    for piece in pieces:
        used = gas.get(piece.name, 0)
        place = places[piece.name]
        report(Progress(chain=site.chain.name, name=piece.name, address=place, gas=used))
    return Deployment(
        chain=site.chain.name,
        chain_id=site.chain.id,
        genesis=genesis.hash,
        block=first,
        contracts={"deployer": places.deployer} | _contracts(site.chain, places, pieces),
        tokens=tokens(site.chain, places),
    )


def _first_block(origin: Origin, now: Start, *, is_new: bool) -> BlockNumber:
    """Return the block from which to read; one that is new is recorded before anything is created."""
    for earlier in (origin.known, origin.start):
        if earlier is not None and earlier.genesis == now.genesis:
            return earlier.block
    if not is_new:
        # Contracts that stood before without a record may have spoken in any block since the first.
        return BlockNumber(0)
    origin.begin(now)
    return now.block


def _contracts(chain: Chain, places: Places, pieces: Sequence[Piece]) -> dict[str, Address]:
    found = {p.name: places[p.name] for p in pieces if not p.name.startswith("token:")}
    return found | ({"anchor": chain.anchor} if chain.anchor is not None else {})


async def _ensure_deployer(sender: Sender, places: Places, head: Block) -> None:
    rpc = sender.rpc
    if not await rpc.code(DEPLOYMENT_PROXY, at=head.ref):
        raise DeploymentConflict(
            chain=rpc.name,
            name="deployment proxy",
            found=f"no code at {to_hex(DEPLOYMENT_PROXY)}",
            expected="the common deterministic deployment proxy: send its published transaction",
        )
    compiled = artifacts.load("Deployer")
    code = await rpc.code(places.deployer, at=head.ref)
    if not code:
        data = CREATE2_SALT + deployer_code(places.owner)
        await sender.run(Call(to=DEPLOYMENT_PROXY, data=data))
    elif not compiled.is_deployed_as(code):
        raise _conflict(rpc, "deployer", places.deployer)


async def _missing(rpc: Rpc, places: Places, pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces that do not stand yet; raises DeploymentConflict for another's."""
    head = await rpc.head()
    ask = custody.DEPLOYER_INIT_CODE_HASH.at
    hashes = await read_all(rpc, [ask(places.deployer, salt_of(piece.name)) for piece in pieces], at=head.ref)
    for piece, found in zip(pieces, hashes, strict=True):
        if found not in {bytes(32), keccak256(piece.init_code)}:
            raise DeploymentConflict(
                chain=rpc.name,
                name=piece.name,
                found=f"init code {to_hex(found)}",
                expected=f"{to_hex(keccak256(piece.init_code))}: the configuration or the compiled "
                "contracts changed since; take up the old ones, or deploy with another owner",
            )
    return [piece for piece, found in zip(pieces, hashes, strict=True) if found == bytes(32)]


async def _create(sender: Sender, places: Places, pieces: Sequence[Piece]) -> dict[str, int]:
    """Send all creations at once, in order, and return the gas that each used."""
    sent = []
    for piece in pieces:
        data = custody.DEPLOYER_DEPLOY.encode(salt_of(piece.name), piece.init_code)
        gas = GAS_BASE + GAS_A_BYTE * len(piece.init_code)
        call = Call(to=places.deployer, data=data, gas=gas)
        sent.append((piece.name, call, await sender.submit(call)))
    return {name: (await _created(sender, call, signed)).gas_used for name, call, signed in sent}


async def _created(sender: Sender, call: Call, signed: SignedTransaction) -> Receipt:
    try:
        return await sender.wait(signed)
    except TransactionFailed:
        await sender.estimate(call)  # a constructor that refuses says why here
        raise


async def _check_code(rpc: Rpc, places: Places, pieces: Sequence[Piece]) -> None:
    head = await rpc.head()
    for piece in pieces:
        code = await rpc.code(places[piece.name], at=head.ref)
        if not artifacts.load(piece.artifact).is_deployed_as(code):
            raise _conflict(rpc, piece.name, places[piece.name])


def _conflict(rpc: Rpc, name: str, address: Address) -> DeploymentConflict:
    return DeploymentConflict(
        chain=rpc.name,
        name=name,
        found=f"other code at {to_hex(address)}",
        expected="the compiled contract; do not use this chain's record before you know why",
    )
