"""The Python blocks of our documents, as a reader would copy them."""

from __future__ import annotations

import re
from typing import Any

from tests.support.layers import ROOT


def blocks(document: str) -> list[str]:
    """Return the Python blocks of a document of the repository, in order."""
    return re.findall(
        r"^```python\n(.*?)^```$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def run_block(document: str, number: int, **given: object) -> dict[str, Any]:
    """Run a block with the names that its reader has at hand; return what it leaves."""
    names: dict[str, Any] = dict(given)
    exec(compile(blocks(document)[number], f"{document}, block {number}", "exec"), names)  # noqa: S102  # our own text
    return names
