"""Look into a relayer beside the running process: plan, explain, repair."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from bridge.errors import CausewayError, FieldOutOfRange
from bridge.signer import LocalSigner
from bridge.types import Account
from relayer import queries
from relayer.book import Book
from relayer.config import Role, Settings, load_settings
from relayer.lanes import LaneBook, LaneId
from relayer.lease import Lease
from relayer.network import Places, load_places
from relayer.parts import Builder, Parts
from relayer.store import Store
from relayer.transfer import Stage

Rows = list[dict[str, Any]]
WAITS_FOR = {
    Stage.SEEN: "a final root, or its time to be tried again",
    Stage.FINAL: "the next planning",
    Stage.PLANNED: "its signature",
    Stage.SENT: "its transaction to be mined",
    Stage.DELIVERED: "nothing: it is credited",
    Stage.WAITING: "the hub's check to pass; the credit is retried",
    Stage.FAILED: "its time to be tried again: its recipient refused it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A relayer's settings, network and store, open beside its process."""

    settings: Settings
    places: Places
    store: Store
    book: Book


@asynccontextmanager
async def opened(config: Path, *, is_owner: bool = False) -> AsyncIterator[Inside]:
    """Open what a relayer has; with `is_owner` only while it does not run."""
    settings = load_settings(config)
    places = load_places(settings.chains)
    store = await Store.open(settings.store, is_owner=is_owner)
    try:
        book = Book(store, places.lanes())
        await book.load()
        yield Inside(settings=settings, places=places, store=store, book=book)
    finally:
        await store.close()


async def planned(config: Path) -> Rows:
    """Return for each lane what would be sent now, and what waits."""
    async with opened(config) as inside:
        # A key that never signs: planning needs a payee, and the real key may be locked.
        builder = Builder(
            settings=inside.settings,
            places=inside.places,
            book=inside.book,
            lease=Lease(inside.store, name="plan", replica="plan"),
            signer=LocalSigner.create(),
        )
        parts = builder.build()
        try:
            if Role.DELIVER not in inside.settings.roles:
                return []
            rows: Rows = []
            for lane in inside.book.lanes.values():
                rows += await _lane_plan(inside, parts, lane)
            return rows
        finally:
            await parts.close()


async def _lane_plan(inside: Inside, parts: Parts, lane: LaneBook) -> Rows:
    names = _names(inside.places, lane.id)
    if not lane.pending:
        return []
    try:
        await _read_held(parts, lane)
        ready = await parts.deliverers[lane.id.destination].prepare(
            lane, room=inside.settings.deliver.in_flight, now=int(time.time())
        )
        reason = ""
    except CausewayError as error:
        ready, reason = [], str(error)
    rows = [
        {
            **names,
            "messages": f"{one.batch.first}–{one.batch.first + one.batch.n - 1}",
            "does": "range" if one.batch.n > 1 else "single",
            "root": "brings it" if one.decision.root_count else "held",
            "gas": one.batch.expected_gas,
            "note": f"{len(one.batch.wanted)} wanted, score {one.batch.score} wei",
        }
        for one in ready
    ]
    going = {index for one in ready for index in one.batch.wanted}
    left = [index for index in lane.pending if index not in going]
    if left:
        stages = sorted({lane.pending[index].transfer.stage.value for index in left})
        rows.append(
            {
                **names,
                "messages": f"{len(left)} others",
                "does": "wait",
                "root": "–",
                "gas": 0,
                "note": reason or ", ".join(stages),
            }
        )
    return rows


async def _read_held(parts: Parts, lane: LaneBook) -> None:
    """Read what the destination holds now: the running process knows it, the store does not."""
    watcher = parts.readers[lane.id.destination].watcher
    head = await watcher.head()
    lane.held = (await watcher.held(head.ref)).get(lane.id.source)


async def explained(config: Path, message: str) -> Rows:
    """Return all that is known of the messages that `message` names, a row a fact."""
    async with opened(config) as inside, inside.store.read() as connection:
        wanted = select(queries.message).where(_where(inside.places, message))
        found = [*await connection.execute(wanted.limit(50))]
        rows: Rows = []
        for row in found:
            rows += await _story(inside, connection, row)
        return rows


def _where(places: Places, message: str) -> Any:  # noqa: ANN401  # an SQL expression
    """Return what selects the messages that a person means."""
    table = queries.message
    parts = message.split(":")
    if len(parts) == 3 and parts[2].isdigit():
        source, destination = (places.network.chain(part).id for part in parts[:2])
        return (table.c.source == source) & (table.c.destination == destination) & (table.c.leaf_index == int(parts[2]))
    try:
        digest = bytes.fromhex(message.removeprefix("0x"))
    except ValueError:
        raise FieldOutOfRange(field="message", value=message, expected="source:destination:index, or a hash") from None
    return or_(table.c.tx_hash == digest, table.c.leaf == digest)


async def _story(inside: Inside, connection: Any, row: Any) -> Rows:  # noqa: ANN401
    lane = LaneId(source=row.source, destination=row.destination)
    names = _names(inside.places, lane)
    name = f"{names['source']}:{names['destination']}:{row.leaf_index}"
    stage = Stage(row.stage)
    facts = [
        ("sent", f"block {row.block_number}, transaction 0x{row.tx_hash.hex()}"),
        ("leaf", "0x" + row.leaf.hex()),
        ("fee", f"{row.fee} wads of asset {row.asset}"),
        ("stage", stage.value),
        ("waits for", WAITS_FOR[stage]),
        ("went wrong", f"{row.attempts} times; next try at {_when(row.retry_at)}"),
    ]
    facts += await _sendings(connection, row)
    for one in await queries.settlements(connection, row.source, row.destination, row.leaf_index, row.leaf_index):
        says = f"block {one.block_number}, transaction 0x{one.tx_hash.hex()}"
        facts.append((one.kind, says + (" (our fee)" if one.ours else "")))
    return [{"message": name, "fact": fact, "is": says} for fact, says in facts]


async def _sendings(connection: Any, row: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the transactions of ours that carried a message, with their signed forms."""
    table = queries.outgoing
    wanted = select(table.c.id, table.c.status, table.c.nonce, table.c.gas_used).where(
        table.c.chain == row.destination,
        table.c.source == row.source,
        table.c.n > 0,
        table.c.first <= row.leaf_index,
        table.c.first + table.c.n > row.leaf_index,
    )
    facts = []
    for one in await connection.execute(wanted.order_by(table.c.id)):
        bids = (await queries.attempts(connection, [one.id])).get(one.id, [])
        hashes = ", ".join("0x" + bid.hash.hex() for bid in bids)
        facts.append((f"transaction {one.status}", f"nonce {one.nonce}, {hashes}, gas {one.gas_used}"))
    return facts


async def taken_back(config: Path, chain: str, from_block: int) -> None:
    """Take back all rows of a chain from a block on; raises StoreError while the relayer runs."""
    async with opened(config, is_owner=True) as inside:
        number = inside.places.network.chain(chain).id
        await inside.book.rewind(number, from_block - 1, now=int(time.time()))


def _names(places: Places, lane: LaneId) -> dict[str, str]:
    return {
        "source": places[lane.source].chain.name,
        "destination": places[lane.destination].chain.name,
    }


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds)) if seconds else "once"


__all__ = ["Account", "explained", "opened", "planned", "taken_back"]
