"""Options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bridge.amounts import parse_wad
from bridge.keystore import Keystore, PasswordSource
from bridge.signer import LocalSigner
from bridge.types import Account, Address, require_length

if TYPE_CHECKING:
    from bridge.client import Via

Value = TypeVar("Value")

Config = Annotated[Path, typer.Option("--config", "-c", help="The network's configuration.", envvar="CAUSEWAY_CONFIG")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
KeyName = Annotated[str, typer.Option("--key", "-k", help="Name of the key that signs.")]
Keys = Annotated[Path, typer.Option("--keystore", help="Directory of keystore files.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help="File that holds the key's password.")]
PasswordFd = Annotated[int | None, typer.Option("--password-fd", help="Open file descriptor that gives the password.")]
Fee = Annotated[str, typer.Option("--fee", help="To whoever delivers, out of the amount.")]
OnwardFee = Annotated[
    str, typer.Option("--onward-fee", help="To whoever delivers the second message, if there is one.")
]
Watch = Annotated[bool, typer.Option("--watch/--no-watch", help="Follow it until it rests.")]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds to follow at most.")]
ViaUrl = Annotated[
    str | None, typer.Option("--via", metavar="URL", help="A relayer that submits for a tip; no gas is needed.")
]
MaxTip = Annotated[str, typer.Option("--max-tip", help="Beside the amount, to the relayer of --via, at most.")]
AccountText = Annotated[
    str | None,
    typer.Option("--account", help="0x… owner (20 bytes), or owner and label (32 bytes)."),
]

CONFIG = Path("chains.toml")
KEYS = Path("keys")
TIMEOUT = 300.0


def run(work: Coroutine[Any, Any, Value]) -> Value:
    """Run a command's work; errors go to the one funnel in `main`."""
    import asyncio

    return asyncio.run(work)


def unlock(name: str, keys: Path, password_file: Path | None, password_fd: int | None) -> LocalSigner:
    """Return the signer of a keystore file; raises KeyUnavailable."""
    source = PasswordSource(file=password_file, descriptor=password_fd)
    store = Keystore(keys)
    store.find(name)  # a key that does not exist is said before its password is asked for
    return store.unlock(name, source.read(name))


def parse_address(text: str) -> Address:
    """Read 0x and 40 digits; raises FieldOutOfRange."""
    raw = _hex("address", text)
    require_length("address", raw, 20)
    return Address(raw)


def parse_account(text: str) -> Account:
    """Read an owner's address, or 32 bytes of owner and label; raises FieldOutOfRange."""
    raw = _hex("account", text)
    return Account(owner=Address(raw)) if len(raw) == 20 else Account.from_bytes(raw)


def parse_via(url: str | None, max_tip: str) -> Via | None:
    """Return the relayer that submits for the signer, None if the signer sends itself."""
    if url is None:
        return None
    from bridge.client import Via

    return Via(url=url, max_tip=parse_wad(max_tip))


def _hex(field: str, text: str) -> bytes:
    from bridge.errors import FieldOutOfRange

    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise FieldOutOfRange(field=field, value=text[:80], expected="0x and hex digits") from None
