"""Fails when a line of a pure module was not reached by the unit and property tests.

Reads the data that `pytest --cov` left in .coverage. Which modules are pure is decided by tests/support/layers.py,
where the import rule takes it from too; a pure module that no test imports counts as wholly missed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import CoverageException

from tests.support.layers import ROOT, pure_modules


def missed_lines(coverage: Coverage, file: Path) -> str:
    """Return the missed lines of `file`, as "3-5, 9", and an empty string where there are none."""
    return coverage.analysis2(str(file))[4]


def main() -> int:
    """Print each pure module with its missed lines; return the exit status."""
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    try:
        coverage.load()
    except CoverageException as error:
        sys.stderr.write(f"no coverage data ({error}): run scripts/test\n")
        return 1
    if not coverage.get_data().measured_files():
        sys.stderr.write("no coverage data: the unit and property tests did not run under --cov\n")
        return 1
    missed = {module: missed_lines(coverage, file) for module, file in pure_modules().items()}
    for module, lines in missed.items():
        sys.stdout.write(f"{module:<40} {f'missed: {lines}' if lines else '100 %'}\n")
    return int(any(missed.values()))


if __name__ == "__main__":
    sys.exit(main())
