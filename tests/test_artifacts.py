"""The committed artifacts are what the sources compile to, to the byte, and the loader reads them strictly."""

from __future__ import annotations

import pytest

from bridge.artifacts import Artifact, ArtifactUnknown, Span, errors, load, names, parse
from scripts.contract_sources import SETS, SourceSet, deployable, source_hash
from scripts.write_artifacts import compiled

EVERY_SET = pytest.mark.parametrize("sources", SETS, ids=lambda sources: sources.sources)


def stored(sources: SourceSet) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sources.target.glob("*.json")}


@EVERY_SET
def test_artifacts__files__are_those_of_the_deployable_contracts(sources: SourceSet) -> None:
    assert sorted(stored(sources)) == sorted(f"{name}.json" for name in deployable(sources)), "run scripts/artifacts"


@EVERY_SET
def test_artifacts__source_hashes__are_those_of_the_sources(sources: SourceSet) -> None:
    kept = {name: parse(data.decode()).source_hash for name, data in stored(sources).items()}
    current = {f"{name}.json": source_hash(path) for name, path in deployable(sources).items()}
    stale = [name for name in kept.keys() & current.keys() if kept[name] != current[name]]
    assert stale == [], "run scripts/artifacts"


@pytest.mark.compile
@EVERY_SET
def test_artifacts__recompiled__are_the_same_bytes(sources: SourceSet) -> None:
    fresh, broken = compiled(sources)
    assert broken == []
    kept = stored(sources)
    assert sorted(name for name in fresh | kept if fresh.get(name) != kept.get(name)) == [], "run scripts/artifacts"


@pytest.mark.parametrize("name", names())
def test_artifact__of_every_contract__has_code_within_the_limits(name: str) -> None:
    artifact = load(name)
    assert artifact.contract == name
    assert 0 < len(artifact.deployed_bytecode) <= 24_576  # EIP-170
    assert len(artifact.deployed_bytecode) < len(artifact.bytecode) <= 49_152  # EIP-3860
    assert artifact.settings["evmVersion"] == "prague"
    assert artifact.compiler.startswith("0.8.37+")


def test_load__unknown_name__names_the_known_ones() -> None:
    with pytest.raises(ArtifactUnknown) as raised:
        load("Outboxx")
    assert raised.value.name == "Outboxx"
    assert raised.value.known == names()
    assert ", ".join(names()) in str(raised.value)


@pytest.mark.parametrize("name", ["../artifacts/Outbox", "", "outbox", "Outbox.json"])
def test_load__name_that_is_a_path_or_misspelt__is_unknown(name: str) -> None:
    with pytest.raises(ArtifactUnknown):
        load(name)


def test_errors__of_all_contracts__are_listed_once() -> None:
    keys = [(entry["name"], tuple(field["type"] for field in entry["inputs"])) for entry in errors()]
    assert len(keys) >= len(names())
    assert all(entry["type"] == "error" for entry in errors())


def contract(*, code: bytes, immutables: tuple[Span, ...]) -> Artifact:
    return Artifact(
        contract="Example",
        abi=(),
        bytecode=code,
        deployed_bytecode=code,
        immutable_references=immutables,
        compiler="",
        settings={},
        source_hash="",
    )


CODE = bytes.fromhex("60000000000000f3")
FILLED = bytes.fromhex("6000aabb000000f3")


def test_is_deployed_as__immutables_filled_in__is_true() -> None:
    assert contract(code=CODE, immutables=(Span(start=2, length=2),)).is_deployed_as(FILLED)


@pytest.mark.parametrize("code", [b"", FILLED + b"\0", FILLED[:-1], FILLED[:-1] + b"\xf4", bytes(8)])
def test_is_deployed_as__other_code__is_false(code: bytes) -> None:
    assert not contract(code=CODE, immutables=(Span(start=2, length=2),)).is_deployed_as(code)


def test_is_deployed_as__change_outside_the_immutables__is_false() -> None:
    assert not contract(code=CODE, immutables=()).is_deployed_as(FILLED)
