"""What operations cost stays under the promised ceilings, and within 2 % of what `bench/gas.json` says."""

from __future__ import annotations

import json

import pytest

from bench.gas import FOLDER, ROWS, Row, measure, table

TOLERANCE_PERCENT = 2
COMMITTED: dict[str, int] = json.loads((FOLDER / "gas.json").read_text())


@pytest.fixture(scope="module")
def figures() -> dict[str, int]:
    return measure()


@pytest.mark.parametrize("row", [row for row in ROWS if row.target], ids=lambda row: row.key)
def test_gas__operation__costs_at_most_its_ceiling(figures: dict[str, int], row: Row) -> None:
    assert row.target is not None
    assert figures[row.key] <= row.target


@pytest.mark.parametrize("key", sorted(COMMITTED))
def test_gas__operation__has_not_grown(figures: dict[str, int], key: str) -> None:
    most = COMMITTED[key] * (100 + TOLERANCE_PERCENT) // 100
    assert figures[key] <= most, "say why in the commit and run `python -m bench.gas --write`"


def test_gas__committed_figures__are_all_there_and_in_the_table() -> None:
    assert sorted(COMMITTED) == sorted([*(row.key for row in ROWS), *(f"{row.key}_max" for row in ROWS)])
    assert (FOLDER / "gas.md").read_text() == table(COMMITTED)
