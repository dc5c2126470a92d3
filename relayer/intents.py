"""Take signed intents over HTTP and submit them for their tip.

An intent is calldata for one of our contracts' `…BySig` functions, with this relayer as payee. It
is decoded, tried at the node and priced before it is taken; the contract checks the signature. The
same intent is taken once. Nobody's transaction is sent to an address that is not ours to call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from bridge.contracts import Function, as_revert, clearing, custody
from bridge.errors import RequestRefused
from bridge.keccak import keccak256
from bridge.rpc.types import to_hex
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, Wad
from relayer import queries
from relayer.decisions import Decision, Purpose, Status
from relayer.errors import IntentRefused
from relayer.network import Places
from relayer.policy import fee_value_down
from relayer.submitter import Submitter

MAX_CALLDATA = 4 * 1024
GAS_ROOM_BPS = 13_000
MAX_GAS = 3_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One function that takes an intent: where in its arguments intent and asset stand."""

    function: Function
    intent: int
    asset: int | None = None
    """None is the quote asset."""


def _actions(module: Any, assets: Mapping[str, int]) -> dict[bytes, Action]:  # noqa: ANN401  # a module
    found = {}
    for function in vars(module).values():
        if isinstance(function, Function) and function.name.endswith("BySig"):
            place = list(function.inputs).index(custody.INTENT)
            asset = assets.get(function.name)
            found[function.selector] = Action(function=function, intent=place, asset=asset)
    return found


