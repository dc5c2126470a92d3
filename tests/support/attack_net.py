"""A hub and two rollups in this process with every contract in place, and what attackers and others do there.

Contracts stand where a deployment would put them: by name, at the same address on every chain. All three chains are
final by four validators of equal weight; asset 0 is a stand-in token of 18 decimals, asset 1 whatever a test lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest
from eth_abi.abi import decode, encode
from eth_keys.datatypes import PrivateKey

from bridge import artifacts
from bridge.artifacts import Artifact
from bridge.deploy.addresses import address_of, salt_of
from bridge.devnet.model import LogEntry, Outcome
from bridge.keccak import keccak256
from bridge.merkle import Tree
from bridge.messages import Lane, leaf
from bridge.proofs import Delivery, deliver
from bridge.types import Address, ChainId, LeafCount, LeafIndex
from tests.support.local_chain import GAS, OPERATOR, Contract, LocalChain, Receipt, Reverted
from tests.support.validators import Statement, Validator, members, signed, validators

HUB, ROLLUP_A, ROLLUP_B = 901, 902, 903
QUOTE, OTHER = 0, 1
WAD: Final = 10**18
CEILING: Final = 1_000_000 * WAD
DAY: Final = 86_400
OUTFLOW_WINDOW: Final = 3_600
NO_ADDRESS: Final = bytes(20)
STAY: Final = (0, 0, bytes(32), 0, 0)
PLACED: Final = (3, 0, bytes(32), 0, 0)
NO_PERMIT: Final = (0, 0, bytes(32), bytes(32))

_SENT: Final = keccak256(b"Sent(uint64,uint32,bytes)")
_DOMAIN: Final = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def next_forward(chain: int, account: bytes, fee: int = 0) -> tuple[int, int, bytes, int, int]:
    return (1, chain, account, fee, 0)


def next_release(chain: int, to: bytes, fee: int = 0, max_charge: int = 0) -> tuple[int, int, bytes, int, int]:
    return (2, chain, to.rjust(32, b"\0"), fee, max_charge)


@dataclass(frozen=True)
class Person:
    """A key, its address and its first account."""

    key: PrivateKey

    @property
    def address(self) -> bytes:
        return bytes(self.key.public_key.to_canonical_address())

    @property
    def account(self) -> bytes:
        return account_of(self.address)

    def sign(self, digest: bytes) -> bytes:
        signature = self.key.sign_msg_hash(digest)
        return bytes(signature.to_bytes()[:64] + bytes([27 + signature.v]))


def person(number: int) -> Person:
    return Person(PrivateKey((1_000 + number).to_bytes(32, "big")))


def account_of(owner: bytes) -> bytes:
    return owner + bytes(12)


class RecordingChain(LocalChain):
    """A chain that keeps the logs of what succeeded, as a node does."""

    def __init__(self, chain_id: int) -> None:
        super().__init__(chain_id)
        self.logs: list[LogEntry] = []

    def mine(
        self, *, to: bytes | None, data: bytes, sender: bytes = OPERATOR, value: int = 0, gas: int = GAS
    ) -> Outcome:
        outcome = super().mine(to=to, data=data, sender=sender, value=value, gas=gas)
        if outcome.error is None:
            self.logs += outcome.logs
        return outcome


@dataclass(kw_only=True)
class Side:
    """One chain of the network; `clearing` is the hub or the venue."""

    chain: RecordingChain
    outbox: Contract
    inbox: Contract
    roots: Contract
    vault: Contract
    clearing: Contract
    tokens: dict[int, Contract]

    @property
    def id(self) -> int:
        return self.chain.chain_id


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of every reserve; a wide default, so that only tests about limits meet them."""

    ceiling: int = CEILING
    burst: int = CEILING
    outflow_bps: int = 10_000
    outflow_floor: int = CEILING
    target: int = 0
    curve_ppm: int = 0


