"""What several endpoints of one chain agree on.

An answer counts when as many endpoints as the quorum give the same one, parsed. Fewer means stop:
QuorumNotReached, never the answer of whoever is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self, TypeVar

import httpx

from bridge.errors import ChainError, QuorumNotReached, RequestRefused
from bridge.rpc.source import Limits, Source
from bridge.rpc.types import Json, Request
from bridge.types import ChainId

Answer = TypeVar("Answer")


class Quorum:
    """The endpoints of one chain; an async context manager that closes their connections."""

    def __init__(
        self,
        *,
        chain_id: ChainId,
        urls: Sequence[str],
        quorum: int = 1,
        name: str = "",
        limits: Limits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.name = name or str(chain_id)
        self.limits = limits or Limits()
        self.quorum = quorum
        self.sources = [Source(url, limits=self.limits, transport=transport) for url in urls]
        if not 1 <= quorum <= len(self.sources):
            raise self.no_quorum("configuration", 0, f"{len(self.sources)} endpoints")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(source.aclose() for source in self.sources))

    async def outcomes(self, requests: Sequence[Request[Any]]) -> list[Any]:
        """Return for each request the answer or the RequestRefused on which a quorum agrees.

        All endpoints are asked at once and the slow ones dropped when enough agree. Raises
        QuorumNotReached, or SourceFailed where there is one endpoint alone.
        """
        if not requests:
            return []
        if len(self.sources) == 1:
            return await self.sources[0].ask(requests)
        tasks = [asyncio.ensure_future(source.ask(requests)) for source in self.sources]
        answers: list[list[Any]] = []
        problems: list[str] = []
        try:
            for finished in asyncio.as_completed(tasks):
                try:
                    answers.append(await finished)
                except ChainError as error:
                    problems.append(str(error))
                agreed = [self._agreed(column) for column in zip(*answers, strict=True)]
                if agreed and all(found for found, _ in agreed):
                    return [answer for _, answer in agreed]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise self._disagreement(requests, answers, problems)

    async def ask_all(self, requests: Sequence[Request[Any]]) -> list[Any]:
        """Return the answers to all requests; raises the first refusal that there is."""
        answers = await self.outcomes(requests)
        for answer in answers:
            if isinstance(answer, RequestRefused):
                raise answer
        return answers

    async def ask(self, request: Request[Answer]) -> Answer:
        """Return the answer to one request; raises RequestRefused if the chain refuses it."""
        answer: Answer
        [answer] = await self.ask_all([request])
        return answer

    def _agreed(self, column: Sequence[Any]) -> tuple[bool, Any]:
        keys = [_key(answer) for answer in column]
        for key, answer in zip(keys, column, strict=True):
            if keys.count(key) >= self.quorum:
                return True, answer
        return False, None

    def _disagreement(
        self, requests: Sequence[Request[Any]], answers: list[list[Any]], problems: list[str]
    ) -> QuorumNotReached:
        for number, request in enumerate(requests):
            column = [_key(answers_of_one[number]) for answers_of_one in answers]
            best = max((column.count(key) for key in column), default=0)
            if best < self.quorum:
                detail = "; ".join(problems) or "they give different answers"
                return self.no_quorum(request.method, best, detail)
        raise AssertionError("called although a quorum agrees")

    def no_quorum(self, method: str, agreeing: int, detail: str) -> QuorumNotReached:
        """Return the error that says how far from a quorum the endpoints are."""
        return QuorumNotReached(chain=self.name, method=method, needed=self.quorum, agreeing=agreeing, detail=detail)

    async def everyone(self, request: Request[Any]) -> list[Json]:
        """Return for each endpoint its answer, its RequestRefused or its SourceFailed."""
        asked = [source.ask([request]) for source in self.sources]
        found = await asyncio.gather(*asked, return_exceptions=True)
        for answer in found:
            if isinstance(answer, BaseException) and not isinstance(answer, ChainError):
                raise answer
        return [answer if isinstance(answer, BaseException) else answer[0] for answer in found]

    async def each(self, request: Request[Answer]) -> list[Answer]:
        """Return every answer to a question on which endpoints may differ, a quorum at least."""
        found = await self.everyone(request)
        answers = [answer for answer in found if not isinstance(answer, ChainError)]
        if len(answers) >= self.quorum:
            return answers
        for answer in found:
            if isinstance(answer, RequestRefused):
                raise answer
        failed = "; ".join(map(str, found))
        raise self.no_quorum(request.method, len(answers), failed)


def _key(answer: Json) -> Json:
    """Return what endpoints have to agree on: of a refusal its code and data, not its words."""
    return (answer.code, answer.data) if isinstance(answer, RequestRefused) else answer
