"""The hub twice: the contract on a chain in this process, and its model. Each action goes to both, and both must agree.

They agree when both accept or both refuse with the same error, when the same messages leave, and when every value of
their states is equal. The Inbox's place is taken by the operator, since what is proven is not the ledger's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from bridge.artifacts import load
from bridge.contracts.clearing import CreditWaiting, DepositCredited, ForwardStayed, HubParcelCredited, RewardPaid
from bridge.contracts.messaging import Sent
from bridge.devnet.model import AccountChange, LogEntry
from bridge.keccak import keccak256
from bridge.messages import Deposit, Item
from bridge.signer import Domain, LocalSigner, typed_digest
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, LeafIndex, Wad
from hub import ledger as model
from hub.errors import Refused
from hub.fees import Curve
from hub.steps import Caller, Credited, Direct, Entry, Outgoing, Stayed, Waits
from tests.support.local_chain import OPERATOR, Contract, LocalChain, Receipt, Reverted

HUB, ALPHA, BETA, GAMMA = ChainId(901), ChainId(902), ChainId(903), ChainId(904)
VENUES: Final = (ALPHA, BETA)
COIN: Final = AssetId(7)
ASSETS: Final = (QUOTE, COIN)
WAD: Final = 10**18
TERMS: Final = ",uint256 nonce,uint64 deadline,uint128 tip)"
TYPES: Final = {
    "sendParcel": "SendParcel(bytes32 account,uint64 venue,bytes32 to,uint128 cash,uint128 fee",
    "withdraw": "Withdraw(bytes32 account,uint32 asset,uint128 amount,uint64 chain,address to,uint128 fee,"
    "uint128 maxCharge",
    "transfer": "Transfer(bytes32 account,bytes32 to,uint32 asset,uint128 amount",
    "enterVenue": "EnterVenue(bytes32 account,uint64 venue,address key,uint128 fee",
    "setSession": "SetSession(bytes32 account,address key,uint64 expiry,uint32 priceBand,uint128 lossLimit",
    "revokeSession": "RevokeSession(bytes32 account,address key",
}


def vault_of(chain: ChainId) -> Address:
    """Return the address of a chain's vault."""
    return Address(b"\xaa" * 12 + chain.to_bytes(8, "big"))


def venue_of(chain: ChainId) -> Address:
    """Return the address of a chain's venue; the hub's chain and gamma have none."""
    return Address(b"\xbb" * 12 + chain.to_bytes(8, "big")) if chain in VENUES else Address(bytes(20))


def signer(number: int) -> LocalSigner:
    """Return one of the test's keys."""
    return LocalSigner(number.to_bytes(32, "big"))


OWNERS: Final = tuple(signer(0x1000 + n) for n in range(3))
KEYS: Final = tuple(signer(0x2000 + n) for n in range(2))
ACCOUNTS: Final = tuple(Account(owner=who.address, label=bytes([n] * 12)) for who in OWNERS for n in range(2))
PAYEE: Final = Account(owner=signer(0x3000).address)
PEERS: Final = {chain: model.Peer(vault=vault_of(chain), venue=venue_of(chain)) for chain in (HUB, ALPHA, BETA, GAMMA)}


def _config(decimals: int, *, target: int, ppm: int, rate: int = 50) -> model.ReserveConfig:
    return model.ReserveConfig(
        decimals=decimals,
        ceiling=Wad(10_000 * WAD),
        inflow_burst=Wad(3_000 * WAD),
        inflow_rate=Wad(rate * WAD),
        curve=Curve(target=Wad(target * WAD), ppm=ppm),
    )


RESERVES: Final = {
    (HUB, QUOTE): _config(6, target=500, ppm=20_000),
    (ALPHA, QUOTE): _config(6, target=2_000, ppm=30_000),
    (BETA, QUOTE): _config(18, target=3_000, ppm=1_000_000),
    (GAMMA, QUOTE): _config(8, target=0, ppm=0),
    (ALPHA, COIN): _config(18, target=100, ppm=5_000),
    (GAMMA, COIN): _config(2, target=7, ppm=777_777, rate=0),
}


