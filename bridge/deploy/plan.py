"""What stands on each chain, under which name and with which constructor arguments.

A pure function of the configuration and the deployer's owner: the same input gives the same init
code, so a deployment can be resumed, repeated and checked. How it is brought on chain is decided in
`steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from bridge import artifacts
from bridge.chains import Chain, ChainAsset, Network, OptimisticFinality, QuorumFinality
from bridge.deploy.addresses import address_of, deployer_address
from bridge.errors import ConfigInvalid
from bridge.types import ZERO_ADDRESS, Address, Role

TOKEN = "token:"  # noqa: S105  # a prefix of names, no secret
OPTIMISTIC_POLICY = 2
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One contract to stand: its name at the Deployer, its artifact and its whole init code."""

    name: str
    artifact: str
    init_code: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything will stand, on any chain: addresses follow from names alone."""

    owner: Address
    deployer: Address

    @classmethod
    def of(cls, owner: Address) -> Places:
        """Return the places of an owner's Deployer."""
        return cls(owner=owner, deployer=deployer_address(owner))

    def __getitem__(self, name: str) -> Address:
        return address_of(self.deployer, name)


def plan(chain: Chain, network: Network, places: Places) -> tuple[Piece, ...]:
    """Return the contracts of one chain in an order in which constructors find what they call."""
    own: tuple[Piece, ...]
    match chain.role:
        case Role.BASE:
            own = _base(network, places)
        case Role.HUB:
            own = (*_rollup(chain, network, places), _hub(network, places))
        case Role.VENUE:
            own = (*_rollup(chain, network, places), _venue(network, places))
    return (_timelock(network, places), *own)


def tokens(chain: Chain, places: Places) -> Mapping[str, Address]:
    """Return the token of each asset of a chain: the configured one, or its stand-in."""
    return {listed.asset.symbol: _token(listed, places) for listed in chain.assets}


def _timelock(network: Network, places: Places) -> Piece:
    governors = [places.owner]
    return _piece("timelock", "Timelock", network.governance_delay, governors, governors)


def _base(network: Network, places: Places) -> tuple[Piece, ...]:
    owner = places["timelock"]
    optimistic = [c for c in network.rollups if isinstance(c.finality, OptimisticFinality)]
    if optimistic and not network.base.verifiers:
        raise ConfigInvalid(
            file=str(network.file),
            field=f"chains.{network.base.name}.verifiers",
            found="missing",
            expected=f"at least two verifiers, as {optimistic[0].name} is optimistic",
        )
    configs = [_registry_config(chain, places) for chain in optimistic]
    pieces = [_piece("root-registry", "RootRegistry", configs, owner, owner)]
    if optimistic:
        committee = [(v.address, v.weight) for v in network.base.verifiers]
        pieces.append(_piece("court", "CommitteeCourt", places["root-registry"], committee, owner))
    return tuple(pieces)


def _registry_config(chain: Chain, places: Places) -> tuple[object, ...]:
    finality = chain.finality
    if not isinstance(finality, OptimisticFinality):  # pragma: no cover  # filtered by the caller
        raise TypeError(chain.name)
    head: tuple[object, ...] = (chain.id, OPTIMISTIC_POLICY, ZERO_ADDRESS, [], places["court"])
    return (*head, finality.bond, finality.window, 0, finality.max_advance)


def _rollup(chain: Chain, network: Network, places: Places) -> tuple[Piece, ...]:
    owner = places["timelock"]
    is_hub = chain.role is Role.HUB
    sources = network.venues if is_hub else (network.hub,)
    clearing = places["hub" if is_hub else "venue"]
    # At home the hub stands in the place of the vault's Outbox and Inbox.
    vault = clearing if is_hub else places["vault"]
    routes = [(s.id, places["outbox"], places[_oracle(s)]) for s in sources]
    return (
        *(_stand_in(listed, places) for listed in chain.assets if listed.token is None),
        _piece("outbox", "Outbox", vault, clearing, [s.id for s in sources], owner),
        _piece("inbox", "Inbox", routes, vault, clearing, owner),
        *_oracles(chain, sources, network, places),
        _vault(chain, network, places),
    )


