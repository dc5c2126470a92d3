"""Deliver the messages that lead to one chain: seek roots, plan, prove, try, store, send.

Nothing is sent that the node, asked beforehand, refuses; what it refuses waits and is then tried
alone. A root that is needed and not yet held travels with the first delivery of its lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bridge.contracts import as_revert
from bridge.contracts.clearing import RETRY
from bridge.contracts.messaging import DELIVER, UPDATE_AND_DELIVER
from bridge.errors import CallReverted, CausewayError, ChainError, RequestRefused
from bridge.messages import Item
from bridge.proofs import Delivery, deliver
from bridge.rpc import Request, Rpc
from bridge.rpc.types import parse_bytes, to_hex
from bridge.types import Account, AssetId, ChainId, LeafCount, LeafIndex
from relayer import queries
from relayer.book import Book
from relayer.decisions import Decision, Purpose
from relayer.errors import EvidenceMissing, HeldDisputed
from relayer.lanes import Change, LaneBook, LaneId
from relayer.network import Place
from relayer.policy import Batch, Bounds, GasModel, Market, plan
from relayer.prover import Evidence, Prover, held_evidence
from relayer.reconcile import settled_by_state
from relayer.submitter import Submitter
from relayer.transfer import Abandoned, Planned, RetryDue, RootFinal, Stage

log = structlog.get_logger()
RETRY_GAS = 700_000
IDLE_SECONDS = 0.5
EAGER_SECONDS = 0.1
EAGER_LOOKS = 30
REST_SECONDS = 4
"""How long a lane is left alone after an error, so that a dead source does not take every step's time."""
RETRIES = 16
"""Waiting credits of a lane that one step asks about; the others' turn comes in the next."""
GAS = GasModel()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTerms:
    """How an operator delivers."""

    payee: Account
    bounds: Bounds
    in_flight: int
    simulate: bool
    prices: Mapping[AssetId, int]
    coverage_bps: int
    serve_unpriced: bool
    patience: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A delivery ready to be stored, with the calldata that shows beforehand what it does."""

    lane: LaneBook
    batch: Batch
    decision: Decision
    trial: bytes


class Deliverer:
    """Delivers to one chain."""

    def __init__(
        self,
        *,
        place: Place,
        rpc: Rpc,
        book: Book,
        submitter: Submitter,
        provers: Mapping[LaneId, Prover],
        terms: DeliveryTerms,
    ) -> None:
        self._place = place
        self._rpc = rpc
        self._book = book
        self._submitter = submitter
        self._provers = provers
        self._terms = terms
        self.problems: dict[LaneId, str] = {}
        self._rests: dict[LaneId, int] = {}
        self._missed = 0
        self._turns = 0

    @property
    def chain(self) -> ChainId:
        """Where the messages lead."""
        return self._place.id

    @property
    def look_again(self) -> float:
        """Seconds until the next look without news: soon, for a while, where a root is due.

        Validators and relayers see a block at slightly different times.
        """
        return EAGER_SECONDS if 0 < self._missed <= EAGER_LOOKS else IDLE_SECONDS

    async def step(self, *, now: int) -> int:
        """Send what is worth sending now, and return how many transactions that were.

        Each step begins with another lane, so that none has the room under way to itself, and what
        goes wrong in one lane is its own: `problems` says it, and the lane rests a little.
        """
        missed, self._missed = self._missed, 0
        await self._retry(now)
        waiting = self._in_turn(now)
        room = self._terms.in_flight - await self._under_way() if waiting else 0
        for lane in waiting:
            if room <= 0:
                break
            try:
                room -= await self._serve(lane, room, now)
                self.problems.pop(lane.id, None)
            except (EvidenceMissing, HeldDisputed) as reason:
                self._missed = missed + 1
                level = log.error if isinstance(reason, HeldDisputed) else log.debug
                level("delivery_waits", source=lane.id.source, lane=lane.id.destination, reason=str(reason))
            except CausewayError as error:
                self._note(lane, error, now)
        return await self._submitter.push(now=now)

    def _in_turn(self, now: int) -> list[LaneBook]:
        """Return the lanes in which something waits, another one first each time."""
        lanes = [lane for lane in self._book.into(self._place.id) if self._rests.get(lane.id, 0) <= now]
        waiting = [lane for lane in lanes if lane.has_candidates(now)]
        self._turns += 1
        first = self._turns % max(len(waiting), 1)
        return waiting[first:] + waiting[:first]

    def _note(self, lane: LaneBook, error: CausewayError, now: int) -> None:
        self.problems[lane.id] = str(error)
        self._rests[lane.id] = now + REST_SECONDS
        log.warning("lane_failed", source=lane.id.source, lane=lane.id.destination, reason=str(error))

    async def _serve(self, lane: LaneBook, room: int, now: int) -> int:
        """Decide a lane's deliveries and return how many they are."""
        prepared = await self.prepare(lane, room=room, now=now)
        good = await self._try(prepared, now) if self._terms.simulate else prepared
        return await self._submitter.decide([one.decision for one in good], now=now)

    async def _under_way(self) -> int:
        async with self._book.store.read() as connection:
            return len(await queries.live(connection, self._place.id))

    # --- planning -------------------------------------------------------------------------------

    async def prepare(self, lane: LaneBook, *, room: int, now: int) -> list[Prepared]:
        """Return the deliveries of one lane that are worth sending, best first.

        Raises EvidenceMissing where messages wait and no root can be shown for any of them.
        """
        self._book.require_honest(lane)
        waiting = lane.candidates(count=lane.tree.count, now=now)
        if not waiting:
            return []
        evidence = await self._evidence(lane, [candidate.index for candidate in waiting])
        brought = await self._brought(lane)
        market = await self._market()
        batches = plan(
            lane.candidates(count=evidence.count, now=now),
            count=evidence.count,
            model=GAS,
            bounds=self._terms.bounds,
            market=market,
            now=now,
        )[:room]
        prepared = []
        for batch in batches:
            carries = bool(evidence.update) and brought < evidence.count
            prepared.append(await self._prepare(lane, batch, evidence, carries=carries))
            brought = max(brought, evidence.count)
        return prepared

    async def _evidence(self, lane: LaneBook, waiting: Sequence[int]) -> Evidence:
        """Return what is held if it covers all that waits, else something newer if there is.

        Raises EvidenceMissing if nothing covers any of it.
        """
        held = held_evidence(lane)
        if held is not None and max(waiting) < held.count:
            return held
        try:
            return await self._provers[lane.id].evidence(lane)
        except EvidenceMissing:
            if held is None or min(waiting) >= held.count:
                raise
            return held

    async def _brought(self, lane: LaneBook) -> int:
        """Return the highest count whose root an earlier transaction under way brings."""
        async with self._book.store.read() as connection:
            rows = await queries.live(connection, self._place.id)
        counts = [row.root_count for row in rows if row.source == lane.id.source]
        return max(counts, default=0)

    async def _market(self) -> Market:
        base_fee = (await self._rpc.head()).base_fee if self._terms.coverage_bps else 0
        return Market(
            gas_price=base_fee + self._submitter.fees.priority,
            prices=self._terms.prices,
            coverage_bps=self._terms.coverage_bps,
            serve_unpriced=self._terms.serve_unpriced,
            patience=self._terms.patience,
        )

    async def _prepare(self, lane: LaneBook, batch: Batch, evidence: Evidence, *, carries: bool) -> Prepared:
        last = batch.first + batch.n - 1
        async with self._book.store.read() as connection:
            items = await queries.items(connection, lane.id.source, lane.id.destination, batch.first, last)
        delivery = deliver(
            lane=lane.lane,
            tree=lane.tree,
            first=LeafIndex(batch.first),
            items=items,
            count=LeafCount(evidence.count),
        )
        plain = self._calldata(delivery, b"")
        full = self._calldata(delivery, evidence.update) if evidence.update else plain
        decision = Decision(
            purpose=Purpose.DELIVER,
            dedupe=f"deliver:{lane.id.source}:{lane.id.destination}:{batch.first}:{batch.n}:{self._book.serial()}",
            to=self._place.at("inbox"),
            data=full if carries else plain,
            gas=batch.gas_limit + (GAS.limit_root if carries else 0),
            source=lane.id.source,
            first=batch.first,
            n=batch.n,
            root_count=evidence.count if carries else 0,
        )
        return Prepared(lane=lane, batch=batch, decision=decision, trial=full)

    def _calldata(self, delivery: Delivery, update: bytes) -> bytes:
        rest = (
            delivery.source,
            delivery.root,
            delivery.count,
            delivery.first,
            self._terms.payee.to_bytes(),
            delivery.items,
            delivery.siblings,
        )
        return UPDATE_AND_DELIVER.encode(update, *rest) if update else DELIVER.encode(*rest)

    # --- trying ---------------------------------------------------------------------------------

    async def _try(self, prepared: Sequence[Prepared], now: int) -> list[Prepared]:
        """Return the deliveries that the node says will do something; put the others off.

        Each is tried with its root, because those before it are not mined yet.
        """
        requests = [self._trial(one) for one in prepared]
        answers = await self._rpc.outcomes(requests)
        good = []
        for one, answer in zip(prepared, answers, strict=True):
            if isinstance(answer, RequestRefused):
                await self._put_off(one, answer, now)
            else:
                good.append(one)
        return good

    def _trial(self, one: Prepared) -> Request[bytes]:
        call = {
            "from": to_hex(self._submitter.address),
            "to": to_hex(one.decision.to),
            "data": to_hex(one.trial),
            "gas": hex(one.decision.gas + (0 if one.decision.root_count else GAS.limit_root)),
        }
        return Request(method="eth_call", params=(call, "latest"), parse=parse_bytes)

    async def _put_off(self, one: Prepared, refusal: RequestRefused, now: int) -> None:
        """Delay messages whose delivery would revert, unless they turn out to be delivered."""
        reason: ChainError = as_revert(refusal, to="inbox")
        name = reason.error if isinstance(reason, CallReverted) else "refused"
        log.warning(
            "delivery_would_revert",
            source=one.lane.id.source,
            lane=one.lane.id.destination,
            first=one.batch.first,
            n=one.batch.n,
            reason=str(reason),
        )
        if name == "NothingDelivered":
            await self._reconcile(one.lane, one.batch.wanted, now)
        async with self._book.deciding:
            changes, _ = one.lane.step(
                [i for i in one.batch.wanted if i in one.lane.pending],
                RootFinal(at=now),
                Planned(at=now),
                Abandoned(at=now),
            )
            await self._store(one.lane, changes)

    async def recover(self, *, now: int) -> int:
        """Free messages that count as sent by a transaction which is not under way, and return how many.

        Whatever lost them, they would never be looked at again; the Inbox is asked about each first.
        """
        found = 0
        for lane in self._book.into(self._place.id):
            lost = await self._lost(lane)
            if not lost:
                continue
            log.warning("delivery_lost", source=lane.id.source, lane=lane.id.destination, n=len(lost))
            await self._reconcile(lane, lost, now)
            async with self._book.deciding:
                changes, _ = lane.step(set(lost) & set(await self._lost(lane)), Abandoned(at=now))
                await self._store(lane, changes)
            found += len(lost)
        return found

    async def _lost(self, lane: LaneBook) -> list[int]:
        async with self._book.store.read() as connection:
            live = {row.id for row in await queries.live(connection, self._place.id)}
        sent = {Stage.PLANNED, Stage.SENT}
        return [i for i, one in lane.pending.items() if one.transfer.stage in sent and one.outgoing not in live]

    async def _reconcile(self, lane: LaneBook, wanted: Sequence[int], now: int) -> None:
        """Ask the Inbox about each message of a range of which it would take none.

        The logs that said so were missing: what the contract's state says takes their place.
        """
        says = await settled_by_state(self._rpc, self._place, lane, wanted)
        if says:
            log.warning("delivery_log_missing", lane=lane.id.destination, n=len(says))
            await self._book.settle_by_state(lane, says, now=now)

    async def _store(self, lane: LaneBook, changes: Sequence[Change]) -> None:
        async with self._book.store.begin() as connection:
            await queries.store_changes(connection, lane.id.source, lane.id.destination, changes)
        lane.commit(changes)

    # --- trying again ---------------------------------------------------------------------------

    async def _retry(self, now: int) -> None:
        """Free refused messages whose time has come, and ask the hub to retry waiting credits."""
        for lane in self._book.into(self._place.id):
            due = lane.due(now)
            if not due:
                continue
            try:
                await self._retry_lane(lane, due, now)
            except CausewayError as error:
                self._note(lane, error, now)

    async def _retry_lane(self, lane: LaneBook, due: Sequence[int], now: int) -> None:
        """Only those asked about are put off: the others stay due, so that none waits behind them for ever."""
        waits = [i for i in due if lane.pending[i].transfer.stage is Stage.WAITING]
        asked = sorted(waits, key=lambda i: lane.pending[i].transfer.retry_at)[:RETRIES]
        decisions = await self._credit_retries(lane, asked)
        refused = set(due).difference(waits)
        async with self._book.deciding:
            changes, _ = lane.step(sorted(refused.union(asked)), RetryDue(at=now))
            await self._store(lane, changes)
        await self._submitter.decide(decisions, now=now)

    async def _credit_retries(self, lane: LaneBook, waiting: Sequence[int]) -> list[Decision]:
        """Return the hub's retries that would succeed now and are not under way; the others wait on."""
        async with self._book.store.read() as connection:
            live = await queries.live(connection, self._place.id)
        sent = {(row.source, row.first) for row in live if row.purpose == Purpose.RETRY.value}
        decisions = [await self._credit_retry(lane, i) for i in waiting if (lane.id.source, i) not in sent]
        calls = [
            {"from": to_hex(self._submitter.address), "to": to_hex(one.to), "data": to_hex(one.data)}
            for one in decisions
        ]
        requests = [Request(method="eth_call", params=(call, "latest"), parse=parse_bytes) for call in calls]
        answers = await self._rpc.outcomes(requests) if requests else []
        return [one for one, said in zip(decisions, answers, strict=True) if not isinstance(said, RequestRefused)]

    async def _credit_retry(self, lane: LaneBook, index: int) -> Decision:
        async with self._book.store.read() as connection:
            [raw] = await queries.items(connection, lane.id.source, lane.id.destination, index, index)
        item = Item.decode(raw)
        attempts = lane.pending[index].transfer.attempts
        return Decision(
            purpose=Purpose.RETRY,
            dedupe=f"retry:{lane.id.source}:{index}:{attempts}:{self._book.serial()}",
            to=self._place.at("hub"),
            data=RETRY.encode(lane.id.source, index, item.sender, item.body, self._terms.payee.to_bytes()),
            gas=RETRY_GAS,
            source=lane.id.source,
            first=index,
        )
