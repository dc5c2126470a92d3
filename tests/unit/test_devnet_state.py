"""The node's own tries and state: equal to the trie library's, and valid to py-evm when it imports the blocks."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague import PragueVM
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from bridge.artifacts import load
from bridge.devnet import codec, system, transactions
from bridge.devnet.accounts import DEV_ACCOUNTS, DEV_KEYS
from bridge.devnet.chain import Chain
from bridge.devnet.clock import Clock
from bridge.devnet.evm import PyEvm
from bridge.devnet.model import Block
from bridge.devnet.patricia import Tries
from bridge.devnet.spec import ChainSpec, GenesisAccount
from bridge.devnet.state import State, Store
from tests.integration.conformance.support import call_data, probe_code

CHAIN_ID = 31337
COINBASE = bytes.fromhex("c0" * 20)
SOMEONE = bytes.fromhex("51" * 20)

# Few distinct nibbles give long shared paths, short values give nodes that stand inside their parents.
KEYS = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xF0]), min_size=32, max_size=32).map(bytes)
CHANGES = st.dictionaries(KEYS, st.one_of(st.just(b""), st.binary(min_size=1, max_size=40)), max_size=12)


@given(st.lists(CHANGES, max_size=5))
def test_tries__random_updates__have_the_root_of_the_trie_library(rounds: list[dict[bytes, bytes]]) -> None:
    tries, root, oracle, held = Tries({}), codec.EMPTY_TRIE_ROOT, HexaryTrie({}), dict[bytes, bytes]()
    for changes in rounds:
        root = tries.update(root, changes)
        for key, value in changes.items():
            if value:
                oracle[key] = value
            elif key in oracle:
                oracle.delete(key)  # type: ignore[no-untyped-call]
        held |= changes
        assert root == oracle.root_hash
        assert all(tries.get(root, key) == (value or None) for key, value in held.items())


def test_tries__old_root__is_still_readable() -> None:
    tries = Tries({})
    old = tries.update(codec.EMPTY_TRIE_ROOT, {b"\x01" * 32: b"one"})
    new = tries.update(old, {b"\x01" * 32: b"two"})
    assert (tries.get(old, b"\x01" * 32), tries.get(new, b"\x01" * 32)) == (b"one", b"two")


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=300))
def test_ordered_root__of_any_list__is_that_of_the_trie_library(values: list[bytes]) -> None:
    oracle = HexaryTrie({})
    for index, value in enumerate(values):
        oracle[codec.rlp(codec.integer(index))] = value
    assert codec.ordered_root(values) == oracle.root_hash


def test_state__reverted_to_a_checkpoint__is_as_it_was() -> None:
    state = State(Store(), codec.EMPTY_TRIE_ROOT)
    state.set_balance(SOMEONE, 5)
    state.set_storage(SOMEONE, 1, 7)
    first = state.persist()
    mark = state.record()
    state.set_storage(SOMEONE, 1, 8)
    inner = state.record()
    state.delete_account(SOMEONE)
    state.set_storage(SOMEONE, 1, 9)
    state.set_transient_storage(SOMEONE, 1, b"\x01")
    state.mark_storage_warm(SOMEONE, 1)
    state.discard(inner)
    assert (state.get_balance(SOMEONE), state.get_storage(SOMEONE, 1)) == (5, 8)
    assert state.get_storage(SOMEONE, 1, from_journal=False) == 7
    assert not state.is_storage_warm(SOMEONE, 1)
    assert state.get_transient_storage(SOMEONE, 1) == b""
    state.discard(mark)
    assert state.persist() == first


def test_state__account_emptied__is_not_written() -> None:
    state = State(Store(), codec.EMPTY_TRIE_ROOT)
    state.touch_account(SOMEONE)
    assert state.persist() == codec.EMPTY_TRIE_ROOT


def stock_chain(first: Block, spec: ChainSpec) -> Any:  # noqa: ANN401 - py-evm's class is made at run time
    kind = MiningChain.configure(__name__="Stock", vm_configuration=((0, PragueVM),), chain_id=CHAIN_ID)
    alloc: Any = {
        address: {"balance": item.balance, "nonce": item.nonce, "code": item.code, "storage": item.storage}
        for address, item in (system.predeploys() | spec.genesis()).items()
    }
    header = first.header
    fields: Any = {
        "difficulty": 0,
        "gas_limit": header.gas_limit,
        "timestamp": header.timestamp,
        "coinbase": header.coinbase,
        "extra_data": header.extra_data,
        "base_fee_per_gas": header.base_fee,
        "mix_hash": header.prev_randao,
        "parent_beacon_block_root": codec.ZERO_HASH,
    }
    return kind.from_genesis(AtomicDB(), fields, alloc)


class Author:
    """Signs what the dice choose."""

    def __init__(self, dice: Random) -> None:
        self.dice, self.nonces = dice, [0] * 3

    def sign(self, who: int, to: bytes | None, data: bytes, *, value: int = 0, gas: int = 400_000) -> bytes:
        fields = {"chainId": CHAIN_ID, "nonce": self.nonces[who], "value": value, "gas": gas, "data": data}
        fields |= {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9} | ({} if to is None else {"to": to})
        self.nonces[who] += 1
        return bytes(Account.sign_transaction(fields, DEV_KEYS[who]).raw_transaction)

    def any(self, probe: bytes, token: bytes) -> bytes:
        dice, who = self.dice, self.dice.randrange(3)
        word = dice.choice([0, 1, dice.randrange(2**256)])
        transfer = call_data("transfer(address,uint256)", dice.choice([*DEV_ACCOUNTS[:3], dice.randbytes(20)]), 5)
        to_probe = [
            call_data("put(uint256,uint256)", dice.randrange(4), word),
            call_data("set(uint256)", word),
            call_data("nested(uint256)", dice.randrange(5)),
            call_data("noteMany(uint256,uint256)", 1, dice.randrange(3)),
            call_data("failWithError(uint256)", 1),
        ]
        # Writes a slot and a transient slot, then destroys the contract that is being created.
        vanishing = bytes.fromhex("600160005560025f5d33ff")
        choices = [
            lambda: self.sign(who, probe, bytes.fromhex(dice.choice(to_probe)[2:])),
            lambda: self.sign(who, token, bytes.fromhex(transfer[2:])),
            lambda: self.sign(who, dice.randbytes(20), b"", value=dice.choice([0, 1])),
            lambda: self.sign(who, None, vanishing, value=dice.choice([0, 1])),
            lambda: self.sign(who, None, dice.randbytes(20)),
            lambda: self.sign(who, bytes([*bytes(19), dice.randrange(1, 6)]), dice.randbytes(64)),
        ]
        return dice.choice(choices)()


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT")
@pytest.mark.parametrize("seed", range(3))
def test_blocks__of_random_transactions__are_valid_to_py_evm_itself(seed: int) -> None:
    dice, now = Random(seed), [1_800_000_000.0]
    planted = {COINBASE: GenesisAccount(balance=1), SOMEONE: GenesisAccount(nonce=1, code=b"\x00", storage={1: 2})}
    spec = ChainSpec(chain_id=CHAIN_ID, alloc=planted, coinbase=COINBASE, timestamp=1_800_000_000)
    chain = Chain(spec, PyEvm(), Clock(lambda: now[0]))
    stock = stock_chain(chain.head, spec)
    assert stock.get_canonical_head().hash == chain.head.hash
    author = Author(dice)
    first = [author.sign(0, None, bytes.fromhex(probe_code()[2:]), gas=3_000_000)]
    init = load("StandInToken").bytecode
    init += bytes.fromhex(call_data("f(string,string,uint8,address)", "T", "T", 18, DEV_ACCOUNTS[0])[10:])
    first += [author.sign(0, None, init, gas=3_000_000)]
    for raws in (first, *(None for _ in range(25))):
        block = mine(chain, author, raws)
        now[0] += dice.choice([0, 1, 12])
        stock.import_block(stock_block(stock, block))
        assert stock.get_canonical_head().hash == block.hash


def mine(chain: Chain, author: Author, raws: list[bytes] | None) -> Block:
    if raws is None:
        probe, token = (receipt.contract_address for receipt in chain.blocks[1].receipts)
        assert probe is not None
        assert token is not None
        raws = [author.any(probe, token) for _ in range(author.dice.randrange(6))]
    for raw in raws:
        chain.submit(transactions.decode(raw, CHAIN_ID))
    block = chain.mine()
    assert len(block.transactions) == len(raws)
    return block


def stock_block(stock: Any, block: Block) -> Any:  # noqa: ANN401 - py-evm's class is made at run time
    """Return our block as py-evm's, by way of its encoding."""
    import rlp  # noqa: PLC0415 - used here alone

    kind = stock.get_vm().get_block_class()
    header = rlp.decode(codec.header_rlp(block.header))
    items = [rlp.decode(item.raw) if item.kind == 0 else item.raw for item in block.transactions]
    return rlp.decode(rlp.encode([header, items, [], []]), sedes=kind)
