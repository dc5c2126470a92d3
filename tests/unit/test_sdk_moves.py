"""What the SDK sends, and what it refuses before anything is sent; contracts and nodes stand aside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.client import Bridge, Connections
from bridge.contracts import custody
from bridge.errors import TransferRefused
from bridge.sender import Call
from bridge.signer import LocalSigner
from bridge.types import QUOTE, Address, AssetId, Role, Wad

SIGNER = LocalSigner(b"\x01" * 32)
TOKEN, VAULT = Address(b"\x11" * 20), Address(b"\x22" * 20)
IDS = {"USDC": QUOTE, "WETH": AssetId(1)}


class Sent:
    """Takes the place of a sender and keeps the calldata that it was given."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    async def run(self, call: Call) -> None:
        self.calls.append(call.data)


def venue(name: str, *, allowance: int = 0) -> Any:  # noqa: ANN401  # as much of a client as the case needs
    async def head() -> Any:  # noqa: ANN401
        return SimpleNamespace(ref=None)

    async def calls(views: list[Any], *, at: object) -> list[bytes]:
        return [allowance.to_bytes(32, "big") for _ in views]

    def asset(symbol: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(asset=SimpleNamespace(id=IDS[symbol], symbol=symbol))

    return SimpleNamespace(
        name=name,
        chain=SimpleNamespace(id=9, role=Role.VENUE, asset=asset),
        rpc=SimpleNamespace(head=head, calls=calls),
        contract=lambda _: VAULT,
    )


def bridge(**clients: Any) -> Bridge:  # noqa: ANN401
    return Bridge(cast("Connections", clients), signer=SIGNER)


async def test_transfer__another_asset_as_cash__is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sender = bridge(alpha=venue("alpha"), gamma=venue("gamma"))
    deposited: list[str] = []

    async def deposit(_: str, asset: str, *__: object, **___: object) -> None:
        deposited.append(asset)

    monkeypatch.setattr(sender, "deposit", deposit)
    with pytest.raises(TransferRefused, match="WETH; expected the quote asset"):
        await sender.transfer("alpha", "gamma", "WETH", Wad(10**18), as_cash=True)
    assert not deposited
    await sender.transfer("alpha", "gamma", "USDC", Wad(10**18), as_cash=True)
    assert deposited == ["USDC"]


@pytest.mark.parametrize(("left", "approved"), [(0, [7]), (3, [0, 7]), (7, [])])
async def test_allow__something_left_of_an_earlier_one__is_taken_back_first(
    monkeypatch: pytest.MonkeyPatch, left: int, approved: list[int]
) -> None:
    sent, client = Sent(), venue("alpha", allowance=left)
    trader = bridge(alpha=client)
    monkeypatch.setattr(trader, "sender", lambda _: sent)
    await trader._allow(client, TOKEN, 7)
    assert sent.calls == [custody.TOKEN_APPROVE.encode(VAULT, units) for units in approved]
