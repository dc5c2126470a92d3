"""Each error can be raised, says a sentence, and keeps the facts that it is given."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import bridge.errors
import hub.errors
import relayer.errors
from bridge.errors import CausewayError

SAMPLES: dict[str, Any] = {
    "str": "what was found",
    "int": 7,
    "float": 1.5,
    "bool": True,
    "bytes": b"\x01\x02",
    "bytes | None": b"\x01\x02",
    "tuple[tuple[str, str], ...]": (("amount", "7"),),
    "Mapping[int, str]": {7: "what was found"},
}


def raised_by(module: ModuleType) -> list[type[CausewayError]]:
    classes = [value for value in vars(module).values() if inspect.isclass(value)]
    return [one for one in classes if issubclass(one, CausewayError) and one.__module__ == module.__name__]


def facts_of(error: type[CausewayError]) -> dict[str, Any]:
    """Return a value for each field that the error takes; none for one that takes a sentence."""
    if error.__init__ is Exception.__init__:
        return {}
    parameters = inspect.signature(error.__init__).parameters.items()
    return {
        name: SAMPLES.get(str(parameter.annotation), 7)
        for name, parameter in parameters
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


CLASSES = [*raised_by(bridge.errors), *raised_by(hub.errors), *raised_by(relayer.errors)]


@pytest.mark.parametrize("error", CLASSES, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_error__raised_with_facts__keeps_and_says_them(error: type[CausewayError]) -> None:
    given = facts_of(error)
    raised = error("a sentence") if error.__init__ is Exception.__init__ else error(**given)
    assert str(raised)
    kept = {name: getattr(raised, name) for name in given if hasattr(raised, name)}
    assert kept == {name: given[name] for name in kept}
    assert "{" not in str(raised)
