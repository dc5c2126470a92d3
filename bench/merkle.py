"""Measure the lane tree: appends against bare hashing in the same run, and single proofs.

    python bench/merkle.py [--json] [--leaves 1000000]

`append_ratio` is the time of so many appends, every inner node hashed, over that of as many
`sha3.keccak_256` calls on 64 bytes. Both are timed in turns, a tenth at a time, so that a machine
that slows down meanwhile slows both. Proofs are of random leaves: `proof_us` at the newest count,
`proof_any_count_us` at a random older count each time, which costs the tree's right edge anew. They
and `verify_us` (one leaf, depth 32) are means over 2,000, in the best of 5 rounds.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterable
from time import perf_counter

import sha3

from bridge.keccak import keccak256
from bridge.merkle import Tree, verify

TURNS = 10
PROOFS = 2_000
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the lane tree.")
    parser.add_argument("--json", action="store_true", help="print one flat object")
    parser.add_argument("--leaves", type=int, default=1_000_000)
    options = parser.parse_args()
    figures = measure(options.leaves)
    if options.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:>20} {figure:10.3f}")


def measure(leaves: int) -> dict[str, float]:
    """Return the figures by name; times carry their unit in it."""
    tree, hashing, appending = _grow(leaves)
    draw = random.Random(1)
    newest = [(draw.randrange(tree.count), tree.count) for _ in range(PROOFS)]
    older = [(draw.randrange(count), count) for count in (draw.randint(1, tree.count) for _ in range(PROOFS))]
    index, root = tree.count // 3, tree.root()
    leaf, siblings = _leaf(index), tree.proof(index)

    def check(index: int, count: int) -> None:
        verify(leaf=leaf, index=index, siblings=siblings, root=root, count=count)

    return {
        "leaves": leaves,
        "keccak_s": hashing,
        "append_s": appending,
        "append_ratio": appending / hashing,
        "proof_us": _mean_us(tree.proof, newest),
        "proof_any_count_us": _mean_us(tree.proof, older),
        "verify_us": _mean_us(check, [(index, tree.count)] * PROOFS),
    }


def _grow(leaves: int) -> tuple[Tree, float, float]:
    """Return a tree of so many leaves, the time of as many bare hashes, and the time of the appends."""
    tree, hashing, appending = Tree(), 0.0, 0.0
    for turn in range(TURNS):
        indices = range(leaves * turn // TURNS, leaves * (turn + 1) // TURNS)
        hashing += _seconds(_hash_all, [index.to_bytes(64, "big") for index in indices])
        appending += _seconds(lambda added: _append_all(tree, added), list(map(_leaf, indices)))
    return tree, hashing, appending


def _leaf(index: int) -> bytes:
    return keccak256(index.to_bytes(8, "big"))


def _hash_all(inputs: Iterable[bytes]) -> None:
    hash_new = sha3.keccak_256
    for data in inputs:
        hash_new(data).digest()


def _append_all(tree: Tree, leaves: Iterable[bytes]) -> None:
    for leaf in leaves:
        tree.append(leaf)
    tree.root()  # inner nodes are hashed when first asked for


def _seconds(work: Callable[[list[bytes]], None], inputs: list[bytes]) -> float:
    start = perf_counter()
    work(inputs)
    return perf_counter() - start


def _mean_us(question: Callable[[int, int], object], places: list[tuple[int, int]]) -> float:
    """Return the mean time of a question in microseconds, in the best of a few rounds."""
    return min(_round_us(question, places) for _ in range(ROUNDS))


def _round_us(question: Callable[[int, int], object], places: list[tuple[int, int]]) -> float:
    start = perf_counter()
    for index, count in places:
        question(index, count)
    return (perf_counter() - start) / len(places) * 1e6


if __name__ == "__main__":
    main()
