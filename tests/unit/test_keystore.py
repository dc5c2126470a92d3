"""Keys at rest: what is written opens again, in other wallets too, and nothing else opens."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from bridge.errors import KeyUnavailable
from bridge.keyfile import decrypt, encrypt
from bridge.keystore import Keystore, PasswordSource
from bridge.signer import LocalSigner

CHEAP = 2
KEY = bytes(range(1, 33))
SIGNER = LocalSigner(KEY)


def test_keyfile__written_here__opens_in_the_common_library() -> None:
    content = encrypt(KEY, SIGNER.address, b"word", cost=CHEAP)
    assert decode_keyfile_json(content, b"word") == KEY
    assert content["address"] == SIGNER.address.hex()


@pytest.mark.parametrize("kdf", ["scrypt", "pbkdf2"])
def test_keyfile__written_by_the_common_library__opens_here(kdf: str) -> None:
    content = create_keyfile_json(KEY, b"word", kdf=kdf, iterations=CHEAP)  # type: ignore[arg-type]
    assert decrypt(content, b"word") == KEY


def test_keyfile__published_vector__opens_to_its_key() -> None:
    content = {
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
            "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
            "kdf": "pbkdf2",
            "kdfparams": {
                "c": 262144,
                "dklen": 32,
                "prf": "hmac-sha256",
                "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
            },
            "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
        },
        "version": 3,
    }
    opened = decrypt(content, b"testpassword").hex()
    assert opened == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


@pytest.mark.parametrize("field", ["mac", "ciphertext"])
def test_keyfile__changed__does_not_open(field: str) -> None:
    content = encrypt(KEY, SIGNER.address, b"word", cost=CHEAP)
    content["crypto"][field] = bytes(32).hex()
    with pytest.raises(ValueError, match="does not fit"):
        decrypt(content, b"word")


def test_keyfile__asking_for_all_memory__is_refused() -> None:
    content = encrypt(KEY, SIGNER.address, b"word", cost=CHEAP)
    content["crypto"]["kdfparams"]["n"] = 2**30
    with pytest.raises(ValueError, match="memory"):
        decrypt(content, b"word")


def test_keystore__added_key__unlocks_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "keys")
    stored = store.add("trader", SIGNER, b"word", cost=CHEAP)
    assert store.unlock("trader", b"word").address == SIGNER.address
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o600
    assert [key.name for key in store.stored()] == ["trader"]


def test_keystore__wrong_password__says_so_without_a_secret(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    store.add("trader", SIGNER, b"word", cost=CHEAP)
    with pytest.raises(KeyUnavailable) as caught:
        store.unlock("trader", b"wrong-secret")
    assert "wrong-secret" not in str(caught.value)
    assert KEY.hex() not in str(caught.value)


def test_keystore__name_taken__keeps_the_old_key(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    store.add("trader", SIGNER, b"word", cost=CHEAP)
    with pytest.raises(KeyUnavailable, match="exists"):
        store.add("trader", LocalSigner.create(), b"word", cost=CHEAP)
    assert store.unlock("trader", b"word").address == SIGNER.address


@pytest.mark.parametrize("name", ["../trader", "a/b", "", "A", ".hidden"])
def test_keystore__name_that_leaves_the_directory__is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyUnavailable):
        Keystore(tmp_path).find(name)


def test_keystore__file_that_states_another_address__is_refused(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    stored = store.add("trader", SIGNER, b"word", cost=CHEAP)
    content = json.loads(stored.path.read_text())
    stored.path.write_text(json.dumps(content | {"address": "00" * 20}))
    with pytest.raises(KeyUnavailable, match="another address"):
        store.unlock("trader", b"word")


def test_password__from_a_file__loses_its_line_end_alone(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b" two words \r\n")
    assert PasswordSource(file=file).read("trader") == b" two words "


def test_password__from_a_descriptor__is_read_once() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"word\n")
    os.close(writing)
    try:
        assert PasswordSource(descriptor=reading).read("trader") == b"word"
    finally:
        os.close(reading)


def test_password__empty_file__is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\n")
    with pytest.raises(KeyUnavailable, match="empty"):
        PasswordSource(file=file).read("trader")
