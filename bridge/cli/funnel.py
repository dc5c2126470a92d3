"""The one place where an error becomes a message for a person or a program, and an exit code."""

from __future__ import annotations

import json
import sys

from bridge.errors import (
    CausewayError,
    ChainError,
    CheckFailed,
    TransferError,
    TransferTimedOut,
)

NOT_AS_IT_SHOULD_BE, BAD_INPUT, CHAIN, TRANSFER, TIME = 1, 2, 3, 4, 5


def exit_code_of(error: BaseException) -> int | None:
    """Print an error that we raised on purpose and return its code; None for any other.

    A group of errors (several chains at once) is shown error by error and has the first one's code.
    """
    if isinstance(error, BaseExceptionGroup):
        known, other = error.split((CausewayError, OSError))
        if other is not None or known is None:
            return None
        codes = [exit_code_of(inner) for inner in known.exceptions]
        return codes[0]
    if not isinstance(error, CausewayError | OSError):
        return None
    _show(error)
    return _code(error)


def _code(error: CausewayError | OSError) -> int:
    match error:
        case CheckFailed():
            return NOT_AS_IT_SHOULD_BE
        case TransferTimedOut():
            return TIME
        case TransferError():
            return TRANSFER
        case ChainError():
            return CHAIN
        case _:
            return BAD_INPUT


def _show(error: CausewayError | OSError) -> None:
    if "--json" in sys.argv:
        kind = type(error).__name__
        sys.stdout.write(json.dumps({"error": {"kind": kind, "message": str(error)}}) + "\n")
        return
    sys.stderr.write(f"causeway: {error}\n")
