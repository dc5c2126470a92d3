"""Loads the compiled helpers of tests: hostile tokens, recipients that misbehave. `scripts/artifacts` writes them."""

from __future__ import annotations

from bridge.artifacts import Artifact, parse
from tests.support.layers import ROOT

FOLDER = ROOT / "tests" / "artifacts"


def load_helper(name: str) -> Artifact:
    """Return the compiled contract `name` of contracts/test/support."""
    file = FOLDER / f"{name}.json"
    assert file.exists(), f"no helper {name}: write it under contracts/test/support and run scripts/artifacts"
    return parse(file.read_text(encoding="utf-8"))
