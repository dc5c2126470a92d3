"""Ask one attester for its signed statements of a lane, with time and size bounded.

An attester is a stranger: whatever it sends, or does not, is one error here. Whether its
statements are true, and whether they are enough, is decided by others.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.errors import MessageMalformed
from bridge.rpc.source import parse_json
from bridge.types import Address
from relayer import statements
from relayer.lanes import LaneId
from relayer.quorum import Vote

ANSWER_BYTES = 64 * 1024
ANSWER_SECONDS = 5.0
"""From the first byte sent to the last byte read: a slow answer holds back all lanes of a destination."""
MAX_STATEMENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Statements that an attester publishes, of whatever signers, and the count that it says is final for itself."""

    signer: Address
    finalized: int
    votes: tuple[Vote, ...]


async def fetch(http: httpx.AsyncClient, url: str, lane: LaneId, outbox: Address, count: int | None = None) -> Answer:
    """Return what an attester says of a lane, and of a root at `count`; raises MessageMalformed for anything else."""
    path = f"{url}/attestations/{lane.source}/{lane.destination}"
    params = {} if count is None else {"count": count}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return _read(parse_json(await _body(http, path, params)), lane, outbox)
    except MessageMalformed:
        raise
    except Exception as error:  # noqa: BLE001  # no answer of one attester may end the process
        raise MessageMalformed(reason=f"no attestations: {type(error).__name__}") from None


async def _body(http: httpx.AsyncClient, path: str, params: dict[str, int]) -> bytes:
    headers = {"accept-encoding": "identity"}
    body = bytearray()
    async with http.stream("GET", path, params=params, headers=headers) as response:
        if response.status_code != httpx.codes.OK or "content-encoding" in response.headers:
            raise MessageMalformed(reason=f"no attestations: HTTP status {response.status_code}, or encoded")
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > ANSWER_BYTES:
                raise MessageMalformed(reason=f"attestations of more than {ANSWER_BYTES} bytes")
    return bytes(body)


def _read(raw: Any, lane: LaneId, outbox: Address) -> Answer:  # noqa: ANN401  # what a stranger sent
    signed = raw["statements"]
    if not isinstance(signed, list):
        raise MessageMalformed(reason="no attestations: statements are no list")
    votes = [
        statements.from_json(one, source=lane.source, lane=lane.destination, outbox=outbox)
        for one in signed[:MAX_STATEMENTS]
    ]
    return Answer(
        signer=Address(statements.fixed_bytes(raw["signer"], 20)),
        finalized=statements.uint(raw["finalized"], 32),
        votes=tuple(votes),
    )
