"""The chains of one Causeway network, as chains.toml lists them.

It decides what a usable configuration is and says exactly what is wrong with any other. Where the
contracts stand is recorded beside it (`bridge.deployments`); keys are never in either file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from bridge.amounts import parse_wad
from bridge.errors import ConfigInvalid
from bridge.fields import Raw, Table, address, list_of, seconds, text, whole
from bridge.rpc import Limits, Rpc
from bridge.types import QUOTE, Address, AssetId, ChainId, Regime, Role, Wad

VERSION = 1
MAX_WEIGHT = 2**48 - 1
MAX_WEI = 2**128 - 1
MAX_VALIDATORS = 64
AMOUNT_LIMIT = 2**104
BASIS_POINTS = 10_000
MILLION = 1_000_000
_AMOUNT = "an amount as text, such as '1_000.5', below 2^104 units of 18 decimals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset of the network; number 0 is the quote asset, in which cash is kept."""

    id: AssetId
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainAsset:
    """An asset on one chain: its token there and the limits of the chain's reserve, in wads.

    `token` None has a stand-in token deployed, for devnets. Deposits of up to `inflow_burst` are
    credited at once, and as much comes back in a day. Of what the vault holds `outflow_bps` may
    leave within `outflow_window` seconds, and never less than `outflow_floor`. `target` and
    `curve_ppm` draw the scarcity curve; a slope of zero charges nothing.
    """

    asset: Asset
    token: Address | None
    decimals: int
    ceiling: Wad
    max_deposit: Wad
    inflow_burst: Wad
    outflow_bps: int
    outflow_window: int
    outflow_floor: Wad
    target: Wad
    curve_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """A validator's signing address and its weight in the quorum."""

    address: Address
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumFinality:
    """Final is what validators of more than two thirds of the weight have signed."""

    validators: tuple[Validator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimisticFinality:
    """Final is a proposal on the base chain that nobody disputed for `window` seconds.

    A proposer puts up `bond` wei, a challenger an eighth of it; a proposal lies at most
    `max_advance` blocks above the highest final one.
    """

    window: int
    bond: int
    max_advance: int


Finality = QuorumFinality | OptimisticFinality


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One chain: where it is, what it is for, and how it becomes final.

    `depth` is how many blocks its own finality lags behind its head; `verifiers` (base chain)
    re-execute disputed chains and vote. `anchor` (rollups) is the predeploy that holds the base
    chain's state roots.
    """

    name: str
    id: ChainId
    role: Role
    rpc: tuple[str, ...]
    rpc_quorum: int
    block_time: float
    depth: int
    finality: Finality | None
    verifiers: tuple[Validator, ...]
    anchor: Address | None
    assets: tuple[ChainAsset, ...]

    @property
    def regime(self) -> Regime | None:
        """How the chain's state becomes final elsewhere; None for the base chain."""
        match self.finality:
            case QuorumFinality():
                return Regime.QUORUM
            case OptimisticFinality():
                return Regime.OPTIMISTIC
            case None:
                return None

    def asset(self, symbol: str) -> ChainAsset:
        """Return an asset by its symbol; raises ConfigInvalid where the chain does not list it."""
        for listed in self.assets:
            if listed.asset.symbol == symbol:
                return listed
        known = ", ".join(listed.asset.symbol for listed in self.assets) or "none"
        raise ConfigInvalid(
            file="chains.toml",
            field=f"chains.{self.name}.assets.{symbol}",
            found="missing",
            expected=f"one of the assets listed there: {known}",
        )

    def connect(self, limits: Limits | None = None) -> Rpc:
        """Return a client of the chain by its configured quorum; nothing is asked yet."""
        return Rpc(
            chain_id=self.id,
            urls=self.rpc,
            quorum=self.rpc_quorum,
            name=self.name,
            limits=limits,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """All chains and assets of one configuration file."""

    file: Path
    assets: tuple[Asset, ...]
    chains: tuple[Chain, ...]
    governance_delay: int

    @property
    def base(self) -> Chain:
        """The root of trust."""
        return next(chain for chain in self.chains if chain.role is Role.BASE)

    @property
    def hub(self) -> Chain:
        """The clearing house's chain."""
        return next(chain for chain in self.chains if chain.role is Role.HUB)

    @property
    def venues(self) -> tuple[Chain, ...]:
        """The chains where people trade."""
        return tuple(chain for chain in self.chains if chain.role is Role.VENUE)

    @property
    def rollups(self) -> tuple[Chain, ...]:
        """The hub and the venues: every chain that sends and takes messages."""
        return (self.hub, *self.venues)

    def chain(self, name_or_id: str | int) -> Chain:
        """Return a chain by name or by id; raises ConfigInvalid where there is none."""
        for chain in self.chains:
            if name_or_id in {chain.name, chain.id, str(chain.id)}:
                return chain
        known = ", ".join(f"{chain.name} ({chain.id})" for chain in self.chains)
        raise ConfigInvalid(file=str(self.file), field=f"chain {name_or_id}", found="missing", expected=known)

    def asset(self, symbol: str) -> Asset:
        """Return an asset by symbol; raises ConfigInvalid where there is none."""
        for asset in self.assets:
            if asset.symbol == symbol:
                return asset
        known = ", ".join(asset.symbol for asset in self.assets)
        raise ConfigInvalid(file=str(self.file), field=f"asset {symbol}", found="missing", expected=known)

    @property
    def quote(self) -> Asset:
        """The asset in which cash is kept."""
        return next(asset for asset in self.assets if asset.id == QUOTE)


def load_network(path: str | Path) -> Network:
    """Read and check a configuration file; raises ConfigInvalid with the field that is wrong."""
    file = Path(path)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _bad_file(file, "missing", "a file; `causeway init` writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad_file(file, f"not TOML ({error})", "a TOML file in UTF-8") from None
    return parse_network(raw, file=file)


def parse_network(raw: Raw, *, file: Path = Path("chains.toml")) -> Network:
    """Check a configuration that is already a table; raises ConfigInvalid."""
    root = Table(raw, file=str(file))
    root.take("version", f"{VERSION}", whole(VERSION, VERSION))
    governance = root.table("governance", optional=True)
    delay = governance.take("delay", "seconds", whole(0, 10**9), 0)
    governance.finish()
    assets = tuple(_asset(symbol, table) for symbol, table in root.tables("assets").items())
    chains = tuple(_chain(name, table, assets) for name, table in root.tables("chains").items())
    network = Network(file=file, assets=assets, chains=chains, governance_delay=delay)
    _check_whole(root, network)
    root.finish()
    return network


def _check_whole(root: Table, network: Network) -> None:
    for role, at_most in ((Role.BASE, 1), (Role.HUB, 1), (Role.VENUE, 1000)):
        found = sum(chain.role is role for chain in network.chains)
        if not 1 <= found <= at_most:
            wanted = "exactly one chain" if at_most == 1 else "at least one chain"
            raise root.invalid("chains", f"{found} with role {role}", f"{wanted} with that role")
    for what, numbers in (
        ("chains", [chain.id for chain in network.chains]),
        ("assets", [asset.id for asset in network.assets]),
    ):
        if len(set(numbers)) != len(numbers):
            raise root.invalid(what, "an id given twice", "one id each")
    if QUOTE not in {asset.id for asset in network.assets}:
        raise root.invalid("assets", "without an asset of id 0", "the quote asset, with id 0")


def _asset(symbol: str, table: Table) -> Asset:
    asset = Asset(
        id=AssetId(table.take("id", "0 (quote) or another number", whole(0, 2**32 - 1))),
        symbol=symbol,
    )
    table.finish()
    return asset


def _chain(name: str, table: Table, assets: tuple[Asset, ...]) -> Chain:
    role = table.take("role", "base, hub or venue", Role)
    rpc = table.take("rpc", "a list of http(s) urls", list_of(_url, at_least=1))
    is_base = role is Role.BASE
    majority = len(rpc) // 2 + 1
    # Below a majority two groups of endpoints could each be a quorum for its own truth.
    quorum = table.take("rpc_quorum", f"{majority} to {len(rpc)}", whole(majority, len(rpc)), majority)
    chain = Chain(
        name=name,
        id=ChainId(table.take("id", "an EIP-155 chain id", whole(1, 2**63))),
        role=role,
        rpc=rpc,
        rpc_quorum=quorum,
        block_time=table.take("block_time", "seconds, 0 where blocks come on demand", seconds),
        depth=table.take("depth", "blocks", whole(0, 10_000), 0),
        finality=None if is_base else _finality(table),
        verifiers=_signers(table, "verifiers") if is_base and table.has("verifiers") else (),
        anchor=None if is_base else _anchor(table),
        assets=() if is_base else _chain_assets(table, assets),
    )
    table.finish()
    return chain


def _finality(table: Table) -> Finality:
    expected = "quorum or optimistic (for a validity regime no verifier contract stands yet)"
    regime = table.take("regime", expected, Regime)
    inner = table.table("finality", optional=True)
    finality: Finality
    match regime:
        case Regime.QUORUM:
            finality = _quorum(inner)
        case Regime.OPTIMISTIC:
            finality = OptimisticFinality(
                window=inner.take("window", "seconds", whole(1, 10**8)),
                bond=inner.take("bond", "wei above zero", whole(1, MAX_WEI)),
                max_advance=inner.take("max_advance", "blocks", whole(1, 2**63), 1_000_000),
            )
        case Regime.VALIDITY:
            raise table.invalid("regime", regime, expected)
    inner.finish()
    return finality


def _anchor(table: Table) -> Address | None:
    return table.take("anchor", "an address", address) if table.has("anchor") else None


def _quorum(table: Table) -> QuorumFinality:
    return QuorumFinality(validators=_signers(table, "validators"))


def _signers(table: Table, field: str) -> tuple[Validator, ...]:
    """Read a weighted set in the order that contracts take: strictly ascending by address."""
    signers = []
    for row in table.list_of_tables(field):
        signer = row.take("address", "an address", address)
        weight = row.take("weight", f"1 to {MAX_WEIGHT}", whole(1, MAX_WEIGHT), 1)
        signers.append(Validator(address=signer, weight=weight))
        row.finish()
    distinct = {signer.address for signer in signers}
    if not 2 <= len(distinct) == len(signers) <= MAX_VALIDATORS:
        raise table.invalid(field, f"{len(signers)} rows", f"2 to {MAX_VALIDATORS}, none twice")
    return tuple(sorted(signers, key=lambda signer: signer.address))


def _chain_assets(table: Table, assets: tuple[Asset, ...]) -> tuple[ChainAsset, ...]:
    by_symbol = {asset.symbol: asset for asset in assets}
    listed = []
    for symbol, row in table.tables("assets", optional=True).items():
        if symbol not in by_symbol:
            raise row.invalid("", "not listed", f"one of {', '.join(by_symbol)}")
        listed.append(_chain_asset(by_symbol[symbol], row))
    return tuple(listed)


def _chain_asset(asset: Asset, row: Table) -> ChainAsset:
    stand_in = row.take("stand_in", "true or false", _flag, default=False)
    token = None if stand_in else row.take("token", "the token's address", address)
    ceiling = row.take("ceiling", f"{_AMOUNT} above zero", _positive)
    burst = row.take("inflow_burst", f"{_AMOUNT} above zero", _positive, ceiling)
    chain_asset = ChainAsset(
        asset=asset,
        token=token,
        decimals=row.take("decimals", "0 to 18", whole(0, 18)),
        ceiling=ceiling,
        inflow_burst=burst,
        max_deposit=row.take("max_deposit", f"{_AMOUNT} above zero", _positive, burst),
        outflow_bps=row.take("outflow_bps", "1 to 10000", whole(1, BASIS_POINTS), 2_500),
        outflow_window=row.take("outflow_window", "seconds", whole(1, 10**8), 3_600),
        outflow_floor=row.take("outflow_floor", f"{_AMOUNT} above zero", _positive, Wad(10**18)),
        target=row.take("target", _AMOUNT, _amount, Wad(0)),
        curve_ppm=row.take("curve_ppm", "0 to 1000000", whole(0, MILLION), 0),
    )
    if chain_asset.max_deposit > burst:
        # A deposit above the hub's burst would wait there for good.
        raise row.invalid("max_deposit", "above inflow_burst", "at most inflow_burst")
    row.finish()
    return chain_asset


def _amount(value: Raw) -> Wad:
    wad = parse_wad(text(value))
    if wad >= AMOUNT_LIMIT:
        raise ValueError
    return wad


def _positive(value: Raw) -> Wad:
    wad = _amount(value)
    if not wad:
        raise ValueError
    return wad


def _flag(value: Raw) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # one class for one catch
    return value


def _url(value: Raw) -> str:
    if not text(value).startswith(("http://", "https://")):
        raise ValueError
    return text(value)


def _bad_file(file: Path, found: str, expected: str) -> ConfigInvalid:
    return ConfigInvalid(file=str(file), field="the file", found=found, expected=expected)
