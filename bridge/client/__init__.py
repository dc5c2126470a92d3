"""The service layer of the SDK: moving collateral and margin, and following it.

`bridge` is the front door, `connections` all chains at hand, `checks` what is looked at before
anything is sent, `follow` and `transfer` what becomes of it, `accounts` who has what, `books`
whether vaults and claims are equal, `quotes` what things cost, `gasless` and `relay`
how a relayer acts for one who has no gas, `taken` how that is found again, `delivery` how to do
without a relayer.
"""

from bridge.client.accounts import AccountView, Claim, Place, UnderWay
from bridge.client.bridge import Bridge
from bridge.client.connections import ChainClient, Connections
from bridge.client.gasless import Via
from bridge.client.orders import Fees
from bridge.client.quotes import DepositQuote, WithdrawalQuote
from bridge.client.relay import Relayer
from bridge.client.status import Evidence, IntentId, MessageId, Stage, Status, TransferId
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
    "IntentId",
    "MessageId",
    "Place",
    "Relayer",
    "Stage",
    "Status",
    "Transfer",
    "TransferId",
    "UnderWay",
    "Via",
    "WithdrawalQuote",
]
