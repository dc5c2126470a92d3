"""Check everything that a relayer needs, and say of each thing what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from bridge.contracts import read
from bridge.contracts.finality import REGISTRY_CHALLENGE_BOND, REGISTRY_TERMS
from bridge.errors import CausewayError
from bridge.keystore import Keystore
from bridge.signer import LocalSigner
from bridge.types import Address, Regime
from relayer.attesters import fetch
from relayer.book import Book
from relayer.config import Role, Settings, load_settings
from relayer.lanes import LaneId
from relayer.lease import Lease
from relayer.network import Place, Places, load_places
from relayer.parts import Builder, Parts
from relayer.prover import read_validators
from relayer.store import Store

Rows = list[dict[str, Any]]
LOW_BALANCE = 10**16
"""A hundredth of a native coin: some dozens of deliveries."""


class Examination:
    """Collects findings; a check that raises is a finding too."""

    def __init__(self) -> None:
        self.rows: Rows = []

    def note(self, check: str, says: str, *, result: str = "good") -> None:
        """Add a finding: good, warning or wrong."""
        self.rows.append({"check": check, "result": result, "says": says})

    async def of(self, check: str, look: Callable[[], Awaitable[str]]) -> bool:
        """Run one check and note what it says."""
        try:
            self.note(check, await look())
        except (CausewayError, httpx.HTTPError, OSError, ValueError) as error:
            self.note(check, str(error), result="wrong")
            return False
        return True


async def examine(config: Path) -> Rows:
    """Return the findings, in the order in which an operator would repair them."""
    found = Examination()
    settings = load_settings(config)
    places = load_places(settings.chains)
    found.note("settings", f"{config} and {settings.chains} are well formed")
    sender = Address(bytes(20))

    async def key() -> str:
        nonlocal sender
        sender = Keystore(settings.key.keystore).find(settings.key.name).address
        return f"{settings.key.name} is 0x{sender.hex()}"

    await found.of("key", key)
    if not await found.of("store", lambda: _store(settings)):
        return found.rows
    store = await Store.open(settings.store, is_owner=False)
    book = Book(store, places.lanes())
    await book.load()
    parts = Builder(
        settings=settings,
        places=places,
        book=book,
        lease=Lease(store, name="doctor", replica="doctor"),
        signer=LocalSigner.create(),
    ).build()
    try:
        for chain in parts.readers:
            await _chain(found, parts, places[chain], sender, sends=chain in parts.submitters)
        if Role.DELIVER in settings.roles:
            await _attesters(found, settings, places, parts)
    finally:
        await parts.close()
        await store.close()
    return found.rows


async def _store(settings: Settings) -> str:
    store = await Store.open(settings.store, is_owner=False)
    await store.close()
    return "opens, and is at this version's schema"


async def _chain(found: Examination, parts: Parts, place: Place, sender: Address, *, sends: bool) -> None:
    name, rpc = place.chain.name, parts.rpcs[place.id]

    async def serves() -> str:
        await rpc.check_chain()
        head = await rpc.head()
        return f"{len(rpc.sources)} endpoints, quorum {rpc.quorum}, head {head.number}"

    async def deployed() -> str:
        genesis = (await rpc.block(0)).hash
        if genesis != place.deployment.genesis:
            raise ValueError("deployments.json is of another chain of this id: deploy again")
        head = await rpc.head()
        for contract, address in place.deployment.contracts.items():
            if not await rpc.code(address, at=head.ref):
                raise ValueError(f"no code at {contract}: deploy again, or correct the record")
        return f"{len(place.deployment.contracts)} contracts stand"

    if not await found.of(f"{name}: endpoints", serves):
        return
    await found.of(f"{name}: contracts", deployed)
    if sends:
        await found.of(f"{name}: balance", lambda: _balance(parts, place, sender))


async def _balance(parts: Parts, place: Place, sender: Address) -> str:
    """Compare the balance with gas and one bond for each rollup of a role; raises ValueError if it is less."""
    rpc = parts.rpcs[place.id]
    at = (await rpc.head()).ref
    balance = await rpc.balance(sender, at=at)
    bonds = 0
    if not place.is_rollup:
        registry = place.at("root-registry")
        bonds += sum([(await read(rpc, REGISTRY_TERMS.at(registry, c), at=at))[1] for c in parts.proposers])
        bonds += sum([await read(rpc, REGISTRY_CHALLENGE_BOND.at(registry, c), at=at) for c in parts.watchmen])
    needed = LOW_BALANCE + bonds
    if balance < needed:
        raise ValueError(f"{balance} wei, less than the {needed} wei for bonds and gas: send more to 0x{sender.hex()}")
    return f"{balance} wei, enough for {bonds} wei of bonds, and gas"


async def _attesters(found: Examination, settings: Settings, places: Places, parts: Parts) -> None:
    for place in places.by_id.values():
        if place.chain.regime is not Regime.QUORUM:
            continue
        name = place.chain.name
        urls, outbox = settings.deliver.attesters.get(name, ()), place.at("outbox")
        lane = next(LaneId(source=x.source, destination=x.destination) for x in places.lanes() if x.source == place.id)

        async def answer(
            name: str = name, urls: tuple[str, ...] = urls, lane: LaneId = lane, outbox: Address = outbox
        ) -> str:
            validators = await read_validators(parts.rpcs[lane.destination], places.oracle(lane), lane.source)
            signers = [(await fetch(parts.http, url, lane, outbox)).signer for url in urls]
            if not validators.is_quorum(signers):
                raise ValueError(
                    f"{len(set(signers))} attesters known, not a quorum of the "
                    f"{len(validators.weights)} validators: name more in deliver.attesters.{name}"
                )
            return f"{len(set(signers))} attesters answer, a quorum"

        await found.of(f"{name}: attesters", answer)
