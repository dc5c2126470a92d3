"""Keys at rest: Ethereum keystore files (version 3, scrypt), and where their password comes from.

A password is read from a file, from a file descriptor that the caller passes by number, or asked at
the terminal; never from an argument and never from the value of an environment variable, because
other programs can read both.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import KeyUnavailable
from bridge.keyfile import decrypt, encrypt
from bridge.signer import LocalSigner
from bridge.types import Address

SCRYPT_COST = 2**18
SCRYPT_COST_DEVNET = 2**10
"""For keys of devnets alone, which are worth nothing and are unlocked many times a minute."""
MAX_PASSWORD = 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSource:
    """Where a password is read: a file, a file descriptor, or the terminal if both are None."""

    file: Path | None = None
    descriptor: int | None = None

    def read(self, name: str, *, is_new: bool = False) -> bytes:
        """Return the password without its line end; raises KeyUnavailable for none or an empty one.

        A new password is asked twice at the terminal.
        """
        if self.file is not None:
            raw = _read_file(self.file, name)
        elif self.descriptor is not None:
            raw = _read_descriptor(self.descriptor, name)
        else:
            raw = _ask(name, is_new=is_new)
        password = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not password:
            raise _unavailable(name, "the password is empty", "give one of at least one character")
        return password


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A keystore file: its name and the address that it claims (unverified until unlocked)."""

    name: str
    address: Address
    path: Path


class Keystore:
    """A directory of keystore files, one a key, named by their owner."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def stored(self) -> Sequence[StoredKey]:
        """Return all keys in the order of their names; raises KeyUnavailable for a broken file."""
        return [self.find(path.stem) for path in sorted(self.directory.glob("*.json"))]

    def find(self, name: str) -> StoredKey:
        """Return what a key's file claims, without unlocking it."""
        path = self._path(name)
        try:
            claimed = Address(bytes.fromhex(json.loads(path.read_bytes())["address"]))
        except FileNotFoundError:
            raise _unavailable(name, f"no file {path}", "list keys with `causeway wallet list`") from None
        except (ValueError, KeyError, TypeError):
            raise _unavailable(name, f"{path} is no keystore", "restore it from a backup") from None
        return StoredKey(name=name, address=claimed, path=path)

    def add(self, name: str, signer: LocalSigner, password: bytes, *, cost: int = SCRYPT_COST) -> StoredKey:
        """Encrypt a key into a new file that only its owner can read; never replaces one."""
        path = self._path(name)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = encrypt(signer.export(), signer.address, password, cost=cost)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise _unavailable(name, f"{path} exists", "choose another name") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
        return StoredKey(name=name, address=signer.address, path=path)

    def unlock(self, name: str, password: bytes) -> LocalSigner:
        """Return the signer; raises KeyUnavailable for a wrong password or another key inside."""
        stored = self.find(name)
        try:
            key = decrypt(json.loads(stored.path.read_bytes()), password)
        except (ValueError, KeyError, TypeError):
            raise _unavailable(name, "the password does not open it", "check the password") from None
        signer = LocalSigner(key)
        if signer.address != stored.address:
            raise _unavailable(name, "the file states another address", "restore it from a backup")
        return signer

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise _unavailable(repr(name[:64]), "no such name", "use a-z, 0-9 and inner hyphens")
        return self.directory / f"{name}.json"


def _read_file(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PASSWORD)
    except OSError as error:
        raise _unavailable(name, f"password file: {error.strerror}", "name a readable file") from None


def _read_descriptor(descriptor: int, name: str) -> bytes:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_PASSWORD)
    except OSError as error:
        raise _unavailable(name, f"descriptor {descriptor}: {error.strerror}", "pass an open one") from None


def _ask(name: str, *, is_new: bool) -> bytes:
    if not sys.stdin.isatty():
        raise _unavailable(name, "there is no terminal to ask at", "name a password file")
    password = getpass.getpass(f"Password for {name}: ")
    if is_new and getpass.getpass("The same again: ") != password:
        raise _unavailable(name, "the two passwords differ", "start again")
    return password.encode()


def _unavailable(name: str, problem: str, remedy: str) -> KeyUnavailable:
    return KeyUnavailable(name=name, problem=problem, remedy=remedy)
