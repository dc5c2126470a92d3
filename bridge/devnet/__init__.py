"""Local chains that speak Ethereum JSON-RPC: for demos, for tests, and for whoever connects a venue.

One process a chain. `DevnetProcess` starts one (py-evm or anvil), `cluster` starts several, `fixture` hands one to
pytest,
`faults` stands in front of any endpoint and makes it lie. Only `evm.py` knows which EVM executes.
"""

from bridge.devnet.spec import AnchorSpec, Backend, ChainSpec, GenesisAccount

__all__ = ["AnchorSpec", "Backend", "ChainSpec", "GenesisAccount"]
