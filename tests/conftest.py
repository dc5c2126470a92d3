"""What holds for every test: tools that may be missing, hypothesis profiles, and no process left behind.

A test marked anvil, forge or compile is skipped where its tool is missing, with the name of the missing piece; with
CI=true that is an error, so that a build never passes by skipping.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

if sys.platform == "linux":
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")  # read at the first import of eth_hash; else the slow one

import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.support.tools import find_binary, missing_for

TOOL_MARKERS = ("anvil", "forge", "compile")
IS_CI = os.environ.get("CI") == "true"

settings.register_profile("local", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,  # two shared cores: wall time says nothing about one example
    derandomize=True,  # a change lands on its own merits; the long run looks for new examples
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if IS_CI else "local")

_missing = cache(missing_for)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool is missing, or fail it on CI."""
    for marker in TOOL_MARKERS:
        if item.get_closest_marker(marker) and (missing := _missing(marker)):
            (pytest.fail if IS_CI else pytest.skip)(missing)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that leaves a child process behind, and end what it left."""
    if _starts_workers(session.config):
        return  # xdist's own children; each of them checks for itself
    left = [child for child in psutil.Process().children(recursive=True) if not _is_pythons_own(child)]
    if not left:
        return
    for child in left:
        sys.stderr.write(f"\nleft behind: process {child.pid}: {_command(child)}\n")
        child.kill()
    psutil.wait_procs(left, timeout=10)
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def anvil_binary() -> Path:
    """The path of anvil, for tests marked anvil."""
    return _required("anvil")


@pytest.fixture(scope="session")
def forge_binary() -> Path:
    """The path of forge, for tests marked forge or compile."""
    return _required("forge")


def _required(name: str) -> Path:
    path = find_binary(name)
    assert path is not None, f"mark the test `{name}`: it needs a tool that may be missing"
    return path


def _starts_workers(config: pytest.Config) -> bool:
    return bool(config.getoption("numprocesses", default=None)) and not hasattr(config, "workerinput")


def _is_pythons_own(process: psutil.Process) -> bool:
    """Whether it is multiprocessing's resource tracker, which lives as long as its parent, or already gone."""
    command = _command(process)
    return not command or "multiprocessing.resource_tracker" in command


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
