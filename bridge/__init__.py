"""Causeway's SDK: move collateral and margin between rollups by Merkle inclusion proof.

The names below are the public surface. They are imported on first use, so that a program which
needs the pure modules alone (`bridge.merkle`, `bridge.mpt`, `bridge.messages`) loads no network
library.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

# eth-hash takes pycryptodome, six times slower, unless this is set before web3, eth-account or py-evm is first
# imported. Every module of ours is imported through this one, so it stands here; what the environment chose is kept.
if find_spec("sha3") is not None:
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

_HOME = {
    "Account": "bridge.types",
    "Address": "bridge.types",
    "AssetId": "bridge.types",
    "Bridge": "bridge.client",
    "CausewayError": "bridge.errors",
    "Chain": "bridge.chains",
    "ChainId": "bridge.types",
    "Connections": "bridge.client",
    "Fees": "bridge.client",
    "LocalSigner": "bridge.signer",
    "MessageId": "bridge.client",
    "Network": "bridge.chains",
    "Next": "bridge.messages",
    "NextMode": "bridge.types",
    "Signer": "bridge.signer",
    "Stage": "bridge.client",
    "Status": "bridge.client",
    "Transfer": "bridge.client",
    "Tree": "bridge.merkle",
    "Via": "bridge.client",
    "Wad": "bridge.types",
    "load_network": "bridge.chains",
    "parse_wad": "bridge.amounts",
    "show_wad": "bridge.amounts",
}

__all__ = sorted(_HOME)  # noqa: PLE0605  # the table above is the list


def __getattr__(name: str) -> object:
    """Import a public name from its home on first use; any other name is an AttributeError."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names beside the module's own."""
    return sorted({*globals(), *_HOME})
