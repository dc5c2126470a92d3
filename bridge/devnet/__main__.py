"""`python -m bridge.devnet`: one local chain in this process, until it is told to end or its parent is gone."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
from pathlib import Path

from bridge.devnet import parent
from bridge.devnet.errors import DevnetError
from bridge.devnet.spec import ChainSpec, from_json


def main(arguments: list[str] | None = None) -> int:
    """Run a chain; return the exit code: 0 after a wanted end, 2 for a spec that cannot be run."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        spec = _spec(options)
    except (DevnetError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    parent.end_with(options.parent)
    from bridge.devnet.server import serve  # noqa: PLC0415 - after the spec is known to be good: it takes a second

    gc.freeze()  # what is imported now stays; leave it out of every later collection
    asyncio.run(serve(spec, options.host, options.port))
    return 0


def _spec(options: argparse.Namespace) -> ChainSpec:
    if options.spec is not None:
        return from_json(Path(options.spec).read_text())
    return ChainSpec(
        chain_id=options.chain_id,
        block_time=options.block_time,
        finality_depth=options.finality_depth,
        gas_limit=options.gas_limit,
        timestamp=options.timestamp,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bridge.devnet", description="A local Ethereum chain on py-evm.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8545)
    parser.add_argument("--spec", help="a JSON file written from a ChainSpec; the options below are then not read")
    parser.add_argument("--chain-id", type=int, default=31337)
    parser.add_argument("--block-time", type=float, default=0.0, help="seconds between blocks; 0 mines at once")
    parser.add_argument("--finality-depth", type=int, default=0, help="blocks by which `finalized` lags")
    parser.add_argument("--gas-limit", type=int, default=30_000_000)
    parser.add_argument("--timestamp", type=int, help="of the genesis block; now, unless given")
    parser.add_argument("--parent", type=int, help="end when this process is gone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
