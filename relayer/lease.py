"""Say which of several replicas sends: the one that holds the lease in the store they share.

A replica that restarts under its own name takes its lease up again at once; another one takes it
when it has run out. A holder that was asleep for too long finds it lost before it sends. Should
two send for a moment, they use the same key and nonces, so one transaction of each pair is mined.
"""

from __future__ import annotations

import structlog
from sqlalchemy import insert, select, update
from sqlmodel import SQLModel

from relayer.rows import LeaseRow
from relayer.store import Store

log = structlog.get_logger()
LEASE_SECONDS = 15
RENEW_SECONDS = 5
MARGIN_SECONDS = 3
"""Before its end a lease counts as lost: clocks differ."""

lease = SQLModel.metadata.tables[LeaseRow.__tablename__]


class Lease:
    """One replica's claim to send under a relayer's name."""

    def __init__(self, store: Store, *, name: str, replica: str) -> None:
        self._store = store
        self._name = name
        self._replica = replica
        self._until = 0
        self.holder = ""

    def is_held(self, now: int) -> bool:
        """Tell whether this replica may send at `now`."""
        return now < self._until - MARGIN_SECONDS

    async def renew(self, now: int) -> bool:
        """Take or prolong the lease if nobody else holds it; returns whether it is held."""
        async with self._store.begin() as connection:
            wanted = select(lease).where(lease.c.name == self._name).with_for_update()
            row = (await connection.execute(wanted)).first()
            free = row is None or row.holder == self._replica or row.until <= now
            if free:
                values = {"holder": self._replica, "until": now + LEASE_SECONDS}
                if row is None:
                    await connection.execute(insert(lease).values(name=self._name, **values))
                else:
                    await connection.execute(update(lease).where(lease.c.name == self._name).values(**values))
        holder = self._replica if free else str(row.holder) if row else ""
        if holder != self.holder:
            log.info("lease_changed", lease=self._name, holder=holder, held=free)
        self.holder = holder
        self._until = now + LEASE_SECONDS if free else 0
        return free
