"""Canonical RLP: what the encoder of an independent library writes is read, all else is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ProofError
from bridge.strict_rlp import read_list, read_string
from tests.support.tries import encode


@given(st.lists(st.binary(max_size=255), max_size=20))
def test_read_list__canonical_list_of_strings__gives_its_strings(strings: list[bytes]) -> None:
    items = read_list(encode(strings))
    assert [item.payload for item in items] == strings
    assert [item.encoded for item in items] == [encode(string) for string in strings]


@given(st.binary(max_size=80))
def test_read_string__any_bytes__gives_what_encodes_to_just_those_bytes_or_refuses(encoded: bytes) -> None:
    with contextlib.suppress(ProofError):
        assert encode(read_string(encoded)) == encoded


@given(st.binary(max_size=55))
def test_read_list__any_payload__gives_canonical_items_that_fill_it_or_refuses(payload: bytes) -> None:
    """A list among the items is not looked into: who reads it, judges it."""
    with contextlib.suppress(ProofError):
        items = read_list(bytes([0xC0 + len(payload)]) + payload)
        assert b"".join(item.encoded for item in items) == payload
        assert all(encode(item.payload) == item.encoded for item in items if not item.is_list)


@pytest.mark.parametrize(
    "encoded", [b"", b"\xc0", b"\x80\x80", b"\xb8", b"\xb8\x37" + bytes(55), b"\xb9\1\0" + bytes(256)]
)
def test_read_string__not_one_canonical_string__is_refused(encoded: bytes) -> None:
    with pytest.raises(ProofError, match="rule 6"):
        read_string(encoded)


@pytest.mark.parametrize("encoded", [b"", b"\x80", b"\xc0\xc0", b"\xf8", b"\xf9\0", b"\xc1\x81", b"\xc2\x81\x7f"])
def test_read_list__not_one_canonical_list__is_refused(encoded: bytes) -> None:
    with pytest.raises(ProofError, match="rule 6"):
        read_list(encoded)
