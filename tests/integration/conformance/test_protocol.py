"""JSON-RPC itself: batches, ids, notifications, and the standard errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conformance.support import STRANGER, Endpoint, RefusedError

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_request__that_is_not_json__is_a_parse_error(rpc: Endpoint) -> None:
    answer = await rpc.post("{nonsense")
    assert answer["error"]["code"] == (-32600 if rpc.is_anvil else -32700)  # anvil calls it an invalid request
    assert answer["id"] is None


@pytest.mark.parametrize("body", ["{}", "[]", "1", '{"jsonrpc": "2.0", "id": 1}'])
async def test_request__that_is_no_request__is_invalid(rpc: Endpoint, body: str) -> None:
    answer = await rpc.post(body)
    assert answer["error"]["code"] == -32600


async def test_method__unknown__is_error_32601(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError) as refusal:
        await rpc("eth_noSuchMethod")
    assert refusal.value.code == -32601


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBalance", []),
        ("eth_getBalance", ["0x12", "latest"]),
        ("eth_getBalance", [STRANGER, "newest"]),
        ("eth_getBlockByNumber", ["latest", "yes"]),
        ("eth_getBlockByHash", ["0x12", False]),
        ("eth_call", ["0x", "latest"]),
        ("eth_sendRawTransaction", ["0xzz"]),
        ("eth_getLogs", [{"topics": ["0x12"]}]),
        ("eth_getTransactionReceipt", [7]),
    ],
)
async def test_parameters__of_the_wrong_form__are_error_32602(rpc: Endpoint, method: str, params: list[Any]) -> None:
    with pytest.raises(RefusedError) as refusal:
        await rpc(method, *params)
    assert refusal.value.code == -32602


async def test_batch__of_good_and_bad__answers_each_by_id(rpc: Endpoint) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "eth_noSuchMethod", "params": []},
        {"jsonrpc": "2.0", "id": 3, "method": "eth_getBalance", "params": [STRANGER, "latest"]},
    ]
    answers = {answer["id"]: answer for answer in await rpc.post(json.dumps(batch))}
    assert int(answers["a"]["result"], 16) == rpc.chain_id
    assert answers[2]["error"]["code"] == -32601
    assert answers[3]["result"] == "0x0"


async def test_request__without_params__is_taken(rpc: Endpoint) -> None:
    answer = await rpc.post('{"jsonrpc": "2.0", "id": 5, "method": "eth_chainId"}')
    assert int(answer["result"], 16) == rpc.chain_id


async def test_method__other_than_post__is_not_answered_as_a_request(rpc: Endpoint) -> None:
    answer = await rpc.client.get(rpc.url)
    assert answer.status_code >= 400
