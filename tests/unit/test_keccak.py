"""Keccak-256: known digests, and both implementations alike."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import keccak

KNOWN = {
    b"": "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    b"abc": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    b"\x80": "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
}


@pytest.fixture(scope="module")
def fallback() -> ModuleType:
    """The module as it is where safe-pysha3 has no wheel."""
    spec = importlib.util.find_spec("bridge.keccak")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sha3", None)
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("data", "digest"), KNOWN.items())
def test_keccak256__known_input__gives_the_published_digest(data: bytes, digest: str, fallback: ModuleType) -> None:
    assert keccak.keccak256(data).hex() == digest
    assert fallback.keccak256(data).hex() == digest


@given(rows=st.lists(st.binary(min_size=64, max_size=64), max_size=8))
def test_keccak256_pairs__any_row__gives_each_digest_in_order(rows: list[bytes], fallback: ModuleType) -> None:
    digests = b"".join(map(keccak.keccak256, rows))
    assert keccak.keccak256_pairs(b"".join(rows)) == digests
    assert fallback.keccak256_pairs(bytearray(b"".join(rows))) == digests


@pytest.mark.parametrize(("chosen", "effective"), [(None, "pysha3"), ("pycryptodome", "pycryptodome")])
def test_package__first_import__sets_the_fast_hash_for_ethereum_libraries_unless_one_is_chosen(
    chosen: str | None, effective: str
) -> None:
    pytest.importorskip("sha3", reason="safe-pysha3 has no wheel here, so there is nothing faster to choose")
    environment = {key: value for key, value in os.environ.items() if key != "ETH_HASH_BACKEND"}
    if chosen is not None:
        environment["ETH_HASH_BACKEND"] = chosen
    program = "import os, bridge; print(os.environ['ETH_HASH_BACKEND'])"
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    assert result.stdout.strip() == effective
