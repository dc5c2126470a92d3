"""Refuse to put money under keys that everyone has: the public development keys.

They are what the template and the local networks name, so that a devnet runs at once. Under a real
token they would let anyone sign a root or vote in a dispute.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.chains import Chain, Network, QuorumFinality
from bridge.devnet.accounts import DEV_ACCOUNTS
from bridge.errors import ConfigInvalid
from bridge.types import Address

EXPECTED = "keys of your own: everybody has the development keys, and an asset of the network is no stand-in"


def require_own_keys(network: Network, owner: Address) -> None:
    """Raise ConfigInvalid where a development key governs, signs or votes over a token that is no stand-in."""
    if not is_real(network):
        return
    found = [(chain, field) for chain in network.chains for field in public_keys(chain)]
    if found:
        chain, field = found[0]
        raise _refused(network, f"chains.{chain.name}.{field}")
    if owner in DEV_ACCOUNTS:
        raise _refused(network, "the deploying key")


def is_real(network: Network) -> bool:
    """Tell whether any chain lists a token that is no stand-in."""
    return any(listed.token is not None for chain in network.chains for listed in chain.assets)


def public_keys(chain: Chain) -> Iterator[str]:
    """Yield the fields of a chain's configuration in which a development key stands."""
    validators = chain.finality.validators if isinstance(chain.finality, QuorumFinality) else ()
    for field, members in (("finality.validators", validators), ("verifiers", chain.verifiers)):
        if any(member.address in DEV_ACCOUNTS for member in members):
            yield field


def _refused(network: Network, field: str) -> ConfigInvalid:
    return ConfigInvalid(file=str(network.file), field=field, found="a public development key", expected=EXPECTED)
