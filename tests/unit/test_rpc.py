"""Reads are bounded, pinned and by quorum: what an endpoint does wrong is said, never believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bridge.errors import (
    BlockReplaced,
    BlockUnknown,
    QuorumNotReached,
    RequestRefused,
    SourceFailed,
    WrongChain,
)
from bridge.rpc import BlockRef, Limits, LogFilter, Rpc
from bridge.rpc.types import parse_bytes, parse_int
from bridge.types import Address, BlockNumber, ChainId, Hash32

TOKEN = Address(b"\x11" * 20)
TOPIC = b"\x22" * 32
QUICK = Limits(timeout=1.0, attempts=2, backoff=0.001, backoff_cap=0.002, log_span=10)
Json = Any
Answer = Callable[[str, list[Any]], Json]


class Refusal(Exception):  # noqa: N818  # what a fake node answers, no failure of ours
    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message, "data": data}


def header(number: int, mark: int = 0) -> dict[str, str]:
    return {
        "number": hex(number),
        "hash": "0x" + (number << 8 | mark).to_bytes(32, "big").hex(),
        "parentHash": "0x" + bytes(32).hex(),
        "stateRoot": "0x" + bytes(32).hex(),
        "timestamp": "0x10",
        "baseFeePerGas": "0x7",
    }


def log(number: int, *, address: bytes = TOKEN, topic: bytes = TOPIC, index: int = 0) -> dict[str, Any]:
    return {
        "address": "0x" + address.hex(),
        "topics": ["0x" + topic.hex()],
        "data": "0x",
        "blockNumber": hex(number),
        "blockHash": header(number)["hash"],
        "transactionHash": "0x" + bytes(32).hex(),
        "logIndex": hex(index),
    }


def honest(method: str, params: list[Any]) -> Json:
    match method:
        case "eth_chainId":
            return "0x5"
        case "eth_getBlockByNumber":
            number = 20 if params[0] in {"latest", "finalized"} else int(params[0], 16)
            return header(number) if number <= 20 else None
        case "eth_call":
            return "0x2a"
        case "eth_getLogs":
            first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
            return [log(number) for number in range(first, last + 1)]
        case "eth_sendRawTransaction":
            return "0x" + bytes(32).hex()
        case "eth_getTransactionCount":
            return "0x3"
    raise Refusal(-32601, "no such method")


def transport(**nodes: Answer | Exception) -> httpx.MockTransport:
    """Serve every host by a function of method and parameters, or fail it."""

    def handle(request: httpx.Request) -> httpx.Response:
        node = nodes[request.url.host]
        if isinstance(node, Exception):
            raise node
        answers = []
        for call in json.loads(request.content):
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
            try:
                answer["result"] = node(call["method"], call["params"])
            except Refusal as refusal:
                answer["error"] = refusal.body
            answers.append(answer)
        return httpx.Response(200, json=answers)

    return httpx.MockTransport(handle)


def client(quorum: int = 1, limits: Limits = QUICK, **nodes: Answer | Exception) -> Rpc:
    return Rpc(
        chain_id=ChainId(5),
        urls=[f"http://{host}/secret-key" for host in nodes],
        quorum=quorum,
        limits=limits,
        transport=transport(**nodes),
    )


def at(number: int, mark: int = 0) -> BlockRef:
    return BlockRef(number=BlockNumber(number), hash=Hash32(bytes.fromhex(header(number, mark)["hash"][2:])))


def lying(method: str, params: list[Any]) -> Json:
    return "0x2b" if method == "eth_call" else honest(method, params)


async def test_call__one_endpoint__is_asked_at_the_blocks_hash() -> None:
    seen: list[Any] = []

    def node(method: str, params: list[Any]) -> Json:
        seen.append((method, params))
        return honest(method, params)

    async with client(a=node) as rpc:
        assert await rpc.call(TOKEN, b"", at=at(7)) == b"\x2a"
    assert seen[0][1][1] == {"blockHash": header(7)["hash"], "requireCanonical": True}


async def test_call__two_of_three_agree__gives_their_answer() -> None:
    async with client(quorum=2, a=lying, b=honest, c=honest) as rpc:
        assert await rpc.call(TOKEN, b"", at=at(7)) == b"\x2a"


async def test_call__fewer_agree_than_the_quorum__stops() -> None:
    async with client(quorum=2, a=lying, b=honest) as rpc:
        with pytest.raises(QuorumNotReached) as caught:
            await rpc.call(TOKEN, b"", at=at(7))
    assert (caught.value.needed, caught.value.agreeing) == (2, 1)


async def test_call__fewer_answer_than_the_quorum__stops_and_names_them_without_their_key() -> None:
    async with client(quorum=2, a=httpx.ConnectError("refused"), b=honest) as rpc:
        with pytest.raises(QuorumNotReached, match="http://a") as caught:
            await rpc.call(TOKEN, b"", at=at(7))
    assert "secret-key" not in str(caught.value)


async def test_call__one_endpoint_is_away__others_make_the_quorum() -> None:
    async with client(quorum=2, a=httpx.ReadTimeout("slow"), b=honest, c=honest) as rpc:
        assert await rpc.call(TOKEN, b"", at=at(7)) == b"\x2a"


async def test_call__reverted_everywhere__is_one_refusal_whatever_the_words() -> None:
    def reverting(words: str) -> Answer:
        def node(method: str, params: list[Any]) -> Json:
            raise Refusal(3, words, "0x08c379a0")

        return node

    async with client(quorum=2, a=reverting("reverted"), b=reverting("execution reverted")) as rpc:
        with pytest.raises(RequestRefused) as caught:
            await rpc.call(TOKEN, b"", at=at(7))
    assert caught.value.data == bytes.fromhex("08c379a0")


async def test_request__fails_once__is_repeated() -> None:
    tries = iter([503, 200])

    def handle(request: httpx.Request) -> httpx.Response:
        [call] = json.loads(request.content)
        return httpx.Response(next(tries), json=[{"id": call["id"], "result": "0x5"}])

    rpc = Rpc(chain_id=ChainId(5), urls=["http://a"], limits=QUICK, transport=httpx.MockTransport(handle))
    async with rpc:
        await rpc.check_chain()


@pytest.mark.parametrize(
    "body",
    [b"no json", b"{}", b'{"error": {"message": "batch too large"}}', b"[" * 100_000, b'[{"id": 1}]'],
    ids=["text", "object", "error", "nested", "empty"],
)
async def test_answer__that_is_no_batch__fails_the_source(body: bytes) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    rpc = Rpc(chain_id=ChainId(5), urls=["http://a"], limits=QUICK, transport=httpx.MockTransport(handle))
    async with rpc:
        with pytest.raises(SourceFailed):
            await rpc.block(1)


async def test_answer__longer_than_the_limit__is_cut_off() -> None:
    limits = Limits(timeout=1.0, attempts=1, response_bytes=100)
    async with client(limits=limits, a=lambda *_: "0x" + "00" * 500) as rpc:
        with pytest.raises(SourceFailed, match="more than 100 bytes"):
            await rpc.call(TOKEN, b"", at=at(7))


async def test_batch__longer_than_the_limit__is_split_and_keeps_its_order() -> None:
    sizes: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls = json.loads(request.content)
        sizes.append(len(calls))
        answers = [{"id": c["id"], "result": c["params"][0]["data"]} for c in reversed(calls)]
        return httpx.Response(200, json=answers)

    limits = Limits(timeout=1.0, attempts=1, batch=3)
    rpc = Rpc(chain_id=ChainId(5), urls=["http://a"], limits=limits, transport=httpx.MockTransport(handle))
    async with rpc:
        found = await rpc.calls([(TOKEN, bytes([n])) for n in range(7)], at=at(7))
    assert found == [bytes([n]) for n in range(7)]
    assert sizes == [3, 3, 1]


async def test_check__endpoint_of_another_chain__is_named() -> None:
    async with client(quorum=2, a=honest, b=honest, c=lambda *_: "0x6") as rpc:
        with pytest.raises(WrongChain) as caught:
            await rpc.check_chain()
    assert (caught.value.found, caught.value.expected) == (6, 5)


async def test_head__endpoints_are_not_level__is_one_that_a_quorum_has_reached() -> None:
    def ahead(method: str, params: list[Any]) -> Json:
        if method == "eth_getBlockByNumber":
            return header(22 if params[0] == "latest" else int(params[0], 16))
        return honest(method, params)

    async with client(quorum=2, a=ahead, b=honest, c=honest) as rpc:
        assert (await rpc.head()).number == 20


async def test_block__not_there_yet__is_said() -> None:
    async with client(a=honest) as rpc:
        assert await rpc.find_block(21) is None
        with pytest.raises(BlockUnknown):
            await rpc.block(21)


async def test_logs__over_several_spans__come_in_order() -> None:
    async with client(a=honest) as rpc:
        found = await rpc.logs(LogFilter(addresses=(TOKEN,)), first=3, last=at(17))
    assert [entry.block.number for entry in found] == list(range(3, 18))


async def test_logs__last_block_replaced_meanwhile__are_not_given() -> None:
    async with client(a=honest) as rpc:
        with pytest.raises(BlockReplaced):
            await rpc.logs(LogFilter(), first=3, last=at(17, mark=1))


@pytest.mark.parametrize(
    "entries",
    [
        [log(30)],
        [log(5, address=b"\x99" * 20)],
        [log(5, topic=b"\x99" * 32)],
        [log(6), log(5)],
        [log(5), log(5)],
        [log(5) | {"topics": []}],
    ],
    ids=["out of range", "other address", "other topic", "out of order", "twice", "no topic"],
)
async def test_logs__that_were_not_asked_for__fail_the_source(entries: list[Any]) -> None:
    def node(method: str, params: list[Any]) -> Json:
        return entries if method == "eth_getLogs" else honest(method, params)

    async with client(a=node) as rpc:
        wanted = LogFilter(addresses=(TOKEN,), topics=((TOPIC,),))
        with pytest.raises(SourceFailed):
            await rpc.logs(wanted, first=3, last=at(9))


async def test_logs__one_endpoint_leaves_some_out__stop_for_lack_of_a_quorum() -> None:
    def forgetful(method: str, params: list[Any]) -> Json:
        found = honest(method, params)
        return found[1:] if method == "eth_getLogs" else found

    async with client(quorum=2, a=honest, b=forgetful) as rpc:
        with pytest.raises(QuorumNotReached):
            await rpc.logs(LogFilter(), first=3, last=at(9))


async def test_transaction__known_already__counts_as_taken() -> None:
    def node(method: str, params: list[Any]) -> Json:
        raise Refusal(-32000, "already known")

    async with client(a=node) as rpc:
        assert len(await rpc.send_raw(b"raw")) == 32


async def test_transaction__refused_by_all__raises_the_reason() -> None:
    def node(method: str, params: list[Any]) -> Json:
        raise Refusal(-32000, "nonce too low")

    async with client(quorum=2, a=node, b=node) as rpc:
        with pytest.raises(RequestRefused, match="nonce too low"):
            await rpc.send_raw(b"raw")


async def test_transaction__taken_by_one__is_sent() -> None:
    def node(method: str, params: list[Any]) -> Json:
        raise Refusal(-32000, "pool is full")

    async with client(quorum=2, a=node, b=honest, c=httpx.ConnectError("away")) as rpc:
        assert len(await rpc.send_raw(b"raw")) == 32


async def test_nonce__pools_differ__is_the_highest() -> None:
    async with client(quorum=2, a=honest, b=lambda *_: "0x9") as rpc:
        assert await rpc.nonce(TOKEN) == 9


def test_quorum__above_the_endpoints__is_refused() -> None:
    with pytest.raises(QuorumNotReached):
        client(quorum=2, a=honest)


@pytest.mark.parametrize("value", [None, 1, "", "12", "0x", "0xzz", "0x" + "1" * 65])
def test_quantity__of_another_form__is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        parse_int(value)


@pytest.mark.parametrize("value", [None, "00", "0x0", "0xzz", "0x" + "00" * 31])
def test_bytes__of_another_form_or_length__are_refused(value: object) -> None:
    with pytest.raises(ValueError):
        parse_bytes(value, 32)


async def test_ask__broken_content_encoding__is_that_endpoints_failure() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))

    rpc = Rpc(chain_id=ChainId(5), urls=["http://a"], limits=QUICK, transport=httpx.MockTransport(handle))
    async with rpc:
        with pytest.raises(SourceFailed, match="DecodingError"):
            await rpc.block(1)
