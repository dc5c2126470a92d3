"""Whatever one attester sends or withholds, it alone is skipped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bridge.errors import MessageMalformed
from bridge.signer import LocalSigner
from bridge.types import Address, ChainId
from relayer import attesters, statements
from relayer.attesters import ANSWER_BYTES, Answer, fetch
from relayer.lanes import LaneId
from relayer.quorum import Statement

LANE = LaneId(source=ChainId(1), destination=ChainId(2))
OUTBOX = Address(b"\x0b" * 20)
SIGNER = LocalSigner(b"\x01" * 32)
VOTE = statements.sign(
    Statement(count=1, height=1, epoch=0, source=LANE.source, lane=LANE.destination, root=bytes(32)), OUTBOX, SIGNER
)
HONEST: dict[str, Any] = {
    "signer": "0x" + SIGNER.address.hex(),
    "finalized": 7,
    "statements": [statements.to_json(VOTE)],
}


async def ask(response: httpx.Response) -> Answer:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response)) as http:
        return await fetch(http, "http://attester", LANE, OUTBOX, 1)


async def test_fetch__honest_answer__is_read() -> None:
    answer = await ask(httpx.Response(200, json=HONEST))
    assert answer == Answer(signer=SIGNER.address, finalized=7, votes=(VOTE,))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 30_000,
        b"null",
        json.dumps({**HONEST, "statements": {}}).encode(),
        json.dumps({**HONEST, "statements": [{**statements.to_json(VOTE), "root": 5}]}).encode(),
        json.dumps({**HONEST, "finalized": 2**32}).encode(),
        json.dumps({**HONEST, "finalized": True}).encode(),
        json.dumps({**HONEST, "finalized": 0}).replace('"finalized": 0', '"finalized": 1e999').encode(),
        json.dumps({**HONEST, "signer": "0x" + " " * 40}).encode(),
        b"\xff\xfe",
    ],
    ids=["nested", "null", "no list", "number for hex", "too high", "flag", "infinite", "blank hex", "no text"],
)
async def test_fetch__nonsense__is_one_error(body: bytes) -> None:
    with pytest.raises(MessageMalformed):
        await ask(httpx.Response(200, content=body))


async def test_fetch__broken_encoding_or_status__is_one_error() -> None:
    with pytest.raises(MessageMalformed):
        await ask(httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")))
    with pytest.raises(MessageMalformed, match="503"):
        await ask(httpx.Response(503))


class Stream(httpx.AsyncByteStream):
    """Sends chunks for as long as somebody reads, and counts them."""

    def __init__(self, chunk: bytes, pause: float) -> None:
        self.chunk, self.pause, self.sent = chunk, pause, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(self.pause)
            self.sent += 1
            yield self.chunk


async def test_fetch__endless_body__is_read_no_further_than_the_bound() -> None:
    stream = Stream(b" " * 1024, 0)
    with pytest.raises(MessageMalformed, match="more than"):
        await ask(httpx.Response(200, stream=stream))
    assert stream.sent * 1024 <= ANSWER_BYTES + 1024


async def test_fetch__a_byte_now_and_then__ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attesters, "ANSWER_SECONDS", 0.05)
    with pytest.raises(MessageMalformed, match="TimeoutError"):
        await ask(httpx.Response(200, stream=Stream(b" ", 0.01)))
