"""A pytest plugin: `devnet` is a running chain of the test's own, `devnet_factory` starts as many as a test needs.

Load it with `pytest_plugins = ["bridge.devnet.fixture"]`. It needs pytest-asyncio. A test, class or module chooses
its chain by overriding the `devnet_spec` fixture, or by `@pytest.mark.parametrize("devnet_spec", [...])`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio

from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import ChainSpec

DevnetFactory: TypeAlias = Callable[[ChainSpec], Awaitable[DevnetProcess]]


@pytest.fixture
def devnet_spec() -> ChainSpec:
    """Describe the chain that `devnet` is; override it to choose another."""
    return ChainSpec(chain_id=31337)


@pytest_asyncio.fixture
async def devnet_factory(tmp_path: Path) -> AsyncIterator[DevnetFactory]:
    """Return a function that starts a chain from a spec; every chain ends with the test."""
    async with AsyncExitStack() as stack:

        async def start(spec: ChainSpec) -> DevnetProcess:
            folder = tmp_path / f"{spec.name}-{spec.chain_id}"
            return await stack.enter_async_context(DevnetProcess(spec, folder=folder))

        yield start


@pytest_asyncio.fixture
async def devnet(devnet_spec: ChainSpec, devnet_factory: DevnetFactory) -> DevnetProcess:
    """Return a running chain, fresh for this test."""
    return await devnet_factory(devnet_spec)
