"""Amounts as people write them, and as tokens and ledgers count them; integers throughout.

A wad has 18 decimals. A token counts in units of its own decimals, at most 18. Where a conversion
is not exact its name says which way it rounds.
"""

from __future__ import annotations

import re

from bridge.errors import FieldOutOfRange
from bridge.types import Wad

WAD_DECIMALS = 18
MOST = 2**128 - 1
"""The largest wad that a contract takes."""
_GROUPED = r"[0-9]+(?:_[0-9]+)*"
_AMOUNT = re.compile(rf"(?P<whole>{_GROUPED})(?:\.(?P<part>{_GROUPED}))?")
_LONGEST = 80


def parse_wad(text: str) -> Wad:
    """Return the wad that a decimal text like 12.5 means; underscores may group its digits.

    Raises FieldOutOfRange for anything else, as more than 18 decimals, a sign or an exponent, and
    for what no contract takes, above 2^128 - 1 wads.
    """
    match = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST else None
    part = "" if match is None or match["part"] is None else match["part"].replace("_", "")
    if match is None or len(part) > WAD_DECIMALS:
        raise FieldOutOfRange(field="amount", value=repr(text[:40]), expected="digits, with at most 18 decimals")
    wad = int(match["whole"].replace("_", "") + part.ljust(WAD_DECIMALS, "0"))
    if wad > MOST:
        raise FieldOutOfRange(field="amount", value=text[:40], expected=f"at most {show_wad(MOST)}")
    return Wad(wad)


def show_wad(wad: int) -> str:
    """Return the exact decimal text of a wad, without needless zeros."""
    whole, part = divmod(abs(wad), 10**WAD_DECIMALS)
    digits = str(part).rjust(WAD_DECIMALS, "0").rstrip("0")
    sign = "-" if wad < 0 else ""
    return f"{sign}{whole:,}".replace(",", "_") + (f".{digits}" if digits else "")


def units_of(wad: int, decimals: int) -> int:
    """Return the token units that a wad is; raises FieldOutOfRange unless it is so exactly."""
    units, dust = divmod(wad, scale(decimals))
    if dust:
        raise FieldOutOfRange(field="amount", value=show_wad(wad), expected=f"at most {decimals} decimals")
    return units


def wad_of(units: int, decimals: int) -> Wad:
    """Return the wad that token units are, which is always exact."""
    return Wad(units * scale(decimals))


def scale(decimals: int) -> int:
    """Return how many wads one unit of a token with that many decimals is."""
    if not 0 <= decimals <= WAD_DECIMALS:
        raise FieldOutOfRange(field="decimals", value=str(decimals), expected=f"0 to {WAD_DECIMALS}")
    return int(10 ** (WAD_DECIMALS - decimals))
