"""chains.toml: what is meant is read, and whatever cannot be meant is named by file and field."""

from __future__ import annotations

import copy
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bridge.amounts import parse_wad
from bridge.chains import OptimisticFinality, QuorumFinality, load_network, parse_network
from bridge.demo.network import HUB, VENUES, config_text
from bridge.deployments import Deployment, load_deployments, save_deployments
from bridge.errors import ConfigInvalid
from bridge.types import Address, BlockNumber, ChainId, Hash32, Role

ROOT = Path(__file__).parents[2]
URLS = {name: f"http://127.0.0.1:{9000 + n}" for n, name in enumerate(["base", HUB, *VENUES])}


def raw() -> dict[str, Any]:
    return tomllib.loads(config_text(URLS, block_time=1.0))


def changed(path: str, value: object) -> dict[str, Any]:
    table = copy.deepcopy(raw())
    *outer, last = path.split("/")
    inner = table
    for name in outer:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return table


def test_network__of_the_demo__is_read_whole() -> None:
    network = parse_network(raw())
    assert [chain.name for chain in network.rollups] == [HUB, *VENUES]
    assert network.base.role is Role.BASE
    assert isinstance(network.chain("alpha").finality, QuorumFinality)
    assert isinstance(network.chain(9004).finality, OptimisticFinality)
    assert network.chain("alpha").asset("USDC").ceiling == parse_wad("10_000_000")
    assert network.chain("9002") is network.chain("alpha")


def test_network__in_the_template__is_read_and_is_the_root_file() -> None:
    template = files("bridge.cli").joinpath("template.toml").read_text()
    assert parse_network(tomllib.loads(template)).hub.name == "hub"
    assert (ROOT / "chains.toml").read_text() == template


def test_validators__in_any_order__stand_ascending_as_contracts_take_them() -> None:
    finality = parse_network(raw()).chain("alpha").finality
    assert isinstance(finality, QuorumFinality)
    addresses = [validator.address for validator in finality.validators]
    assert addresses == sorted(addresses)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("version", 2, "version"),
        ("colour", "red", "colour"),
        ("chains/alpha/id", None, "chains.alpha.id"),
        ("chains/alpha/id", 0, "chains.alpha.id"),
        ("chains/alpha/id", True, "chains.alpha.id"),
        ("chains/alpha/id", 9003, "chains"),
        ("chains/alpha/role", "owner", "chains.alpha.role"),
        ("chains/alpha/role", "hub", "chains"),
        ("chains/alpha/regime", "validity", "chains.alpha.regime"),
        ("chains/alpha/rpc", [], "chains.alpha.rpc"),
        ("chains/alpha/rpc", ["ftp://x"], "chains.alpha.rpc"),
        ("chains/alpha/rpc_quorum", 2, "chains.alpha.rpc_quorum"),
        ("chains/alpha/block_time", -1, "chains.alpha.block_time"),
        ("chains/alpha/verifiers", [], "chains.alpha.verifiers"),
        ("chains/alpha/finality/validators", [], "chains.alpha.finality.validators"),
        ("chains/alpha/finality/window", 5, "chains.alpha.finality.window"),
        ("chains/gamma/finality/bond", "0", "chains.gamma.finality.bond"),
        ("chains/gamma/finality/window", 0, "chains.gamma.finality.window"),
        ("chains/alpha/assets/USDC/decimals", 19, "chains.alpha.assets.USDC.decimals"),
        ("chains/alpha/assets/USDC/ceiling", "0", "chains.alpha.assets.USDC.ceiling"),
        ("chains/alpha/assets/USDC/ceiling", "1e9", "chains.alpha.assets.USDC.ceiling"),
        ("chains/alpha/assets/USDC/max_deposit", "99_000_000", "chains.alpha.assets.USDC.max_deposit"),
        ("chains/alpha/assets/USDC/stand_in", False, "chains.alpha.assets.USDC.token"),
        ("chains/alpha/assets/DAI", {}, "chains.alpha.assets.DAI"),
        ("assets/USDC/id", 7, "assets"),
    ],
)
def test_network__with_one_field_wrong__names_it(path: str, value: object, field: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_network(changed(path, value))
    assert caught.value.field == field
    assert caught.value.file == "chains.toml"


def test_quorum__below_a_majority__is_refused() -> None:
    table = changed("chains/alpha/rpc", ["http://a", "http://b", "http://c", "http://d"])
    assert parse_network(table).chain("alpha").rpc_quorum == 3
    table["chains"]["alpha"]["rpc_quorum"] = 2
    with pytest.raises(ConfigInvalid, match="3 to 4"):
        parse_network(table)


def test_file__missing_or_no_toml__says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="causeway init"):
        load_network(tmp_path / "chains.toml")
    (tmp_path / "chains.toml").write_text("= 1")
    with pytest.raises(ConfigInvalid, match="not TOML"):
        load_network(tmp_path / "chains.toml")


def deployment() -> Deployment:
    return Deployment(
        chain="alpha",
        chain_id=ChainId(9002),
        genesis=Hash32(b"\x01" * 32),
        block=BlockNumber(3),
        contracts={"outbox": Address(b"\x02" * 20)},
        tokens={"USDC": Address(b"\x03" * 20)},
    )


def test_deployments__written__are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deployments.json"
    assert load_deployments(path) == {}
    save_deployments(path, {"alpha": deployment()})
    assert load_deployments(path) == {"alpha": deployment()}
    assert [file.name for file in tmp_path.iterdir()] == ["deployments.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1, "chains": {"alpha": {}}}', '{"version": 9}'])
def test_deployments__damaged__are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deployments.json"
    path.write_text(text)
    with pytest.raises(ConfigInvalid):
        load_deployments(path)


def test_deployment__without_a_contract__says_how_to_get_it() -> None:
    with pytest.raises(ConfigInvalid, match="causeway deploy"):
        deployment().contract("vault")
