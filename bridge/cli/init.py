"""`causeway init`: write a commented chains.toml to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import CONFIG
from bridge.errors import ConfigInvalid

app = typer.Typer()


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = CONFIG,
) -> None:
    """Write a commented chains.toml; an existing file is left as it is."""
    text = files("bridge.cli").joinpath("template.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigInvalid(file=str(path), field="the file", found="there already", expected="a new name") from None
    typer.echo(f"Wrote {path}. Name your endpoints and tokens in it, then run `causeway doctor`.")
