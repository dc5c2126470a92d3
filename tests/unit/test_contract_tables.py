"""The hand-written tables of calls and events say what the compiled contracts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from bridge import artifacts
from bridge.contracts import EVENTS, Function, clearing, custody, finality, messaging
from bridge.keccak import keccak256

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


def test_revert_names__of_all_contracts__have_distinct_selectors() -> None:
    errors = {signature(entry) for entry in compiled("error")}
    assert len({keccak256(error.encode())[:4] for error in errors}) == len(errors)
