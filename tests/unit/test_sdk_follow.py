"""Following a transfer where an endpoint's logs come later than its state: another look, never a wrong end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.client import follow
from bridge.client.connections import ChainClient
from bridge.client.status import MessageId, Stage
from bridge.contracts import clearing, custody
from bridge.errors import SourceFailed
from bridge.messages import Body, Parcel, Release
from bridge.rpc import BlockRef
from bridge.types import QUOTE, Account, Address, BlockNumber, ChainId, Hash32, LeafIndex, Wad

OWNER = Account(owner=Address(b"\x01" * 20))
RECEIVER = Address(b"\x02" * 20)
PARCEL = Parcel(account=OWNER, cash=Wad(1), fee=Wad(0))
RELEASE = Release(account=OWNER, asset=QUOTE, to=RECEIVER, amount=Wad(1), fee=Wad(0))
BLOCK = BlockRef(number=BlockNumber(3), hash=Hash32(bytes(32)))
PLACE = SimpleNamespace(block=BLOCK, ref=BLOCK, tx_hash=bytes(32), index=0)


def event(kind: type, **fields: object) -> Any:  # noqa: ANN401  # an event of any contract
    made: Any = object.__new__(kind)
    for name, value in (fields | {"log": PLACE}).items():
        object.__setattr__(made, name, value)
    return made


class Late:
    """An endpoint that shows its logs at the third look."""

    name = "alpha"
    pause = 0.0

    def __init__(self, *found: object) -> None:
        self._found = list(found)
        self.looks = 0

    @property
    def rpc(self) -> Any:  # noqa: ANN401
        async def head() -> Any:  # noqa: ANN401
            return PLACE

        return SimpleNamespace(head=head)

    def contract(self, _: str) -> Address:
        return RECEIVER

    async def find(self, _: object, *, at: object) -> list[object]:
        assert at is not None
        self.looks += 1
        return self._found if self.looks == 3 else []

    history = find


def hop(client: Late, body: Body) -> follow.Hop:
    return follow.Hop(
        source=cast("ChainClient", client),
        destination=cast("ChainClient", client),
        message=MessageId(source=ChainId(1), destination=ChainId(2), index=LeafIndex(4)),
        body=body,
        log=cast("Any", PLACE),
    )


@pytest.mark.parametrize(
    ("body", "found", "stage"),
    [
        (PARCEL, event(clearing.VenueParcelCredited), Stage.CREDITED),
        (RELEASE, event(custody.Released, index=4, to=RECEIVER), Stage.PAID),
        (RELEASE, event(custody.Claimable, index=4, to=RECEIVER), Stage.CLAIMABLE),
    ],
)
async def test_arrival__logs_later_than_the_state__looks_again(body: Body, found: object, stage: Stage) -> None:
    client = Late(found)
    arrived = await follow._arrival(hop(client, body))
    assert (arrived.stage, arrived.is_end, client.looks) == (stage, True, 3)


def test_local_payment__receipt_without_its_log__is_the_endpoints_fault() -> None:
    with pytest.raises(SourceFailed, match="a receipt without the log of payment 4"):
        follow._local_payment(cast("ChainClient", Late()), [], 4)
