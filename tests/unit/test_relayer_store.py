"""The store: its schema is the tables', a file has one owner, and a lease one holder."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

import relayer.rows  # noqa: F401  # the import registers the tables
from bridge.rpc import BlockRef
from bridge.types import BlockNumber, ChainId, Hash32
from relayer import queries
from relayer.errors import StoreError
from relayer.lease import LEASE_SECONDS, MARGIN_SECONDS, Lease
from relayer.store import Store

HUB = ChainId(1)


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/relayer.db"


def block(number: int) -> BlockRef:
    return BlockRef(number=BlockNumber(number), hash=Hash32(number.to_bytes(32, "big")))


def difference(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), SQLModel.metadata))


async def test_store__migrated__is_what_the_tables_say(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    async with store.read() as connection:
        assert await connection.run_sync(difference) == []
    await store.close()


async def test_store__opened_again__keeps_its_rows(tmp_path: Path) -> None:
    for number in (1, 2):
        store = await Store.open(url(tmp_path))
        async with store.begin() as connection:
            await queries.add_checkpoint(connection, HUB, block(number))
        await store.close()
    store = await Store.open(url(tmp_path))
    async with store.read() as connection:
        assert await queries.checkpoints(connection, HUB) == [block(2), block(1)]
    await store.close()


async def test_store__error_in_a_transaction__leaves_nothing_of_it(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))

    async def half_way() -> None:
        async with store.begin() as connection:
            await queries.add_checkpoint(connection, HUB, block(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half_way()
    async with store.read() as connection:
        assert await queries.checkpoints(connection, HUB) == []
    await store.close()


async def test_store__second_owner__is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    with pytest.raises(StoreError, match="in use"):
        await Store.open(url(tmp_path))
    reader = await Store.open(url(tmp_path), is_owner=False)
    assert await reader.is_alive()
    await reader.close()
    await store.close()
    again = await Store.open(url(tmp_path))
    await again.close()


@pytest.mark.parametrize("wrong", ["mysql://a/b", "relayer.db", "sqlite:////proc/none/relayer.db"])
async def test_store__url_that_cannot_be_used__says_so(wrong: str) -> None:
    with pytest.raises((StoreError, OSError)):
        await Store.open(wrong)


async def test_checkpoints__pruned__keep_the_newest_final_one(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    async with store.begin() as connection:
        for number in (1, 5, 9, 12):
            await queries.add_checkpoint(connection, HUB, block(number))
        await queries.prune_checkpoints(connection, HUB, 10)
        assert await queries.checkpoints(connection, HUB) == [block(12), block(9)]
    await store.close()


async def test_lease__one_holder_at_a_time__and_the_next_after_its_end(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    one, two = (Lease(store, name="relayer", replica=replica) for replica in ("one", "two"))
    assert await one.renew(100)
    assert not await two.renew(101)
    assert one.is_held(100 + LEASE_SECONDS - MARGIN_SECONDS - 1)
    assert not one.is_held(100 + LEASE_SECONDS - MARGIN_SECONDS)
    assert await two.renew(100 + LEASE_SECONDS)
    assert not await one.renew(101 + LEASE_SECONDS)
    assert not one.is_held(101 + LEASE_SECONDS)
    await store.close()


async def test_lease__replica_that_restarts__has_its_own_back_at_once(tmp_path: Path) -> None:
    store = await Store.open(url(tmp_path))
    await Lease(store, name="relayer", replica="one").renew(100)
    assert await Lease(store, name="relayer", replica="one").renew(101)
    await store.close()
