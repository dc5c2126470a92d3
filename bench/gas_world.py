"""The chains that gas is measured on: a venue and a hub with everything deployed, and lanes of messages between them.

Messages that only fill a lane are sent as the contract that would send them; each measured one comes from its contract.
Each root is signed by the validators, and both sides have taken messages before: what is written holds something.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from eth_abi.abi import decode, encode

from bridge.artifacts import load
from bridge.keccak import keccak256
from bridge.merkle import Tree
from bridge.messages import Deposit, Lane, Parcel, leaf
from bridge.proofs import Delivery, deliver
from bridge.types import Account, Address, AssetId, ChainId, LeafCount, LeafIndex, Wad
from tests.support.local_chain import OPERATOR, Contract, LocalChain, Receipt
from tests.support.validators import Statement, Validator, members, signed, validators

HUB: Final = 1000
VENUE: Final = 1002
START: Final = 1_000
"""Leaves in the lane before the first measured operation."""
WARMING: Final = 1_279
"""The last message of the bitmap's word in which the measured ones end: delivered first, so that it is not zero."""
ACCOUNTS: Final = 100
DEPOSITOR: Final = keccak256(b"depositor")[:20]
PAYEE: Final = keccak256(b"relayer")[:20] + bytes(12)
WAD: Final = 10**18
UNIT: Final = 10**6  # of the token, which has 6 decimals
FEE: Final = WAD // 100
STAY: Final = (0, 0, bytes(32), 0, 0)
PLACED: Final = (3, 0, bytes(32), 0, 0)
QUOTE: Final = 0
MUCH: Final = 10**12 * WAD
SENT: Final = keccak256(b"Sent(uint64,uint32,bytes)")


@dataclass(slots=True)
class Site:
    """One chain with the Deployer on it; addresses follow from names, the same on each chain."""

    chain: LocalChain
    deployer: Contract = field(init=False)

    def __post_init__(self) -> None:
        self.deployer = self.chain.deploy(load("Deployer"), OPERATOR)

    def address(self, name: str) -> bytes:
        """Return where `name` stands or will stand."""
        return bytes.fromhex(self.deployer.read("addressOf", _salt(name))[2:])

    def stand(self, name: str, artifact: str, *arguments: object) -> Contract:
        """Deploy an artifact under a name."""
        compiled = load(artifact)
        types = [_type(item) for entry in compiled.abi if entry["type"] == "constructor" for item in entry["inputs"]]
        self.deployer.send("deploy", _salt(name), compiled.bytecode + encode(types, arguments))
        return Contract(self.chain, self.address(name), compiled)


@dataclass(slots=True, kw_only=True)
class LaneBook:
    """A lane's Outbox with the tree and the items of what it was given."""

    outbox: Contract
    source: int
    destination: int
    tree: Tree = field(default_factory=Tree)
    items: list[bytes] = field(default_factory=list)

    @property
    def lane(self) -> Lane:
        """Return the lane that leaves are bound to."""
        outbox = Address(self.outbox.address)
        return Lane(source=ChainId(self.source), outbox=outbox, destination=ChainId(self.destination))

    def send(self, sender: bytes, recipient: bytes, body: Deposit | Parcel) -> None:
        """Send what a contract would send, as that contract."""
        self.keep(self.outbox.send("send", self.destination, recipient, body.encode(), sender=sender))

    def keep(self, receipt: Receipt) -> Receipt:
        """Take the one message that a transaction sent."""
        item: bytes = next(decode(["bytes"], log.data)[0] for log in receipt.logs if log.topics[0] == SENT)
        self.tree.append(leaf(lane=self.lane, index=LeafIndex(len(self.items)), item=item))
        self.items.append(item)
        return receipt

    def delivery(self, first: int, n: int, count: int) -> Delivery:
        """Return what an Inbox takes for a range against the root at `count`."""
        items = self.items[first : first + n]
        return deliver(lane=self.lane, tree=self.tree, first=LeafIndex(first), items=items, count=LeafCount(count))


@contextmanager
def undone(chain: LocalChain, book: LaneBook | None = None) -> Iterator[None]:
    """Take back on leaving whatever was mined inside, and sent on a lane."""
    kept = chain.state_root, chain.number, chain.timestamp
    count = len(book.items) if book else 0
    try:
        yield
    finally:
        chain.state_root, chain.number, chain.timestamp = kept
        if book:
            book.tree.truncate(count)
            del book.items[count:]


