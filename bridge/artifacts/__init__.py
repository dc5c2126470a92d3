"""Compiled contracts: what to deploy, how to call it, and whether deployed code is it.

One JSON file a contract lies beside this module, so that nobody who uses Causeway needs a compiler. `scripts/artifacts`
writes them from forge's output and a test recompiles and compares; nothing is compiled or fetched here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bridge.errors import InputError

FOLDER = Path(__file__).parent


class ArtifactUnknown(InputError):  # noqa: N818  # as all our errors: the name says which rule is broken
    """No compiled contract of that name is here."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"there is no compiled contract {name!r}; expected one of {', '.join(known) or 'none'}: "
            "name it as in contracts/src, and run scripts/artifacts after adding a contract",
        )
        self.name = name
        self.known = known


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes of deployed code that hold an immutable: zero as compiled, filled in by the constructor."""

    start: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One compiled contract.

    `bytecode` is init code without constructor arguments; `deployed_bytecode` is what stands on chain, its immutables
    still zero. `source_hash` covers the contract's own source and all that it imports.
    """

    contract: str
    abi: tuple[Mapping[str, Any], ...]
    bytecode: bytes
    deployed_bytecode: bytes
    immutable_references: tuple[Span, ...]
    compiler: str
    settings: Mapping[str, Any]
    source_hash: str

    def is_deployed_as(self, code: bytes) -> bool:
        """Whether `code`, read from a chain, is this contract with any values of its immutables."""
        if len(code) != len(self.deployed_bytecode):
            return False
        masked = bytearray(code)
        for span in self.immutable_references:
            masked[span.start : span.start + span.length] = bytes(span.length)
        return bytes(masked) == self.deployed_bytecode


def load(name: str) -> Artifact:
    """Return the compiled contract `name`, as "Outbox"; raise ArtifactUnknown, which lists the known ones."""
    if name not in names():
        raise ArtifactUnknown(name=name, known=names())
    return _read(FOLDER / f"{name}.json")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all compiled contracts, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.json")))


def errors() -> list[dict[str, Any]]:
    """Return the ABI of every custom error that some contract can raise, each once, in a stable order."""
    entries = (entry for name in names() for entry in load(name).abi if entry["type"] == "error")
    return [json.loads(text) for text in sorted({json.dumps(entry, sort_keys=True) for entry in entries})]


def parse(text: str) -> Artifact:
    """Return the artifact that the JSON `text` of one file describes."""
    fields = json.loads(text)
    return Artifact(
        contract=fields["contract"],
        abi=tuple(fields["abi"]),
        bytecode=_bytes(fields["bytecode"]),
        deployed_bytecode=_bytes(fields["deployedBytecode"]),
        immutable_references=tuple(Span(**span) for span in fields["immutableReferences"]),
        compiler=fields["compiler"],
        settings=fields["settings"],
        source_hash=fields["sourceHash"],
    )


@cache
def _read(file: Path) -> Artifact:
    return parse(file.read_text(encoding="utf-8"))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