@dataclass
class Net:
    """The chains, and the four validators that all three have."""

    sides: dict[int, Side]
    signers: list[Validator] = field(default_factory=lambda: validators(4))

    @property
    def hub(self) -> Side:
        return self.sides[HUB]

    @property
    def a(self) -> Side:
        return self.sides[ROLLUP_A]

    @property
    def b(self) -> Side:
        return self.sides[ROLLUP_B]

    @contextmanager
    def undone(self) -> Iterator[Net]:
        """Take back afterwards all that happens inside: a state is its root."""
        held = [
            (s.chain, s.chain.state_root, s.chain.number, s.chain.timestamp, len(s.chain.logs))
            for s in self.sides.values()
        ]
        try:
            yield self
        finally:
            for chain, root, number, timestamp, logs in held:
                chain.state_root, chain.number, chain.timestamp = root, number, timestamp
                del chain.logs[logs:]

    def lane(self, source: int, destination: int) -> tuple[Lane, Tree, list[bytes]]:
        """Rebuild a lane from its logs: where it stands, its tree and its items."""
        side = self.sides[source]
        lane = Lane(source=ChainId(source), outbox=Address(side.outbox.address), destination=ChainId(destination))
        tree = Tree()
        items: list[bytes] = []
        for log in side.chain.logs:
            if log.topics[0] != _SENT or int.from_bytes(log.topics[1], "big") != destination:
                continue
            (item,) = decode(["bytes"], log.data)
            tree.append(leaf(lane=lane, index=LeafIndex(len(items)), item=item))
            items.append(item)
        return lane, tree, items

    def statement(self, source: int, destination: int, count: int | None = None) -> Statement:
        """Return what an honest validator signs of the lane, at a count it has had."""
        _, tree, _ = self.lane(source, destination)
        count = tree.count if count is None else count
        return Statement(source=source, lane=destination, root=tree.subtree_root(count), count=count)

    def submit(self, statement: Statement, at: int, by: list[Validator] | None = None) -> Receipt:
        signatures = signed(statement.digest(self.sides[statement.source].outbox.address), by or self.signers[:3])
        return self.sides[at].roots.send("submit", statement.fields(), signatures)

    def bring_root(self, source: int, destination: int) -> None:
        self.submit(self.statement(source, destination), destination)

    def delivery(
        self, source: int, destination: int, first: int = 0, n: int | None = None, count: int | None = None
    ) -> Delivery:
        """Return the honest delivery of `n` messages (the rest by default), for a root that may or may not be held."""
        lane, tree, items = self.lane(source, destination)
        count = tree.count if count is None else count
        n = count - first if n is None else n
        return deliver(
            lane=lane, tree=tree, first=LeafIndex(first), items=items[first : first + n], count=LeafCount(count)
        )

    def deliver(self, given: Delivery, at: int, payee: bytes = bytes(32), gas: int = GAS) -> Receipt:
        return self.sides[at].inbox.send("deliver", *arguments(given, payee), gas=gas)

    def carry(self, source: int, destination: int, first: int = 0, payee: bytes = bytes(32)) -> None:
        """Do a relayer's work for all messages from `first` on."""
        self.bring_root(source, destination)
        self.deliver(self.delivery(source, destination, first), destination, payee)

    def deposit(
        self,
        by: Person,
        amount: int,
        at: int,
        *,
        asset: int = QUOTE,
        fee: int = 0,
        after: tuple[int, int, bytes, int, int] = STAY,
    ) -> Receipt:
        """Mint, approve and deposit for the person's account."""
        side = self.sides[at]
        mint(side, by.address, amount, asset)
        side.tokens[asset].send("approve", side.vault.address, amount, sender=by.address)
        return side.vault.send("deposit", asset, amount, by.account, fee, after, sender=by.address)

    def funded_at_hub(self, who: Person, amount: int, *, source: int = ROLLUP_A, asset: int = QUOTE) -> None:
        """Give the person cash (or collateral) at the hub by a deposit that is carried there."""
        first = len(self.lane(source, HUB)[2])
        self.deposit(who, amount, source, asset=asset)
        self.carry(source, HUB, first)


def arguments(given: Delivery, payee: bytes = bytes(32)) -> tuple[object, ...]:
    """Return what Inbox.deliver takes."""
    return (given.source, given.root, given.count, given.first, payee, given.items, list(given.siblings))


def mint(side: Side, to: bytes, amount: int, asset: int = QUOTE) -> None:
    side.tokens[asset].send("mint", to, amount)


def refused(
    name: str, contract: Contract, function: str, *given: object, sender: bytes = OPERATOR, value: int = 0
) -> None:
    """Check that the call reverts with that error."""
    with pytest.raises(Reverted) as refusal:
        contract.send(function, *given, sender=sender, value=value)
    assert refusal.value.name == name


def assert_books_balance(net: Net, people: tuple[Person, ...], asset: int = QUOTE) -> None:
    """Check the hub's identity for the accounts named, and that each vault can pay what it owes."""
    hub = net.hub.clearing
    claims: int = hub.read("pot", asset)
    for account in (*(who.account for who in people), bytes(32)):
        claims += hub.read("cash", account) if asset == QUOTE else hub.read("collateral", account, asset)
    if asset == QUOTE:
        claims += sum(hub.read("venueCash", chain) for chain in (ROLLUP_A, ROLLUP_B))
    assert sum(hub.read("reserve", chain, asset) for chain in net.sides) == claims
    for side in net.sides.values():
        if asset in side.tokens:
            unit = 10 ** (18 - side.tokens[asset].read("decimals"))
            owned = balance(net, side.id, side.vault.address, asset) * unit
            assert owned >= side.vault.read("held", asset) + side.vault.read("owed", asset)


def balance(net: Net, at: int, who: bytes, asset: int = QUOTE) -> int:
    held: int = net.sides[at].tokens[asset].read("balanceOf", who)
    return held


