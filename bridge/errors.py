"""Every error that Causeway raises on purpose: one class a broken rule, with the facts as fields.

    CausewayError
    ├── InputError            the caller gave something that cannot be meant
    │   └── FieldOutOfRange
    ├── MessageMalformed      bytes that no honest sender makes
    ├── ProofError            a proof that does not show what it should
    ├── ConfigError           chains.toml, deployments or keys
    ├── ChainError            an endpoint that failed, lied, or is not the chain it should be
    └── TransferError         a transfer that cannot be made, or cannot go on

Subclasses for one area stand in this module too, so that the tree can be read in one place. Each message says what was
wrong, what was expected, and what to do.
"""

from __future__ import annotations


class CausewayError(Exception):
    """Base of all errors raised on purpose; `str()` is a sentence for a person."""


class InputError(CausewayError):
    """The caller gave something that cannot be meant."""


class FieldOutOfRange(InputError):
    """A field's value does not fit the range or the length that its encoding has."""

    def __init__(self, *, field: str, value: str, expected: str) -> None:
        super().__init__(f"{field} is {value}; expected {expected}")
        self.field = field
        self.value = value
        self.expected = expected


class MessageMalformed(CausewayError):
    """Bytes that are not the one accepted encoding of a message."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"malformed message: {reason}")
        self.reason = reason


class ProofError(CausewayError):
    """A proof that is malformed, incomplete, padded, or shows something else."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"invalid proof: {reason}; ask for a new proof from a node that has the block's state")
        self.reason = reason


class ConfigError(CausewayError):
    """Configuration, deployment records or keys that cannot be used as they are."""


class ChainError(CausewayError):
    """An endpoint that failed, gave a wrong answer, or is not the chain it should be."""


class TransferError(CausewayError):
    """A transfer that cannot be made, or cannot go on."""
