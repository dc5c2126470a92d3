"""`causeway wallet`: keys in keystore files, made, taken in, and listed. No key is ever printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import KEYS, Json, Keys, PasswordFd, PasswordFile
from bridge.cli.output import show_json, show_table
from bridge.errors import FieldOutOfRange
from bridge.keystore import Keystore, PasswordSource, StoredKey
from bridge.signer import LocalSigner, checksum

app = typer.Typer(no_args_is_help=True, help="Make, import and list keys.")
Name = Annotated[str, typer.Argument(help="a-z, 0-9 and inner hyphens.")]


@app.command()
def new(
    *,
    name: Name,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    as_json: Json = False,
) -> None:
    """Make a new key and keep it encrypted."""
    _add(name, LocalSigner.create(), keys=keys, password_file=password_file, password_fd=password_fd, as_json=as_json)


@app.command(name="import")
def take(
    *,
    name: Name,
    key_file: Annotated[Path, typer.Option("--key-file", help="File with the key as hex digits.")],
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    as_json: Json = False,
) -> None:
    """Take in a key from a file (never from an argument) and keep it encrypted; delete the file then."""
    try:
        text = key_file.read_text(encoding="ascii").strip()
        signer = LocalSigner(bytes.fromhex(text.removeprefix("0x")))
    except ValueError:
        raise FieldOutOfRange(field=str(key_file), value="no hex digits", expected="64 hex digits") from None
    _add(name, signer, keys=keys, password_file=password_file, password_fd=password_fd, as_json=as_json)


@app.command(name="list")
def show(keys: Keys = KEYS, as_json: Json = False) -> None:
    """List keys with the addresses that their files state."""
    stored = Keystore(keys).stored()
    if as_json:
        show_json([_plain(key) for key in stored])
        return
    show_table(("name", "address"), [(key.name, checksum(key.address)) for key in stored])


def _add(
    name: str,
    signer: LocalSigner,
    *,
    keys: Path,
    password_file: Path | None,
    password_fd: int | None,
    as_json: bool,
) -> None:
    source = PasswordSource(file=password_file, descriptor=password_fd)
    stored = Keystore(keys).add(name, signer, source.read(name, is_new=True))
    if as_json:
        show_json(_plain(stored))
        return
    typer.echo(f"{stored.name} is {checksum(stored.address)}, in {stored.path}. Back the file up.")


def _plain(key: StoredKey) -> dict[str, str]:
    return {"name": key.name, "address": checksum(key.address), "file": str(key.path)}
