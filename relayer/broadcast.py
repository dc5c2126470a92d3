"""Hand signed transactions to all endpoints of a chain, and say whether none would have them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from bridge.errors import ChainError, RequestRefused
from bridge.rpc import Request, Rpc
from bridge.rpc.types import parse_bytes, to_hex
from bridge.signer import SignedTransaction

log = structlog.get_logger()
QUIET_REFUSALS = ("already known", "nonce too low", "underpriced", "already imported")
"""Answers to a repeated broadcast that need no operator."""


async def broadcast(rpc: Rpc, signed: Sequence[SignedTransaction]) -> bool:
    """Return whether every endpoint refused them all, for a reason that repeating does not explain.

    Repeating it changes nothing, and a refusal is logged and not raised. An endpoint that does not
    answer may have taken them.
    """
    requests = [Request(method="eth_sendRawTransaction", params=(to_hex(s.raw),), parse=parse_bytes) for s in signed]
    asked = [source.ask(requests) for source in rpc.sources]
    refused = bool(asked)
    for answers in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(answers, ChainError):
            log.warning("broadcast_failed", chain=rpc.chain_id, error=str(answers))
            refused = False
        elif isinstance(answers, BaseException):
            raise answers
        else:
            refused = _are_refused(rpc, answers) and refused
    return refused


def _are_refused(rpc: Rpc, answers: Sequence[Any]) -> bool:
    loud = [
        answer
        for answer in answers
        if isinstance(answer, RequestRefused) and not any(phrase in answer.reason.lower() for phrase in QUIET_REFUSALS)
    ]
    for answer in loud:
        log.warning("transaction_refused", chain=rpc.chain_id, reason=answer.reason)
    return len(loud) == len(answers)
