"""The import rule of the repository, as one table and the functions that check it.

Decides which module may import which: packages go one way (bridge, hub, relayer), layers inside a package go down,
nothing goes in circles, and pure modules reach no clock, no randomness and no I/O. Reads source text only and imports
nothing that it checks. What a module does beyond its imports is for reviewers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bridge", "hub", "relayer")  # each may import itself and those before it
PY_EVM = "eth"  # archived upstream: one file imports it, so that it stays replaceable


class Layer(IntEnum):
    """A module imports its own layer and lower ones."""

    TYPES = 0
    PURE = 1
    ADAPTER = 2
    SERVICE = 3
    ENTRY = 4


# First match wins; a module that nothing matches is an error, so that each new one is placed on purpose.
TABLE: tuple[tuple[str, Layer], ...] = (
    ("bridge.types", Layer.TYPES),
    ("bridge.errors", Layer.TYPES),
    ("hub.types", Layer.TYPES),
    ("hub.errors", Layer.TYPES),
    ("relayer.types", Layer.TYPES),
    ("relayer.errors", Layer.TYPES),
    ("bridge.amounts", Layer.PURE),
    ("bridge.fields", Layer.PURE),
    ("bridge.keccak", Layer.PURE),
    ("bridge.merkle*", Layer.PURE),
    ("bridge.mpt*", Layer.PURE),
    ("bridge.messages*", Layer.PURE),
    ("bridge.proofs", Layer.PURE),
    ("bridge.strict_rlp", Layer.PURE),
    ("bridge.artifacts", Layer.ADAPTER),
    ("bridge.chains*", Layer.ADAPTER),
    ("bridge.contracts*", Layer.ADAPTER),
    ("bridge.deployments", Layer.ADAPTER),
    ("bridge.intents", Layer.ADAPTER),
    ("bridge.keyfile", Layer.ADAPTER),
    ("bridge.keystore", Layer.ADAPTER),
    ("bridge.rpc*", Layer.ADAPTER),
    ("bridge.sender", Layer.ADAPTER),
    ("bridge.signer*", Layer.ADAPTER),
    ("bridge.client*", Layer.SERVICE),
    ("bridge.deploy*", Layer.SERVICE),
    ("bridge.devnet*", Layer.SERVICE),
    ("bridge.cli*", Layer.ENTRY),
    ("bridge.demo*", Layer.ENTRY),
    ("bridge", Layer.ENTRY),
    ("hub.fees*", Layer.PURE),
    ("hub.ledger*", Layer.PURE),
    ("hub.steps", Layer.PURE),
    ("hub.vault*", Layer.PURE),
    ("hub.venue*", Layer.PURE),
    ("hub.client", Layer.SERVICE),
    ("hub.cli*", Layer.ENTRY),
    ("hub", Layer.ENTRY),
    ("relayer.lanes", Layer.PURE),
    ("relayer.policy*", Layer.PURE),
    ("relayer.transfer*", Layer.PURE),
    ("relayer.terms", Layer.PURE),
    ("relayer.lanes", Layer.PURE),
    ("relayer.settle", Layer.PURE),
    ("relayer.quorum", Layer.PURE),
    ("relayer.config*", Layer.ADAPTER),
    ("relayer.network", Layer.ADAPTER),
    ("relayer.migrations*", Layer.ADAPTER),
    ("relayer.rows", Layer.ADAPTER),
    ("relayer.store*", Layer.ADAPTER),
    ("relayer.queries", Layer.ADAPTER),
    ("relayer.lease", Layer.ADAPTER),
    ("relayer.statements", Layer.ADAPTER),
    ("relayer.attesters", Layer.ADAPTER),
    ("relayer.prover*", Layer.ADAPTER),
    ("relayer.watcher*", Layer.ADAPTER),
    ("relayer.book", Layer.ADAPTER),
    ("relayer.records", Layer.ADAPTER),
    ("relayer.decisions", Layer.ADAPTER),
    ("relayer.broadcast", Layer.ADAPTER),
    ("relayer.cover", Layer.ADAPTER),
    ("relayer.reconcile", Layer.ADAPTER),
    ("relayer.submitter*", Layer.ADAPTER),
    ("relayer.reader", Layer.ADAPTER),
    ("relayer.claims", Layer.ADAPTER),
    ("relayer.pulse", Layer.ADAPTER),
    ("relayer.logs", Layer.ADAPTER),
    ("relayer.attest", Layer.SERVICE),
    ("relayer.deliver", Layer.SERVICE),
    ("relayer.propose", Layer.SERVICE),
    ("relayer.court", Layer.SERVICE),
    ("relayer.intents", Layer.SERVICE),
    ("relayer.metrics*", Layer.SERVICE),
    ("relayer.api", Layer.SERVICE),
    ("relayer.web", Layer.SERVICE),
    ("relayer.parts", Layer.SERVICE),
    ("relayer.chores", Layer.SERVICE),
    ("relayer.schedule*", Layer.SERVICE),
    ("relayer.service*", Layer.SERVICE),
    ("relayer.inspect", Layer.SERVICE),
    ("relayer.doctor", Layer.SERVICE),
    ("relayer.cli*", Layer.ENTRY),
    ("relayer", Layer.ENTRY),
)

# A list of what is allowed and not of what is banned: nobody can list every road to a clock or a socket.
PURE_MAY_IMPORT = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "bisect",
        "collections",
        "collections.abc",
        "dataclasses",
        "enum",
        "fractions",
        "functools",
        "graphlib",
        "hashlib",
        "heapq",
        "itertools",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "types",
        "typing",
        "Crypto.Hash",
        "coincurve",
        "eth_abi",
        "eth_keys",
        "eth_utils",
        "hexbytes",
        "numpy",
        "rlp",
        "sha3",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name that one line of a module imports; `target` is a module."""

    target: str
    line: int


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Return the file of each module of the three packages by its dotted name."""
    files = (file for package in PACKAGES for file in sorted((root / package).rglob("*.py")))
    return {module_name(file.relative_to(root)): file for file in files}


def module_name(path: Path) -> str:
    """Return the dotted name of the module at `path`, which is relative to the repository root."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> Layer | None:
    """Return the layer of `module`, None where the table does not place it."""
    return next((layer for pattern, layer in TABLE if fnmatchcase(module, pattern)), None)


