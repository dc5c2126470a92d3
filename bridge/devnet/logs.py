"""Which logs a client asked for: criteria, matching, and a bounded walk over blocks that skips by bloom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.devnet import codec, params, render
from bridge.devnet.errors import InvalidParamsError, LimitExceededError
from bridge.devnet.model import Address, Block, Hash, Log
from bridge.devnet.params import Json

MAX_RANGE = 100_000  # blocks a query
MAX_RESULTS = 50_000  # logs a query
MAX_ADDRESSES = 1_024
MAX_ALTERNATIVES = 1_024
MAX_TOPICS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Emitters and topics; an empty set of alternatives takes any value at its place."""

    addresses: frozenset[Address]
    topics: tuple[frozenset[Hash], ...]
    blooms: tuple[tuple[int, ...], ...]

    def may_be_in(self, bloom: int) -> bool:
        """Return False where a bloom filter rules every match out."""
        return all(any(bloom & bits == bits for bits in group) for group in self.blooms)

    def matches(self, log: Log) -> bool:
        """Return whether a log is one of those asked for."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(log.topics) < len(self.topics):
            return False
        return all(not allowed or topic in allowed for allowed, topic in zip(self.topics, log.topics, strict=False))


def criteria(query: dict[str, Json]) -> Criteria:
    """Read the address and topics of a filter object."""
    given = query.get("address")
    listed = (
        []
        if given is None
        else params.sequence(given, "address", MAX_ADDRESSES)
        if isinstance(given, list)
        else [given]
    )
    addresses = frozenset(params.address(item) for item in listed)
    positions = params.sequence(query.get("topics") or [], "topics", MAX_TOPICS)
    topics = tuple(_alternatives(position) for position in positions)
    groups = (addresses, *topics)
    blooms = tuple(tuple(codec.bloom_bits(value) for value in group) for group in groups if group)
    return Criteria(addresses=addresses, topics=topics, blooms=blooms)


def matching(block: Block, wanted: Criteria, *, is_removed: bool = False) -> Iterator[dict[str, Json]]:
    """Yield a block's matching logs as a client sees them."""
    if not block.transactions or not wanted.may_be_in(int.from_bytes(block.header.logs_bloom, "big")):
        return
    for index, receipt in enumerate(block.receipts):
        for log in receipt.logs:
            if wanted.matches(log):
                yield render.log(block, index, log, is_removed=is_removed)


def scan(blocks: list[Block], first: int, last: int, wanted: Criteria) -> list[dict[str, Json]]:
    """Return the matching logs of a range of heights, both ends included.

    Raises `LimitExceededError` where the range or the answer is too long: a shortened answer would be taken for the
    whole.
    """
    if last - first >= MAX_RANGE:
        raise LimitExceededError(f"query spans {last - first + 1} blocks, at most {MAX_RANGE} are searched at once")
    found: list[dict[str, Json]] = []
    for block in blocks[first : last + 1]:
        found.extend(matching(block, wanted))
        if len(found) > MAX_RESULTS:
            raise LimitExceededError(f"query returned more than {MAX_RESULTS} results; ask for fewer blocks")
    return found


def _alternatives(position: Json) -> frozenset[Hash]:
    if position is None:
        return frozenset()
    if isinstance(position, list):
        allowed = params.sequence(position, "topic alternatives", MAX_ALTERNATIVES)
        return frozenset() if None in allowed or not allowed else frozenset(params.hash32(item) for item in allowed)
    if isinstance(position, str):
        return frozenset({params.hash32(position)})
    raise InvalidParamsError("topics: each is null, a hash or an array of hashes")
