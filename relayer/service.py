"""Run a relayer: one loop a chain, one a role, one funnel for errors.

A loop never ends by an error of a chain, an attester or the store: it says what happened, waits
and goes on, because everything it does can be repeated. An error that nobody foresaw ends the
process, whose restart begins from the store.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.errors import CausewayError, ChainError, WrongChain
from bridge.signer import Signer
from bridge.types import ChainId
from relayer.api import make_app
from relayer.book import Book
from relayer.chores import Housekeeping
from relayer.config import Settings
from relayer.deliver import Deliverer
from relayer.lease import RENEW_SECONDS, Lease
from relayer.metrics import Health, Metrics
from relayer.network import Places
from relayer.parts import Builder
from relayer.pulse import Pulse
from relayer.reader import Reader
from relayer.schedule import make_scheduler
from relayer.store import Store
from relayer.submitter import Submitter
from relayer.web import WebServer

log = structlog.get_logger()
IDLE_SECONDS = 0.5
"""How long a role waits for news of the chains it reads before it looks again."""
POLL_FASTEST, POLL_SLOWEST = 0.1, 2.0
QUIET_SHARE = 0.6
"""Part of the block time after a block in which no other one is looked for."""
BACKOFF = (0.25, 0.5, 1.0, 2.0, 4.0)
Step = Callable[[], Awaitable[object]]
Wait = Callable[[], float]


class Relayer:
    """One relayer process; `run` ends after `stop`."""

    def __init__(self, *, settings: Settings, places: Places, store: Store, signer: Signer) -> None:
        self.settings = settings
        self.places = places
        self.store = store
        self.book = Book(store, places.lanes())
        self.metrics = Metrics()
        self.health = Health(oldest_allowed=settings.oldest)
        self.pulse = Pulse()
        self.lease = Lease(store, name=settings.name, replica=settings.replica)
        self.parts = Builder(settings=settings, places=places, book=self.book, lease=self.lease, signer=signer).build()
        self.web = WebServer(host=settings.http.host, port=settings.http.port)
        self._stopped = asyncio.Event()
        self._unchecked: set[ChainId] = set()

    def stop(self) -> None:
        """End all loops after the step that each is in; safe to call again."""
        self._stopped.set()
        self.pulse.beat()
        self.web.stop()

    async def run(self) -> None:
        """Check the chains, take up what the store holds, and turn all loops until `stop`.

        However it ends, it closes its connections and its port, not its store.
        """
        try:
            await self.prepare()
            await self._run()
        finally:
            self.web.close()
            await self.parts.close()

    async def _run(self) -> None:
        chores = Housekeeping(
            places=self.places,
            book=self.book,
            parts=self.parts,
            right_to_send=self.lease,
            metrics=self.metrics,
            health=self.health,
            oldest=self.settings.oldest,
        )
        scheduler = make_scheduler(chores.all(), lease_seconds=RENEW_SECONDS)
        scheduler.start()
        app = make_app(
            health=self.health,
            metrics=self.metrics,
            attesters=self.parts.attesters,
            intents=self.parts.desk,
        )
        log.info(
            "relayer_started",
            name=self.settings.name,
            roles=sorted(self.settings.roles),
            http=f"http://{self.web.host}:{self.web.port}",
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.web.serve(app))
                for name, step, period in self._loops():
                    group.create_task(self._turn(name, step, period))
        finally:
            scheduler.shutdown(wait=False)
            log.info("relayer_stopped", name=self.settings.name)

    async def prepare(self) -> None:
        """Check that endpoints serve the right chains and load the store; raises what is wrong."""
        for chain in self.parts.readers:
            if not await self._is_up(chain):
                self._unchecked.add(chain)
            self.health.expect(self.places[chain].chain.name)
        await self.book.load()
        await self.lease.renew(int(time.time()))
        for submitter in self.parts.submitters.values():
            if self.lease.is_held(int(time.time())):
                await submitter.resume()

    async def _is_up(self, chain: ChainId) -> bool:
        """Raise WrongChain; a chain that is out is its reader's to wait for, the others are served."""
        try:
            await self.parts.rpcs[chain].check_chain()
        except WrongChain:
            raise
        except ChainError as error:
            log.warning("chain_is_out", chain=self._name(chain), reason=str(error))
            return False
        return True

    def _loops(self) -> list[tuple[str, Step, float | Wait]]:
        """Return every loop as name, step and seconds between steps.

        A loop whose seconds are asked for follows the pulse, and waits for it as long at most.
        """
        loops: list[tuple[str, Step, float | Wait]] = []
        for chain, reader in self.parts.readers.items():
            loops.append((f"read:{self._name(chain)}", self._read(reader), self._period(chain)))
        for kind, roles in (
            ("attest", self.parts.attesters),
            ("deliver", self.parts.deliverers),
            ("propose", self.parts.proposers),
            ("watch", self.parts.watchmen),
        ):
            for chain, role in roles.items():
                step = self._act(kind, role.step)
                loops.append((f"{kind}:{self._name(chain)}", step, _wait_of(role)))
        for chain, submitter in self.parts.submitters.items():
            loops.append((f"follow:{self._name(chain)}", self._follow(chain, submitter), _idle))
        return loops

    def _name(self, chain: ChainId) -> str:
        return self.places[chain].chain.name

    def _period(self, chain: ChainId) -> float:
        """Look eight times a block while one is due."""
        block_time = self.places[chain].chain.block_time
        return min(max(block_time / 8, POLL_FASTEST), POLL_SLOWEST)

    def _read(self, reader: Reader) -> Step:
        name = self._name(reader.chain)
        quiet = self.places[reader.chain].chain.block_time * QUIET_SHARE

        async def step() -> None:
            if reader.chain in self._unchecked:
                await self.parts.rpcs[reader.chain].check_chain()
                self._unchecked.discard(reader.chain)
            now = int(time.time())
            moved = await reader.step(now=now)
            self.health.read_at[name] = now
            self.metrics.read_at.labels(name).set(now)
            if moved:
                cursor = self.book.cursors.get(reader.chain)
                self.metrics.height.labels(name).set(cursor.number if cursor else 0)
                self.pulse.beat()
                await self._pause(min(quiet, POLL_SLOWEST))

        return step

    def _act(self, kind: str, role_step: Callable[..., Awaitable[int]]) -> Step:
        async def step() -> None:
            done = await role_step(now=int(time.time()))
            self._note_lanes()
            if done:
                self.metrics.done.labels(kind).inc(done)

        return step

    def _note_lanes(self) -> None:
        """Show in health what goes wrong in single lanes, for which no loop fails."""
        for deliverer in self.parts.deliverers.values():
            for lane in self.book.into(deliverer.chain):
                name = f"lane:{self._name(lane.id.source)}→{self._name(lane.id.destination)}"
                self.health.note(name, deliverer.problems.get(lane.id))

    def _follow(self, chain: ChainId, submitter: Submitter) -> Step:
        name = self._name(chain)

        async def step() -> None:
            now = int(time.time())
            await submitter.push(now=now)
            under_way = await submitter.follow(now=now)
            self.metrics.under_way.labels(name).set(under_way)

        return step

    async def _turn(self, name: str, step: Step, period: float | Wait) -> None:
        """Turn one loop until `stop`: the one place where errors are caught."""
        failures = 0
        beats = 0
        while not self._stopped.is_set():
            beats_before = self.pulse.beats
            try:
                with self.metrics.steps.labels(name).time():
                    await step()
                failures = 0
                self.health.note(name, None)
            except (CausewayError, SQLAlchemyError) as error:
                kind = type(error).__name__
                log.warning("step_failed", loop=name, error=kind, reason=str(error))
                self.metrics.errors.labels(name, kind).inc()
                self.health.note(name, str(error) if isinstance(error, CausewayError) else kind)
                await self._pause(BACKOFF[min(failures, len(BACKOFF) - 1)])
                failures += 1
                continue
            if isinstance(period, float):
                await self._pause(period)
            else:
                beats = await self.pulse.after(max(beats, beats_before), period())

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            pass


def _idle() -> float:
    return IDLE_SECONDS


def _wait_of(role: object) -> Wait:
    """Return how a role says for how long it can wait for news."""
    if isinstance(role, Deliverer):
        return lambda: role.look_again
    return _idle
