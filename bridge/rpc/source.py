"""One JSON-RPC endpoint over HTTP: batches, with every size and every wait bounded.

It decides what counts as an answer of this endpoint and repeats what may be repeated. Whether the
answer is to be believed is decided by the quorum in `client`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from bridge.errors import RequestRefused, SourceFailed
from bridge.rpc.types import Json, Request

LIMIT_EXCEEDED = -32005
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
MAX_REASON = 300
MAX_DEPTH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of every exchange with an endpoint: seconds, bytes, requests a batch, blocks a scan.

    `timeout` covers one attempt from the first byte sent to the last byte read.
    """

    timeout: float = 10.0
    response_bytes: int = 64 * 1024 * 1024
    batch: int = 100
    attempts: int = 4
    backoff: float = 0.1
    backoff_cap: float = 2.0
    log_span: int = 2_000


class _TransientError(Exception):
    """A failure that the next attempt may not meet."""


class Source:
    """One endpoint; its client is closed with `aclose`."""

    def __init__(self, url: str, *, limits: Limits, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = shown(url)
        self._url = url
        self._limits = limits
        self._ids = itertools.count(1)
        self._http = httpx.AsyncClient(timeout=limits.timeout, transport=transport)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, requests: Sequence[Request[Any]]) -> list[Any]:
        """Return for each request its parsed answer or the RequestRefused that the node gave.

        Everything sent here may be repeated: reads change nothing, and a raw transaction is the
        same one however often it is sent. Raises SourceFailed after the last attempt.
        """
        limits = self._limits
        retrying = AsyncRetrying(
            stop=stop_after_attempt(limits.attempts),
            wait=wait_random_exponential(multiplier=limits.backoff, max=limits.backoff_cap),
            retry=retry_if_exception_type(_TransientError),
            reraise=True,
        )
        try:
            answers: list[Json] = []
            for start in range(0, len(requests), limits.batch):
                answers += await retrying(self._exchange, requests[start : start + limits.batch])
        except _TransientError as error:
            raise SourceFailed(source=self.name, problem=str(error)) from None
        return answers

    async def _exchange(self, requests: Sequence[Request[Any]]) -> list[Any]:
        ids = [next(self._ids) for _ in requests]
        payload = [
            {"jsonrpc": "2.0", "id": number, "method": request.method, "params": request.params}
            for number, request in zip(ids, requests, strict=True)
        ]
        raw = await self._post(json.dumps(payload, separators=(",", ":")).encode())
        try:
            answers = _by_id(parse_json(raw))
        except (ValueError, RecursionError) as error:
            raise SourceFailed(source=self.name, problem=f"answer is no batch: {error}") from None
        return [self._read(request, answers.get(number)) for number, request in zip(ids, requests, strict=True)]

    async def _post(self, body: bytes) -> bytes:
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        try:
            async with (
                asyncio.timeout(self._limits.timeout),
                self._http.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                return await self._bounded(response)
        except TimeoutError:
            raise _TransientError(f"no answer within {self._limits.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _TransientError(f"{type(error).__name__} ({error})") from None

    async def _bounded(self, response: httpx.Response) -> bytes:
        if response.status_code in TRANSIENT_STATUS:
            raise _TransientError(f"HTTP status {response.status_code}")
        if response.status_code != httpx.codes.OK:
            raise SourceFailed(source=self.name, problem=f"HTTP status {response.status_code}")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._limits.response_bytes:
                raise SourceFailed(
                    source=self.name,
                    problem=f"answer of more than {self._limits.response_bytes} bytes",
                )
        return bytes(body)

    def _read(self, request: Request[Any], answer: dict[str, Any] | None) -> Json:
        if answer is None:
            raise _TransientError(f"the batch's answer lacks {request.method}")
        error = answer.get("error")
        if isinstance(error, dict):
            return _refusal(request.method, error)
        if "result" not in answer:
            raise SourceFailed(source=self.name, problem=f"{request.method}: no result, no error")
        try:
            return request.parse(answer["result"])
        except (ValueError, KeyError, TypeError) as problem:
            raise SourceFailed(source=self.name, problem=f"{request.method}: {problem}") from None


def shown(url: str) -> str:
    """Return what of an endpoint's url may be shown: paths, queries and users hold keys."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def parse_json(raw: bytes) -> Json:
    """Parse JSON from outside; raises ValueError, or RecursionError for one nested too deeply.

    Some libraries raise Python's recursion limit to where the C stack ends before it, and then a
    few thousand brackets from an endpoint end the whole process.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(min(before, MAX_DEPTH))
    try:
        return json.loads(raw)
    finally:
        sys.setrecursionlimit(before)


def _by_id(batch: Json) -> dict[int, dict[str, Any]]:
    if isinstance(batch, dict) and isinstance(batch.get("error"), dict):
        raise ValueError(str(batch["error"].get("message"))[:MAX_REASON])  # noqa: TRY004  # as below
    if not isinstance(batch, list):
        raise ValueError("expected a list")  # noqa: TRY004  # one class for one catch
    return {answer["id"]: answer for answer in batch if isinstance(answer, dict) and isinstance(answer.get("id"), int)}


def _refusal(method: str, error: dict[str, Any]) -> RequestRefused:
    code = error.get("code")
    reason = str(error.get("message"))[:MAX_REASON]
    if code == LIMIT_EXCEEDED and "rate" in reason.lower():
        raise _TransientError(reason)
    return RequestRefused(
        method=method,
        code=code if isinstance(code, int) else 0,
        reason=reason,
        data=_revert_data(error.get("data")),
    )


def _revert_data(data: Json) -> bytes | None:
    """Return the revert data of an error, which some clients nest one level deeper."""
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return None
    return None
