"""Compiles the contracts and writes one JSON file for each that can be deployed.

`contracts/src` goes to bridge/artifacts, which ships; helpers under `contracts/test/support` go to tests/artifacts.
The bytes depend on what the contract imports, the compiler and the settings of contracts/foundry.toml alone: each
contract is compiled apart from the others, as the optimiser's output may depend on what else was compiled.

Usage: python -m scripts.write_artifacts [contract ...]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from scripts.contract_sources import (
    CONTRACTS,
    ROOT,
    SETS,
    ArtifactError,
    SourceSet,
    closure,
    deployable,
    read,
    source_hash,
)

COMPILE_SECONDS = 900
OUTPUTS = ("abi", "evm.bytecode", "evm.deployedBytecode", "metadata")


def compiled(sources: SourceSet, only: Collection[str] = ()) -> tuple[dict[str, bytes], list[str]]:
    """Return each artifact of the set, or of those in `only`, by file name, and what did not compile, with why."""
    wanted = sorted((name, path) for name, path in deployable(sources).items() if not only or name in only)
    workers = min(4, os.cpu_count() or 1)
    shares = [wanted[first::workers] for first in range(workers)]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        outputs = chain.from_iterable(pool.map(_compile, shares))
    files: dict[str, bytes] = {}
    broken: list[str] = []
    for (name, path), output in zip(chain.from_iterable(shares), outputs, strict=True):
        try:
            files[f"{name}.json"] = _render(name, path, output)
        except ArtifactError as error:
            broken.append(str(error))
    return files, broken


def write(files: Mapping[str, bytes], target: Path) -> Iterator[str]:
    """Write `files` to `target` where they differ; yield a line for each that changed."""
    target.mkdir(parents=True, exist_ok=True)
    for name, data in sorted(files.items()):
        file = target / name
        if file.exists() and file.read_bytes() == data:
            continue
        fresh = file.with_suffix(".new")
        fresh.write_bytes(data)
        fresh.replace(file)
        yield f"wrote {file.relative_to(ROOT)}"


def remove_orphans(sources: SourceSet) -> Iterator[str]:
    """Remove the artifacts of contracts that the set no longer has; yield a line for each."""
    wanted = deployable(sources)
    for old in sorted(sources.target.glob("*.json")):
        if old.stem not in wanted:
            old.unlink()
            yield f"removed {old.relative_to(ROOT)}"


def main(only: Collection[str]) -> None:
    """Compile and write both sets, or the contracts named in `only`, saying what changed."""
    if unknown := sorted(set(only) - {name for sources in SETS for name in deployable(sources)}):
        raise ArtifactError(f"no contract {', '.join(unknown)} that can be deployed: name it as in its source")
    broken: list[str] = []
    for sources in SETS:
        files, errors = compiled(sources, only)
        broken += errors
        for line in [*write(files, sources.target), *remove_orphans(sources)]:
            print(line)
    if broken:
        raise ArtifactError("\n".join(broken))


def _compile(share: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    if not share:
        return []
    node = shutil.which("node")
    if node is None:
        raise ArtifactError("Node is not on PATH: the Solidity compiler is WebAssembly, which it runs")
    run = subprocess.run(
        [node, "solc.mjs", "--standard-json-each"],
        cwd=CONTRACTS,
        input=json.dumps([_input(name, path) for name, path in share]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=COMPILE_SECONDS,
    )
    outputs: list[dict[str, Any]] = json.loads(run.stdout)
    return outputs


def _input(name: str, path: str) -> dict[str, Any]:
    """Return solc's standard JSON input for one contract, with forge's settings and source names."""
    settings = tomllib.loads((CONTRACTS / "foundry.toml").read_text(encoding="utf-8"))["profile"]["default"]
    names = {
        item: f"node_modules/{item}" if item.startswith("@") else item for item in closure(path, with_packages=True)
    }
    return {
        "language": "Solidity",
        "sources": {names[item]: {"content": read(item)} for item in names},
        "settings": {
            "remappings": settings["remappings"],
            "optimizer": {"enabled": settings["optimizer"], "runs": settings["optimizer_runs"]},
            "metadata": {"bytecodeHash": settings["bytecode_hash"], "appendCBOR": settings["cbor_metadata"]},
            "evmVersion": settings["evm_version"],
            "viaIR": settings["via_ir"],
            "outputSelection": {path: {name: OUTPUTS}},
        },
    }


def _render(name: str, path: str, output: dict[str, Any]) -> bytes:
    if wrong := [item["formattedMessage"] for item in output.get("errors", ()) if item["severity"] == "error"]:
        raise ArtifactError(f"{name} does not compile:\n{wrong[0]}")
    contract = output["contracts"][path][name]
    code, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if code["linkReferences"]:
        raise ArtifactError(f"{name} calls a library by address: make the library's functions internal")
    metadata = json.loads(contract["metadata"])
    # Keyed by syntax tree ids in solc's output, which say nothing to a reader: positions alone matter.
    spans = [span for where in deployed["immutableReferences"].values() for span in where]
    fields = {
        "contract": name,
        "abi": contract["abi"],
        "bytecode": f"0x{code['object']}",
        "deployedBytecode": f"0x{deployed['object']}",
        "immutableReferences": [
            {"start": span["start"], "length": span["length"]}
            for span in sorted(spans, key=lambda span: int(span["start"]))
        ],
        "compiler": metadata["compiler"]["version"],
        "settings": metadata["settings"],
        "sourceHash": source_hash(path),
    }
    return (json.dumps(fields, indent=1) + "\n").encode()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ArtifactError as error:
        sys.exit(f"scripts/artifacts: {error}")
