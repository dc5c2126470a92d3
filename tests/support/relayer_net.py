"""A small network for the relayer's tests and bench: chains, contracts, and relayers in this process.

Chains are devnets of either backend. Relayers are the real ones, with stores on disk and HTTP on
free ports; only their processes are this one, so that a test can stop them at any step.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge import artifacts
from bridge.chains import load_network
from bridge.client import Bridge
from bridge.demo.network import ANCHOR, cast
from bridge.deploy import deploy
from bridge.devnet.anchor_sidecar import AnchorSidecar
from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import AnchorSpec, Backend, ChainSpec, GenesisAccount
from bridge.rpc import Rpc
from bridge.signer import LocalSigner
from bridge.types import ChainId
from relayer.config import Settings, parse_settings
from relayer.network import Places, load_places
from relayer.service import Relayer
from relayer.store import Store

IDS = {
    "base": ChainId(9_000),
    "hub": ChainId(9_001),
    "alpha": ChainId(9_002),
    "beta": ChainId(9_003),
    "gamma": ChainId(9_004),
}
WINDOW = 8
ACTORS = cast()


@dataclass(slots=True, kw_only=True)
class Net:
    """A running network with its contracts; `urls` are the chains' own."""

    folder: Path
    names: tuple[str, ...]
    chains: dict[str, DevnetProcess]
    places: Places
    attesters: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The network's chains.toml."""
        return self.folder / "chains.toml"

    def rpc(self, name: str) -> Rpc:
        """Return a client of a chain, for the caller to close."""
        return self.places.network.chain(name).connect()

    def chain_id(self, name: str) -> ChainId:
        """Return a chain's id."""
        return IDS[name]

    def settings(self, name: str, roles: Sequence[str], **tables: Any) -> Settings:  # noqa: ANN401
        """Return a relayer's settings; tables replace those of the same name."""
        raw = {
            "version": 1,
            "name": name,
            "replica": name,
            "store": f"sqlite:///{name}.db",
            "roles": list(roles),
            "key": {"name": name},
            "http": {"port": 0},
            "fees": {"patience": 3},
            **tables,
        }
        return parse_settings(raw, file=self.folder / f"{name}.toml")


def chains_toml(urls: dict[str, str], *, block_time: float, depth: int = 0) -> str:
    """Return the network's description; alpha and beta are under quorum, gamma is optimistic."""
    members = ", ".join(f'{{ address = "0x{v.address.hex()}" }}' for v in ACTORS.validators)
    parts = ["version = 1\n[assets.USDC]\nid = 0\n"]
    for name, url in urls.items():
        head = f'[chains.{name}]\nid = {IDS[name]}\nrpc = ["{url}"]\nblock_time = {block_time}\n'
        if name == "base":
            parts.append(head + f'role = "base"\nverifiers = [{members}]\n')
            continue
        role = "hub" if name == "hub" else "venue"
        optimistic = f'window = {WINDOW}\nbond = "1000000000000000"\nmax_advance = 100000'
        finality = optimistic if name == "gamma" else f"validators = [{members}]"
        regime = "optimistic" if name == "gamma" else "quorum"
        parts.append(
            head
            + f'role = "{role}"\ndepth = {depth}\nanchor = "0x{ANCHOR.hex()}"\nregime = "{regime}"\n'
            + f"[chains.{name}.finality]\n{finality}\n"
            + f"[chains.{name}.assets.USDC]\nstand_in = true\ndecimals = 6\n"
            + 'ceiling = "100_000_000"\n'
        )
    return "\n".join(parts)


@asynccontextmanager
async def start_net(
    folder: Path,
    *,
    names: Sequence[str] = ("base", "hub", "alpha", "beta"),
    backend: Backend = Backend.ANVIL,
    block_time: float = 0.0,
    depth: int = 0,
    gas_limit: int = 30_000_000,
) -> AsyncIterator[Net]:
    """Start the chains, deploy the contracts, and end everything with the block."""
    async with AsyncExitStack() as stack:
        chains: dict[str, DevnetProcess] = {}
        for name in names:
            base_url = chains["base"].url if name != "base" else None
            spec = _spec(
                name,
                backend=backend,
                block_time=block_time,
                depth=depth,
                gas_limit=gas_limit,
                base_url=base_url,
            )
            chains[name] = await stack.enter_async_context(DevnetProcess(spec, folder=folder / name))
        urls = {name: chain.url for name, chain in chains.items()}
        (folder / "chains.toml").write_text(chains_toml(urls, block_time=block_time, depth=depth))
        await deploy(load_network(folder / "chains.toml"), ACTORS.deployer)
        places = load_places(folder / "chains.toml")
        if backend is Backend.ANVIL and "gamma" in names:
            await stack.enter_async_context(_sidecar(chains["hub"].url, urls["base"]))
        yield Net(folder=folder, names=tuple(names), chains=chains, places=places)


