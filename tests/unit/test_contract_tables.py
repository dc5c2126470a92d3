"""The hand-written tables of calls and events say what the compiled contracts say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bridge import artifacts
from bridge.contracts import EVENTS, Function, clearing, custody, finality, messaging
from bridge.contracts.abi import snake
from bridge.keccak import keccak256

SOURCES = Path(__file__).parents[2] / "contracts" / "src"
TABLES: tuple[ModuleType, ...] = (clearing, custody, finality, messaging)


def type_of(parameter: Mapping[str, Any]) -> str:
    form: str = parameter["type"]
    if not form.startswith("tuple"):
        return form
    inner = ",".join(type_of(component) for component in parameter["components"])
    return f"({inner}){form.removeprefix('tuple')}"


def signature(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(type_of(p) for p in entry['inputs'])})"


def compiled(kind: str) -> Iterator[Mapping[str, Any]]:
    for name in artifacts.names():
        yield from (entry for entry in artifacts.load(name).abi if entry["type"] == kind)


def tabled() -> list[Function]:
    return [v for table in TABLES for v in vars(table).values() if isinstance(v, Function)]


@pytest.mark.parametrize("function", tabled(), ids=lambda f: f.signature)
def test_function__of_every_table__is_in_a_compiled_contract(function: Function) -> None:
    returns = [
        tuple(type_of(output) for output in entry["outputs"])
        for entry in compiled("function")
        if signature(entry) == function.signature
    ]
    assert returns
    assert not function.returns or function.returns in returns


@pytest.mark.parametrize("topic", list(EVENTS), ids=lambda t: EVENTS[t].signature)
def test_event__of_every_table__is_in_a_compiled_contract(topic: bytes) -> None:
    kind = EVENTS[topic]
    found = [e for e in compiled("event") if keccak256(signature(e).encode()) == topic]
    assert found
    indexed = [tuple(type_of(p) for p in entry["inputs"] if p["indexed"]) for entry in found]
    assert tuple(form for _, form in kind.indexed) in indexed


@pytest.mark.parametrize(
    ("members", "name"),
    [(finality.Status, "Status"), (clearing.WaitReason, "WaitReason"), (custody.ClaimReason, "ClaimReason")],
)
def test_enum__of_every_table__has_the_contracts_members_in_order(members: type[IntEnum], name: str) -> None:
    sources = "\n".join(file.read_text() for file in sorted(SOURCES.rglob("I*.sol")))
    found = re.findall(rf"enum {name} \{{(.*?)\}}", sources, re.DOTALL)
    assert len(found) == 1
    bare = re.sub(r"//.*", "", found[0])
    declared = [member.strip() for member in bare.split(",") if member.strip()]
    assert [snake(member).upper() for member in declared] == [member.name for member in members]
    assert [member.value for member in members] == list(range(len(declared)))


def test_revert_names__of_all_contracts__have_distinct_selectors() -> None:
    errors = {signature(entry) for entry in compiled("error")}
    assert len({keccak256(error.encode())[:4] for error in errors}) == len(errors)
