"""A state folder used again: nothing signed for the chains of an earlier network is found by a later one."""

from __future__ import annotations

from pathlib import Path

from bridge.demo.leftovers import forget
from bridge.demo.network import CONFIG
from bridge.deployments import Deployment, deployments_path, load_deployments, save_deployments
from bridge.types import BlockNumber, ChainId, Hash32

STORES = ("relayer.db", "relayer.db-wal", "relayer.db-shm", "relayer.db.lock", "validator-3.db")
NAMES = ("base", "alpha")


def used(folder: Path) -> Path:
    for name in (*STORES, "relayer.toml", "relayer.log"):
        (folder / name).write_text("of an earlier network")
    record = deployments_path(folder / CONFIG)
    save_deployments(record, {name: deployed(name) for name in NAMES})
    return record


def deployed(name: str) -> Deployment:
    genesis, first = Hash32(bytes(32)), BlockNumber(7)
    return Deployment(chain=name, chain_id=ChainId(1), genesis=genesis, block=first, contracts={}, tokens={})


def test_forget__all_chains_anew__leaves_no_database_and_no_record(tmp_path: Path) -> None:
    record = used(tmp_path)
    forget(tmp_path, NAMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["relayer.log", "relayer.toml"]
    assert not record.exists()
    forget(tmp_path, NAMES)


def test_forget__one_chain_anew__keeps_the_record_of_the_other(tmp_path: Path) -> None:
    record = used(tmp_path)
    forget(tmp_path, ["alpha"])
    assert set(load_deployments(record)) == {"base"}
    assert not any((tmp_path / name).exists() for name in STORES)
