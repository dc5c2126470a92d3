"""Compiles the contracts and writes one JSON file for each that can be deployed.

`contracts/src` goes to bridge/artifacts, which ships; helpers under `contracts/test/support` go to tests/artifacts.
The bytes depend on what the contract imports, the compiler and its settings alone: each contract is compiled from
nothing and apart from the others, as the optimiser's output may depend on what else was compiled. `source_hash` needs
no compiler, so that a stale file is noticed without one.

Usage: write_artifacts.py <path of forge> [contract ...]
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
COMPILE_SECONDS = 900
ENVIRONMENT = os.environ | {
    "FOUNDRY_PROFILE": "default",
    "FOUNDRY_LINT_LINT_ON_BUILD": "false",
}  # lint has its own stage

IMPORT = re.compile(r"""^\s*(?:import|\}\s*from)\b[^;"']*["']([^"']+)["']\s*;""", re.MULTILINE)
DEPLOYABLE = re.compile(r"^contract\s+(\w+)", re.MULTILINE)  # not abstract, not a library, not an interface


class ArtifactError(Exception):
    """A contract that cannot be turned into an artifact, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSet:
    """Contracts that are compiled together, and the folder that their artifacts are written to."""

    sources: str
    target: Path
    excluded: str | None = None  # what imports this file is a test of forge's, not a helper


SETS = (
    SourceSet(sources="src", target=ROOT / "bridge" / "artifacts"),
    SourceSet(sources="test/support", target=ROOT / "tests" / "artifacts", excluded="test/support/Test.sol"),
)


def deployable(sources: SourceSet) -> dict[str, PurePosixPath]:
    """Return the source file, relative to contracts/, of each contract of the set that can be deployed."""
    found: dict[str, PurePosixPath] = {}
    for file in sorted((CONTRACTS / sources.sources).rglob("*.sol")):
        path = PurePosixPath(file.relative_to(CONTRACTS).as_posix())
        if sources.excluded and sources.excluded in map(str, closure(path)):
            continue
        for name in DEPLOYABLE.findall(file.read_text(encoding="utf-8")):
            if name in found:
                raise ArtifactError(f"{name} is declared in {found[name]} and in {path}: rename one")
            found[name] = path
    return found


def closure(path: PurePosixPath) -> list[PurePosixPath]:
    """Return `path` and every file of ours that it imports, however far, sorted; packages stand as @scope/name."""
    seen: set[PurePosixPath] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if not str(current).startswith("@"):
            waiting += _imports(current)
    return sorted(seen)


def source_hash(path: PurePosixPath) -> str:
    """Return the SHA-256, in hex, over the closure of `path`: file names with digests, packages with versions."""
    locked = json.loads((CONTRACTS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    lines = []
    for item in closure(path):
        if str(item).startswith("@"):
            digest = locked[f"node_modules/{item}"]["integrity"]
        else:
            digest = hashlib.sha256((CONTRACTS / item).read_bytes()).hexdigest()
        lines.append(f"{item} {digest}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def compiled(sources: SourceSet, forge: Path, only: Collection[str] = ()) -> dict[str, bytes]:
    """Return the bytes of each artifact of the set by file name, or of those named in `only`."""
    wanted = {name: path for name, path in deployable(sources).items() if not only or name in only}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as workers:
        files = workers.map(lambda item: _compile(item[0], item[1], forge), wanted.items())
        return {f"{name}.json": data for name, data in zip(wanted, files, strict=True)}


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


def main(forge: Path, only: Collection[str]) -> None:
    """Compile and write both sets, or the contracts named in `only`, saying what changed."""
    if unknown := sorted(set(only) - {name for sources in SETS for name in deployable(sources)}):
        raise ArtifactError(f"no contract {', '.join(unknown)} that can be deployed: name it as in its source")
    for sources in SETS:
        for line in [*write(compiled(sources, forge, only), sources.target), *remove_orphans(sources)]:
            print(line)


def _compile(name: str, path: PurePosixPath, forge: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(forge),
            "build",
            "--force",
            "--out",
            f"{folder}/out",
            "--cache-path",
            f"{folder}/cache",
            str(path),
        ]
        run = subprocess.run(
            command,
            cwd=CONTRACTS,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMPILE_SECONDS,
            env=ENVIRONMENT,
        )
        if run.returncode:
            raise ArtifactError(f"{path} does not compile:\n{run.stdout}{run.stderr}")
        return _render(
            name, path, json.loads(Path(folder, "out", path.name, f"{name}.json").read_text(encoding="utf-8"))
        )


def _imports(path: PurePosixPath) -> Iterator[PurePosixPath]:
    for target in IMPORT.findall((CONTRACTS / path).read_text(encoding="utf-8")):
        if target.startswith("."):
            resolved = (CONTRACTS / path).parent.joinpath(target).resolve().relative_to(CONTRACTS)
            yield PurePosixPath(resolved.as_posix())
        else:
            yield PurePosixPath(*PurePosixPath(target).parts[:2])


def _render(name: str, path: PurePosixPath, output: dict[str, Any]) -> bytes:
    if output["bytecode"]["linkReferences"] or output["deployedBytecode"]["linkReferences"]:
        raise ArtifactError(f"{name} calls a library by address: make the library's functions internal")
    references = output["deployedBytecode"].get("immutableReferences", {})
    spans = [span for where in references.values() for span in where]
    fields = {
        "contract": name,
        "abi": output["abi"],
        "bytecode": output["bytecode"]["object"],
        "deployedBytecode": output["deployedBytecode"]["object"],
        # Keyed by syntax tree ids in solc's output, which change with unrelated sources: positions alone are stable.
        "immutableReferences": sorted(spans, key=lambda span: int(span["start"])),
        "compiler": output["metadata"]["compiler"]["version"],
        "settings": output["metadata"]["settings"],
        "sourceHash": source_hash(path),
    }
    return (json.dumps(fields, indent=1) + "\n").encode()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).absolute(), sys.argv[2:])
    except ArtifactError as error:
        sys.exit(f"scripts/artifacts: {error}")
