"""What can go wrong with a local chain: in its JSON-RPC surface, its spec, and the process that runs it."""

from __future__ import annotations

from bridge.errors import CausewayError


class DevnetError(CausewayError):
    """The root of every error that a local chain raises."""


class SpecError(DevnetError):
    """A chain's description that cannot be run."""

    def __init__(self, *, field: str, expected: str, found: str) -> None:
        super().__init__(f"chain spec: {field} is {found}, expected {expected}; correct the spec and start again")
        self.field, self.expected, self.found = field, expected, found


class ProcessError(DevnetError):
    """A chain's process that did not start, or is gone."""

    def __init__(self, *, chain: str, problem: str, remedy: str) -> None:
        super().__init__(f"chain {chain}: {problem}; {remedy}")
        self.chain, self.problem, self.remedy = chain, problem, remedy


class AnchorError(DevnetError):
    """A base chain whose headers cannot be anchored."""

    def __init__(self, *, number: int, problem: str) -> None:
        super().__init__(
            f"base header {number}: {problem}; nothing is anchored until the base chain is consistent again"
        )
        self.number, self.problem = number, problem


class RpcError(DevnetError):
    """An error that a JSON-RPC client is told, with the code that nodes use for it."""

    code = -32000

    def __init__(self, message: str, *, data: object = None) -> None:
        super().__init__(message)
        self.message, self.data = message, data


class ParseError(RpcError):
    """The request is not JSON."""

    code = -32700


class InvalidRequestError(RpcError):
    """The request is JSON, but not a JSON-RPC request."""

    code = -32600


class MethodNotFoundError(RpcError):
    """The node has no method of that name."""

    code = -32601


class InvalidParamsError(RpcError):
    """The method exists, its parameters are not what it takes."""

    code = -32602


class InternalError(RpcError):
    """The node itself failed; its log tells why."""

    code = -32603


class ResourceNotFoundError(RpcError):
    """A block that a read names does not exist here (any more)."""

    code = -32001


class LimitExceededError(RpcError):
    """The request asks for more than the node gives at once."""

    code = -32005


class TransactionRejectedError(RpcError):
    """A transaction that the pool does not take."""

    code = -32000


class RevertedError(RpcError):
    """A call or estimate that reverted; `data` is what the contract returned."""

    code = 3