ASSETS = {"withdrawBySig": 1, "transferBySig": 2, "depositBySig": 1}
CLEARING = _actions(clearing, ASSETS)
HUB_ACTIONS = {s: a for s, a in CLEARING.items() if a.function is not clearing.VENUE_SEND_BY_SIG}
VENUE_ACTIONS = {s: a for s, a in CLEARING.items() if a.function is clearing.VENUE_SEND_BY_SIG}
VAULT_ACTIONS = _actions(custody, ASSETS)
BY_CONTRACT = {"hub": HUB_ACTIONS, "venue": VENUE_ACTIONS, "vault": VAULT_ACTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An intent as it was asked for: understood, not yet tried."""

    chain: ChainId
    to: Address
    contract: str
    data: bytes
    asset: AssetId
    tip: int
    payee: bytes

    @property
    def key(self) -> str:
        """Return the name under which the same intent is known again."""
        return keccak256(self.chain.to_bytes(8, "big") + self.to + self.data).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentTerms:
    """What an operator asks of intents."""

    payee: Account
    coverage_bps: int
    serve_unpriced: bool
    queue: int
    per_minute: int
    prices: Mapping[AssetId, int]


class IntentDesk:
    """Takes intents for all chains that this relayer sends to."""

    def __init__(self, *, places: Places, submitters: Mapping[ChainId, Submitter], terms: IntentTerms) -> None:
        self._places = places
        self._submitters = submitters
        self._terms = terms
        self._taken: deque[int] = deque()

    def terms(self) -> dict[str, Any]:
        """Return what a client has to know before it signs."""
        return {
            "payee": "0x" + self._terms.payee.to_bytes().hex(),
            "payee_address": "0x" + self._terms.payee.owner.hex(),
            "coverage_bps": self._terms.coverage_bps,
            "prices": {str(asset): str(price) for asset, price in self._terms.prices.items()},
            "chains": sorted(self._submitters),
        }

    async def take(self, raw: Any, *, now: int) -> dict[str, Any]:  # noqa: ANN401  # from a stranger
        """Take an intent, or raise IntentRefused with what was wrong."""
        self._bound_rate(now)
        asked = self._read(raw)
        known = await self.status(asked.key)
        if known is not None:
            return known
        self._require_ours(asked)
        submitter = self._submitters[asked.chain]
        await self._bound_queue(submitter)
        gas = await self._tried(asked, submitter)
        await self._require_worth(asked, gas, submitter)
        decision = Decision(
            purpose=Purpose.INTENT,
            dedupe=f"intent:{asked.key}",
            to=asked.to,
            data=asked.data,
            gas=gas * GAS_ROOM_BPS // 10_000,
        )
        await submitter.decide([decision], now=now)
        return {"intent": asked.key, "status": Status.DECIDED.value, "transactions": []}

    async def status(self, key: str) -> dict[str, Any] | None:
        """Return how far an intent has come, or None if it is unknown."""
        store = next(iter(self._submitters.values())).book.store
        async with store.read() as connection:
            wanted = select(queries.outgoing).where(queries.outgoing.c.dedupe == f"intent:{key}")
            row = (await connection.execute(wanted)).first()
            if row is None:
                return None
            bids = (await queries.attempts(connection, [row.id])).get(row.id, [])
        hashes = ["0x" + bid.hash.hex() for bid in bids]
        return {"intent": key, "status": row.status, "transactions": hashes}

    def _bound_rate(self, now: int) -> None:
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        if len(self._taken) >= self._terms.per_minute:
            raise IntentRefused(reason="too many intents in this minute; try again", status=429)
        self._taken.append(now)

    def _read(self, raw: Any) -> Asked:  # noqa: ANN401  # from a stranger
        """Return what is asked for; raises IntentRefused for anything that is no intent."""
        try:
            chain, contract = ChainId(int(raw["chain"])), str(raw["contract"])
            data = bytes.fromhex(raw["calldata"].removeprefix("0x"))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise IntentRefused(reason="expected chain, contract and calldata") from None
        if chain not in self._submitters or contract not in BY_CONTRACT:
            raise IntentRefused(reason=f"no {contract[:20]} on chain {chain} is served here")
        if not self._places[chain].has(contract) or len(data) > MAX_CALLDATA:
            raise IntentRefused(reason=f"no {contract} there, or more than {MAX_CALLDATA} bytes")
        return self._decoded(chain, contract, data)

    def _decoded(self, chain: ChainId, contract: str, data: bytes) -> Asked:
        action = BY_CONTRACT[contract].get(data[:4])
        if action is None:
            raise IntentRefused(reason=f"not a function of {contract} that takes an intent")
        try:
            arguments = action.function.decode_arguments(data)
        except Exception:  # noqa: BLE001  # the decoder raises whatever a stranger's bytes make it
            raise IntentRefused(reason="the calldata does not decode") from None
        return Asked(
            chain=chain,
            to=self._places[chain].at(contract),
            contract=contract,
            data=data,
            asset=QUOTE if action.asset is None else AssetId(arguments[action.asset]),
            tip=arguments[action.intent][2],
            payee=bytes(arguments[action.intent + 1]),
        )

    def _require_ours(self, asked: Asked) -> None:
        payee = self._terms.payee
        if asked.payee not in {payee.to_bytes(), bytes(payee.owner)}:
            raise IntentRefused(reason=f"the payee is not 0x{payee.to_bytes().hex()}")

    async def _bound_queue(self, submitter: Submitter) -> None:
        waiting = (Status.DECIDED.value, Status.SIGNED.value)
        table = queries.outgoing
        wanted = select(func.count()).where(table.c.purpose == Purpose.INTENT.value, table.c.status.in_(waiting))
        async with submitter.book.store.read() as connection:
            number = (await connection.execute(wanted)).scalar_one()
        if number >= self._terms.queue:
            raise IntentRefused(reason="the queue is full; try again later", status=429)

    async def _tried(self, asked: Asked, submitter: Submitter) -> int:
        """Return the gas that the intent takes; a revert is refused with its reason."""
        call = {
            "from": to_hex(submitter.address),
            "to": to_hex(asked.to),
            "data": to_hex(asked.data),
        }
        try:
            gas = await submitter.rpc.estimate_gas(call)
        except RequestRefused as refusal:
            reason = as_revert(refusal, to=asked.contract)
            raise IntentRefused(reason=f"it would revert: {reason}") from None
        if gas > MAX_GAS:
            raise IntentRefused(reason=f"it takes {gas} gas; at most {MAX_GAS}")
        return gas

    async def _require_worth(self, asked: Asked, gas: int, submitter: Submitter) -> None:
        """Refuse a tip that does not cover its share of the cost, or whose worth is unknown."""
        worth = fee_value_down(asked.asset, self._tip(asked), self._terms.prices)
        if worth is None:
            if not self._terms.serve_unpriced:
                raise IntentRefused(reason=f"a tip in asset {asked.asset} has no price here", status=402)
            return
        base_fee = (await submitter.rpc.head()).base_fee
        cost = gas * (base_fee + submitter.fees.priority)
        if worth * 10_000 < cost * self._terms.coverage_bps:
            needed = -(-cost * self._terms.coverage_bps // 10_000)
            raise IntentRefused(reason=f"the tip is worth {worth} wei; {needed} needed", status=402)

    def _tip(self, asked: Asked) -> Wad:
        """Return the tip in wads: a deposit's is in units of its token."""
        if asked.contract != "vault":
            return Wad(asked.tip)
        for listed in self._places[asked.chain].chain.assets:
            if listed.asset.id == asked.asset:
                return Wad(asked.tip * 10 ** (18 - listed.decimals))
        raise IntentRefused(reason=f"asset {asked.asset} is not listed on that chain")
