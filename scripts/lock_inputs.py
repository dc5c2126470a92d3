"""Names what the lock files are made from, so that a stale lock is noticed without a network.

Prints a digest of the requirements in pyproject.toml, or with --build the build requirements themselves.
"""

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def digest(pyproject: dict[str, Any]) -> str:
    """Return the SHA-256, in hex, of every field of `pyproject` that a resolver reads."""
    project = pyproject["project"]
    inputs = [
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
        pyproject["dependency-groups"],
        pyproject["build-system"],
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def main(arguments: list[str]) -> None:
    """Print the digest, or the build requirements one a line."""
    pyproject = tomllib.loads(PYPROJECT.read_text())
    if arguments == ["--build"]:
        print("\n".join(pyproject["build-system"]["requires"]))
    else:
        print(f"sha256 {digest(pyproject)}")


if __name__ == "__main__":
    main(sys.argv[1:])
