"""Count what a relayer does, for Prometheus, and say whether it is alive and ready.

Alive: its loops turn. Ready: every chain was read recently, the store answers, no message is older
than the operator allows, and every watcher can do what it is there for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

STALE_SECONDS = 30
"""A chain that was not read for so long makes the relayer unready."""


class Metrics:
    """One relayer's figures, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.height = self._gauge("chain_height", "Block up to which logs are read", "chain")
        self.read_at = self._gauge("chain_read_time", "When a chain was last read", "chain")
        self.pending = self._gauge("messages_pending", "Messages not credited", "source", "lane")
        self.oldest = self._gauge("oldest_message_seconds", "Age of the oldest undelivered message")
        self.earned = self._gauge("fees_earned", "Fees earned, in whole units", "chain", "asset")
        self.spent = self._gauge("gas_spent_wei", "Wei paid for gas", "chain")
        self.balance = self._gauge("balance_wei", "Balance of the sending key", "chain")
        self.under_way = self._gauge("transactions_under_way", "Sent and not mined", "chain")
        self.done = self._counter("work_done", "Transactions decided or statements signed", "loop")
        self.errors = self._counter("errors", "Errors that a loop caught", "loop", "error")
        self.steps = Histogram("causeway_step_seconds", "Time of one step of a loop", ["loop"], registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"causeway_{name}", says, labels, registry=self.registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"causeway_{name}", says, labels, registry=self.registry)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)


@dataclass(slots=True, kw_only=True)
class Health:
    """What health and readiness are judged by; times are unix seconds."""

    oldest_allowed: int
    read_at: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    oldest_age: int = 0
    is_store_alive: bool = True

    def expect(self, chain: str) -> None:
        """Name a chain that has to be read."""
        self.read_at.setdefault(chain, 0)

    def note(self, loop: str, problem: str | None) -> None:
        """Remember a loop's last problem, or that it has none."""
        if problem is None:
            self.problems.pop(loop, None)
        else:
            self.problems[loop] = problem

    def reasons(self, now: int) -> list[str]:
        """Return why the relayer is not ready; nothing if it is."""
        stale = [
            f"chain {chain} was not read for {now - at} s" if at else f"chain {chain} was never read"
            for chain, at in self.read_at.items()
            if now - at > STALE_SECONDS
        ]
        if not self.is_store_alive:
            stale.append("the store does not answer")
        if self.oldest_age > self.oldest_allowed:
            stale.append(f"a message is undelivered for {self.oldest_age} s")
        unwatched = [f"{loop} protects nobody" for loop in self.problems if loop.startswith("watch:")]
        return [*stale, *unwatched]
