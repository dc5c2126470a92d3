"""The relayer's tables. Rows read from a chain carry the block they came from.

Amounts of up to 128 bits and wei are kept as decimal text, because SQLite's integers have 64 bits.
Times are unix seconds. `relayer/migrations` makes these tables; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Index, LargeBinary, String, TypeDecorator
from sqlmodel import Field, SQLModel


class Amount(TypeDecorator[int]):
    """An integer of any size, as decimal text."""

    impl = String(80)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text that is stored."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002
        """Return the integer that was stored."""
        return None if value is None else int(value)


def _number(*, primary: bool = False, index: bool = False) -> Any:  # noqa: ANN401  # what SQLModel wants is untyped
    return Field(sa_column=Column(BigInteger, primary_key=primary, nullable=False, index=index))


def _bytes(*, primary: bool = False) -> Any:  # noqa: ANN401  # what SQLModel wants is untyped
    return Field(sa_column=Column(LargeBinary, primary_key=primary, nullable=False))


def _amount() -> Any:  # noqa: ANN401  # what SQLModel wants is untyped
    return Field(sa_column=Column(Amount, nullable=False))


class CheckpointRow(SQLModel, table=True):
    """A block up to which a chain's logs are read; the newest is the cursor."""

    __tablename__ = "checkpoint"
    chain: int = _number(primary=True)
    number: int = _number(primary=True)
    hash: bytes = _bytes()


class MessageRow(SQLModel, table=True):
    """A message, from the source's log; `stage`, `attempts` and `retry_at` are its transfer's."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_by_block", "source", "block_number"),
        Index("message_by_stage", "destination", "stage"),
    )
    source: int = _number(primary=True)
    destination: int = _number(primary=True)
    leaf_index: int = _number(primary=True)
    block_number: int = _number()
    block_hash: bytes = _bytes()
    tx_hash: bytes = _bytes()
    item: bytes = _bytes()
    leaf: bytes = _bytes()
    asset: int = _number()
    fee: int = _amount()
    stage: str
    attempts: int = 0
    retry_at: int = _number()
    ours: bool = False
    outgoing: int = _number()
    seen_at: int = _number()


class SettlementRow(SQLModel, table=True):
    """What a destination's log says of a range of messages; replayed when later blocks go.

    A log that speaks of several ranges has several parts.
    """

    __tablename__ = "settlement"
    __table_args__ = (Index("settlement_by_lane", "source", "chain", "first"),)
    chain: int = _number(primary=True)
    block_number: int = _number(primary=True)
    log_index: int = _number(primary=True)
    part: int = _number(primary=True)
    block_hash: bytes = _bytes()
    tx_hash: bytes = _bytes()
    source: int = _number()
    first: int = _number()
    n: int = _number()
    kind: str
    ours: bool = False
    detail: bytes = _bytes()
    at: int = _number()


class EarningRow(SQLModel, table=True):
    """What one log changes in this relayer's fees, by asset, in wads; negative where it takes back."""

    __tablename__ = "earning"
    __table_args__ = (Index("earning_by_block", "chain", "block_number"),)
    id: int | None = Field(default=None, primary_key=True)
    chain: int = _number()
    block_number: int = _number()
    asset: int = _number()
    amount: int = _amount()


class OutgoingRow(SQLModel, table=True):
    """A transaction that was decided on: first its effect, then its nonce, then its outcome."""

    __tablename__ = "outgoing"
    __table_args__ = (Index("outgoing_by_status", "chain", "status"),)
    id: int | None = Field(default=None, primary_key=True)
    chain: int = _number()
    sender: bytes = _bytes()
    purpose: str
    dedupe: str = Field(unique=True)
    status: str
    to: bytes = _bytes()
    data: bytes = _bytes()
    value: int = _amount()
    gas: int = _number()
    nonce: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    source: int = _number()
    first: int = _number()
    n: int = _number()
    root_count: int = _number()
    created_at: int = _number()
    updated_at: int = _number()
    block_number: int = _number()
    gas_used: int = _number()
    paid: int = _amount()
    error: str = ""


class AttemptRow(SQLModel, table=True):
    """One signed form of an outgoing transaction, stored before it is broadcast."""

    __tablename__ = "attempt"
    hash: bytes = _bytes(primary=True)
    outgoing: int = _number(index=True)
    raw: bytes = _bytes()
    max_fee: int = _amount()
    priority: int = _amount()
    stored_at: int = _number()


class StatementRow(SQLModel, table=True):
    """A statement that a validator of ours signed; never deleted: it is what it must not contradict."""

    __tablename__ = "statement"
    signer: bytes = _bytes(primary=True)
    source: int = _number(primary=True)
    lane: int = _number(primary=True)
    leaf_count: int = _number(primary=True)
    epoch: int = _number(primary=True)
    root: bytes = _bytes()
    height: int = _number()
    signature: bytes = _bytes()
    signed_at: int = _number()


class ProposalRow(SQLModel, table=True):
    """A state root proposed to the base chain, from its log, and how it stands."""

    __tablename__ = "proposal"
    chain: int = _number(primary=True)
    id: int = _number(primary=True)
    rollup: int = _number()
    height: int = _number()
    state_root: bytes = _bytes()
    proposer: bytes = _bytes()
    deadline: int = _number()
    status: str
    judged: str = "unknown"
    block_number: int = _number()
    block_hash: bytes = _bytes()


class LeaseRow(SQLModel, table=True):
    """Which replica sends for a relayer name, and until when."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str
    until: int = _number()
