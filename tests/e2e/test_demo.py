"""The demo from the outside: it ends with closed books and code 0, and nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 400
STEPS = [
    "chains",
    "deploy",
    "relayer",
    "mint",
    "deposits",
    "margin",
    "forward",
    "forgery",
    "replay",
    "crash",
    "withdrawal",
    "dispute",
    "ledger",
]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bridge.cli", *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def run(*arguments: str, cwd: Path, timeout: int = SECONDS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def running_in(folder: Path) -> list[psutil.Process]:
    """Return processes that name the folder: all that a demo starts do."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if any(str(folder) in argument for argument in arguments):
            found.append(process)
    return found


def until_none_runs(folder: Path, seconds: float = 15.0) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    while (left := running_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.mark.parametrize("backend", ["py-evm", pytest.param("anvil", marks=pytest.mark.anvil)])
def test_demo__on_either_backend__ends_with_closed_books(tmp_path: Path, backend: str) -> None:
    folder = tmp_path / "state"
    done = run("demo", "--json", "--backend", backend, "--folder", str(folder), cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert [step["name"] for step in told["steps"]] == STEPS
    assert told["balanced"]
    assert {book["asset"]: book["difference"] for book in told["ledger"]} == {"USDC": "0", "WETH": "0"}
    moved = [step for step in told["steps"] if step["name"] in {"deposits", "margin", "withdrawal"}]
    assert all(step["gas"] > 0 and step["seconds"] > 0 for step in moved)
    assert until_none_runs(folder) == []


@pytest.mark.anvil
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_demo__interrupted__leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "state"
    demo = subprocess.Popen(
        command("demo", "--json", "--backend", "anvil", "--folder", str(folder)),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while not (folder / "relayer.log").exists() and demo.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    demo.send_signal(number)
    code = demo.wait(timeout=60)
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 130)
    assert until_none_runs(folder) == []
    if demo.stderr is not None:
        demo.stderr.close()


@pytest.mark.anvil
def test_devnet__up_deploy_look_down__by_commands_alone(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    at = ("--config", str(folder / "chains.toml"))
    try:
        up = run("devnet", "up", "--folder", str(folder), "--backend", "anvil", "--json", cwd=tmp_path)
        assert up.returncode == 0, up.stdout + up.stderr
        keys = ("--keystore", str(folder / "keys"), "--password-file", str(folder / "keys" / "password"))
        assert run("doctor", *at, "--json", cwd=tmp_path).returncode == 1  # nothing is deployed yet
        deployed = run("deploy", *at, *keys, "--key", "deployer", "--json", cwd=tmp_path)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        again = run("deploy", *at, *keys, "--key", "deployer", "--json", cwd=tmp_path)
        assert {row["gas"] for row in json.loads(again.stdout)} == {0}
        time.sleep(2)  # the anchors take up the base chain
        looked = run("doctor", *at, "--json", cwd=tmp_path)
        assert looked.returncode == 0, looked.stdout
        listed = json.loads(run("wallet", "list", "--keystore", str(folder / "keys"), "--json", cwd=tmp_path).stdout)
        ada = next(row["address"] for row in listed if row["name"] == "ada")
        view = json.loads(run("account", ada, *at, "--json", cwd=tmp_path).stdout)
        assert {place["cash"] for place in view["places"]} == {"0"}
        quote = json.loads(run("quote", "deposit", "alpha", "USDC", "10", *at, "--json", cwd=tmp_path).stdout)
        assert quote["credited"] == str(10 * 10**18)
        poor = run("deposit", "alpha", "USDC", "10", "--key", "ada", *at, *keys, "--json", cwd=tmp_path)
        assert poor.returncode == 4
        assert json.loads(poor.stdout)["error"]["kind"] == "TransferRefused"
    finally:
        down = run("devnet", "down", "--folder", str(folder), "--json", cwd=tmp_path)
    assert set(json.loads(down.stdout)["ended"]) >= {"base", "hub", "alpha", "beta", "gamma"}
    assert until_none_runs(folder) == []


@pytest.mark.anvil
def test_demo__kept__goes_on_for_a_person_and_ends_by_devnet_down(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    at = ("--config", str(folder / "chains.toml"), "--keystore", str(folder / "keys"))
    signing = (*at, "--password-file", str(folder / "keys" / "password"), "--key", "ada", "--json")
    try:
        done = run("demo", "--keep", "--json", "--backend", "anvil", "--folder", str(folder), cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        moved = run("move", "alpha", "beta", "10", "--fee", "0.1", "--onward-fee", "0.1", *signing, cwd=tmp_path)
        assert moved.returncode == 0, moved.stdout + moved.stderr
        told = [json.loads(line) for line in moved.stdout.splitlines()]
        assert told[-1]["stage"] == "credited"
        assert told[-1]["evidence"]["chain"] == "beta"
        again = run("transfer", "status", told[0]["transfer"], *at[:2], "--json", cwd=tmp_path)
        assert json.loads(again.stdout.splitlines()[-1])["evidence"] == told[-1]["evidence"]
    finally:
        down = run("devnet", "down", "--folder", str(folder), "--json", cwd=tmp_path)
    assert {"relayer", "validator-1", "base", "gamma"} <= set(json.loads(down.stdout)["ended"])
    assert until_none_runs(folder) == []
