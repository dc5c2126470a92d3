"""Amounts as people write them: one meaning or a typed refusal, and nothing that no contract takes."""

from __future__ import annotations

import pytest

from bridge.amounts import MOST, parse_wad, show_wad
from bridge.errors import FieldOutOfRange


@pytest.mark.parametrize(
    ("text", "wad"),
    [
        ("12.5", 12_500_000_000_000_000_000),
        ("0", 0),
        ("007", 7 * 10**18),
        ("10_000", 10**22),
        ("0.000_000_000_000_000_001", 1),
        (show_wad(MOST), MOST),
    ],
)
def test_parse_wad__a_decimal_text__is_exact(text: str, wad: int) -> None:
    assert parse_wad(text) == wad


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", ".5", "1.", "1,5", "1.0000000000000000001", " 1", "1\n"])
def test_parse_wad__another_form__is_refused(text: str) -> None:
    with pytest.raises(FieldOutOfRange, match="18 decimals"):
        parse_wad(text)


@pytest.mark.parametrize("text", ["_1_", "1__0", "1._5", "\N{ARABIC-INDIC DIGIT FIVE}", "\N{FULLWIDTH DIGIT ONE}"])
def test_parse_wad__digits_of_another_script_or_loose_underscores__are_refused(text: str) -> None:
    with pytest.raises(FieldOutOfRange, match="18 decimals"):
        parse_wad(text)


@pytest.mark.parametrize("text", [show_wad(MOST + 1), "9" * 30, "9" * 5_000])
def test_parse_wad__more_than_a_contract_takes__is_refused(text: str) -> None:
    with pytest.raises(FieldOutOfRange):
        parse_wad(text)
