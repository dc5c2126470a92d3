"""What the relayer knows of a network: each chain with its contracts, and the lanes between them.

Messages run between the hub and every other rollup, so those are the lanes. A lane's root becomes
final by the regime of its source, which says which oracle of the destination holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.chains import Chain, Network, load_network
from bridge.deployments import FILE_NAME, Deployment, load_deployments
from bridge.errors import ConfigInvalid
from bridge.messages import Lane
from bridge.types import Address, ChainId, Regime, Role
from relayer.lanes import LaneId


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chain and where its contracts stand."""

    chain: Chain
    deployment: Deployment

    @property
    def id(self) -> ChainId:
        """The chain's id."""
        return self.chain.id

    def has(self, name: str) -> bool:
        """Tell whether the chain has a contract of that name."""
        return name in self.deployment.contracts

    def at(self, name: str) -> Address:
        """Return a contract's address; raises ConfigInvalid where the chain has none."""
        return self.deployment.contract(name)

    @property
    def is_rollup(self) -> bool:
        """Whether the chain sends and takes messages."""
        return self.chain.role is not Role.BASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All chains of a network by id."""

    network: Network
    by_id: Mapping[ChainId, Place]

    def __getitem__(self, chain: ChainId) -> Place:
        return self.by_id[chain]

    @property
    def base(self) -> Place:
        """The root of trust."""
        return self.by_id[self.network.base.id]

    def lanes(self) -> Iterator[Lane]:
        """Yield every lane: from each venue's chain to the hub, and back."""
        hub = self.by_id[self.network.hub.id]
        for venue in self.network.venues:
            there = self.by_id[venue.id]
            for source, destination in ((there, hub), (hub, there)):
                yield Lane(source=source.id, outbox=source.at("outbox"), destination=destination.id)

    def oracle(self, lane: LaneId) -> Address:
        """Return the oracle on the destination that says which roots of the source are final."""
        name = "quorum-roots" if self.is_quorum(lane.source) else "anchored-roots"
        return self.by_id[lane.destination].at(name)

    def is_quorum(self, source: ChainId) -> bool:
        """Tell whether a source's roots are final by its validators' signatures."""
        return self.by_id[source].chain.regime is Regime.QUORUM


def load_places(chains: Path, deployments: Path | None = None) -> Places:
    """Read chains.toml and the deployments beside it.

    Raises ConfigInvalid for a chain without a deployment.
    """
    network = load_network(chains)
    path = deployments or chains.with_name(FILE_NAME)
    found = load_deployments(path)
    for chain in network.chains:
        if chain.name not in found:
            raise ConfigInvalid(
                file=str(path),
                field=f"chains.{chain.name}",
                found="missing",
                expected="its contracts; `causeway deploy` writes them",
            )
    places = {c.id: Place(chain=c, deployment=found[c.name]) for c in network.chains}
    return Places(network=network, by_id=places)
