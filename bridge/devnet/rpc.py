"""JSON-RPC 2.0: requests, batches, their bounds, and the errors that they can end in.

It knows nothing of Ethereum but one thing: transactions of a batch that stand side by side are mined together.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import TypeAlias

from bridge.devnet.errors import (
    DevnetError,
    InternalError,
    InvalidParamsError,
    InvalidRequestError,
    LimitExceededError,
    MethodNotFoundError,
    ParseError,
    RpcError,
)
from bridge.devnet.params import Json

MAX_BODY = 32 * 1024 * 1024  # bytes a request
MAX_BATCH = 2_000  # requests a batch
MAX_RESPONSE = 256 * 1024 * 1024  # bytes a batch's answer

SUBMITTING = frozenset({"eth_sendRawTransaction", "eth_sendTransaction"})

Handler: TypeAlias = Callable[[list[Json]], Json]
Settle: TypeAlias = Callable[[], Awaitable[None]]

_log = logging.getLogger("causeway.devnet")
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Dispatcher:
    """Methods by name; `settle` mines what was submitted, and is awaited before anyone can look."""

    def __init__(self, methods: Mapping[str, Handler], settle: Settle) -> None:
        self._methods, self._settle = methods, settle

    async def handle(self, body: bytes) -> bytes:
        """Answer a request or a batch; nothing but notifications is answered with nothing."""
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            return _text(_failure(None, ParseError("parse error: the body is not JSON")))
        if isinstance(request, list):
            return await self._batch(request)
        answer, is_submitted = await self._one(request)
        if is_submitted:
            await self._settle()
        return b"" if answer is None else _text(answer)

    async def _batch(self, requests: list[Json]) -> bytes:
        if not requests:
            return _text(_failure(None, InvalidRequestError("empty batch")))
        if len(requests) > MAX_BATCH:
            problem = f"batch of {len(requests)} requests, at most {MAX_BATCH} are taken at once"
            return _text(_failure(None, LimitExceededError(problem)))
        parts: list[str] = []
        size, is_unsettled = 0, False
        for request in requests:
            if is_unsettled and not _is_submitting(request):
                await self._settle()
                is_unsettled = False
            answer, is_submitted = await self._one(request)
            is_unsettled = is_unsettled or is_submitted
            if answer is not None:
                if size > MAX_RESPONSE:
                    answer = _failure(_id(request), LimitExceededError("response too large: send smaller batches"))
                parts.append(_encode(answer))
                size += len(parts[-1])
        if is_unsettled:
            await self._settle()
        return f"[{','.join(parts)}]".encode() if parts else b""

    async def _one(self, request: Json) -> tuple[dict[str, Json] | None, bool]:
        """Return the answer, None for a notification, and whether it put a transaction into the pool."""
        is_submitted = False
        try:
            method, arguments = _parse(request)
            handler = self._methods.get(method)
            if handler is None:
                raise MethodNotFoundError(f"the method {method} does not exist/is not available")  # noqa: TRY301
            result = handler(arguments)
            if isawaitable(result):
                result = await result
            is_submitted = method in SUBMITTING
            answer = {"jsonrpc": "2.0", "id": _id(request), "result": result}
        except RpcError as error:
            answer = _failure(_id(request), error)
        except DevnetError as error:
            answer = _failure(_id(request), RpcError(str(error)))
        except Exception:  # noqa: BLE001 - the one funnel: whatever fails, the client gets an answer
            _log.exception("request failed: %.200r", request)
            answer = _failure(_id(request), InternalError("internal error; the node's log has the details"))
        is_notification = isinstance(request, dict) and "id" not in request and isinstance(request.get("method"), str)
        return (None if is_notification else answer), is_submitted


def _parse(request: Json) -> tuple[str, list[Json]]:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        raise InvalidRequestError("invalid request: an object with a method expected")
    if request.get("jsonrpc", "2.0") != "2.0" or isinstance(request.get("id"), (dict, list, bool)):
        raise InvalidRequestError('invalid request: jsonrpc "2.0" and an id that is a string or a number expected')
    arguments = request.get("params")
    if arguments is None:
        arguments = []
    if not isinstance(arguments, list):
        raise InvalidParamsError("params: an array expected")
    return request["method"], arguments


def _is_submitting(request: Json) -> bool:
    return isinstance(request, dict) and request.get("method") in SUBMITTING


def _id(request: Json) -> Json:
    identifier = request.get("id") if isinstance(request, dict) else None
    return None if isinstance(identifier, (dict, list, bool)) else identifier


def _failure(identifier: Json, error: RpcError) -> dict[str, Json]:
    shape: dict[str, Json] = {"code": error.code, "message": error.message}
    if error.data is not None:
        shape["data"] = error.data
    return {"jsonrpc": "2.0", "id": identifier, "error": shape}


def _text(answer: dict[str, Json]) -> bytes:
    return _encode(answer).encode()