def intent_digest(contract: Contract, type_: str, values: tuple[object, ...]) -> bytes:
    """Return the EIP-712 digest of a struct `type_`, whose fields are `values`, for a contract on its chain."""
    name_and_version = (keccak256(b"Causeway"), keccak256(b"1"))
    domain = (_DOMAIN, *name_and_version, contract.chain.chain_id, contract.address)
    separator = keccak256(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], domain))
    types = [part.split(" ")[0] for part in type_[type_.index("(") + 1 : -1].split(",")]
    struct = keccak256(encode(["bytes32", *types], (keccak256(type_.encode()), *values)))
    return keccak256(b"\x19\x01" + separator + struct)


def build(others: Mapping[int, Artifact] | None = None, limits: Limits | None = None) -> Net:
    """Deploy the network; `others` says which token asset 1 is on which chain: it is listed nowhere else."""
    others, limits = others or {}, limits or Limits()
    return Net({chain_id: _side(chain_id, others, limits) for chain_id in (HUB, ROLLUP_A, ROLLUP_B)})


def _side(chain_id: int, others: Mapping[int, Artifact], limits: Limits) -> Side:
    chain = RecordingChain(chain_id)
    deployer = chain.deploy(artifacts.load("Deployer"), OPERATOR)
    tokens = {QUOTE: chain.deploy(artifacts.load("StandInToken"), "Quote", "Q", 18, OPERATOR)}
    if chain_id in others:
        tokens[OTHER] = chain.deploy(others[chain_id])
    place = _Places(deployer)
    is_hub = chain_id == HUB
    sources = [ROLLUP_A, ROLLUP_B] if is_hub else [HUB]
    clearing = place["hub" if is_hub else "venue"]
    vault_seen = clearing if is_hub else place["vault"]
    signers = members(validators(4))
    routes = [(source, place["outbox"], place["roots"]) for source in sources]
    sets = [(source, place["outbox"], signers) for source in sources]
    outbox = place.put("outbox", "Outbox", vault_seen, clearing, sources, OPERATOR)
    inbox = place.put("inbox", "Inbox", routes, vault_seen, clearing, OPERATOR)
    roots = place.put("roots", "QuorumRoots", sets, OPERATOR)
    kept = [_vault_asset(asset, token, limits) for asset, token in tokens.items()]
    ends = (place["hub"], place["hub"], NO_ADDRESS) if is_hub else (place["outbox"], place["inbox"], place["venue"])
    vault = place.put("vault", "Vault", *ends, HUB, place["hub"], kept, OPERATOR)
    if is_hub:
        reserves = [_reserve(c, asset, limits, others) for c in (HUB, ROLLUP_A, ROLLUP_B) for asset in (QUOTE, OTHER)]
        peers = [(c, place["vault"], NO_ADDRESS if c == HUB else place["venue"]) for c in (HUB, ROLLUP_A, ROLLUP_B)]
        hub = place.put("hub", "Hub", outbox.address, inbox.address, peers, reserves, OPERATOR)
        standing = with_actions(hub)
    else:
        standing = place.put("venue", "Venue", place["outbox"], place["inbox"], place["vault"], HUB, place["hub"])
    return Side(chain=chain, outbox=outbox, inbox=inbox, roots=roots, vault=vault, clearing=standing, tokens=tokens)


class _Places:
    """Puts contracts where the Deployer's names say."""

    def __init__(self, deployer: Contract) -> None:
        self._deployer = deployer

    def __getitem__(self, name: str) -> bytes:
        return address_of(Address(self._deployer.address), name)

    def put(self, name: str, artifact: str, *given: object) -> Contract:
        compiled = artifacts.load(artifact)
        types = [_type(item) for entry in compiled.abi if entry["type"] == "constructor" for item in entry["inputs"]]
        self._deployer.send("deploy", salt_of(name), compiled.bytecode + encode(types, given))
        return Contract(self._deployer.chain, self[name], compiled)


def with_actions(hub: Contract) -> Contract:
    """Return the hub with both halves of its interface."""
    ledger, actions = artifacts.load("Hub"), artifacts.load("HubActions")
    seen = {(entry["type"], entry.get("name")) for entry in ledger.abi}
    added = tuple(entry for entry in actions.abi if (entry["type"], entry.get("name")) not in seen)
    return Contract(hub.chain, hub.address, replace(ledger, abi=ledger.abi + added))


def _vault_asset(asset: int, token: Contract, limits: Limits) -> tuple[object, ...]:
    decimals = token.read("decimals")
    head = (asset, token.address, decimals, limits.outflow_bps, OUTFLOW_WINDOW)
    return (*head, limits.ceiling, limits.burst, limits.outflow_floor)


def _reserve(chain: int, asset: int, limits: Limits, others: Mapping[int, Artifact]) -> tuple[object, ...]:
    is_six = asset == OTHER and chain in others and others[chain].contract == "NonReturningToken"
    head = (chain, asset, 6 if is_six else 18)
    return (*head, limits.ceiling, limits.burst, limits.burst // DAY, limits.target, limits.curve_ppm)


def _type(entry: Any) -> str:  # noqa: ANN401  # JSON
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in entry['components'])}){kind.removeprefix('tuple')}"
