"""Read untrusted tables (TOML, JSON) field by field: each problem names file, field and expectation.

A table is read to its end: fields that nobody asked for are errors, because a misspelt setting that
is silently ignored is a wrong setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bridge.errors import CausewayError, ConfigInvalid
from bridge.types import Address, Hash32

Value = TypeVar("Value")
Raw = Any
"""A value as the file has it: nothing is known of it."""
_ABSENT = object()


class Table:
    """One table of a file; `take_*` reads a field once, `finish` refuses what is left over."""

    def __init__(self, raw: Raw, *, file: str, path: str = "") -> None:
        self.file = file
        self.path = path
        if not isinstance(raw, Mapping):
            raise self.invalid("", _kind(raw), "a table")
        self._left = dict(raw)

    def invalid(self, name: str, found: object, expected: str) -> ConfigInvalid:
        """Return the error for field `name` of this table."""
        field = ".".join(part for part in (self.path, name) if part) or "the file"
        return ConfigInvalid(file=self.file, field=field, found=str(found), expected=expected)

    def take(
        self,
        name: str,
        expected: str,
        read: Callable[[Raw], Value],
        default: object = _ABSENT,
    ) -> Value:
        """Return `read(value)` of a field, or the default; `read` raises ValueError to refuse."""
        value = self._left.pop(name, _ABSENT)
        if value is _ABSENT:
            if default is _ABSENT:
                raise self.invalid(name, "missing", expected)
            answer: Value = default  # type: ignore[assignment]  # the caller gives one of its type
            return answer
        try:
            return read(value)
        except (ValueError, TypeError):
            raise self.invalid(name, _kind(value), expected) from None
        except ConfigInvalid:
            raise
        except CausewayError as error:
            raise self.invalid(name, _kind(value), f"{expected} ({error})") from None

    def has(self, name: str) -> bool:
        """Tell whether a field is there and not yet read."""
        return name in self._left

    def names(self) -> list[str]:
        """Return the fields that are not yet read, in the file's order."""
        return list(self._left)

    def table(self, name: str, *, optional: bool = False) -> Table:
        """Return the table in field `name`; an optional one that is absent reads as empty."""
        raw = self._left.pop(name, {} if optional else _ABSENT)
        if raw is _ABSENT:
            raise self.invalid(name, "missing", "a table")
        return Table(raw, file=self.file, path=self._inner(name))

    def tables(self, name: str, *, optional: bool = False) -> dict[str, Table]:
        """Return the named tables inside field `name`, in the file's order."""
        return self.table(name, optional=optional).children()

    def children(self) -> dict[str, Table]:
        """Return every field of this table as a table of its own."""
        names = list(self._left)
        return {name: self.table(name) for name in names}

    def list_of_tables(self, name: str) -> list[Table]:
        """Return the list of tables in field `name`; absent reads as empty."""
        raw = self._left.pop(name, [])
        if not isinstance(raw, list):
            raise self.invalid(name, _kind(raw), "a list of tables")
        return [Table(item, file=self.file, path=f"{self._inner(name)}[{place}]") for place, item in enumerate(raw)]

    def finish(self) -> None:
        """Raise ConfigInvalid if a field is left that nobody read."""
        for name in self._left:
            raise self.invalid(name, "not a setting", "only settings that are documented")

    def _inner(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def text(value: Raw) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def whole(low: int, high: int) -> Callable[[Raw], int]:
    """Return a reader of integers, or of digits in a text (TOML's own end at 2^63), low to high inclusive."""

    def read(value: Raw) -> int:
        if isinstance(value, str) and (digits := value.replace("_", "")).isascii() and digits.isdigit():
            value = int(digits)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return read


def seconds(value: Raw) -> float:
    """Read a time span in seconds, zero or more."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError
    return float(value)


def address(value: Raw) -> Address:
    """Read an address of 20 bytes in hexadecimal digits, with 0x; a mixed case is not checked."""
    return Address(_hex(value, 20))


def hash32(value: Raw) -> Hash32:
    """Read 32 bytes in hexadecimal digits, with 0x."""
    return Hash32(_hex(value, 32))


def list_of(read: Callable[[Raw], Value], at_least: int = 0) -> Callable[[Raw], tuple[Value, ...]]:
    """Return a reader of lists with at least so many items."""

    def read_list(value: Raw) -> tuple[Value, ...]:
        if not isinstance(value, list) or len(value) < at_least:
            raise ValueError
        return tuple(read(item) for item in value)

    return read_list


def _hex(value: Raw, length: int) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError
    raw = bytes.fromhex(value[2:])
    if len(raw) != length:
        raise ValueError
    return raw


def _kind(value: Raw) -> str:
    return repr(value)[:60]
