"""Measure what each operation costs in gas, from receipts of our own contracts on the newest fork.

    python -m bench.gas [--json] [--write]

Warm means that the slots written hold something already and access lists are empty. The lane has 1,000 leaves before
the first operation; a figure is the mean over 256 consecutive operations from index 1,000 (of batches: the two from
index 1,000), rounded up, and the greatest stands beside it. A batch credits the accounts of 100 traders, and fees are
paid; it is of deposits and parcels in turns, so senders are mixed. The root is held already.
Proofs of anchored roots are of made-up states with tries of 3 + 3 nodes over 41 entries each, as a devnet's have.

`--write` writes `gas.md` and `gas.json` beside this file; a test compares later runs with the latter.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bench.gas_anchored import AnchoredChain
from bench.gas_world import PAYEE, START, HubChain, Receiver, VenueChain, undone
from bridge.keccak import keccak256

OPERATIONS: Final = 256
BATCH: Final = 100
BATCHES: Final = 2
LAST: Final = START + 3 * BATCH
"""Leaves in the lane when messages are delivered."""
RING: Final = 64
"""Roots that an oracle holds: after as many its ring is full, and writing to it warm."""
FORWARD: Final = (1, 1003, PAYEE, 10**16, 0)
FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; `target` is absent where the figure is for information."""

    key: str
    operation: str
    target: int | None = None
    rival: str = ""


ROWS: Final = (
    Row(
        key="send_margin",
        operation="move margin out of a venue (send)",
        target=73_000,
        rival="63,696 (Across, no tree), 89,240 (AggLayer)",
    ),
    Row(
        key="deposit_erc20",
        operation="deposit of an ERC-20 with its message, finite allowance",
        target=99_000,
        rival="146,216 (Hyperlane lock)",
    ),
    Row(
        key="deliver_one",
        operation="deliver one message alone, crediting an existing balance, fee paid (a parcel, to a venue)",
        target=74_000,
        rival="95,004 (Hyperlane with no verification), 132,047 (AggLayer)",
    ),
    Row(
        key="deliver_batch_100",
        operation="deliver in a batch of 100, per message, fee paid, mixed senders (to the hub)",
        target=10_900,
        rival="41,287 (AggLayer), 49,672 (Across, no proof)",
    ),
    Row(
        key="quorum_root_3_of_4",
        operation="new quorum root, 3 of 4",
        target=66_000,
        rival="79,359 (IBC attestation, 3 of 5)",
    ),
    Row(
        key="anchored_root",
        operation="a lane's commitment by account and storage proof from a held state root, 3 + 3 nodes",
        target=102_000,
        rival="167,129 (OpenZeppelin TrieProof)",
    ),
    Row(
        key="anchored_state_root",
        operation="a rollup's state root through anchor and registry, 3 + 3 nodes",
        target=102_000,
        rival="167,129 (OpenZeppelin TrieProof)",
    ),
    Row(key="send_margin_forwarded", operation="move margin to another venue: the same send with a forward"),
    Row(key="deliver_one_parcel_at_hub", operation="the same of a parcel to the hub, which also keeps the venue's sum"),
    Row(key="deliver_one_deposit_at_hub", operation="the same of a deposit to the hub, which also keeps the reserve"),
    Row(key="anchored_proof_bytes", operation="bytes of trie nodes in one such proof, not gas"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure gas.")
    parser.add_argument("--json", action="store_true", help="print one flat object")
    parser.add_argument("--write", action="store_true", help="write gas.md and gas.json")
    options = parser.parse_args()
    figures = measure()
    text = json.dumps(figures, indent=1)
    if options.write:
        (FOLDER / "gas.json").write_text(text + "\n")
        (FOLDER / "gas.md").write_text(table(figures))
    print(text if options.json else table(figures))


def measure() -> dict[str, int]:
    """Return mean and greatest cost by key, the latter under the key with `_max`."""
    venue = VenueChain()
    venue.fill(START)
    costs = _sending(venue)
    venue.fill(LAST)
    hub = HubChain(venue)
    costs |= _at_hub(hub) | _at_venue(venue, hub) | _anchored()
    figures: dict[str, int] = {}
    for row in ROWS:
        figures[row.key] = -(-sum(costs[row.key]) // len(costs[row.key]))
        figures[f"{row.key}_max"] = max(costs[row.key])
    return figures


def table(figures: dict[str, int]) -> str:
    """Return the Markdown page."""
    head = (
        "# Gas\n\n"
        "Written by `python -m bench.gas --write`, which says how it is measured: from receipts, by Prague's rules.\n\n"
    )
    lines = ["| key | operation | gas | greatest | must be at most | best rival |", "|---|---|--:|--:|--:|---|"]
    for row in ROWS:
        target = "" if row.target is None else f"{row.target:,}"
        mean, most = figures[row.key], figures[f"{row.key}_max"]
        lines.append(f"| `{row.key}` | {row.operation} | {mean:,} | {most:,} | {target} | {row.rival} |")
    return head + "\n".join(lines) + "\n"


def _sending(venue: VenueChain) -> dict[str, list[int]]:
    costs = {}
    with undone(venue.chain, venue.book):
        costs["send_margin"] = [venue.send_margin(i).gas for i in range(OPERATIONS)]
    with undone(venue.chain, venue.book):
        costs["send_margin_forwarded"] = [venue.send_margin(i, FORWARD).gas for i in range(OPERATIONS)]
    with undone(venue.chain, venue.book):
        costs["deposit_erc20"] = [venue.deposit(i).gas for i in range(OPERATIONS)]
    return costs


def _at_hub(hub: HubChain) -> dict[str, list[int]]:
    receiver = hub.receiver
    receiver.warm()
    with undone(hub.chain):
        single = list(_one_by_one(receiver))
    with undone(hub.chain):
        batches = [receiver.deliver(START + i * BATCH, BATCH, LAST).gas for i in range(BATCHES)]
    with undone(hub.chain):
        roots = [receiver.bring_root(keccak256(b"%d" % i), LAST + 1 + i).gas for i in range(RING + OPERATIONS)]
    return {
        "deliver_one_parcel_at_hub": single[0::2],
        "deliver_one_deposit_at_hub": single[1::2],
        "deliver_batch_100": [-(-gas // BATCH) for gas in batches],
        "quorum_root_3_of_4": roots[RING:],
    }


def _at_venue(venue: VenueChain, hub: HubChain) -> dict[str, list[int]]:
    at = venue.site.address
    hub.fill(LAST)
    receiver = Receiver(venue.site, hub.book, vault=at("vault"), clearing=at("venue"))
    receiver.warm()
    return {"deliver_one": list(_one_by_one(receiver))}


def _one_by_one(receiver: Receiver) -> Iterator[int]:
    for index in range(START, START + OPERATIONS):
        yield receiver.deliver(index, 1, LAST).gas


def _anchored() -> dict[str, list[int]]:
    chain, random = AnchoredChain(), Random(7)
    steps = [chain.prove_next(START + i, random) for i in range(RING + OPERATIONS)][RING:]
    return {
        "anchored_state_root": [step.state_gas for step in steps],
        "anchored_root": [step.lane_gas for step in steps],
        "anchored_proof_bytes": [step.lane_bytes for step in steps],
    }


if __name__ == "__main__":
    main()
