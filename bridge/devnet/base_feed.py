"""Following a base chain: which headers have become final since last time, hash-checked and in one unbroken row.

The node's own anchor and anvil's sidecar both read through it; how a header gets into the anchor contract is theirs.
"""

from __future__ import annotations

import httpx

from bridge.devnet.errors import AnchorError
from bridge.devnet.headers import BaseHeader, checked
from bridge.devnet.params import Json
from bridge.devnet.spec import AnchorSpec

ANCHORED_BLOCKS = 8_191  # what the anchor contract keeps
MAX_ANSWER = 64 * 1024 * 1024  # bytes


class BaseFeed:
    """The row of final headers of one base chain.

    Only `confirm` moves on, so a block that was never mined loses none.
    """

    def __init__(self, spec: AnchorSpec, *, newest_held: int | None = None) -> None:
        self._spec = spec
        self._last: BaseHeader | None = None
        self._next: int | None = None if newest_held is None else newest_held + 1
        self._offered: tuple[BaseHeader, ...] = ()
        self._client: httpx.AsyncClient | None = None

    @property
    def last(self) -> BaseHeader | None:
        """Return the newest header that was confirmed."""
        return self._last

    async def fetch(self) -> tuple[BaseHeader, ...]:
        """Return the headers that come next, oldest first, at most as many as a block takes; none if nothing is new.

        Raises `AnchorError` for an endpoint that lies or contradicts what was anchored, `httpx.HTTPError` for one
        that is away.
        """
        final = await self._final_height()
        first = max(final - ANCHORED_BLOCKS + 1, 0) if self._next is None else self._next
        last = min(final, first + self._spec.headers_per_block - 1)
        if last < first:
            self._offered = ()
            return ()
        requests = [("eth_getBlockByNumber", [hex(number), False]) for number in range(first, last + 1)]
        answers = await self._batch(requests)
        found = tuple(checked(number, answer) for number, answer in zip(range(first, last + 1), answers, strict=True))
        self._check_row(found)
        self._offered = found
        return found

    def confirm(self) -> None:
        """Note that the headers fetched last are anchored; confirming twice changes nothing."""
        if self._offered:
            self._last = self._offered[-1]
            self._next = self._last.number + 1
            self._offered = ()

    async def close(self) -> None:
        """Close the connection to the base chain."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _check_row(self, found: tuple[BaseHeader, ...]) -> None:
        parents = (self._last, *found[:-1])
        for parent, header in zip(parents, found, strict=True):
            if parent is not None and header.parent_hash != parent.hash:
                raise AnchorError(number=header.number, problem="it does not follow on the header anchored before it")

    async def _final_height(self) -> int:
        if self._spec.depth is None:
            (block,) = await self._batch([("eth_getBlockByNumber", ["finalized", False])])
            if not isinstance(block, dict):
                raise AnchorError(number=0, problem="the endpoint knows no finalized block")
            return int(block["number"], 16)
        (height,) = await self._batch([("eth_blockNumber", [])])
        return int(height, 16) - self._spec.depth

    async def _batch(self, requests: list[tuple[str, list[Json]]]) -> list[Json]:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._spec.timeout, trust_env=False)
        body = [
            {"jsonrpc": "2.0", "id": index, "method": name, "params": args}
            for index, (name, args) in enumerate(requests)
        ]
        response = await self._client.post(self._spec.url, json=body)
        response.raise_for_status()
        try:
            answers = {answer["id"]: answer["result"] for answer in response.json()}
            return [answers[index] for index in range(len(requests))]
        except (ValueError, KeyError, TypeError) as error:
            raise AnchorError(number=0, problem=f"the endpoint's answer is no JSON-RPC result: {error!r}") from error
