"""Measure the relayer: how fast a backlog drains, and how long a move between venues takes.

    python bench/relayer.py [--json] [--messages 10000] [--moves 50] [--only drain|move]

The backlog is of parcels to one venue, timed from the moment at which the relayer has read them and
their root is final, on anvil chains; its wall time is split by what relayer and chain computed, and
the rest is waiting for one another or for the machine. Moves go A → hub → B on chains with 1 s
blocks, quorum roots, four validators and finality depth 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

# Run as a program, this file's folder comes first, where this file would hide the package.
if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.relayer_drain import Drained, drain
from bench.relayer_latency import Moved, move

Figures = dict[str, float]
LEAST_RATE = 1_000
MOST_MEMORY = 300 * 10**6
MOST_SECONDS = 5.0


def main() -> None:
    """Measure what the arguments ask for, and print it."""
    parser = argparse.ArgumentParser(description="Measure the relayer.")
    parser.add_argument("--json", action="store_true", help="one flat object, key to number")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--moves", type=int, default=50)
    parser.add_argument("--only", choices=("drain", "move"))
    options = parser.parse_args()
    figures: Figures = {"load_before": os.getloadavg()[0]}
    if options.only != "move":
        figures |= of_drain(asyncio.run(drain(options.messages)))
    if options.only != "drain":
        figures |= of_moves(asyncio.run(move(options.moves)))
    print(json.dumps(figures) if options.json else as_text(figures))


def of_drain(found: Drained) -> Figures:
    """Return the figures of a drained backlog."""
    return {
        "drain_messages": found.messages,
        "drain_seconds": round(found.seconds, 3),
        "drain_messages_per_second": round(found.messages / found.seconds, 1),
        "drain_relayer_cpu_seconds": round(found.relayer_cpu, 3),
        "drain_chain_cpu_seconds": round(found.chain_cpu, 3),
        "drain_waiting_seconds": round(found.seconds - found.relayer_cpu - found.chain_cpu, 3),
        "drain_memory_bytes": found.memory,
        "drain_blocks": found.blocks,
    }


def of_moves(found: Moved) -> Figures:
    """Return the figures of moves between venues."""
    ordered = sorted(found.seconds)
    return {
        "move_count": len(ordered),
        "move_seconds_median": round(found.median, 3),
        "move_seconds_p90": round(ordered[int(len(ordered) * 0.9) - 1], 3),
        "move_seconds_max": round(ordered[-1], 3),
    }


def as_text(figures: Figures) -> str:
    """Return the figures for a person, with what is asked of them."""
    asked = {
        "drain_messages_per_second": f"at least {LEAST_RATE}",
        "drain_memory_bytes": f"at most {MOST_MEMORY}",
        "move_seconds_median": f"at most {MOST_SECONDS}",
    }
    lines = [f"{key:28} {value:>14} {asked.get(key, '')}".rstrip() for key, value in figures.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
