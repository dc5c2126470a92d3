"""Make the parts of a relayer from its settings: which chains it reads, and who does what on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from bridge.errors import ConfigInvalid
from bridge.rpc import Limits, Rpc
from bridge.signer import Signer
from bridge.types import Account, AssetId, ChainId
from relayer.attest import Attester
from relayer.book import Book
from relayer.config import Role, Settings
from relayer.court import Watchman
from relayer.deliver import Deliverer, DeliveryTerms
from relayer.intents import IntentDesk, IntentTerms
from relayer.lanes import LaneBook, LaneId
from relayer.lease import Lease
from relayer.network import Places
from relayer.propose import Proposer
from relayer.prover import AnchoredProver, Prover, QuorumProver
from relayer.reader import Reader
from relayer.submitter import Submitter
from relayer.watcher import Watcher

ATTESTER_SECONDS = 3.0
LIMITS = Limits(attempts=2)
"""A loop that fails goes on by itself: long retries inside one step would only hide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a relayer's loops turn."""

    rpcs: Mapping[ChainId, Rpc]
    readers: Mapping[ChainId, Reader]
    submitters: Mapping[ChainId, Submitter]
    attesters: Mapping[ChainId, Attester]
    deliverers: Mapping[ChainId, Deliverer]
    proposers: Mapping[ChainId, Proposer]
    watchmen: Mapping[ChainId, Watchman]
    desk: IntentDesk | None
    http: httpx.AsyncClient

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()
        for rpc in self.rpcs.values():
            await rpc.aclose()


