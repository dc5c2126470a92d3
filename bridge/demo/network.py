"""The local network of the demo and of `causeway devnet`: five chains, two assets, known keys.

base is the root of trust; hub, alpha and beta are final by their validators, gamma by proposals
that can be disputed for ten seconds. The keys are the public development keys, so nothing of worth
may ever stand behind them; the tokens are stand-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge import artifacts
from bridge.devnet.accounts import DEV_KEYS
from bridge.devnet.spec import AnchorSpec, Backend, ChainSpec, GenesisAccount
from bridge.signer import LocalSigner
from bridge.types import Address, ChainId

ANCHOR = Address(bytes.fromhex("ca05e0a9c4") + bytes(14) + b"\x01")
"""Where each rollup's node tells its contracts about the base chain: a predeploy, as on real rollups."""

BASE = "base"
HUB = "hub"
VENUES = ("alpha", "beta", "gamma")
OPTIMISTIC = "gamma"
CHAIN_IDS: Mapping[str, ChainId] = {
    BASE: ChainId(9_000),
    HUB: ChainId(9_001),
    "alpha": ChainId(9_002),
    "beta": ChainId(9_003),
    "gamma": ChainId(9_004),
}
WINDOW = 10
BOND = 10**17
QUOTE_SYMBOL = "USDC"
OTHER_SYMBOL = "WETH"
CONFIG = "chains.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who acts in a local network, each with a development key of its own."""

    deployer: LocalSigner
    traders: tuple[LocalSigner, LocalSigner]
    relayer: LocalSigner
    validators: tuple[LocalSigner, ...]
    stranger: LocalSigner


def cast() -> Cast:
    """Return the actors; the stranger proposes false roots and forges proofs."""
    signers = [LocalSigner(key) for key in DEV_KEYS]
    return Cast(
        deployer=signers[0],
        traders=(signers[1], signers[2]),
        relayer=signers[3],
        validators=tuple(signers[4:8]),
        stranger=signers[8],
    )


def chain_spec(name: str, *, backend: Backend, block_time: float, base_url: str | None = None) -> ChainSpec:
    """Return how a chain of the network runs; a rollup names the base chain that it anchors."""
    if name == BASE:
        return ChainSpec(chain_id=CHAIN_IDS[name], name=name, backend=backend, block_time=block_time)
    code = artifacts.load("Anchor").deployed_bytecode
    return ChainSpec(
        chain_id=CHAIN_IDS[name],
        name=name,
        backend=backend,
        block_time=block_time,
        alloc={ANCHOR: GenesisAccount(nonce=1, code=code)},
        anchor=None if base_url is None else AnchorSpec(url=base_url, address=ANCHOR),
    )


def config_text(urls: Mapping[str, str], *, block_time: float) -> str:
    """Return the chains.toml of a local network whose chains answer at these urls."""
    parts = [_HEAD, _base(urls[BASE], block_time)]
    parts += [_rollup(name, urls[name], block_time) for name in (HUB, *VENUES)]
    return "\n".join(parts)


_HEAD = f"""\
# A local network: keys are public and tokens are stand-ins, so nothing here is worth anything.
version = 1

[governance]
delay = 0

[assets.{QUOTE_SYMBOL}]
id = 0

[assets.{OTHER_SYMBOL}]
id = 1
"""


def _base(url: str, block_time: float) -> str:
    return f"""\
[chains.{BASE}]
id = {CHAIN_IDS[BASE]}
role = "base"
rpc = ["{url}"]
block_time = {block_time}
verifiers = [{_members()}]
"""


def _rollup(name: str, url: str, block_time: float) -> str:
    role = "hub" if name == HUB else "venue"
    if name == OPTIMISTIC:
        regime, finality = "optimistic", f'window = {WINDOW}\nbond = "{BOND}"'
    else:
        regime, finality = "quorum", f"validators = [{_members()}]"
    return f"""\
[chains.{name}]
id = {CHAIN_IDS[name]}
role = "{role}"
rpc = ["{url}"]
block_time = {block_time}
anchor = "0x{ANCHOR.hex()}"
regime = "{regime}"

[chains.{name}.finality]
{finality}

[chains.{name}.assets.{QUOTE_SYMBOL}]
stand_in = true
decimals = 6
ceiling = "10_000_000"
target = "5_000"
curve_ppm = 10_000

[chains.{name}.assets.{OTHER_SYMBOL}]
stand_in = true
decimals = 18
ceiling = "10_000"
"""


def _members() -> str:
    rows = (f'{{ address = "0x{signer.address.hex()}" }}' for signer in cast().validators)
    return ", ".join(rows)
