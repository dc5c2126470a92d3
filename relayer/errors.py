"""What can go wrong in the relayer, beside the errors of `bridge.errors` that it passes on.

CausewayError
├── ChainError
│   └── LogsIncomplete       logs do not rebuild what the chain commits to
└── RelayerError
    ├── DisputeImpossible    false claims that our key cannot dispute
    ├── DoubleStatement      a second, different statement for one lane and count
    ├── EvidenceMissing      no final root can be shown yet
    ├── IntentRefused        an intent that is malformed, unprofitable or one too many
    ├── LeaseLost            another replica sends now
    └── StoreError           the store is not what the code expects
"""

# ruff: noqa: N818  # a name says which rule is broken; the bases alone say "error"
from __future__ import annotations

from collections.abc import Mapping

from bridge.errors import CausewayError, ChainError


class RelayerError(CausewayError):
    """Base of the relayer's own errors."""


class LogsIncomplete(ChainError):
    """The logs of a lane do not rebuild the commitment that its Outbox holds at the same block."""

    def __init__(self, *, source: int, lane: int, block: int, have: int, reason: str) -> None:
        super().__init__(
            f"lane {source} → {lane}: {reason} at block {block} with {have} leaves from logs; "
            "the blocks are read again before anything is done (check the endpoint if it persists)"
        )
        self.source = source
        self.lane = lane
        self.block = block
        self.have = have


class HeldDisputed(ChainError):
    """A destination holds a root as final that the source's own logs contradict."""

    def __init__(self, *, source: int, lane: int, count: int) -> None:
        super().__init__(
            f"lane {source} → {lane}: the destination holds a root for count {count} that the "
            "source's tree never had; nothing is delivered on it (find out who signed it)"
        )


class DisputeImpossible(RelayerError):
    """False claims stand that the base chain does not let our key dispute; `claims` says why, by id."""

    def __init__(self, *, chain: int, claims: Mapping[int, str]) -> None:
        why = "; ".join(f"claim {number}: {reason}" for number, reason in claims.items())
        super().__init__(
            f"chain {chain}: false claims cannot be disputed and become final after their windows ({why}); "
            "put the challenger's bond and gas into the sending key's balance"
        )
        self.chain = chain
        self.claims = dict(claims)


class DoubleStatement(RelayerError):
    """Signing would put a second, different root under this key for a lane and count."""

    def __init__(self, *, source: int, lane: int, count: int, signed: bytes, asked: bytes) -> None:
        super().__init__(
            f"lane {source} → {lane} at count {count}: root {signed.hex()} is signed already, "
            f"{asked.hex()} was asked for; finality broke or the node lies: stop this validator "
            "and compare its node with others"
        )
        self.signed = signed
        self.asked = asked


class EvidenceMissing(RelayerError):
    """No evidence for a root that covers the message exists yet."""

    def __init__(self, *, source: int, lane: int, reason: str) -> None:
        super().__init__(f"lane {source} → {lane}: {reason}; it is sought again")
        self.source = source
        self.lane = lane
        self.reason = reason


class IntentRefused(RelayerError):
    """An intent that is not taken; `status` is the HTTP status that says so."""

    def __init__(self, *, reason: str, status: int = 422) -> None:
        super().__init__(f"intent refused: {reason}")
        self.reason = reason
        self.status = status


class LeaseLost(RelayerError):
    """Another replica holds the lease, so this one sends nothing."""

    def __init__(self, *, name: str, holder: str) -> None:
        super().__init__(f"lease {name} is held by {holder}; this replica waits")
        self.name = name
        self.holder = holder


class StoreError(RelayerError):
    """The store cannot be opened or is not at the schema that this version expects."""
