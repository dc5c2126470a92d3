"""Every error that Causeway raises on purpose: one class a broken rule, with the facts as fields.

    CausewayError
    ├── InputError            the caller gave something that cannot be meant
    │   └── FieldOutOfRange
    ├── MessageMalformed      bytes that no honest sender makes
    ├── ProofError            a proof that does not show what it should
    ├── ConfigError           chains.toml, deployments or keys
    │   ├── ConfigInvalid     a file's field, what it is and what is expected
    │   └── KeyUnavailable    a key that cannot be read or unlocked
    ├── ChainError            an endpoint that failed, lied, or is not the chain it should be
    │   ├── SourceFailed      one endpoint gave no usable answer
    │   ├── QuorumNotReached  fewer endpoints agree than the configured quorum
    │   ├── WrongChain        an endpoint serves another chain
    │   ├── RequestRefused    the node answers with a JSON-RPC error
    │   ├── CallReverted      the contract refuses, and says why
    │   ├── BlockUnknown      a block that the chain does not have, or not yet
    │   ├── BlockReplaced     a block that a read was pinned to is no longer canonical
    │   ├── DeploymentConflict  what stands on a chain is not what was to be deployed
    │   └── TransactionFailed a transaction that was mined and reverted, or never mined
    ├── CheckFailed           something looked at is not as it should be
    ├── ProgramFailed         a program that was started here and ended
    └── TransferError         a transfer that cannot be made, or cannot go on
        ├── TransferUnknown   an id that stands for no transfer
        ├── TransferTimedOut  not finished in the time given; it goes on
        ├── TransferRefused   a request that the rules do not allow, said before gas is spent
        ├── OwnerIsContract   an account whose owner acts on one chain alone
        ├── RootNotFinal      no final root covers the message yet
        ├── RelayerRefused    a relayer does not take an intent, and says why
        └── IntentExpired     an intent that nobody submitted in its time

Subclasses for one area stand in this module too, so that the tree can be read in one place. Each
message says what was wrong, what was expected, and what to do.
"""

# ruff: noqa: N818  # a name says which rule is broken; the bases alone say "error"
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


class ConfigInvalid(ConfigError):
    """A file whose field is missing, unknown, or not what it has to be."""

    def __init__(self, *, file: str, field: str, found: str, expected: str) -> None:
        super().__init__(f"{file}: {field} is {found}; expected {expected}")
        self.file = file
        self.field = field
        self.found = found
        self.expected = expected


class KeyUnavailable(ConfigError):
    """A key that cannot be read or unlocked; the message never holds a secret."""

    def __init__(self, *, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"key {name}: {problem}; {remedy}")
        self.name = name
        self.problem = problem
        self.remedy = remedy


class ChainError(CausewayError):
    """An endpoint that failed, gave a wrong answer, or is not the chain it should be."""


class SourceFailed(ChainError):
    """One endpoint gave no usable answer: unreachable, too slow, too long, or malformed.

    `source` is scheme, host and port alone, because paths and queries of endpoints hold keys.
    """

    def __init__(self, *, source: str, problem: str) -> None:
        super().__init__(f"{source}: {problem}; check the endpoint, or configure another one")
        self.source = source
        self.problem = problem


class QuorumNotReached(ChainError):
    """Fewer endpoints agree than the configured quorum, so nothing is concluded."""

    def __init__(self, *, chain: str, method: str, needed: int, agreeing: int, detail: str) -> None:
        super().__init__(
            f"chain {chain}: {agreeing} of {needed} needed endpoints agree on {method} ({detail}); "
            "repair or replace the failing endpoints: no answer is taken from fewer"
        )
        self.chain = chain
        self.method = method
        self.needed = needed
        self.agreeing = agreeing
        self.detail = detail


class WrongChain(ChainError):
    """An endpoint serves another chain than the configuration says."""

    def __init__(self, *, source: str, found: int, expected: int) -> None:
        super().__init__(f"{source} serves chain id {found}; expected {expected}; correct its url or the id")
        self.source = source
        self.found = found
        self.expected = expected


class RequestRefused(ChainError):
    """The node understood the request and answers with a JSON-RPC error."""

    def __init__(self, *, method: str, code: int, reason: str, data: bytes | None = None) -> None:
        super().__init__(f"{method} refused with code {code}: {reason}")
        self.method = method
        self.code = code
        self.reason = reason
        self.data = data


class CallReverted(ChainError):
    """A contract refuses a call; `error` is its custom error's name, `fields` its arguments."""

    def __init__(self, *, to: str, error: str, fields: tuple[tuple[str, str], ...], data: bytes) -> None:
        shown = ", ".join(f"{name}={value}" for name, value in fields)
        super().__init__(f"{to} refuses with {error}({shown})")
        self.to = to
        self.error = error
        self.fields = fields
        self.data = data


