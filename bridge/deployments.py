"""Where the contracts stand: deployments.json beside chains.toml, one record a chain.

The file is written by `bridge.deploy` after it has checked what stands on the chain. Readers take
addresses from here and nowhere else. A record names the chain's genesis block, so that a devnet
that was started anew is not taken for the one that was deployed to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import ConfigInvalid
from bridge.fields import Table, address, hash32, whole
from bridge.types import Address, BlockNumber, ChainId, Hash32

FILE_NAME = "deployments.json"
STARTS_NAME = "deployments.started.json"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The contracts of one chain by name, its tokens by symbol, and from which block to read."""

    chain: str
    chain_id: ChainId
    genesis: Hash32
    block: BlockNumber
    contracts: Mapping[str, Address]
    tokens: Mapping[str, Address]

    def contract(self, name: str) -> Address:
        """Return a contract's address; raises ConfigInvalid where the chain has none."""
        return self._get("contracts", self.contracts, name)

    def token(self, symbol: str) -> Address:
        """Return a token's address; raises ConfigInvalid where the chain does not list it."""
        return self._get("tokens", self.tokens, symbol)

    def _get(self, kind: str, table: Mapping[str, Address], name: str) -> Address:
        if name not in table:
            raise ConfigInvalid(
                file=FILE_NAME,
                field=f"chains.{self.chain}.{kind}.{name}",
                found="missing",
                expected="an address; `causeway deploy` writes it",
            )
        return table[name]


Deployments = Mapping[str, Deployment]
"""By the chain's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A block of one chain before which no contract of its unfinished deployment stood."""

    genesis: Hash32
    block: BlockNumber


Starts = Mapping[str, Start]
"""By the chain's name."""


def deployments_path(config: str | Path) -> Path:
    """Return where the record of a configuration file stands."""
    return Path(config).with_name(FILE_NAME)


def starts_path(config: str | Path) -> Path:
    """Return where it stands from which blocks the deployments run that are not whole yet."""
    return Path(config).with_name(STARTS_NAME)


def load_deployments(path: Path) -> Deployments:
    """Read the record; a missing file means that nothing is deployed; raises ConfigInvalid."""
    return {name: _deployment(name, table) for name, table in _chains(path).items()}


def save_deployments(path: Path, deployments: Deployments) -> None:
    """Write the record; the file is replaced at once, so a crash leaves the old one or the new."""
    _save(path, {name: _plain(deployment) for name, deployment in deployments.items()})


def load_starts(path: Path) -> Starts:
    """Read where unfinished deployments began; a missing file means that there are none."""
    return {name: _start(table) for name, table in _chains(path).items()}


def save_starts(path: Path, starts: Starts) -> None:
    """Write where unfinished deployments began, as `save_deployments` writes."""
    _save(path, {name: {"genesis": "0x" + start.genesis.hex(), "block": start.block} for name, start in starts.items()})


def _chains(path: Path) -> Mapping[str, Table]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigInvalid(
            file=str(path), field="the file", found=f"not JSON ({error})", expected="a JSON file"
        ) from None
    root = Table(raw, file=str(path))
    root.take("version", f"{VERSION}", whole(VERSION, VERSION))
    chains = root.tables("chains")
    root.finish()
    return chains


def _save(path: Path, chains: Mapping[str, object]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"version": VERSION, "chains": chains}, indent=2) + "\n")
    os.replace(partial, path)  # noqa: PTH105  # the same call, and its atomicity is the point


def _start(table: Table) -> Start:
    start = Start(
        genesis=table.take("genesis", "a block hash", hash32),
        block=BlockNumber(table.take("block", "a block number", whole(0, 2**63))),
    )
    table.finish()
    return start


def _deployment(name: str, table: Table) -> Deployment:
    deployment = Deployment(
        chain=name,
        chain_id=ChainId(table.take("chain_id", "a chain id", whole(1, 2**63))),
        genesis=table.take("genesis", "a block hash", hash32),
        block=BlockNumber(table.take("block", "a block number", whole(0, 2**63))),
        contracts=table.take("contracts", "addresses by name", _addresses),
        tokens=table.take("tokens", "addresses by symbol", _addresses),
    )
    table.finish()
    return deployment


def _addresses(raw: Any) -> dict[str, Address]:  # noqa: ANN401  # from a file
    return {name: address(value) for name, value in dict(raw).items()}


def _plain(deployment: Deployment) -> dict[str, object]:
    return {
        "chain_id": deployment.chain_id,
        "genesis": "0x" + deployment.genesis.hex(),
        "block": deployment.block,
        "contracts": {name: "0x" + at.hex() for name, at in deployment.contracts.items()},
        "tokens": {symbol: "0x" + at.hex() for symbol, at in deployment.tokens.items()},
    }