class Receiver:
    """An Inbox and the oracle of the one source that it hears, whose roots three of four validators sign."""

    def __init__(self, site: Site, book: LaneBook, *, vault: bytes, clearing: bytes) -> None:
        self.book, self.chain = book, site.chain
        self._signers: list[Validator] = validators(4)
        routes = [(book.source, book.outbox.address, site.address("quorum-roots"))]
        self.inbox = site.stand("inbox", "Inbox", routes, vault, clearing, OPERATOR)
        quorum = [(book.source, book.outbox.address, members(self._signers))]
        self.roots = site.stand("quorum-roots", "QuorumRoots", quorum, OPERATOR)

    def bring_root(self, root: bytes, count: int) -> Receipt:
        """Submit a root with three signatures of four."""
        source, lane = self.book.source, self.book.destination
        statement = Statement(source=source, lane=lane, root=root, count=count, height=10_000 + count)
        signatures = signed(statement.digest(self.book.outbox.address), self._signers[:3])
        return self.roots.send("submit", statement.fields(), signatures)

    def deliver(self, first: int, n: int, count: int) -> Receipt:
        """Deliver consecutive messages against the root at `count`, which is held."""
        made = self.book.delivery(first, n, count)
        arguments = made.source, made.root, made.count, made.first, PAYEE, made.items, made.siblings
        return self.inbox.send("deliver", *arguments)

    def warm(self) -> None:
        """Take the first and last hundred of the first thousand messages, and one behind those that are measured."""
        count = len(self.book.items)
        self.bring_root(self.book.tree.subtree_root(count), count)
        for first, n in ((0, ACCOUNTS), (START - ACCOUNTS, ACCOUNTS), (WARMING, 1)):
            self.deliver(first, n, count)


class VenueChain:
    """A rollup with a venue, a vault and a token, whose messages go to the hub."""

    def __init__(self) -> None:
        self.site = Site(LocalChain(VENUE))
        self.chain, at = self.site.chain, self.site.address
        self.token = self.site.stand("token:USDX", "StandInToken", "Stand-in USDX", "USDX", 6, OPERATOR)
        outbox = self.site.stand("outbox", "Outbox", at("vault"), at("venue"), [HUB], OPERATOR)
        self.book = LaneBook(outbox=outbox, source=VENUE, destination=HUB)
        asset = (QUOTE, self.token.address, 6, 1_000, 86_400, MUCH, MUCH, WAD)
        self.vault = self.site.stand(
            "vault", "Vault", outbox.address, at("inbox"), at("venue"), HUB, at("hub"), [asset], OPERATOR
        )
        self.venue = self.site.stand("venue", "Venue", outbox.address, at("inbox"), at("vault"), HUB, at("hub"))
        self.token.send("mint", DEPOSITOR, 10**9 * UNIT)
        self.token.send("approve", self.vault.address, 10**8 * UNIT, sender=DEPOSITOR)

    def deposit(self, number: int, mode: tuple[object, ...] = STAY, tokens: int = 10) -> Receipt:
        """Deposit for an account, a fee included."""
        arguments = QUOTE, tokens * UNIT, account(number).to_bytes(), FEE, mode
        return self.book.keep(self.vault.send("deposit", *arguments, sender=DEPOSITOR))

    def send_margin(self, number: int, mode: tuple[object, ...] = STAY) -> Receipt:
        """Move one unit of cash out of the venue."""
        arguments = account(number).to_bytes(), WAD, FEE, mode
        return self.book.keep(self.venue.send("send", *arguments, sender=owner(number)))

    def fill(self, until: int) -> None:
        """Send until the lane holds so many: cash at the venue for each account, then deposits and parcels in turns."""
        at, hub = self.site.address, self.site.address("hub")
        for number in range(len(self.book.items), until):
            if number < ACCOUNTS:
                self.deposit(number, PLACED, tokens=1_000)
            elif number % 2:
                deposit = Deposit(account=account(number), asset=AssetId(QUOTE), amount=Wad(10 * WAD), fee=Wad(FEE))
                self.book.send(at("vault"), hub, deposit)
            else:
                self.book.send(at("venue"), hub, Parcel(account=account(number), cash=Wad(WAD), fee=Wad(FEE)))


class HubChain:
    """The hub, which takes the venue's messages and sends parcels back."""

    def __init__(self, venue: VenueChain) -> None:
        self.site = Site(LocalChain(HUB))
        self.chain, at = self.site.chain, self.site.address
        outbox = self.site.stand("outbox", "Outbox", at("hub"), at("hub"), [VENUE], OPERATOR)
        assert outbox.address == venue.book.outbox.address, "the same names stand at the same addresses"
        self.book = LaneBook(outbox=outbox, source=HUB, destination=VENUE)
        self.receiver = Receiver(self.site, venue.book, vault=at("hub"), clearing=at("hub"))
        peers = [(HUB, at("vault"), bytes(20)), (VENUE, at("vault"), at("venue"))]
        reserves = [(VENUE, QUOTE, 6, MUCH, MUCH, WAD, WAD, 1_000)]
        self.hub = self.site.stand("hub", "Hub", outbox.address, at("inbox"), peers, reserves, OPERATOR)

    def fill(self, until: int) -> None:
        """Send parcels of cash to the venue's accounts until the lane holds so many."""
        hub, venue = self.site.address("hub"), self.site.address("venue")
        for number in range(len(self.book.items), until):
            self.book.send(hub, venue, Parcel(account=account(number), cash=Wad(WAD), fee=Wad(FEE)))


def owner(number: int) -> Address:
    """Return one of a hundred traders' addresses."""
    return Address(keccak256(b"trader %d" % (number % ACCOUNTS))[:20])


def account(number: int) -> Account:
    """Return a trader's main account, whose label is blank."""
    return Account(owner=owner(number))


def _salt(name: str) -> bytes:
    return name.encode().ljust(32, b"\0")


def _type(entry: Any) -> str:  # noqa: ANN401  # JSON
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in entry['components'])}){kind.removeprefix('tuple')}"