class BlockUnknown(ChainError):
    """A block that the chain does not have, or not yet."""

    def __init__(self, *, chain: str, number: int) -> None:
        super().__init__(f"chain {chain} has no block {number} yet; wait, or name an older one")
        self.chain = chain
        self.number = number


class BlockReplaced(ChainError):
    """A block that a read was pinned to is no longer canonical: start again from a newer one."""

    def __init__(self, *, chain: str, number: int, expected: str, found: str) -> None:
        super().__init__(f"chain {chain}: block {number} is {found}; expected {expected}; read at a newer block")
        self.chain = chain
        self.number = number
        self.expected = expected
        self.found = found


class DeploymentConflict(ChainError):
    """What stands on a chain under a name is not what was to be deployed there."""

    def __init__(self, *, chain: str, name: str, found: str, expected: str) -> None:
        super().__init__(f"chain {chain}: {name} is {found}; expected {expected}")
        self.chain = chain
        self.name = name
        self.found = found
        self.expected = expected


class TransactionFailed(ChainError):
    """A transaction that was mined and reverted, or was not mined in time."""

    def __init__(self, *, chain: str, tx: str, problem: str, remedy: str) -> None:
        super().__init__(f"chain {chain}: transaction {tx} {problem}; {remedy}")
        self.chain = chain
        self.tx = tx
        self.problem = problem
        self.remedy = remedy


class CheckFailed(CausewayError):
    """Something that was looked at is not as it should be."""

    def __init__(self, *, what: str, found: str, expected: str) -> None:
        super().__init__(f"{what} is {found}; expected {expected}")
        self.what = what
        self.found = found
        self.expected = expected


class ProgramFailed(CausewayError):
    """A program that was started here and ended when it should have run."""

    def __init__(self, *, name: str, code: int, log: str) -> None:
        super().__init__(f"{name} ended with code {code}; its log ends: {log or 'empty'}")
        self.name = name
        self.code = code
        self.log = log


class TransferError(CausewayError):
    """A transfer that cannot be made, or cannot go on."""


class TransferUnknown(TransferError):
    """An id that stands for no transfer."""

    def __init__(self, *, id: str, problem: str) -> None:  # noqa: A002  # its name everywhere
        super().__init__(f"transfer {id} {problem}; use an id as the SDK or the command line gave it")
        self.id = id
        self.problem = problem


class TransferTimedOut(TransferError):
    """A transfer that did not finish in the time given; nothing is lost and it goes on."""

    def __init__(self, *, id: str, stage: str, seconds: float) -> None:  # noqa: A002  # as above
        super().__init__(f"transfer {id} is {stage} after {seconds:g} s; resume it by its id, or deliver it yourself")
        self.id = id
        self.stage = stage
        self.seconds = seconds


class TransferRefused(TransferError):
    """A request that the rules do not allow, found before anything was sent."""

    def __init__(self, *, what: str, found: str, expected: str) -> None:
        super().__init__(f"{what}: {found}; expected {expected}")
        self.what = what
        self.found = found
        self.expected = expected


class OwnerIsContract(TransferError):
    """An account whose owner is a contract here, but not the same contract at the hub."""

    def __init__(self, *, owner: str, chain: str) -> None:
        super().__init__(
            f"{owner} is a contract on {chain} and not the same at the hub, so nobody could move "
            "what is deposited for it; deposit for an account of an owner who acts at the hub"
        )
        self.owner = owner
        self.chain = chain


class RootNotFinal(TransferError):
    """No root that the destination holds, or that can be proven to it now, covers the message."""

    def __init__(self, *, message: str, problem: str) -> None:
        super().__init__(f"message {message} cannot be delivered yet: {problem}; try again later")
        self.message = message
        self.problem = problem


class RelayerRefused(TransferError):
    """A relayer does not take an intent; `status` is its HTTP status, zero where it was not asked."""

    def __init__(self, *, relayer: str, reason: str, remedy: str, status: int = 0) -> None:
        super().__init__(f"{relayer} does not take the intent: {reason}; {remedy}")
        self.relayer = relayer
        self.reason = reason
        self.remedy = remedy
        self.status = status


class IntentExpired(TransferError):
    """An intent whose deadline is over and that nobody submitted: it can never be used any more."""

    def __init__(self, *, id: str, deadline: int) -> None:  # noqa: A002  # as above
        super().__init__(f"intent {id} was not submitted by {deadline}; nothing was moved: make the transfer again")
        self.id = id
        self.deadline = deadline
