"""The service layer of the SDK: moving collateral and margin, and following it.

`bridge` is the front door, `connections` all chains at hand, `checks` what is looked at before
anything is sent, `follow` and `transfer` what becomes of it, `accounts` who has what, `books`
whether vaults and claims are equal, `quotes` what things cost, `delivery` how to do without a
relayer.
"""

from bridge.client.accounts import AccountView, Claim, Place, UnderWay
from bridge.client.bridge import Bridge, Fees
from bridge.client.connections import ChainClient, Connections
from bridge.client.quotes import DepositQuote, WithdrawalQuote
from bridge.client.status import Evidence, MessageId, Stage, Status, TransferId
from bridge.client.transfer import Transfer

__all__ = [
    "AccountView",
    "Bridge",
    "ChainClient",
    "Claim",
    "Connections",
    "DepositQuote",
    "Evidence",
    "Fees",
    "MessageId",
    "Place",
    "Stage",
    "Status",
    "Transfer",
    "TransferId",
    "UnderWay",
    "WithdrawalQuote",
]
