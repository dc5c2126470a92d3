"""Finds the contract tools that some tests need, and names what is missing.

Node runs the Solidity compiler; forge and anvil come with npm on Linux x64 and are taken from PATH elsewhere.
`scripts/common.sh` has the same rule for the shell.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.layers import ROOT

CONTRACTS = ROOT / "contracts"
NODE_AT_LEAST = 20
REMEDY = "run scripts/setup --test where Node 20 or newer is on PATH"


def missing_for(marker: str) -> str | None:
    """Return what keeps tests under `marker` (anvil, forge or compile) from running, None where nothing does."""
    if marker == "compile":
        return _missing_node() or _missing_compiler()
    return _missing_binary(marker)


def find_binary(name: str) -> Path | None:
    """Return the path of `name` (forge, anvil or cast), None where it is neither installed by npm nor on PATH."""
    bundled = CONTRACTS / "node_modules" / ".bin" / name
    found = shutil.which(bundled) or shutil.which(name)
    return Path(found) if found else None


def _missing_binary(name: str) -> str | None:
    return None if find_binary(name) else f"{name} is neither in contracts/node_modules nor on PATH: {REMEDY}"


def _missing_compiler() -> str | None:
    compiler = CONTRACTS / "node_modules" / "solc"
    return None if compiler.is_dir() else f"contracts/node_modules has no solc: {REMEDY}"


def _missing_node() -> str | None:
    node = shutil.which("node")
    if node is None:
        return f"Node is not on PATH: {REMEDY}"
    run = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30)
    version = run.stdout.strip().removeprefix("v")
    major = version.partition(".")[0]
    if run.returncode or not major.isdigit():
        return f"{node} does not run: {REMEDY}"
    return None if int(major) >= NODE_AT_LEAST else f"Node {NODE_AT_LEAST} is needed, {version} was found: {REMEDY}"