def pure_modules(root: Path = ROOT) -> dict[str, Path]:
    """Return the modules that must be pure, and whose every line the tests must reach."""
    return {module: file for module, file in sources(root).items() if _is_pure(module)}


def imports_of(module: str, text: str, known: Iterable[str]) -> Iterator[Import]:
    """Yield what the source `text` of `module` imports; `from a import b` counts as a.b where that is `known`."""
    known = frozenset(known)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call):
            targets = _named_in_call(node)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node, is_package=_is_package(module, known))
            targets = [inner if (inner := f"{base}.{alias.name}") in known else base for alias in node.names]
        else:
            continue
        for target in dict.fromkeys(targets):
            yield Import(target=target, line=node.lineno)


def violations(texts: Mapping[str, str]) -> list[str]:
    """Return one sentence for each broken rule in `texts`, the source of every module by name."""
    graph = {module: list(imports_of(module, text, texts)) for module, text in texts.items()}
    found = [f"{module}: no row of tests/support/layers.py places it" for module in graph if layer_of(module) is None]
    for module, imports in graph.items():
        found += [f"{module}:{item.line}: {why}" for item in imports if (why := _broken(module, item))]
    return found + _cycles(graph) + _py_evm_files(graph)


def _broken(module: str, item: Import) -> str | None:
    """Return the rule that `item` breaks in `module`, None where it breaks none."""
    package, target_package = module.partition(".")[0], item.target.partition(".")[0]
    if target_package not in PACKAGES:
        foreign = _is_pure(module) and not _is_allowed_in_pure(item.target)
        return f"a pure module imports {item.target}" if foreign else None
    if PACKAGES.index(target_package) > PACKAGES.index(package):
        return f"{package} imports {item.target}: packages go {' <- '.join(PACKAGES)}"
    if (package, target_package) == ("relayer", "hub") and not _is_pure(item.target):
        return f"relayer imports {item.target}: only hub's pure modules are open to it"
    return _upward(module, item)


def _upward(module: str, item: Import) -> str | None:
    own, other = layer_of(module), layer_of(item.target)
    if own is None or other is None or other <= own:
        return None
    if other is Layer.PURE and module.partition(".")[0] != item.target.partition(".")[0]:
        return None  # the types of a package stand on the pure modules of those before it
    return f"{own.name.lower()} imports {item.target}, which is {other.name.lower()}"


def _cycles(graph: Mapping[str, list[Import]]) -> list[str]:
    try:
        TopologicalSorter({m: {i.target for i in imports} & graph.keys() for m, imports in graph.items()}).prepare()
    except CycleError as error:
        return [f"imports go in a circle: {' <- '.join(error.args[1])}"]
    return []


def _py_evm_files(graph: Mapping[str, list[Import]]) -> list[str]:
    users = [m for m, imports in graph.items() if any(i.target.partition(".")[0] == PY_EVM for i in imports)]
    return [f"py-evm is imported by {', '.join(users)}: one file may"] if len(users) > 1 else []


def _named_in_call(node: ast.Call) -> list[str]:
    """Return the module of `import_module("...")`; names that are computed at run time stay out of reach."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in {"import_module", "__import__"} or not node.args or not isinstance(node.args[0], ast.Constant):
        return []
    return [str(node.args[0].value)]


def _absolute(module: str, node: ast.ImportFrom, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _is_package(module: str, known: Iterable[str]) -> bool:
    return module in PACKAGES or any(other.startswith(f"{module}.") for other in known)


def _is_pure(module: str) -> bool:
    layer = layer_of(module)
    return layer is not None and layer <= Layer.PURE


def _is_allowed_in_pure(target: str) -> bool:
    return target in PURE_MAY_IMPORT or any(target.startswith(f"{allowed}.") for allowed in PURE_MAY_IMPORT)
