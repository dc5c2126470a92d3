"""All chains of a network at hand: configuration, contracts and endpoints of each, checked to fit.

Everything above it asks contracts by name and pins every read to a block.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bridge.chains import Chain, Network, load_network
from bridge.contracts import read_log
from bridge.deployments import Deployment, Deployments, deployments_path, load_deployments
from bridge.errors import ConfigInvalid
from bridge.rpc import BlockRef, Limits, Log, LogFilter, Rpc
from bridge.rpc.types import to_hex
from bridge.types import Address, AssetId

POLL_SHORTEST = 0.1
POLL_LONGEST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainClient:
    """One chain: what it is, where its contracts stand, and how to ask it."""

    chain: Chain
    deployment: Deployment
    rpc: Rpc

    @property
    def name(self) -> str:
        """The chain's name in the configuration."""
        return self.chain.name

    @property
    def pause(self) -> float:
        """How long to wait between two looks at the chain, in seconds."""
        return min(max(self.chain.block_time / 4, POLL_SHORTEST), POLL_LONGEST)

    def contract(self, name: str) -> Address:
        """Return the address of a contract of this chain."""
        return self.deployment.contract(name)

    def decimals(self, asset: AssetId) -> int:
        """Return the decimals of an asset's token here; raises ConfigInvalid if it is not listed."""
        for listed in self.chain.assets:
            if listed.asset.id == asset:
                return listed.decimals
        raise ConfigInvalid(
            file="chains.toml",
            field=f"chains.{self.name}.assets",
            found=f"without asset {asset}",
            expected="an asset that this chain lists",
        )

    async def find(self, wanted: LogFilter, *, at: BlockRef) -> list[Any]:
        """Return the events that a filter finds in the newest span of blocks that has any.

        It looks backwards from `at` to the block of the deployment, so that what happened lately is
        found in one request however old the chain is.
        """
        last = at
        while last.number >= self.deployment.block:
            first = max(self.deployment.block, last.number - self.rpc.limits.log_span + 1)
            logs = await self.rpc.logs(wanted, first=first, last=last)
            if logs or first == self.deployment.block:
                return events(logs)
            last = (await self.rpc.block(first - 1)).ref
        return []

    async def history(self, wanted: LogFilter, *, at: BlockRef) -> list[Any]:
        """Return every event that a filter finds from the deployment to block `at`."""
        return events(await self.rpc.logs(wanted, first=self.deployment.block, last=at))


class Connections:
    """The clients of all chains of a network, by name and by id."""

    def __init__(self, network: Network, clients: Mapping[str, ChainClient]) -> None:
        self.network = network
        self._clients = clients

    @classmethod
    async def open(cls, network: Network, deployments: Deployments, *, limits: Limits | None = None) -> Self:
        """Connect to every chain and check that it is the one that was deployed to.

        Raises ConfigInvalid for a chain without a deployment or with one of another genesis, and
        ChainError for one that does not answer.
        """
        clients = {}
        for chain in network.chains:
            if chain.name not in deployments:
                raise ConfigInvalid(
                    file=str(deployments_path(network.file)),
                    field=f"chains.{chain.name}",
                    found="missing",
                    expected="a deployment; run `causeway deploy`",
                )
            clients[chain.name] = ChainClient(
                chain=chain, deployment=deployments[chain.name], rpc=chain.connect(limits)
            )
        connections = cls(network, clients)
        try:
            await asyncio.gather(*(_check(client) for client in clients.values()))
        except BaseException:
            await connections.aclose()
            raise
        return connections

    @classmethod
    async def from_config(cls, path: str | Path, *, limits: Limits | None = None) -> Self:
        """Connect to the network of a configuration file, with the deployments beside it."""
        network = load_network(path)
        return await cls.open(network, load_deployments(deployments_path(path)), limits=limits)

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(client.rpc.aclose() for client in self._clients.values()))

    def __getitem__(self, name_or_id: str | int) -> ChainClient:
        return self._clients[self.network.chain(name_or_id).name]

    @property
    def hub(self) -> ChainClient:
        """The clearing house's chain."""
        return self._clients[self.network.hub.name]

    @property
    def base(self) -> ChainClient:
        """The root of trust."""
        return self._clients[self.network.base.name]

    @property
    def venues(self) -> tuple[ChainClient, ...]:
        """The chains where people trade."""
        return tuple(self._clients[chain.name] for chain in self.network.venues)

    @property
    def rollups(self) -> tuple[ChainClient, ...]:
        """The hub and the venues."""
        return (self.hub, *self.venues)


def events(logs: list[Log]) -> list[Any]:
    """Return the events among logs of our contracts, in the chain's order."""
    return [found for found in map(read_log, logs) if found is not None]


async def _check(client: ChainClient) -> None:
    await client.rpc.check_chain()
    genesis = await client.rpc.block(0)
    if genesis.hash != client.deployment.genesis:
        raise ConfigInvalid(
            file="deployments.json",
            field=f"chains.{client.name}.genesis",
            found=to_hex(client.deployment.genesis),
            expected=f"{to_hex(genesis.hash)}: this chain was started anew; run `causeway deploy`",
        )
