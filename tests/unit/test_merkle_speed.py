"""The lane tree is as fast as its users were promised: compared with bare hashing in the same run."""

from __future__ import annotations

import pytest

from bench import merkle


@pytest.mark.timed
def test_tree__a_million_leaves__costs_little_more_than_hashing_them() -> None:
    pytest.importorskip("sha3", reason="the promise is made for safe-pysha3, which has no wheel here")
    best = min((merkle.measure(1_000_000) for _ in range(2)), key=lambda figures: figures["append_ratio"])
    assert best["append_ratio"] <= 1.6
    assert best["proof_us"] <= 60
