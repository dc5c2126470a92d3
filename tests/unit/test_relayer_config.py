"""relayer.toml: the example is accepted, and everything that cannot be meant is refused by name."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import ConfigInvalid
from relayer.config import Role, load_settings, parse_settings
from relayer.policy import Bounds, FeePlan

EXAMPLE = files("relayer").joinpath("example.toml").read_text(encoding="utf-8")
LEAST: dict[str, Any] = {"version": 1, "roles": ["deliver"], "key": {"name": "relayer"}}


def with_(path: str, value: object) -> dict[str, Any]:
    """Return the least settings with one field, given by its path, set."""
    raw: dict[str, Any] = {**LEAST, "key": dict(LEAST["key"])}
    *tables, last = path.split(".")
    inner = raw
    for table in tables:
        inner = inner.setdefault(table, {})
    inner[last] = value
    return raw


def test_config__example__states_the_defaults() -> None:
    shown = parse_settings(tomllib.loads(EXAMPLE), file=Path("x/relayer.toml"))
    least = parse_settings(LEAST, file=Path("x/relayer.toml"))
    assert shown == least
    assert shown.fees == FeePlan()
    assert shown.deliver.bounds == Bounds()


def test_config__commented_lines_of_the_example__are_accepted_too() -> None:
    lines = [
        line.removeprefix("# ") if line.startswith("# ") and "=" in line else line for line in EXAMPLE.splitlines()
    ]
    text = "\n".join(line.removeprefix("# ") if line.startswith("# [") else line for line in lines)
    settings = parse_settings(tomllib.loads(text))
    assert settings.deliver.attesters["hub"]
    assert settings.deliver.prices["USD"] == 300_000_000_000_000
    assert settings.rpc["venue-a"].quorum == 1
    assert settings.replica == "host-a"


def test_config__paths__start_at_the_files_folder(tmp_path: Path) -> None:
    file = tmp_path / "relayer.toml"
    file.write_text('version = 1\nroles = ["attest", "watch"]\n[key]\nname = "v"\npassword_file = "p"\n')
    settings = load_settings(file)
    assert settings.roles == {Role.ATTEST, Role.WATCH}
    assert settings.store == f"sqlite:///{tmp_path}/relayer.db"
    assert settings.key.password.file == tmp_path / "p"
    assert settings.chains == tmp_path / "chains.toml"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("version", 2, "version"),
        ("roles", [], "roles"),
        ("roles", ["deliver", "mine"], "roles"),
        ("rolse", ["deliver"], "rolse"),
        ("key.name", "", "key.name"),
        ("key.password", "secret", "key.password"),
        ("http.port", 65_536, "http.port"),
        ("http.port", True, "http.port"),
        ("rpc.hub", {"urls": []}, "rpc.hub.urls"),
        ("rpc.hub", {"urls": ["http://a", "http://b", "http://c"], "quorum": 1}, "rpc.hub.quorum"),
        ("deliver.label", "0x00", "deliver.label"),
        ("deliver.items", 0, "deliver.items"),
        ("deliver.simulate", "yes", "deliver.simulate"),
        ("deliver.attesters", {"hub": ["ftp://a"]}, "deliver.attesters.hub"),
        ("deliver.prices", {"USD": -1}, "deliver.prices.USD"),
        ("propose.every", -1, "propose.every"),
        ("fees.raise_bps", 999, "fees.raise_bps"),
        ("fees", {"priority": 10, "cap": 9}, "fees.priority"),
        ("intents.queue", 0, "intents.queue"),
        ("intents.enabled", True, "intents.enabled"),
        ("alarm.oldest", 0, "alarm.oldest"),
    ],
)
def test_config__value_that_cannot_be_meant__names_its_field(path: str, value: object, field: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_settings(with_(path, value))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("path", "value", "is_on"),
    [
        ("deliver.prices", {}, False),
        ("deliver.prices", {"USD": 1}, True),
        ("intents.serve_unpriced", True, True),
        ("intents", {"serve_unpriced": True, "enabled": False}, False),
    ],
)
def test_config__intents__are_on_where_a_tip_can_be_worth_something(path: str, value: object, is_on: bool) -> None:
    assert parse_settings(with_(path, value)).intents.enabled is is_on


def test_config__two_sources_of_a_password__are_refused() -> None:
    raw = with_("key", {"name": "v", "password_file": "p", "password_fd": 3})
    with pytest.raises(ConfigInvalid) as caught:
        parse_settings(raw)
    assert caught.value.field == "key.password_fd"


@pytest.mark.parametrize("text", [None, "version = ", "\udcff"])
def test_config__file_that_is_none__says_so(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "relayer.toml"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigInvalid):
        load_settings(file)
