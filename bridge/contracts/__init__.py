"""Our contracts as Python sees them: calls to encode, views to ask, events to read, reverts to name.

`abi` holds the mechanism; `messaging`, `finality`, `custody` and `clearing` one table for each
group of contracts; `reads` asks at a block; `reverts` names custom errors.
"""

from bridge.contracts import clearing, custody, finality, messaging
from bridge.contracts.abi import EVENTS, Function, View, read_log
from bridge.contracts.reads import read, read_all
from bridge.contracts.reverts import as_revert, explain

__all__ = [
    "EVENTS",
    "Function",
    "View",
    "as_revert",
    "clearing",
    "custody",
    "explain",
    "finality",
    "messaging",
    "read",
    "read_all",
    "read_log",
]
