"""How a chain's program is called: where it is found and which arguments make it the chain of a spec."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from bridge.devnet import parent, system
from bridge.devnet.errors import ProcessError
from bridge.devnet.spec import Backend, ChainSpec, GenesisAccount, to_json

HOST = "127.0.0.1"
_ROOT = Path(__file__).resolve().parents[2]
_NPM_ANVIL = _ROOT / "contracts" / "node_modules" / ".bin" / "anvil"


def prepare(spec: ChainSpec, port: int, folder: Path, *, owner: int | None) -> list[str]:
    """Write what the program reads at start into `folder` and return its command line.

    `owner` is the process with which the chain has to end; None lets it outlive everyone.
    Raises `ProcessError` if the program is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if spec.backend is Backend.ANVIL:
        return _anvil(spec, port, folder, owner)
    path = folder / f"{spec.name}.json"
    path.write_text(to_json(spec))
    command = [sys.executable, "-m", "bridge.devnet", "--host", HOST, "--port", str(port)]
    command += ["--spec", str(path)]
    return command if owner is None else [*command, "--parent", str(owner)]


def environment() -> dict[str, str]:
    """Return the environment for a chain's process: ours, with this package importable."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def find_anvil() -> str | None:
    """Return the anvil to use: $CAUSEWAY_ANVIL, the one that npm installed here, or one on PATH."""
    named = os.environ.get("CAUSEWAY_ANVIL")
    if named:
        return named if os.access(named, os.X_OK) else None
    return str(_NPM_ANVIL) if os.access(_NPM_ANVIL, os.X_OK) else shutil.which("anvil")


def _anvil(spec: ChainSpec, port: int, folder: Path, owner: int | None) -> list[str]:
    program = find_anvil()
    if program is None:
        remedy = "install it (npm ci in contracts/), set CAUSEWAY_ANVIL, or use the py-evm backend"
        raise ProcessError(chain=spec.name, problem="no anvil found", remedy=remedy)
    path = folder / f"{spec.name}.genesis.json"
    path.write_text(json.dumps(_genesis(spec)))
    options = {
        "--host": HOST,
        "--port": port,
        "--chain-id": spec.chain_id,
        "--hardfork": "prague",
        "--init": path,
        "--gas-limit": spec.gas_limit,
        "--block-base-fee-per-gas": spec.base_fee,
        # anvil's safe lags an epoch, its finalized two.
        "--slots-in-an-epoch": (spec.finality_depth + 1) // 2,
    }
    if spec.block_time:
        options["--block-time"] = spec.block_time
    if spec.timestamp is not None:
        options["--timestamp"] = spec.timestamp
    command = [program, *(str(part) for pair in options.items() for part in pair)]
    if owner is None:
        return command
    return [sys.executable, "-I", "-S", parent.__file__, str(owner), *command]


def _genesis(spec: ChainSpec) -> dict[str, object]:
    accounts = system.predeploys() | spec.genesis()
    return {
        "config": {"chainId": spec.chain_id},
        "timestamp": hex(int(time.time()) if spec.timestamp is None else spec.timestamp),
        "difficulty": "0x0",
        "gasLimit": hex(spec.gas_limit),
        "alloc": {f"0x{key.hex()}": _account(account) for key, account in accounts.items()},
    }


def _account(account: GenesisAccount) -> dict[str, object]:
    shape: dict[str, object] = {"balance": hex(account.balance), "nonce": hex(account.nonce)}
    if account.code:
        shape["code"] = f"0x{account.code.hex()}"
    if account.storage:
        slots = account.storage.items()
        shape["storage"] = {f"0x{slot:064x}": f"0x{value:064x}" for slot, value in slots}
    return shape
