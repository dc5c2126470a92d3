"""Keys that everybody has stand over stand-ins alone: with a real token they are refused before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.chains import Network, load_network
from bridge.client.health import Finding, examine
from bridge.demo.network import BASE, CONFIG, HUB, VENUES, config_text
from bridge.deploy import deploy
from bridge.deploy.keys import require_own_keys
from bridge.devnet.accounts import DEV_ACCOUNTS, DEV_KEYS
from bridge.errors import ConfigInvalid
from bridge.signer import LocalSigner
from bridge.types import Address

STRANGER = Address(b"\x77" * 20)
CLOSED = "http://127.0.0.1:9"


def network(folder: Path, *, is_real: bool, has_own_keys: bool = False) -> Network:
    text = config_text(dict.fromkeys((BASE, HUB, *VENUES), CLOSED), block_time=1.0)
    if is_real:
        text = text.replace("stand_in = true", f'token = "0x{"42" * 20}"', 1)
    for number, account in enumerate(DEV_ACCOUNTS if has_own_keys else (), 1):
        text = text.replace(account.hex(), bytes([number] * 20).hex())
    (folder / CONFIG).write_text(text)
    return load_network(folder / CONFIG)


async def test_deploy__development_keys_over_a_real_token__is_refused_before_a_chain_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="a public development key"):
        await deploy(network(tmp_path, is_real=True), LocalSigner(b"\x01" * 32))


def test_deploy__own_members_and_a_development_owner__is_refused(tmp_path: Path) -> None:
    real = network(tmp_path, is_real=True, has_own_keys=True)
    require_own_keys(real, STRANGER)
    with pytest.raises(ConfigInvalid, match="the deploying key"):
        require_own_keys(real, LocalSigner(DEV_KEYS[0]).address)


def test_deploy__stand_ins_alone__take_development_keys(tmp_path: Path) -> None:
    require_own_keys(network(tmp_path, is_real=False), LocalSigner(DEV_KEYS[0]).address)


@pytest.mark.parametrize("is_real", [True, False])
async def test_doctor__development_keys__are_wrong_over_a_real_token_alone(tmp_path: Path, *, is_real: bool) -> None:
    looked = [check async for check in examine(network(tmp_path, is_real=is_real), {})]
    said = [check for check in looked if "development key" in check.detail]
    assert {check.finding for check in said} == ({Finding.WRONG} if is_real else set())
    assert {check.chain for check in said} == ({"base", "hub", "alpha", "beta"} if is_real else set())
