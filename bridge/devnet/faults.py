"""A proxy in front of any JSON-RPC endpoint that fails in the ways real endpoints do.

Rules say what goes wrong: for which method, how often, how long. A rule's chance is drawn from the proxy's seed, so
a run can be repeated. What the endpoint answers is otherwise passed on unchanged, batches included. `FaultProxy`
runs in the caller's loop.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Self, assert_never

import httpx

from bridge.devnet.fault_http import Disconnect, HttpServer, Reply, Request
from bridge.devnet.params import Json

UPSTREAM_TIMEOUT = 60.0
MAX_HELD = 1_024  # answers kept to be repeated as old ones


class Fault(Enum):
    """The ways in which an endpoint fails."""

    MISSING_LOGS = auto()  # log answers lack the second half of what they should hold, or all of one
    LATE_LOGS = auto()  # logs younger than `seconds`, since the proxy first saw them, are left out
    TIMEOUT = auto()  # the answer comes `seconds` late
    HTTP_500 = auto()
    HTTP_429 = auto()
    WRONG = auto()  # hexadecimal results have a bit flipped
    STALE = auto()  # the first answer that was given to the same question is given again
    DISCONNECT = auto()  # the connection closes without an answer


@dataclass(slots=True, kw_only=True)
class Rule:
    """One thing that goes wrong; `method` None means every method, `count` None means for ever."""

    fault: Fault
    method: str | None = None
    probability: float = 1.0
    count: int | None = None
    seconds: float = 0.0
    hits: int = 0

    def concerns(self, method: str) -> bool:
        """Return whether the rule still holds for a method."""
        return self.method in {None, method} and (self.count is None or self.hits < self.count)


class FaultProxy:
    """A proxy at `url` before `upstream`; an async context manager."""

    def __init__(self, upstream: str, *, seed: int = 0) -> None:
        self.upstream = upstream
        self.rules: list[Rule] = []
        self._random = random.Random(seed)  # noqa: S311 - faults are repeatable, not secret
        self._held: dict[str, Json] = {}
        self._first_seen: dict[str, float] = {}
        self._server = HttpServer(self._serve)
        self._client: httpx.AsyncClient | None = None

    @property
    def url(self) -> str:
        """Return where clients find the proxy."""
        return self._server.url

    def add(self, rule: Rule) -> Rule:
        """Make a rule hold from now on and return it, so that its hits can be read."""
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Drop every rule; the endpoint is healthy again."""
        self.rules.clear()

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(timeout=UPSTREAM_TIMEOUT, trust_env=False)
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()
        if self._client is not None:
            await self._client.aclose()

    async def _serve(self, request: Request) -> Reply:
        try:
            parsed: Json = json.loads(request.body)
        except ValueError:
            return await self._forward(request.body)
        items = parsed if isinstance(parsed, list) else [parsed]
        chosen = [(item, self._draw(str(item.get("method")))) for item in items if isinstance(item, dict)]
        refusal = await self._before([rule for _, rules in chosen for rule in rules])
        if refusal is not None:
            return refusal
        reply = await self._forward(request.body)
        try:
            answers: Json = json.loads(reply.body)
        except ValueError:
            return reply
        listed = answers if isinstance(answers, list) else [answers]
        by_id = {json.dumps(answer.get("id")): answer for answer in listed if isinstance(answer, dict)}
        for item, rules in chosen:
            answer = by_id.get(json.dumps(item.get("id")))
            if answer is not None and "result" in answer:
                answer["result"] = self._spoil(item, answer["result"], rules)
        return Reply(status=reply.status, body=json.dumps(answers).encode())

    def _draw(self, method: str) -> list[Rule]:
        drawn = [rule for rule in self.rules if rule.concerns(method) and self._random.random() < rule.probability]
        for rule in drawn:
            rule.hits += 1
        return drawn

    async def _before(self, rules: list[Rule]) -> Reply | None:
        """Do what a fault does to a whole HTTP exchange; return the refusal, if it is one."""
        for rule in rules:
            match rule.fault:
                case Fault.TIMEOUT:
                    await asyncio.sleep(rule.seconds)
                case Fault.HTTP_500:
                    return Reply(status=500, body=b"internal server error")
                case Fault.HTTP_429:
                    return Reply(status=429, body=b"too many requests")
                case Fault.DISCONNECT:
                    raise Disconnect
                case Fault.MISSING_LOGS | Fault.LATE_LOGS | Fault.WRONG | Fault.STALE:
                    pass
                case _:
                    assert_never(rule.fault)
        return None

    def _spoil(self, request: Json, result: Json, rules: list[Rule]) -> Json:
        key = json.dumps([request.get("method"), request.get("params")])
        self._see(result)
        if len(self._held) < MAX_HELD:
            self._held.setdefault(key, result)
        for rule in rules:
            match rule.fault:
                case Fault.MISSING_LOGS:
                    result = result[: len(result) // 2] if _are_logs(result) else result
                case Fault.LATE_LOGS:
                    result = self._old_enough(result, rule.seconds)
                case Fault.WRONG:
                    result = _altered(result)
                case Fault.STALE:
                    result = self._held.get(key, result)
                case Fault.TIMEOUT | Fault.HTTP_500 | Fault.HTTP_429 | Fault.DISCONNECT:
                    pass
                case _:
                    assert_never(rule.fault)
        return result

    def _see(self, result: Json) -> None:
        if _are_logs(result):
            now = asyncio.get_running_loop().time()
            for log in result:
                self._first_seen.setdefault(_log_key(log), now)

    def _old_enough(self, result: Json, seconds: float) -> Json:
        if not _are_logs(result):
            return result
        limit = asyncio.get_running_loop().time() - seconds
        return [log for log in result if self._first_seen[_log_key(log)] <= limit]

    async def _forward(self, body: bytes) -> Reply:
        if self._client is None:
            raise Disconnect
        try:
            answer = await self._client.post(self.upstream, content=body, headers={"Content-Type": "application/json"})
        except httpx.HTTPError:
            return Reply(status=502, body=b"bad gateway")
        return Reply(status=answer.status_code, body=answer.content)


def _are_logs(result: Json) -> bool:
    return (
        isinstance(result, list)
        and bool(result)
        and all(isinstance(item, dict) and "logIndex" in item for item in result)
    )


def _log_key(log: Json) -> str:
    return f"{log.get('blockHash')}:{log.get('logIndex')}"


def _altered(result: Json) -> Json:
    """Return a result with one bit of each hexadecimal value flipped: well formed, and false."""
    if isinstance(result, str) and result.startswith("0x") and len(result) > 2:
        flipped = int(result[-1], 16) ^ 1
        return f"{result[:-1]}{flipped:x}"
    if isinstance(result, list):
        return [_altered(item) for item in result]
    if isinstance(result, dict):
        return {key: _altered(value) for key, value in result.items()}
    return result
