"""The contracts that stand on every local chain from block 0, and who may write to them.

EIP-2935 keeps block hashes, EIP-4788 keeps beacon roots, and the deterministic deployment proxy gives a contract
the same address on every chain. On a live network they got there by transactions; here they are part of genesis,
because the EVM library installs none.
"""

from bridge.devnet.spec import GenesisAccount

SYSTEM_ADDRESS = bytes.fromhex("ff" * 19 + "fe")
HISTORY_ADDRESS = bytes.fromhex("0000F90827F1C53a10cb7A02335B175320002935")
HISTORY_WINDOW = 8_191
BEACON_ROOTS_ADDRESS = bytes.fromhex("000F3df6D732807Ef1319fB7B8bB8522d0Beac02")
BEACON_ROOTS_WINDOW = 8_191
DEPLOYMENT_PROXY_ADDRESS = bytes.fromhex("4e59b44847b379578588920cA78FbF26c0B4956C")

HISTORY_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff"
    "9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
)
BEACON_ROOTS_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c57"
    "5f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500"
)
DEPLOYMENT_PROXY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)


def predeploys() -> dict[bytes, GenesisAccount]:
    """Return the system contracts as genesis accounts; nonce 1, as a created contract has."""
    return {
        HISTORY_ADDRESS: GenesisAccount(nonce=1, code=HISTORY_CODE),
        BEACON_ROOTS_ADDRESS: GenesisAccount(nonce=1, code=BEACON_ROOTS_CODE),
        DEPLOYMENT_PROXY_ADDRESS: GenesisAccount(nonce=1, code=DEPLOYMENT_PROXY_CODE),
    }
