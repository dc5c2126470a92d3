"""The hub's two halves mean the same storage: the hub runs the code of its actions by delegatecall."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.layers import ROOT

AST_ID = re.compile(r"\)\d+")  # types carry their syntax tree's ids, which depend on what was compiled


@pytest.mark.compile
def test_hub__its_actions__have_the_same_storage_layout(forge_binary: Path, tmp_path: Path) -> None:
    hub, actions = (_layout(forge_binary, name, tmp_path) for name in ("Hub", "HubActions"))
    assert hub == actions
    assert len(hub) >= 10


def _layout(forge: Path, name: str, folder: Path) -> list[tuple[str, str, int, str]]:
    command = [str(forge), "inspect", f"src/clearing/{name}.sol:{name}", "storageLayout", "--json"]
    command += ["--out", str(folder / "out"), "--cache-path", str(folder / "cache")]
    run = subprocess.run(command, cwd=ROOT / "contracts", capture_output=True, text=True, check=True, timeout=900)
    rows = json.loads(run.stdout)["storage"]
    return [(row["label"], row["slot"], row["offset"], AST_ID.sub(")", row["type"])) for row in rows]
