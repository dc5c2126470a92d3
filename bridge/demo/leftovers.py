"""Remove from a state folder what was true of chains that are no more.

A local chain lives in memory: started again it has the same id, the same addresses and the same
keys, so transactions and roots that were signed for the earlier one are valid on it too. Nobody may
find them: an old deposit would be credited once more. Logs, keys and settings stay.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bridge.demo.network import CONFIG
from bridge.deployments import deployments_path, load_deployments, save_deployments

DATABASES = ("relayer.db*", "validator-*.db*")
"""The daemons' stores, with the logs and locks that SQLite and the daemons keep beside them."""


def forget(folder: Path, chains: Collection[str]) -> None:
    """Remove the daemons' databases and the chains' records of contracts; safe to repeat.

    Every database goes, as each one holds something of every chain. No daemon may be running.
    """
    for pattern in DATABASES:
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    path = deployments_path(folder / CONFIG)
    recorded = load_deployments(path)
    kept = {name: deployment for name, deployment in recorded.items() if name not in chains}
    if kept:
        save_deployments(path, kept)
    else:
        path.unlink(missing_ok=True)