class HubTwin:
    """A hub of four chains, empty at first."""

    def __init__(self) -> None:
        self.chain = LocalChain(HUB)
        # a hub chain's vault is called in the delivery itself; how it pays is its own twin's business
        self.chain.state_root = self.chain._evm.change(
            self.chain.state_root, {vault_of(HUB): AccountChange(nonce=1, code=b"\x00")}
        )
        self.outbox, self.hub = self._deploy()
        self.ledger = model.Ledger(chain=HUB, address=Address(self.hub.address))
        for chain, peer in PEERS.items():
            self.ledger = model.add_peer(self.ledger, chain=chain, peer=peer).ledger
        for (chain, asset), config in RESERVES.items():
            self.ledger = model.set_reserve(self.ledger, chain=chain, asset=asset, config=config).ledger
        self.domain = Domain(name="Causeway", version="1", chain_id=HUB, contract=Address(self.hub.address))
        self.local = LeafIndex(0)
        self.touched: set[tuple[ChainId, LeafIndex]] = set()

    @property
    def time(self) -> int:
        """Return the timestamp of the next block."""
        return self.chain.timestamp + 1

    def deliver(self, source: ChainId, first: LeafIndex, items: Sequence[Item]) -> None:
        """Hand proven messages to both."""
        self.touched |= {(source, LeafIndex(first + n)) for n in range(len(items))}
        packed = b"".join(item.encode() for item in items)
        self._both(
            lambda time: model.deliver(self.ledger, source=source, first=first, items=items, payee=PAYEE, time=time),
            "onMessages",
            (source, first, PAYEE.to_bytes(), packed),
            OPERATOR,
        )

    def retry(self, source: ChainId, index: LeafIndex, sender: Address, body: bytes) -> None:
        """Retry a message on both."""
        self._both(
            lambda time: model.retry(
                self.ledger, source=source, index=index, sender=sender, body=body, payee=PAYEE, time=time
            ),
            "retry",
            (source, index, sender, body, PAYEE.to_bytes()),
            ACCOUNTS[0].owner,
        )

    def deposit_locally(self, deposit: Deposit, sender: Address) -> None:
        """Have the hub chain's vault hand a deposit over."""
        is_taken = self._both(
            lambda time: model.take_local(self.ledger, index=self.local, sender=sender, deposit=deposit, time=time),
            "send",
            (HUB, self.hub.address, deposit.encode()),
            sender,
        )
        self.local = LeafIndex(self.local + is_taken)

    def act(self, name: str, caller: Caller, values: tuple[Any, ...], step: Callable[[int], model.Step]) -> bool:
        """Do an account's action on both, by a call or by signature; return whether it was accepted."""
        if isinstance(caller, Direct):
            return self._both(step, name, values, caller.sender)
        declaration = TYPES[name] + TERMS
        digest = typed_digest(self.domain, declaration, (*values, caller.nonce, caller.deadline, caller.tip))
        signature = next(key for key in (*OWNERS, *KEYS) if key.address == caller.signer).sign(digest)
        intent = (caller.nonce, caller.deadline, caller.tip, signature)
        return self._both(step, f"{name}BySig", (*values, intent, caller.payee.to_bytes()), OPERATOR)

    def set_reserve(self, chain: ChainId, asset: AssetId, config: model.ReserveConfig) -> None:
        """Change a reserve's limits on both."""
        self._both(
            lambda _: model.set_reserve(self.ledger, chain=chain, asset=asset, config=config),
            "setReserve",
            (_reserve_words(chain, asset, config),),
            OPERATOR,
        )

    def _both(
        self, step: Callable[[int], model.Step], name: str, arguments: tuple[Any, ...], sender: Address | bytes
    ) -> bool:
        time = self.time
        wanted = outcome_of(lambda: step(time))
        found = outcome_of(lambda: self.hub.send(name, *arguments, sender=bytes(sender)))
        if not (isinstance(wanted, model.Step) and isinstance(found, Receipt)):
            assert wanted == found, f"{name}: the model says {wanted}, the contract {found}"
            return False
        self.ledger = wanted.ledger
        self._compare_effects(wanted, found.logs)
        return True

    def _compare_effects(self, step: model.Step, logs: Iterable[LogEntry]) -> None:
        found: list[object] = []
        for log in logs:
            words = [int.from_bytes(topic, "big") for topic in log.topics[1:]]
            if log.topics[0] == Sent.TOPIC:
                found.append((words[0], log.data[64 : 64 + int.from_bytes(log.data[32:64], "big")]))
            elif log.topics[0] in {DepositCredited.TOPIC, HubParcelCredited.TOPIC}:
                found.append(("credited", *words, 0))
            elif log.topics[0] == RewardPaid.TOPIC:
                found[-1] = (*found[-1][:3], int.from_bytes(log.data, "big"))  # type: ignore[index]  # a credit
            elif log.topics[0] == CreditWaiting.TOPIC:
                found.append(("waits", *words, int.from_bytes(log.data, "big")))
            elif log.topics[0] == ForwardStayed.TOPIC:
                found.append(("stayed", *words, self._error(log.data[:4])))
        assert found == [self._as_logged(effect) for effect in step.effects if not _is_local(effect)]

    def _as_logged(self, effect: object) -> object:
        match effect:
            case Outgoing():
                item = Item(sender=Address(self.hub.address), recipient=effect.recipient, body=effect.body.encode())
                return (effect.destination, item.encode())
            case Credited():
                return ("credited", effect.source, effect.index, effect.reward)
            case Waits():
                return ("waits", effect.source, effect.index, effect.reason)
            case Stayed():
                return ("stayed", effect.source, effect.index, effect.reason)
        raise AssertionError(effect)

    def _error(self, selector: bytes) -> str:
        for entry in self.hub._abi:
            if entry["type"] == "error":
                kinds = ",".join("uint8" if "enum" in i.get("internalType", "") else i["type"] for i in entry["inputs"])
                if keccak256(f"{entry['name']}({kinds})".encode())[:4] == selector:
                    return str(entry["name"])
        return selector.hex()

    def compare_states(self) -> None:
        """Compare every value of both states."""
        ledger, read = self.ledger, self.hub.read
        for account in {*ACCOUNTS, PAYEE, *ledger.cash}:
            word = account.to_bytes()
            assert read("cash", word) == ledger.balance(account, QUOTE)
            assert read("collateral", word, COIN) == ledger.balance(account, COIN)
            for venue in VENUES:
                entry = ledger.entered.get((account, venue), Entry())
                assert read("entered", word, venue) == ("0x" + entry.key.hex(), entry.epoch)
            for key in KEYS:
                session = ledger.sessions.get(
                    (account, key.address), model.Session(expiry=0, price_band=0, loss_limit=Wad(0))
                )
                assert read("session", word, key.address) == (session.expiry, session.price_band, session.loss_limit)
        for chain in PEERS:
            assert read("venueCash", chain) == ledger.venue_cash.get(chain, 0)
        for (chain, asset), reserve in ledger.reserves.items():
            assert read("reserve", chain, asset) == reserve.amount
            assert read("reserveConfig", chain, asset) == _reserve_words(chain, asset, reserve.config)
            self._compare_quotes(chain, asset)
        for asset in ASSETS:
            assert read("pot", asset) == ledger.pot.get(asset, 0)
        for source, index in self.touched:
            kept = ledger.waiting.get((source, index))
            assert read("waiting", source, index) == (keccak256(b"".join(kept)) if kept else bytes(32))

    def _compare_quotes(self, chain: ChainId, asset: AssetId) -> None:
        amount, fee = Wad(123 * WAD + 456_789), Wad(WAD // 7)
        now = self.chain.timestamp
        deposit = model.quote_deposit(self.ledger, asset=asset, chain=chain, amount=amount, time=now)
        assert self.hub.read("quoteDeposit", asset, chain, amount) == (deposit.reward, deposit.reason)
        wanted = outcome_of(lambda: model.quote_withdraw(self.ledger, asset=asset, chain=chain, amount=amount, fee=fee))
        found = outcome_of(lambda: self.hub.read("quoteWithdraw", asset, chain, amount, fee))
        if isinstance(wanted, model.WithdrawQuote):
            assert wanted.payout + wanted.fee + wanted.charge + wanted.dust == amount
            wanted = (wanted.payout, wanted.charge, wanted.dust)
        assert found == wanted

    def _deploy(self) -> tuple[Contract, Contract]:
        lanes = [ALPHA, BETA, GAMMA]
        predicted = create_address(OPERATOR, 1)
        outbox = self.chain.deploy(load("Outbox"), vault_of(HUB), predicted, lanes, OPERATOR)
        peers = [(chain, peer.vault, peer.venue) for chain, peer in PEERS.items()]
        reserves = [_reserve_words(chain, asset, config) for (chain, asset), config in RESERVES.items()]
        hub = self.chain.deploy(load("Hub"), outbox.address, OPERATOR, peers, reserves, OPERATOR)
        assert hub.address == predicted
        whole = replace(load("Hub"), abi=load("Hub").abi + load("HubActions").abi)
        return outbox, Contract(self.chain, hub.address, whole)


def outcome_of(ask: Callable[[], Any]) -> Any:  # noqa: ANN401  # a result, or a refusal's name
    """Return what a model's step or a contract's call gives, or the name of the error with which it refuses."""
    try:
        return ask()
    except Refused as refused:
        return type(refused).__name__
    except Reverted as reverted:
        return reverted.name


def _reserve_words(chain: ChainId, asset: AssetId, config: model.ReserveConfig) -> tuple[int, ...]:
    limits = (config.decimals, config.ceiling, config.inflow_burst, config.inflow_rate)
    return (chain, asset, *limits, config.curve.target, config.curve.ppm)


def _is_local(effect: object) -> bool:
    return isinstance(effect, Outgoing) and effect.destination == HUB


def create_address(sender: bytes, nonce: int) -> bytes:
    """Return where a sender's contract of that nonce (1 to 127) goes."""
    assert 0 < nonce < 128
    return keccak256(b"\xd6\x94" + sender + bytes([nonce]))[12:]
