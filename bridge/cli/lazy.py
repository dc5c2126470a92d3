"""A group of commands of which each is imported when it is called, not before.

`causeway --help` lists names and one sentence each from a table; web3's and the database's seconds
of import are paid by the commands that need them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

Row = tuple[str, str]
"""Where a command is, as module:attribute, and its help in one sentence."""


class LazyCommand(TyperCommand):
    """A command or a group that stands for one which is not imported yet."""

    def __init__(self, name: str, target: str, summary: str) -> None:
        super().__init__(name, help=summary, add_help_option=False)
        self._target = target

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> Any:  # noqa: ANN401
        """Hand over to the real command, which owns the context from here on."""
        return self.load().make_context(info_name, args, *rest, **extra)

    def load(self) -> Any:  # noqa: ANN401  # the parser's own command class, which typer keeps private
        """Import the command."""
        module, _, attribute = self._target.partition(":")
        found = getattr(import_module(module), attribute)
        return typer.main.get_command(found)


def lazy_group(table: Callable[[], dict[str, Row]]) -> type[TyperGroup]:
    """Return a group class whose commands are the rows of `table`, in its order."""

    class LazyGroup(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  # the base's signature
            return list(table())

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002  # as above
            row = table().get(cmd_name)
            return None if row is None else LazyCommand(cmd_name, *row)

    return LazyGroup
