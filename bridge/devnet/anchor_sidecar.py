"""anvil's stand-in for the node's anchor: a process beside it that fills the anchor contract by impersonation.

anvil has no block preprocessing that could be extended, so `python -m bridge.devnet.anchor_sidecar` acts as the
system address (anvil_impersonateAccount) and sends the anchor its 64 bytes in ordinary transactions. It is a
stand-in and named so: on anvil a base header arrives in a block of its own, a moment later, and not before the
other transactions of a block.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys

import httpx

from bridge.devnet import parent, system
from bridge.devnet.anchor import call_data
from bridge.devnet.base_feed import BaseFeed
from bridge.devnet.errors import AnchorError, RpcError
from bridge.devnet.headers import BaseHeader
from bridge.devnet.params import Json
from bridge.devnet.spec import AnchorSpec

GAS_PER_HEADER = 200_000
RECEIPT_POLLS, RECEIPT_SECONDS = 600, 0.05
LATEST = "0x52bfe789"  # latest()

_log = logging.getLogger("causeway.devnet.sidecar")


class AnchorSidecar:
    """Keeps one anvil chain's anchor up to date."""

    def __init__(self, spec: AnchorSpec, url: str) -> None:
        self._spec, self._url = spec, url
        self._client = httpx.AsyncClient(timeout=spec.timeout, trust_env=False)
        self._sender = f"0x{system.SYSTEM_ADDRESS.hex()}"
        self._base: BaseFeed | None = None

    async def step(self) -> int:
        """Anchor what has become final since the last step; return how many headers that were."""
        if self._base is None:
            self._base = await self._begin()
        headers = await self._base.fetch()
        if headers:
            await self._anchor(headers)
            self._base.confirm()
        return len(headers)

    async def run(self, seconds: float) -> None:
        """Step for ever; what fails is logged and tried again."""
        while True:
            try:
                waiting = await self.step() < self._spec.headers_per_block
            except (AnchorError, RpcError, httpx.HTTPError, ValueError) as error:
                _log.warning("anchor stands still: %r", error)
                self._base, waiting = None, True
            if waiting:
                await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close both connections."""
        await self._client.aclose()
        if self._base is not None:
            await self._base.close()

    async def _begin(self) -> BaseFeed:
        await self._rpc("anvil_impersonateAccount", self._sender)
        await self._rpc("anvil_setBalance", self._sender, hex(10**24))
        target = {"to": f"0x{self._spec.address.hex()}", "data": LATEST}
        newest = int(await self._rpc("eth_call", target, "latest"), 16)
        return BaseFeed(self._spec, newest_held=newest or None)

    async def _anchor(self, headers: tuple[BaseHeader, ...]) -> None:
        nonce = int(await self._rpc("eth_getTransactionCount", self._sender, "pending"), 16)
        hashes = [
            await self._rpc(
                "eth_sendTransaction",
                {
                    "from": self._sender,
                    "to": f"0x{self._spec.address.hex()}",
                    "data": f"0x{call_data(header).hex()}",
                    "gas": hex(GAS_PER_HEADER),
                    "nonce": hex(nonce + index),
                },
            )
            for index, header in enumerate(headers)
        ]
        await self._await_success(hashes[-1])

    async def _await_success(self, transaction: str) -> None:
        for _ in range(RECEIPT_POLLS):
            receipt = await self._rpc("eth_getTransactionReceipt", transaction)
            if receipt is not None and receipt["status"] == "0x1":
                return
            if receipt is not None:
                raise AnchorError(number=0, problem="the anchor contract refused it; check its address")
            await asyncio.sleep(RECEIPT_SECONDS)
        raise AnchorError(number=0, problem="the chain does not mine the transaction that carries it")

    async def _rpc(self, method: str, *params: Json) -> Json:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = (await self._client.post(self._url, json=request)).json()
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error']['message']}")
        return answer["result"]


def main(arguments: list[str] | None = None) -> int:
    """Run a sidecar until the process is told to end."""
    parser = argparse.ArgumentParser(prog="python -m bridge.devnet.anchor_sidecar", description=__doc__)
    parser.add_argument("--url", required=True, help="the anvil chain to write to")
    parser.add_argument("--base", required=True, help="the base chain to read from")
    parser.add_argument("--anchor", required=True, help="address of the anchor contract")
    parser.add_argument(
        "--depth", type=int, help="blocks behind the base chain's head; its finalized tag, unless given"
    )
    parser.add_argument("--interval", type=float, default=0.25, help="seconds between looks")
    parser.add_argument("--parent", type=int, help="end when this process is gone")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parent.end_with(options.parent)
    address = bytes.fromhex(options.anchor.removeprefix("0x"))
    sidecar = AnchorSidecar(AnchorSpec(url=options.base, address=address, depth=options.depth), options.url)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(sidecar.run(options.interval))
    return 0


if __name__ == "__main__":
    sys.exit(main())
