"""What no file of the repository may hold, and how long a file and a function may get."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.layers import ROOT

FILE_LINES = 400
FUNCTION_LINES = 60

# Written in pieces, so that this file passes its own test.
FORBIDDEN = {
    "the host of a package registry": re.compile(
        "|".join(
            (
                r"pypi\." + "org",
                r"python" + r"hosted\.org",
                r"registry\." + r"(npmjs|yarnpkg)",
                r"npmjs\." + "(org|com)",
                r"proxy\." + r"golang\.org",
                r"index-" + "url",
            ),
        ),
    ),
    "a path of one machine": re.compile(
        "|".join(
            (r"/" + r"home/\w", r"/" + r"Users/\w", r"/" + r"root/", r"/" + r"work/", r"/" + "tmp/team", "shared" + "/")
        ),
    ),
    "a private key file": re.compile(r"-----BEGIN [A-Z ]*" + r"PRIVATE KEY-----"),
    "a conflict marker": re.compile(r"^(<{7}|>{7}) ", re.MULTILINE),
}
MAY_SAY_INDEX_URL = {"scripts/lock"}  # the option that keeps such names out of the locks


def tracked() -> list[Path]:
    """Every file that git tracks or would add, and that is there."""
    run = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [file for name in run.stdout.decode().split("\0") if name and (file := ROOT / name).is_file()]


def offences(name: str, text: str) -> Iterator[str]:
    for what, pattern in FORBIDDEN.items():
        for match in pattern.finditer(text):
            if match[0] == "index-" + "url" and name in MAY_SAY_INDEX_URL:
                continue
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what} ({match[0]})"


def too_long(name: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{name}: {lines} lines, at most {FILE_LINES}: split it by idea"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}"


def read_text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_hygiene__tracked_files__hold_nothing_of_one_machine() -> None:
    texts = {str(file.relative_to(ROOT)): read_text(file) for file in tracked()}
    assert [line for name, text in texts.items() if text for line in offences(name, text)] == []


def test_hygiene__python_files_and_functions__stay_short() -> None:
    files = [file for file in tracked() if file.suffix == ".py"]
    assert [line for file in files for line in too_long(str(file.relative_to(ROOT)), file.read_text())] == []


def test_hygiene__solidity_files__stay_short() -> None:
    files = [file for file in tracked() if file.suffix == ".sol"]
    counts = {str(file.relative_to(ROOT)): file.read_text().count("\n") for file in files}
    assert {name: count for name, count in counts.items() if count > FILE_LINES} == {}


def test_hygiene__programs__are_executable_and_start_strict() -> None:
    programs = [
        *(file for file in (ROOT / "scripts").iterdir() if not file.suffix and file.is_file()),
        ROOT / ".ci" / "run",
    ]
    assert len(programs) >= 7
    assert [file.name for file in programs if not os.access(file, os.X_OK)] == []
    assert [file.name for file in programs if "\nset -euo pipefail\n" not in file.read_text()] == []


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "pypi." + "org/simple",
        "/" + "home/someone/x",
        "/" + "root/.pyenv",
        "-----BEGIN EC " + "PRIVATE KEY-----",
    ],
)
def test_offences__planted__are_found(text: str) -> None:
    assert len(list(offences("README.md", f"one\n{text}\n"))) == 1


@pytest.mark.parametrize("text", ["homework/x", "framework/", "a root/child path", "httpx==0.28.1"])
def test_offences__ordinary_text__passes(text: str) -> None:
    assert list(offences("README.md", text)) == []


def test_too_long__long_function_and_long_file__are_both_found() -> None:
    text = "def f() -> None:\n" + "    pass\n" * FILE_LINES
    assert len(list(too_long("x.py", text))) == 2
