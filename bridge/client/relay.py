"""A relayer's intent desk over HTTP: its terms, handing an intent in, asking how far one is.

Everything is bounded and nothing is believed further than it must be: the terms say what to offer,
the caller bounds the offer, and what became of an intent is looked up on its chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import httpx

from bridge.errors import InputError, RelayerRefused, SourceFailed
from bridge.rpc.source import parse_json, shown
from bridge.types import Account, AssetId, ChainId

Parsed = TypeVar("Parsed")

TIMEOUT = 10.0
ATTEMPTS = 3
PAUSE = 0.3
MAX_ANSWER = 64 * 1024
MAX_REASON = 300
MAX_PRICE = 2**160
MAX_COVERAGE = 10**6
_RETRIED = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a relayer asks of an intent: who is paid, for which chains, and how a tip is valued.

    `prices` is wei for a whole (10^18) of an asset, and a tip has to be worth `coverage_bps` of what
    the transaction costs.
    """

    payee: Account
    coverage_bps: int
    prices: Mapping[AssetId, int]
    chains: frozenset[ChainId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """How far a relayer says that an intent is; the chain alone shows it."""

    key: str
    status: str
    transactions: tuple[str, ...]


class Relayer:
    """One relayer's HTTP surface; an async context manager."""

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = shown(url)
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def terms(self) -> Terms:
        """Return what it asks; raises RelayerRefused if it takes no intents, else SourceFailed."""
        return self._parsed(_terms, await self._ask("GET", "/intents/terms"))

    async def hand_in(self, chain: ChainId, contract: str, calldata: bytes) -> Handed:
        """Hand an intent in; raises RelayerRefused with the relayer's reason.

        Safe to repeat: the same intent is taken once, and its nonce counts once on its chain.
        """
        body = {"chain": chain, "contract": contract, "calldata": "0x" + calldata.hex()}
        return self._parsed(_handed, await self._ask("POST", "/intents", body))

    async def status(self, key: str) -> Handed:
        """Return how far an intent is by its key; raises RelayerRefused where it is unknown."""
        return self._parsed(_handed, await self._ask("GET", f"/intents/{_key(key)}"))

    def _parsed(self, parse: Callable[[Any], Parsed], raw: Any) -> Parsed:  # noqa: ANN401  # a stranger's JSON
        try:
            return parse(raw)
        except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SourceFailed(source=self.name, problem=f"an answer that is not of the form: {error!r}") from None

    async def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # as above
        problem = ""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(PAUSE * attempt)
            try:
                async with asyncio.timeout(TIMEOUT):
                    status, raw = await self._exchange(method, path, body)
            except TimeoutError:
                problem = f"no answer within {TIMEOUT:g} s"
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = f"{type(error).__name__} ({error})"
                continue
            if status not in _RETRIED:
                return self._answer(status, raw)
            problem = f"HTTP status {status}"
        raise SourceFailed(source=self.name, problem=problem)

    async def _exchange(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        async with self._http.stream(method, self._url + path, json=body) as response:
            raw = bytearray()
            async for chunk in response.aiter_bytes():
                raw += chunk
                if len(raw) > MAX_ANSWER:
                    raise SourceFailed(source=self.name, problem=f"answer of more than {MAX_ANSWER} bytes")
        return response.status_code, bytes(raw)

    def _answer(self, status: int, raw: bytes) -> Any:  # noqa: ANN401  # as above
        try:
            parsed = parse_json(raw)
        except (ValueError, RecursionError):
            raise SourceFailed(source=self.name, problem=f"HTTP status {status} without JSON") from None
        if status in {200, 202}:
            return parsed
        detail = parsed.get("detail") if isinstance(parsed, dict) else None
        reason = "".join(c for c in str(detail)[:MAX_REASON] if c.isprintable())
        remedy = _REMEDIES.get(status, "correct it, or ask another relayer")
        raise RelayerRefused(relayer=self.name, reason=reason, remedy=remedy, status=status)


_REMEDIES = {
    402: "offer a higher tip, or ask another relayer",
    404: "ask a relayer that takes intents",
    429: "try again in a minute, or ask another relayer",
}


def _terms(raw: Any) -> Terms:  # noqa: ANN401  # as above
    coverage = _whole(raw["coverage_bps"], MAX_COVERAGE)
    prices = {AssetId(_whole(asset, 2**32)): _whole(price, MAX_PRICE) for asset, price in raw["prices"].items()}
    return Terms(
        payee=Account.from_bytes(bytes.fromhex(raw["payee"].removeprefix("0x"))),
        coverage_bps=coverage,
        prices={asset: price for asset, price in prices.items() if price},
        chains=frozenset(ChainId(_whole(chain, 2**64)) for chain in raw["chains"]),
    )


def _handed(raw: Any) -> Handed:  # noqa: ANN401  # as above
    hashes = tuple("0x" + bytes.fromhex(tx.removeprefix("0x")).hex() for tx in raw["transactions"])
    return Handed(key=_key(raw["intent"]), status=str(raw["status"])[:40], transactions=hashes)


def _key(text: str) -> str:
    """Return the key as it stands in a path; raises ValueError for anything but 64 hex digits."""
    raw = bytes.fromhex(text)
    if len(raw) != 32:
        raise ValueError("a key of 32 bytes")
    return raw.hex()


def _whole(value: int | str, limit: int) -> int:
    """Return a whole number from 0 to below `limit`; raises ValueError for any other."""
    if isinstance(value, bool | float) or not 0 <= int(value) < limit:
        raise ValueError(f"a number from 0 to below {limit}")
    return int(value)
