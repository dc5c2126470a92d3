"""Open the relayer's database, bring it to the current schema, and give transactions on it.

SQLite in WAL mode is the default: one process, one writer, full durability, because a signature
that was released must never be forgotten. PostgreSQL serves replicas, of which the holder of the
lease sends. What is read and written stands in `relayer.queries`.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, Self

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from relayer.errors import StoreError

MIGRATIONS = Path(__file__).with_name("migrations")
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
BUSY_MILLISECONDS = 10_000


class Store:
    """A database at the current schema; `begin` gives a transaction, one at a time."""

    def __init__(self, engine: AsyncEngine, lock: IO[str] | None) -> None:
        self._engine = engine
        self._lock = lock
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, is_owner: bool = True) -> Self:
        """Connect to `url` (sqlite:///path or postgresql://…) and apply pending migrations.

        The owner of a SQLite file is one process: a second one is refused. Whoever only reads
        opens it with `is_owner` false, beside the owner. Raises StoreError if the store cannot be
        reached, is in use, or is newer than this version.
        """
        lock = _lock_of(url) if is_owner else None
        engine = _engine(url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, CommandError, OSError) as error:
            await engine.dispose()
            if lock is not None:
                lock.close()
            raise StoreError(_reason(error)) from error
        return cls(engine, lock)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
        if self._lock is not None:
            self._lock.close()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Give a transaction that commits as a whole, or not at all where the block raises."""
        async with self._writing, self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for reads beside the writer."""
        async with self._engine.connect() as connection:
            yield connection

    async def is_alive(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True


def _lock_of(url: str) -> IO[str] | None:
    """Take the lock beside a SQLite file; it ends with the process, however that ends."""
    kind, _, path = url.partition(":///")
    if kind != "sqlite":
        return None
    file = Path(f"{path}.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreError(
            f"the store {path} is in use by another process; stop that one, or give this one a store of its own"
        ) from None
    return lock


def _engine(url: str) -> AsyncEngine:
    kind, separator, rest = url.partition("://")
    if not separator or kind not in DRIVERS:
        raise StoreError(f"store {kind!r} is unknown; give sqlite:///path or postgresql://…")
    if kind == "sqlite":
        Path(rest[1:]).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(f"{DRIVERS[kind]}://{rest}")
    if kind == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up)
        event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _set_up(connection: Any, _: object) -> None:  # noqa: ANN401  # a driver's connection is untyped
    # The driver's own transactions would leave out schema changes; ours take everything in.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_MILLISECONDS}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _reason(error: Exception) -> str:
    """Return what a driver said, without the statement and its values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"the store cannot be used ({type(cause).__name__}: {cause}); check its url and version"
