"""What counts as deployable, what a contract imports, and when its source hash changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import contract_sources
from scripts.contract_sources import ArtifactError, SourceSet, closure, deployable, source_hash

SOURCES = {
    "src/A.sol": 'import {B} from "./lib/B.sol";\nimport {\n    X\n} from "@scope/lib/X.sol";\ncontract A is B {}\n',
    "src/lib/B.sol": 'import "../I.sol";\nabstract contract B {}\nlibrary L {}\n',
    "src/I.sol": "interface I {}\n",
    "src/C.sol": "// contract Nothing\ncontract C {}\ncontract D is C {}\n",
    "node_modules/@scope/lib/X.sol": 'import "./Y.sol";\n',
    "node_modules/@scope/lib/Y.sol": "",
}


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in SOURCES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    lock = {"packages": {"node_modules/@scope/lib": {"integrity": "sha512-one"}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(contract_sources, "CONTRACTS", tmp_path)
    return tmp_path


def source_set(excluded: str | None = None) -> SourceSet:
    return SourceSet(sources="src", target=Path("unused"), excluded=excluded)


def test_deployable__of_a_folder__leaves_out_what_has_no_code_of_its_own(contracts: Path) -> None:
    assert deployable(source_set()) == {"A": "src/A.sol", "C": "src/C.sol", "D": "src/C.sol"}


def test_deployable__file_that_imports_the_excluded_one__is_left_out(contracts: Path) -> None:
    assert sorted(deployable(source_set(excluded="src/I.sol"))) == ["C", "D"]


def test_deployable__one_name_in_two_files__is_refused(contracts: Path) -> None:
    (contracts / "src/Z.sol").write_text("contract C {}\n")
    with pytest.raises(ArtifactError, match=r"C is declared in src/C\.sol and in src/Z\.sol"):
        deployable(source_set())


def test_closure__of_a_contract__has_all_it_imports(contracts: Path) -> None:
    assert closure("src/A.sol") == ["@scope/lib/X.sol", "src/A.sol", "src/I.sol", "src/lib/B.sol"]


def test_closure__with_packages__has_what_packages_import_too(contracts: Path) -> None:
    assert "@scope/lib/Y.sol" in closure("src/A.sol", with_packages=True)


@pytest.mark.parametrize("changed", ["src/A.sol", "src/lib/B.sol", "src/I.sol"])
def test_source_hash__imported_file_changes__changes(contracts: Path, changed: str) -> None:
    before = source_hash("src/A.sol")
    (contracts / changed).write_text(SOURCES[changed] + "// more\n")
    assert source_hash("src/A.sol") != before


def test_source_hash__package_version_changes__changes(contracts: Path) -> None:
    before = source_hash("src/A.sol")
    lock = contracts / "package-lock.json"
    lock.write_text(lock.read_text().replace("one", "two"))
    assert source_hash("src/A.sol") != before


def test_source_hash__unrelated_file_changes__stays(contracts: Path) -> None:
    before = source_hash("src/A.sol")
    (contracts / "src/C.sol").write_text("contract C { uint256 x; }\n")
    assert source_hash("src/A.sol") == before


def test_source_hash__without_installed_packages__is_the_same(contracts: Path) -> None:
    before = source_hash("src/A.sol")
    (contracts / "node_modules/@scope/lib/X.sol").unlink()
    assert source_hash("src/A.sol") == before
