"""The built wheel is whole, the same on every build, and runs the demo where nothing else is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.layers import PACKAGES, ROOT

BUILD_SECONDS = 120
INSTALL_SECONDS = 600
DEMO_SECONDS = 300
OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CAUSEWAY_")  # what could let the checkout leak in


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def run(*command: str | Path, cwd: Path, timeout: int) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def build(target: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target, cwd=ROOT, timeout=BUILD_SECONDS)
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the locked packages and the wheel; returns its folder of programs."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=True, symlinks=True)
    pip = (home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=home, timeout=INSTALL_SECONDS)
    run(*pip, "--no-index", wheel, cwd=home, timeout=INSTALL_SECONDS)
    return home / "bin"


def source_files() -> list[str]:
    """Every file of the three packages that a user needs: all but what Python makes by itself."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file())
    return sorted(str(file.relative_to(ROOT)) for file in files if "__pycache__" not in file.parts)


def test_wheel__contents__are_the_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(names) == source_files()
    assert {"bridge/py.typed", "hub/py.typed", "relayer/py.typed", "bridge/artifacts/Outbox.json"} <= set(names)


def test_wheel__built_twice__is_the_same_file(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_wheel__metadata__names_the_program_its_commands_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
        metadata = archive.read(f"{folder}/METADATA").decode()
        assert b"MIT License" in archive.read(f"{folder}/licenses/LICENSE")
    assert "causeway = bridge.cli:main" in entry_points
    assert "[causeway.commands]\nhub = hub.cli:app\nrelayer = relayer.cli:app" in entry_points
    assert "Name: causeway-bridge" in metadata
    assert "Requires-Python: <3.14,>=3.11" in metadata


def test_wheel__in_a_clean_environment__comes_from_there_and_loads_every_module(
    installed: Path, tmp_path: Path
) -> None:
    program = (
        "import bridge, bridge.merkle, hub, relayer, importlib.metadata as m;"
        "print(*(p.__file__ for p in (bridge, hub, relayer)), m.version('causeway-bridge'))"
    )
    out = run(installed / "python", "-I", "-c", program, cwd=tmp_path, timeout=60).split()
    assert all(Path(file).is_relative_to(installed.parent) for file in out[:3])
    assert out[3]


@pytest.mark.parametrize("command", [(), ("relayer",), ("hub",), ("demo",)], ids=" ".join)
def test_causeway__help_in_a_clean_environment__is_shown(
    installed: Path,
    tmp_path: Path,
    command: tuple[str, ...],
) -> None:
    assert "Usage" in run(installed / "causeway", *command, "--help", cwd=tmp_path, timeout=60)


def test_causeway__demo_in_a_clean_environment__ends_with_a_balanced_ledger(installed: Path, tmp_path: Path) -> None:
    out = run(installed / "causeway", "demo", "--json", cwd=tmp_path, timeout=DEMO_SECONDS)
    assert isinstance(json.loads(out), dict)
