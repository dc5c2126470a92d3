"""Imports go one way. The rule and its table are in tests/support/layers.py; each rule has its rejected twin here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.layers import PY_EVM, imports_of, pure_modules, sources, violations

IMPURE = (
    "web3",
    "httpx",
    "sqlmodel",
    "sqlalchemy",
    "apscheduler",
    "time",
    "random",
    "os",
    "logging",
    "asyncio",
    "socket",
    "secrets",
)


def read_all() -> dict[str, str]:
    return {module: file.read_text() for module, file in sources().items()}


def test_layering__repository__breaks_no_rule() -> None:
    assert violations(read_all()) == []


def test_layering__py_evm__is_imported_by_exactly_one_file_of_the_devnet() -> None:
    texts = read_all()
    users = [
        m for m, text in texts.items() if any(i.target.split(".")[0] == PY_EVM for i in imports_of(m, text, texts))
    ]
    assert len(users) == 1
    assert users[0].startswith("bridge.devnet.")


def test_layering__pure_modules__load_no_network_library() -> None:
    program = "\n".join(
        [
            "import importlib, sys",
            *(f"importlib.import_module({module!r})" for module in sorted(pure_modules())),
            "print(*sorted({'web3', 'httpx', 'sqlmodel', 'apscheduler', 'asyncio'} & sys.modules.keys()))",
        ],
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == []


@pytest.mark.parametrize("library", IMPURE)
def test_layering__pure_module_reaching_outside__is_refused(library: str) -> None:
    assert violations({"bridge.merkle": f"import {library}"}) == [f"bridge.merkle:1: a pure module imports {library}"]


@pytest.mark.parametrize(
    "text", ["import hashlib", "from collections.abc import Sequence", "from sha3 import keccak_256"]
)
def test_layering__pure_module_using_allowed_library__passes(text: str) -> None:
    assert violations({"bridge.merkle": text}) == []


def test_layering__import_hidden_in_a_function__is_still_seen() -> None:
    assert violations({"hub.fees": "def now() -> float:\n    import time\n    return time.time()\n"})


@pytest.mark.parametrize("call", ["import_module('bridge.client')", "importlib.import_module('bridge.client')"])
def test_layering__import_by_a_call__is_still_seen(call: str) -> None:
    assert violations({"bridge.rpc": call, "bridge.client": ""})


def test_layering__lower_layer_importing_a_higher_one__is_refused() -> None:
    texts = {"bridge.rpc": "from bridge.client import Bridge", "bridge.client": ""}
    assert violations(texts) == ["bridge.rpc:1: adapter imports bridge.client, which is service"]


def test_layering__higher_layer_importing_a_lower_one__passes() -> None:
    assert violations({"bridge.client": "from bridge.rpc import Rpc", "bridge.rpc": ""}) == []


def test_layering__module_named_through_its_package__is_resolved() -> None:
    texts = {"bridge.rpc": "from bridge import client", "bridge.client": "", "bridge": ""}
    assert violations(texts) == ["bridge.rpc:1: adapter imports bridge.client, which is service"]


def test_layering__relative_import__is_resolved() -> None:
    texts = {"bridge.rpc": "from . import client", "bridge.client": "", "bridge": ""}
    assert violations(texts) == ["bridge.rpc:1: adapter imports bridge.client, which is service"]


def test_layering__bridge_importing_hub__is_refused() -> None:
    texts = {"bridge.cli": "from hub.fees import charge_up", "hub.fees": ""}
    assert violations(texts) == ["bridge.cli:1: bridge imports hub.fees: packages go bridge <- hub <- relayer"]


def test_layering__relayer_importing_hubs_pure_module__passes() -> None:
    assert violations({"relayer.policy": "from hub.fees import charge_up", "hub.fees": ""}) == []


def test_layering__types_of_a_later_package_importing_a_pure_module__pass() -> None:
    assert violations({"hub.types": "from bridge.merkle import Tree", "bridge.merkle": ""}) == []


def test_layering__types_importing_a_pure_module_of_their_own_package__are_refused() -> None:
    assert violations({"hub.types": "from hub.fees import charge_up", "hub.fees": ""})


def test_layering__relayer_importing_hubs_entry_point__is_refused() -> None:
    texts = {"relayer.cli": "from hub.cli import app", "hub.cli": ""}
    assert violations(texts) == ["relayer.cli:1: relayer imports hub.cli: only hub's pure modules are open to it"]


def test_layering__circle__is_refused() -> None:
    texts = {"bridge.rpc.a": "import bridge.rpc.b", "bridge.rpc.b": "import bridge.rpc.a"}
    assert len(violations(texts)) == 1
    assert "circle" in violations(texts)[0]


def test_layering__second_file_importing_py_evm__is_refused() -> None:
    texts = {"bridge.devnet.evm": "from eth.vm import forks", "bridge.devnet.spec": "import eth"}
    assert violations(texts) == ["py-evm is imported by bridge.devnet.evm, bridge.devnet.spec: one file may"]


def test_layering__module_without_a_place__is_refused() -> None:
    assert violations({"bridge.misc": ""}) == ["bridge.misc: no row of tests/support/layers.py places it"]
