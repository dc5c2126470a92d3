"""The periodic chores, beside the loops: rescan, escalate, prune, heartbeat, lease.

Each chore can be late, early or doubled without harm. One that fails is logged and runs again at
its next time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from apscheduler.schedulers.asyncio import AsyncIOScheduler

RESCAN_SECONDS = 300
ESCALATE_SECONDS = 15
PRUNE_SECONDS = 600
HEARTBEAT_SECONDS = 5
Chore = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chores:
    """What is done again and again."""

    rescan: Chore
    """Read the last blocks again for logs that an endpoint left out."""
    escalate: Chore
    """Outbid and repeat what is stuck."""
    prune: Chore
    """Forget what no reorganisation can need any more."""
    heartbeat: Chore
    """Measure ages and balances, and raise alarms."""
    lease: Chore
    """Keep the right to send."""


def make_scheduler(chores: Chores, *, lease_seconds: int) -> AsyncIOScheduler:
    """Return a scheduler that runs each chore at its interval, never twice at once."""
    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
    )
    for name, chore, seconds in (
        ("rescan", chores.rescan, RESCAN_SECONDS),
        ("escalate", chores.escalate, ESCALATE_SECONDS),
        ("prune", chores.prune, PRUNE_SECONDS),
        ("heartbeat", chores.heartbeat, HEARTBEAT_SECONDS),
        ("lease", chores.lease, lease_seconds),
    ):
        scheduler.add_job(chore, "interval", seconds=seconds, id=name, name=name)
    return scheduler
