"""What a message pays and costs, read from its body."""

from __future__ import annotations

from bridge.messages import Deposit, Next, Parcel, Release
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, NextMode, Wad
from relayer.terms import CREDIT, FORWARD, PAYOUT, UNREADABLE, terms

OWNER = Account(owner=Address(b"\x11" * 20))
ONWARD = Next(mode=NextMode.FORWARD, chain=ChainId(3), account=OWNER, fee=Wad(1))


def test_terms__deposit__pays_in_its_asset() -> None:
    found = terms(Deposit(account=OWNER, asset=AssetId(4), amount=Wad(9), fee=Wad(2)).encode())
    assert (found.asset, found.fee, found.gas) == (4, 2, CREDIT[0])


def test_terms__parcel__pays_in_cash() -> None:
    found = terms(Parcel(account=OWNER, cash=Wad(9), fee=Wad(2)).encode())
    assert (found.asset, found.fee, found.limit) == (QUOTE, 2, CREDIT[1])


def test_terms__forwarded_parcel__costs_a_second_message() -> None:
    found = terms(Parcel(account=OWNER, cash=Wad(9), next=ONWARD).encode())
    assert found.gas == CREDIT[0] + FORWARD[0]
    assert found.limit == CREDIT[1] + FORWARD[1]


def test_terms__release__costs_a_token_transfer() -> None:
    body = Release(account=OWNER, asset=AssetId(4), to=Address(b"\x22" * 20), amount=Wad(9), fee=Wad(3)).encode()
    found = terms(body)
    assert (found.asset, found.fee, found.gas) == (4, 3, PAYOUT[0])


def test_terms__bytes_that_are_no_message__pay_nothing() -> None:
    assert terms(b"\x09nonsense") == UNREADABLE
