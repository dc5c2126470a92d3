"""Where a deployment began is known before its first contract stands, so that a resumed one is read from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.deploy.steps import Origin, _first_block
from bridge.deployments import Deployment, Start, load_starts, save_starts, starts_path
from bridge.types import BlockNumber, ChainId, Hash32

NOW = Start(genesis=Hash32(b"\x01" * 32), block=BlockNumber(90))
EARLIER = Start(genesis=NOW.genesis, block=BlockNumber(70))
OF_ANOTHER = Start(genesis=Hash32(b"\x02" * 32), block=BlockNumber(70))


def whole(start: Start) -> Deployment:
    return Deployment(
        chain="alpha", chain_id=ChainId(1), genesis=start.genesis, block=start.block, contracts={}, tokens={}
    )


def test_first_block__nothing_stands__is_recorded_before_the_first_creation() -> None:
    begun: list[Start] = []
    assert _first_block(Origin(begin=begun.append), NOW, is_new=True) == NOW.block
    assert begun == [NOW]


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("origin", [Origin(start=EARLIER), Origin(known=whole(EARLIER))])
def test_first_block__an_earlier_run_began__is_where_that_began(origin: Origin, *, is_new: bool) -> None:
    assert _first_block(origin, NOW, is_new=is_new) == EARLIER.block


@pytest.mark.parametrize("origin", [Origin(), Origin(start=OF_ANOTHER), Origin(known=whole(OF_ANOTHER))])
def test_first_block__contracts_without_a_record_of_this_chain__is_the_chains_first(origin: Origin) -> None:
    assert _first_block(origin, NOW, is_new=False) == 0


def test_starts__written_and_read__are_the_same(tmp_path: Path) -> None:
    path = starts_path(tmp_path / "chains.toml")
    assert load_starts(path) == {}
    save_starts(path, {"alpha": NOW})
    assert load_starts(path) == {"alpha": NOW}