class Builder:
    """Makes the parts; each method makes one kind."""

    def __init__(self, *, settings: Settings, places: Places, book: Book, lease: Lease, signer: Signer) -> None:
        self.settings = settings
        self.places = places
        self.book = book
        self.lease = lease
        self.signer = signer
        self.payee = Account(owner=signer.address, label=settings.deliver.label)
        self.http = httpx.AsyncClient(timeout=ATTESTER_SECONDS)
        self.rpcs = {chain: self._connect(chain) for chain in places.by_id}
        self.prices = {places.network.asset(symbol).id: price for symbol, price in settings.deliver.prices.items()}

    def build(self) -> Parts:
        """Return all parts; raises ConfigInvalid for a chain that does not exist or fit."""
        submitters = {chain: self._submitter(chain) for chain in self._sent_to()}
        deliverers = {}
        if self._has(Role.DELIVER):
            rollups = [place.id for place in self.places.by_id.values() if place.is_rollup]
            deliverers = {chain: self._deliverer(chain, submitters[chain]) for chain in rollups}
        base = submitters.get(self.places.base.id)
        return Parts(
            rpcs=self.rpcs,
            readers={chain: self._reader(chain) for chain in self._read()},
            submitters=submitters,
            attesters={chain: self._attester(chain) for chain in self._named(Role.ATTEST)},
            deliverers=deliverers,
            proposers={} if base is None else {c: self._proposer(c, base) for c in self._named(Role.PROPOSE)},
            watchmen={} if base is None else {c: self._watchman(c, base) for c in self._named(Role.WATCH)},
            desk=self._desk(submitters),
            http=self.http,
        )

    def _has(self, role: Role) -> bool:
        return role in self.settings.roles

    def _named(self, role: Role) -> list[ChainId]:
        """Return the chains that the settings name for a role that the process plays."""
        if not self._has(role):
            return []
        tables = {
            Role.ATTEST: self.settings.attest.chains,
            Role.PROPOSE: self.settings.propose.chains,
            Role.WATCH: self.settings.watch.chains,
        }
        if not tables[role]:
            raise ConfigInvalid(
                file=str(self.settings.file),
                field=f"{role}.chains",
                found="empty",
                expected=f"the chains that this process is to {role}",
            )
        return [self.places.network.chain(name).id for name in tables[role]]

    def _read(self) -> list[ChainId]:
        """Return the chains whose logs the roles need."""
        wanted = {*self._named(Role.ATTEST), *self._named(Role.PROPOSE), *self._named(Role.WATCH)}
        if self._has(Role.DELIVER):
            wanted |= {place.id for place in self.places.by_id.values() if place.is_rollup}
        if self._has(Role.PROPOSE) or self._has(Role.WATCH):
            wanted.add(self.places.base.id)
        return [chain for chain in self.places.by_id if chain in wanted]

    def _sent_to(self) -> list[ChainId]:
        """Return the chains on which the roles send transactions."""
        wanted = set()
        if self._has(Role.DELIVER):
            wanted |= {place.id for place in self.places.by_id.values() if place.is_rollup}
        if self._has(Role.PROPOSE) or self._has(Role.WATCH):
            wanted.add(self.places.base.id)
        return [chain for chain in self.places.by_id if chain in wanted]

    def _connect(self, chain: ChainId) -> Rpc:
        """Return a client of a chain: of our own endpoints where the settings name some."""
        place = self.places[chain].chain
        own = self.settings.rpc.get(place.name)
        if own is None:
            return place.connect(LIMITS)
        return Rpc(chain_id=chain, urls=own.urls, quorum=own.quorum, name=place.name, limits=LIMITS)

    def _reader(self, chain: ChainId) -> Reader:
        watcher = Watcher(places=self.places, chain=chain, rpc=self.rpcs[chain], payee=self.payee)
        return Reader(watcher=watcher, book=self.book)

    def _submitter(self, chain: ChainId) -> Submitter:
        return Submitter(
            chain=chain,
            rpc=self.rpcs[chain],
            signer=self.signer,
            book=self.book,
            fees=self.settings.fees,
            lease=self.lease,
        )

    def _attester(self, chain: ChainId) -> Attester:
        return Attester(places=self.places, source=chain, rpcs=self.rpcs, book=self.book, signer=self.signer)

    def _deliverer(self, chain: ChainId, submitter: Submitter) -> Deliverer:
        given = self.settings.deliver
        return Deliverer(
            place=self.places[chain],
            rpc=self.rpcs[chain],
            book=self.book,
            submitter=submitter,
            provers={lane.id: self._prover(lane) for lane in self.book.into(chain)},
            terms=DeliveryTerms(
                payee=self.payee,
                bounds=given.bounds,
                in_flight=given.in_flight,
                simulate=given.simulate,
                prices=self.prices,
                coverage_bps=given.coverage_bps,
                serve_unpriced=given.serve_unpriced,
                patience=given.patience,
            ),
        )

    def _prover(self, lane: LaneBook) -> Prover:
        source, destination = lane.id.source, lane.id.destination
        if self.places.is_quorum(source):
            name = self.places[source].chain.name
            return QuorumProver(
                places=self.places,
                lane=lane,
                rpc=self.rpcs[destination],
                attesters=self.settings.deliver.attesters.get(name, ()),
                http=self.http,
            )
        return AnchoredProver(
            places=self.places,
            lane=lane,
            source=self.rpcs[source],
            base=self.rpcs[self.places.base.id],
            destination=self.rpcs[destination],
        )

    def _proposer(self, chain: ChainId, submitter: Submitter) -> Proposer:
        return Proposer(
            places=self.places,
            chain=chain,
            rpcs=self.rpcs,
            book=self.book,
            submitter=submitter,
            every=self.settings.propose.every,
        )

    def _watchman(self, chain: ChainId, submitter: Submitter) -> Watchman:
        return Watchman(
            places=self.places,
            chain=chain,
            rpcs=self.rpcs,
            book=self.book,
            submitter=submitter,
            votes=self.settings.watch.vote,
            margin=self.settings.watch.margin,
        )

    def _desk(self, submitters: Mapping[ChainId, Submitter]) -> IntentDesk | None:
        given = self.settings.intents
        if not given.enabled or not self._has(Role.DELIVER):
            return None
        return IntentDesk(
            places=self.places,
            submitters={c: s for c, s in submitters.items() if self.places[c].is_rollup},
            terms=IntentTerms(
                payee=self.payee,
                coverage_bps=given.coverage_bps,
                serve_unpriced=given.serve_unpriced,
                queue=given.queue,
                per_minute=given.per_minute,
                prices=self.prices,
            ),
        )


__all__ = ["AssetId", "Builder", "LaneId", "Parts"]
