"""Read relayer.toml: what one relayer process does, with which key, within which limits.

It is strict: a setting that does not exist, or a value that cannot be meant, raises ConfigInvalid
with file, field and expectation. `relayer/example.toml` shows and explains every setting. No
secret stands in it, and none is kept from it.
"""

from __future__ import annotations

import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from bridge.errors import ConfigInvalid
from bridge.fields import Raw, Table, list_of, seconds, text, whole
from bridge.keystore import Keystore, PasswordSource
from bridge.signer import LocalSigner
from bridge.types import LABEL_LENGTH
from relayer.policy import Bounds, FeePlan

FILE_NAME = "relayer.toml"
VERSION = 1
MAX_WEI = 2**128 - 1
Value = TypeVar("Value")


class Role(StrEnum):
    """What a relayer process can do."""

    DELIVER = "deliver"
    ATTEST = "attest"
    PROPOSE = "propose"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """Where the key rests and where its password is read."""

    keystore: Path
    name: str
    password: PasswordSource

    def unlock(self) -> LocalSigner:
        """Return the signer; raises KeyUnavailable."""
        return Keystore(self.keystore).unlock(self.name, self.password.read(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Where the relayer listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Endpoints of our own for one chain."""

    urls: tuple[str, ...]
    quorum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverSettings:
    """How messages are delivered; `prices` is by asset symbol, `attesters` by chain name."""

    label: bytes
    bounds: Bounds
    in_flight: int
    simulate: bool
    coverage_bps: int
    serve_unpriced: bool
    patience: int
    attesters: Mapping[str, tuple[str, ...]]
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestSettings:
    """Whose blocks are signed, by chain name."""

    chains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeSettings:
    """Whose state roots are proposed, and how often at most."""

    chains: tuple[str, ...]
    every: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """Whose proposals are compared with our own node."""

    chains: tuple[str, ...]
    vote: bool
    margin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentSettings:
    """Which signed intents are taken."""

    enabled: bool
    coverage_bps: int
    serve_unpriced: bool
    queue: int
    per_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that relayer.toml says."""

    file: Path
    name: str
    replica: str
    chains: Path
    store: str
    roles: frozenset[Role]
    key: KeySettings
    http: HttpSettings
    rpc: Mapping[str, Endpoints]
    deliver: DeliverSettings
    attest: AttestSettings
    propose: ProposeSettings
    watch: WatchSettings
    fees: FeePlan
    intents: IntentSettings
    oldest: int


def load_settings(path: str | Path) -> Settings:
    """Read and check a file; raises ConfigInvalid with the field that is wrong."""
    file = Path(path)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _bad_file(file, "missing", "a file; `causeway relayer init` writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad_file(file, f"not TOML ({error})", "a TOML file in UTF-8") from None
    return parse_settings(raw, file=file)


def parse_settings(raw: Raw, *, file: Path = Path(FILE_NAME)) -> Settings:
    """Check a configuration that is already a table; raises ConfigInvalid."""
    root = Table(raw, file=str(file))
    root.take("version", f"{VERSION}", whole(VERSION, VERSION))
    here = file.resolve().parent
    settings = Settings(
        file=file,
        name=root.take("name", "a name", text, "relayer"),
        replica=root.take("replica", "a name", text, socket.gethostname()),
        chains=here / root.take("chains", "a path", text, "chains.toml"),
        store=_store(root.take("store", "a database's url", text, "sqlite:///relayer.db"), here),
        roles=frozenset(root.take("roles", _one_of(Role), list_of(Role, at_least=1))),
        key=_inside(root, "key", lambda table: _key(table, here)),
        http=_inside(root, "http", _http),
        rpc={name: _endpoints(table) for name, table in root.tables("rpc", optional=True).items()},
        deliver=_inside(root, "deliver", _deliver),
        attest=_inside(root, "attest", lambda table: AttestSettings(chains=_names(table))),
        propose=_inside(root, "propose", _propose),
        watch=_inside(root, "watch", _watch),
        fees=_inside(root, "fees", _fees),
        intents=_inside(root, "intents", lambda table: _intents(table, has_prices=_has_prices(raw))),
        oldest=_inside(root, "alarm", lambda t: t.take("oldest", "seconds", whole(1, 10**7), 300)),
    )
    root.finish()
    return settings


def _inside(root: Table, name: str, read: Callable[[Table], Value]) -> Value:
    table = root.table(name, optional=True)
    value = read(table)
    table.finish()
    return value


def _store(url: str, here: Path) -> str:
    """Return the url with a relative SQLite path made absolute."""
    head, path = "sqlite:///", url.removeprefix("sqlite:///")
    return url if path == url or path.startswith("/") else f"{head}{here / path}"


def _key(table: Table, here: Path) -> KeySettings:
    file: str | None = table.take("password_file", "a path", text, None)
    descriptor: int | None = table.take("password_fd", "a file descriptor", whole(0, 1023), None)
    if file is not None and descriptor is not None:
        raise table.invalid("password_fd", "given beside password_file", "one of the two")
    return KeySettings(
        keystore=here / table.take("keystore", "a directory", text, "keys"),
        name=table.take("name", "a key's name", text),
        password=PasswordSource(file=here / file if file else None, descriptor=descriptor),
    )


def _http(table: Table) -> HttpSettings:
    return HttpSettings(
        host=table.take("host", "a host", text, "127.0.0.1"),
        port=table.take("port", "0 to 65535", whole(0, 65_535), 9_400),
    )


def _endpoints(table: Table) -> Endpoints:
    urls = table.take("urls", "a list of http(s) urls", list_of(_url, at_least=1))
    majority = len(urls) // 2 + 1
    quorum = table.take("quorum", f"{majority} to {len(urls)}", whole(majority, len(urls)), majority)
    table.finish()
    return Endpoints(urls=urls, quorum=quorum)


def _deliver(table: Table) -> DeliverSettings:
    attesters = table.table("attesters", optional=True)
    prices = table.table("prices", optional=True)
    return DeliverSettings(
        label=table.take("label", "0x and 24 hex digits", _label, bytes(LABEL_LENGTH)),
        bounds=Bounds(
            items=table.take("items", "1 to 1000", whole(1, 1000), 200),
            gas=table.take("gas", "at least 3,000,000", whole(3_000_000, 10**9), 16_000_000),
        ),
        in_flight=table.take("in_flight", "1 to 1000", whole(1, 1000), 32),
        simulate=table.take("simulate", "true or false", _flag, default=True),
        coverage_bps=table.take("coverage_bps", "basis points", whole(0, 10**6), 0),
        serve_unpriced=table.take("serve_unpriced", "true or false", _flag, default=True),
        patience=table.take("patience", "seconds", whole(0, 10**7), 600),
        attesters=_every(attesters, "a list of http(s) urls", list_of(_url, at_least=1)),
        prices=_every(prices, "wei, as text such as '300_000_000'", _wei),
    )


def _propose(table: Table) -> ProposeSettings:
    return ProposeSettings(chains=_names(table), every=table.take("every", "seconds", seconds, 5.0))


def _watch(table: Table) -> WatchSettings:
    return WatchSettings(
        chains=_names(table),
        vote=table.take("vote", "true or false", _flag, default=True),
        margin=table.take("margin", "seconds", whole(0, 10**6), 3),
    )


def _fees(table: Table) -> FeePlan:
    plan = FeePlan()
    fees = FeePlan(
        priority=table.take("priority", "wei", _wei, plan.priority),
        cap=table.take("cap", "wei", _wei, plan.cap),
        patience=table.take("patience", "seconds", whole(1, 10**6), plan.patience),
        raise_bps=table.take("raise_bps", "1000 to 100000", whole(1_000, 100_000), plan.raise_bps),
    )
    if fees.priority > fees.cap:
        raise table.invalid("priority", fees.priority, f"at most the cap, {fees.cap}")
    return fees


def _has_prices(raw: Raw) -> bool:
    """Tell whether any asset has a price; the table itself is checked where it is read."""
    return bool(raw.get("deliver", {}).get("prices"))


def _intents(table: Table, *, has_prices: bool) -> IntentSettings:
    """Intents are on where a tip can be worth something: with no price, strangers would spend our gas for nothing."""
    serves_free: bool = table.take("serve_unpriced", "true or false", _flag, default=False)
    enabled: bool = table.take("enabled", "true or false", _flag, default=has_prices or serves_free)
    if enabled and not (has_prices or serves_free):
        raise table.invalid("enabled", "true without [deliver.prices]", "a price, or serve_unpriced = true")
    return IntentSettings(
        enabled=enabled,
        coverage_bps=table.take("coverage_bps", "basis points", whole(0, 10**6), 11_000),
        serve_unpriced=serves_free,
        queue=table.take("queue", "1 to 100000", whole(1, 100_000), 256),
        per_minute=table.take("per_minute", "1 to 100000", whole(1, 100_000), 120),
    )


def _names(table: Table) -> tuple[str, ...]:
    return table.take("chains", "a list of chains' names", list_of(text), ())


def _every(table: Table, expected: str, read: Callable[[Raw], Value]) -> dict[str, Value]:
    """Read all fields of a table whose names the file's author chooses."""
    return {name: table.take(name, expected, read) for name in table.names()}


def _one_of(choices: type[StrEnum]) -> str:
    return "a list of " + ", ".join(choices)


def _flag(value: Raw) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # one class for one catch
    return value


def _wei(value: Raw) -> int:
    digits = value.replace("_", "") if isinstance(value, str) else value
    return whole(0, MAX_WEI)(digits)


def _label(value: Any) -> bytes:  # noqa: ANN401  # from a file
    raw = bytes.fromhex(text(value).removeprefix("0x"))
    if len(raw) != LABEL_LENGTH:
        raise ValueError
    return raw


def _url(value: Raw) -> str:
    if not text(value).startswith(("http://", "https://")):
        raise ValueError
    return text(value).rstrip("/")


def _bad_file(file: Path, found: str, expected: str) -> ConfigInvalid:
    return ConfigInvalid(file=str(file), field="the file", found=found, expected=expected)
