"""The command line: quick to ask, the same exit codes everywhere, JSON for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from bridge.cli import commands
from bridge.cli.funnel import exit_code_of
from bridge.cli.lazy import LazyCommand
from bridge.errors import (
    CausewayError,
    CheckFailed,
    ConfigInvalid,
    KeyUnavailable,
    QuorumNotReached,
    TransferTimedOut,
    TransferUnknown,
)

HEAVY = ("web3", "httpx", "eth_abi", "sqlmodel", "sqlalchemy", "eth")
KEY = "0x" + "01" * 32


def causeway(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bridge.cli", *arguments]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "TERM": "dumb", "COLUMNS": "200"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_help__lists_every_command__without_loading_any(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom bridge.cli import main\nsys.argv = ['causeway', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', sorted({HEAVY!r} & sys.modules.keys()))"
    ).replace(repr(HEAVY), "{" + ", ".join(map(repr, HEAVY)) + "}")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert "LOADED []" in done.stdout
    assert all(name in done.stdout for name in commands())


@pytest.mark.parametrize("name", list(commands()))
def test_command__of_the_table__loads_and_explains_itself(name: str) -> None:
    row = commands()[name]
    command = LazyCommand(name, *row).load()
    assert command.get_short_help_str(200)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CheckFailed(what="a", found="b", expected="c"), 1),
        (ConfigInvalid(file="a", field="b", found="c", expected="d"), 2),
        (KeyUnavailable(name="a", problem="b", remedy="c"), 2),
        (CausewayError("a"), 2),
        (FileNotFoundError("a"), 2),
        (QuorumNotReached(chain="a", method="b", needed=2, agreeing=1, detail="c"), 3),
        (TransferUnknown(id="a", problem="b"), 4),
        (TransferTimedOut(id="a", stage="b", seconds=1), 5),
        (ExceptionGroup("many", [TransferUnknown(id="a", problem="b")]), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error__raised_on_purpose__has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code_of(error) == code


def test_error__that_nobody_foresaw__is_not_dressed_up() -> None:
    assert exit_code_of(ZeroDivisionError()) is None
    assert exit_code_of(ExceptionGroup("many", [ZeroDivisionError()])) is None


def test_init__twice__keeps_the_first_file(tmp_path: Path) -> None:
    assert causeway("init", cwd=tmp_path).returncode == 0
    text = (tmp_path / "chains.toml").read_text()
    again = causeway("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "there already" in again.stderr
    assert (tmp_path / "chains.toml").read_text() == text


def test_wallet__imports_and_lists__without_ever_printing_the_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "password").write_text("word\n")
    taken = causeway(
        "wallet", "import", "ada", "--key-file", "key", "--password-file", "password", "--json", cwd=tmp_path
    )
    assert taken.returncode == 0, taken.stderr
    listed = causeway("wallet", "list", "--json", cwd=tmp_path)
    address = "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"
    assert [row["address"] for row in json.loads(listed.stdout)] == [address]
    assert KEY[2:] not in taken.stdout + taken.stderr + listed.stdout + listed.stderr


def test_command__with_a_wrong_configuration__says_so_in_json_too(tmp_path: Path) -> None:
    (tmp_path / "chains.toml").write_text("version = 3")
    done = causeway("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "ConfigInvalid"
    person = causeway("doctor", cwd=tmp_path)
    assert "chains.toml: version is 3; expected 1" in person.stderr


def test_command__with_a_key_that_is_not_there__ends_before_asking_a_password(tmp_path: Path) -> None:
    causeway("init", cwd=tmp_path)
    done = causeway("deploy", "--key", "nobody", cwd=tmp_path)
    assert done.returncode == 2
    assert "wallet list" in done.stderr


def test_version__asked__is_the_installed_ones(tmp_path: Path) -> None:
    done = causeway("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == f"causeway {version('causeway-bridge')}\n"


def test_wallet__a_file_of_other_bytes__is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\xff" * 32)
    done = causeway("wallet", "import", "ada", "--key-file", "raw", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "FieldOutOfRange"