def _oracle(source: Chain) -> str:
    return "quorum-roots" if isinstance(source.finality, QuorumFinality) else "anchored-roots"


def _oracles(chain: Chain, sources: tuple[Chain, ...], network: Network, places: Places) -> list[Piece]:
    owner, outbox = places["timelock"], places["outbox"]
    sets = [
        (source.id, outbox, [(v.address, v.weight) for v in source.finality.validators])
        for source in sources
        if isinstance(source.finality, QuorumFinality)
    ]
    anchored = [(source.id, outbox) for source in sources if isinstance(source.finality, OptimisticFinality)]
    pieces = []
    if sets:
        pieces.append(_piece("quorum-roots", "QuorumRoots", sets, owner))
    if anchored:
        anchor = _anchor(chain, network)
        registry = places["root-registry"]
        pieces.append(_piece("anchored-roots", "AnchoredRoots", anchor, registry, anchored, owner))
    return pieces


def _anchor(chain: Chain, network: Network) -> Address:
    if chain.anchor is None:
        raise ConfigInvalid(
            file=str(network.file),
            field=f"chains.{chain.name}.anchor",
            found="missing",
            expected="the predeploy that holds base state roots, as an optimistic chain sends here",
        )
    return chain.anchor


def _vault(chain: Chain, network: Network, places: Places) -> Piece:
    hub, is_hub = places["hub"], chain.role is Role.HUB
    outbox, inbox = (hub, hub) if is_hub else (places["outbox"], places["inbox"])
    venue = ZERO_ADDRESS if is_hub else places["venue"]
    assets = [_vault_asset(listed, places) for listed in chain.assets]
    owner = places["timelock"]
    return _piece("vault", "Vault", outbox, inbox, venue, network.hub.id, hub, assets, owner)


def _vault_asset(listed: ChainAsset, places: Places) -> tuple[object, ...]:
    return (
        listed.asset.id,
        _token(listed, places),
        listed.decimals,
        listed.outflow_bps,
        listed.outflow_window,
        listed.ceiling,
        listed.max_deposit,
        listed.outflow_floor,
    )


def _hub(network: Network, places: Places) -> Piece:
    peers = [(c.id, places["vault"], ZERO_ADDRESS if c is network.hub else places["venue"])
             for c in network.rollups]  # fmt: skip
    reserves = [_reserve(chain, listed) for chain in network.rollups for listed in chain.assets]
    outbox, inbox, owner = places["outbox"], places["inbox"], places["timelock"]
    return _piece("hub", "Hub", outbox, inbox, peers, reserves, owner)


def _reserve(chain: Chain, listed: ChainAsset) -> tuple[object, ...]:
    return (
        chain.id,
        listed.asset.id,
        listed.decimals,
        listed.ceiling,
        listed.inflow_burst,
        listed.inflow_burst // SECONDS_A_DAY,
        listed.target,
        listed.curve_ppm,
    )


def _venue(network: Network, places: Places) -> Piece:
    outbox, inbox, vault = places["outbox"], places["inbox"], places["vault"]
    return _piece("venue", "Venue", outbox, inbox, vault, network.hub.id, places["hub"])


def _stand_in(listed: ChainAsset, places: Places) -> Piece:
    symbol = listed.asset.symbol
    title = f"Stand-in {symbol}"
    return _piece(f"{TOKEN}{symbol}", "StandInToken", title, symbol, listed.decimals, places.owner)


def _token(listed: ChainAsset, places: Places) -> Address:
    return listed.token or places[f"{TOKEN}{listed.asset.symbol}"]


def _piece(name: str, artifact: str, *arguments: Any) -> Piece:  # noqa: ANN401  # ABI values
    compiled = artifacts.load(artifact)
    inputs: list[Mapping[str, Any]] = next((e["inputs"] for e in compiled.abi if e["type"] == "constructor"), [])
    encoded = encode([_form(parameter) for parameter in inputs], arguments)
    return Piece(name=name, artifact=artifact, init_code=compiled.bytecode + encoded)


def _form(parameter: Mapping[str, Any]) -> str:
    form: str = parameter["type"]
    if not form.startswith("tuple"):
        return form
    inner = ",".join(_form(component) for component in parameter["components"])
    return f"({inner}){form.removeprefix('tuple')}"
