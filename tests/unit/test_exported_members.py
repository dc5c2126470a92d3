"""The public surface is a list: every name is importable, and nothing heavy comes before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bridge


@pytest.mark.parametrize("name", bridge.__all__)
def test_name__of_the_public_list__is_importable(name: str) -> None:
    assert getattr(bridge, name) is not None
    assert name in dir(bridge)


def test_name__not_on_the_list__is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = bridge.Nothing


def test_package__imported__loads_no_network_library() -> None:
    program = "import sys, bridge; print(sorted({'httpx', 'web3', 'eth_abi', 'asyncio'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
