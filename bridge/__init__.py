"""Causeway's SDK: messages, proofs, chains, and the client that moves margin between rollups."""

import os
from importlib.util import find_spec

# eth-hash takes pycryptodome, six times slower, unless this is set before web3, eth-account or
# py-evm is first imported. Every module of ours is imported through this one, so it stands here;
# a choice already made by the environment is kept.
if find_spec("sha3") is not None:
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
