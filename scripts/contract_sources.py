"""Reads the contracts' sources: which can be deployed, what each imports, and a hash over all of that.

Needs no compiler, so that a stale artifact is noticed without one. Compiling is `scripts/write_artifacts.py`.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"

IMPORT = re.compile(r"""^\s*(?:import|\}\s*from)\b[^;"']*["']([^"']+)["']\s*;""", re.MULTILINE)
DEPLOYABLE = re.compile(r"^contract\s+(\w+)", re.MULTILINE)  # not abstract, not a library, not an interface


class ArtifactError(Exception):
    """A contract that cannot be turned into an artifact, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSet:
    """A folder of contracts, and the folder that their artifacts are written to; both relative to where they belong."""

    sources: str
    target: Path
    excluded: str | None = None  # what imports this file is a test of forge's, not a helper


SETS = (
    SourceSet(sources="src", target=ROOT / "bridge" / "artifacts"),
    SourceSet(sources="test/support", target=ROOT / "tests" / "artifacts", excluded="test/support/Test.sol"),
)


def deployable(sources: SourceSet) -> dict[str, str]:
    """Return the source file, relative to contracts/, of each contract of the set that can be deployed."""
    found: dict[str, str] = {}
    for file in sorted((CONTRACTS / sources.sources).rglob("*.sol")):
        path = file.relative_to(CONTRACTS).as_posix()
        if sources.excluded and sources.excluded in closure(path):
            continue
        for name in DEPLOYABLE.findall(file.read_text(encoding="utf-8")):
            if name in found:
                raise ArtifactError(f"{name} is declared in {found[name]} and in {path}: rename one")
            found[name] = path
    return found


def closure(path: str, *, with_packages: bool = False) -> list[str]:
    """Return `path` and every file that it imports, however far, sorted; what a package imports only if asked for."""
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if with_packages or not _is_of_a_package(current):
            waiting += _imports(current)
    return sorted(seen)


def read(path: str) -> str:
    """Return the text of a source file, relative to contracts/ or, where it is a package's, to node_modules."""
    file = CONTRACTS / "node_modules" / path if _is_of_a_package(path) else CONTRACTS / path
    return file.read_text(encoding="utf-8")


def source_hash(path: str) -> str:
    """Return the SHA-256, in hex, over the closure of `path`: our files by their digest, packages by their lock."""
    locked = json.loads((CONTRACTS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    lines = set()
    for item in closure(path):
        if _is_of_a_package(item):
            package = "/".join(item.split("/")[:2])
            lines.add(f"{package} {locked[f'node_modules/{package}']['integrity']}\n")
        else:
            lines.add(f"{item} {hashlib.sha256(read(item).encode()).hexdigest()}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _imports(path: str) -> Iterator[str]:
    for target in IMPORT.findall(read(path)):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target.startswith(".") else target


def _is_of_a_package(path: str) -> bool:
    return path.startswith("@")
