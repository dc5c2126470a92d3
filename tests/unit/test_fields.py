"""Fields of a configuration file: read once each, refused with their place and what was expected."""

from __future__ import annotations

import pytest

from bridge import fields
from bridge.errors import CausewayError, ConfigInvalid
from bridge.fields import Table


def table(**values: object) -> Table:
    return Table(values, file="some.toml")


def test_fields__reader_refuses_with_an_error_of_ours__names_the_field() -> None:
    def refuse(_: object) -> int:
        raise CausewayError("no such thing")

    with pytest.raises(ConfigInvalid, match=r"some\.toml.*place.*no such thing"):
        table(place=1).take("place", "a place", refuse)


def test_fields__reader_refuses_with_the_files_own_error__passes_it_on() -> None:
    def refuse(_: object) -> int:
        raise table().invalid("inner", "wrong", "right")

    with pytest.raises(ConfigInvalid, match="inner"):
        table(place=1).take("place", "a place", refuse)


def test_fields__unread__are_named_in_the_files_order() -> None:
    held = table(b=1, a=2)
    assert held.names() == ["b", "a"]
    assert held.has("a")
    assert not held.has("c")


def test_fields__tables__are_tables_or_refused() -> None:
    assert table().list_of_tables("absent") == []
    with pytest.raises(ConfigInvalid, match="a table"):
        table().table("absent")
    with pytest.raises(ConfigInvalid, match="a list of tables"):
        table(place=1).list_of_tables("place")


def test_fields__hex_of_another_form__is_refused() -> None:
    with pytest.raises(ValueError):
        fields.address("00" * 20)
    with pytest.raises(ValueError):
        fields.hash32("0x00")
    with pytest.raises(ValueError):
        fields.address(7)