@asynccontextmanager
async def _sidecar(url: str, base: str) -> AsyncIterator[None]:
    """Tell an anvil chain of the base chain, which a py-evm node does by itself."""
    sidecar = AnchorSidecar(AnchorSpec(url=base, address=ANCHOR, depth=0), url)
    task = asyncio.create_task(sidecar.run(0.1))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sidecar.close()


def _spec(
    name: str, *, backend: Backend, block_time: float, depth: int, gas_limit: int, base_url: str | None
) -> ChainSpec:
    code = artifacts.load("Anchor").deployed_bytecode
    anchored: dict[bytes, GenesisAccount] = {} if base_url is None else {ANCHOR: GenesisAccount(nonce=1, code=code)}
    anchor = None
    if base_url is not None and backend is Backend.PY_EVM:
        anchor = AnchorSpec(url=base_url, address=ANCHOR)
    return ChainSpec(
        chain_id=IDS[name],
        name=name,
        backend=backend,
        block_time=block_time,
        finality_depth=depth,
        gas_limit=gas_limit,
        alloc=anchored,
        anchor=anchor,
    )


@asynccontextmanager
async def relayer(settings: Settings, places: Places, signer: LocalSigner) -> AsyncIterator[Relayer]:
    """Run a relayer until the block ends; an error of its own is raised then."""
    store = await Store.open(settings.store)
    try:
        running = Relayer(settings=settings, places=places, store=store, signer=signer)
        task = asyncio.create_task(running.run())
        try:
            await _listening(running, task)
            yield running
        finally:
            running.stop()
            await task
    finally:
        await store.close()


async def _listening(running: Relayer, task: asyncio.Task[None]) -> None:
    """Wait until every chain was read once, or raise what ended the relayer before."""
    readers = running.parts.readers
    await until(lambda: task.done() or all(chain in running.book.cursors for chain in readers))
    if task.done():
        await task


@asynccontextmanager
async def validators(net: Net, *, sources: Iterable[str], number: int = 4) -> AsyncIterator[list[Relayer]]:
    """Run attesters with the network's validator keys; their urls stand in `net.attesters`."""
    async with AsyncExitStack() as stack:
        running = []
        for place, signer in enumerate(ACTORS.validators[:number]):
            settings = net.settings(f"validator-{place}", ["attest"], attest={"chains": list(sources)})
            running.append(await stack.enter_async_context(relayer(settings, net.places, signer)))
        net.attesters = [f"http://127.0.0.1:{one.web.port}" for one in running]
        yield running


def deliver_settings(net: Net, name: str = "relayer", **deliver: Any) -> Settings:  # noqa: ANN401
    """Return the settings of a deliverer that asks the running attesters."""
    sources = [n for n in net.names if n not in {"base", "gamma"}]
    attesters = dict.fromkeys(sources, net.attesters) if net.attesters else {}
    return net.settings(name, ["deliver"], deliver={"attesters": attesters, **deliver})


@asynccontextmanager
async def trader(net: Net, signer: LocalSigner | None = None) -> AsyncIterator[Bridge]:
    """Give the SDK to a trader."""
    bridge = await Bridge.from_config(net.config, signer=signer or ACTORS.traders[0])
    async with bridge:
        yield bridge


async def until(claim: Any, *, seconds: float = 30.0, every: float = 0.05) -> None:  # noqa: ANN401
    """Wait until `claim()` (or what it returns when awaited) is true; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            found = claim()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(every)


__all__ = ["ACTORS", "Net", "deliver_settings", "relayer", "start_net", "trader", "until", "validators"]
