"""A relayer's answers are a stranger's: what is not of the form is a typed error, and ids survive text."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data

from bridge.client import IntentId, Relayer, TransferId
from bridge.client.gasless import fair_tip
from bridge.client.relay import MAX_ANSWER, Terms
from bridge.client.status import parse_id
from bridge.errors import FieldOutOfRange, RelayerRefused, SourceFailed, TransferUnknown
from bridge.intents import Bargain, Payment, sign_permit
from bridge.signer import Domain, LocalSigner
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, Hash32, Wad

PAYEE = Account(owner=Address(b"\x07" * 20))
GOOD: dict[str, Any] = {
    "payee": "0x" + PAYEE.to_bytes().hex(),
    "coverage_bps": 11_000,
    "prices": {"0": "1000", "1": "0"},
    "chains": [5, 6],
}
TAKEN = {"intent": "ab" * 32, "status": "decided", "transactions": []}


def answering(status: int, body: object) -> Relayer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Relayer(
        "http://relayer.test/secret", transport=httpx.MockTransport(lambda _: httpx.Response(status, content=raw))
    )


async def test_terms__of_the_form__are_read_and_a_price_of_zero_is_none() -> None:
    async with answering(200, GOOD) as relayer:
        terms = await relayer.terms()
    assert terms == Terms(
        payee=PAYEE, coverage_bps=11_000, prices={QUOTE: 1000}, chains=frozenset({ChainId(5), ChainId(6)})
    )


@pytest.mark.parametrize(
    "change",
    [
        {"payee": "0x07"},
        {"payee": None},
        {"coverage_bps": -1},
        {"coverage_bps": 10**9},
        {"coverage_bps": 1.5},
        {"prices": {"x": "1"}},
        {"prices": {"0": str(2**200)}},
        {"prices": []},
        {"chains": [2**64]},
        {"chains": 5},
    ],
    ids=str,
)
async def test_terms__not_of_the_form__are_an_endpoints_failure(change: dict[str, Any]) -> None:
    async with answering(200, GOOD | change) as relayer:
        with pytest.raises(SourceFailed, match="not of the form") as caught:
            await relayer.terms()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", [b"x", b"[" * 30_000, b"1" * (MAX_ANSWER + 1)], ids=["text", "deep", "long"])
async def test_answer__that_is_no_json_or_too_long__is_an_endpoints_failure(body: bytes) -> None:
    async with answering(200, body) as relayer:
        with pytest.raises(SourceFailed):
            await relayer.terms()


async def test_hand_in__taken_or_refused__says_so() -> None:
    async with answering(202, TAKEN) as relayer:
        assert (await relayer.hand_in(ChainId(5), "hub", b"\x01")).key == "ab" * 32
        assert (await relayer.status("ab" * 32)).status == "decided"
    async with answering(429, {"detail": "too\x1b[2J many"}) as relayer:
        with pytest.raises(RelayerRefused, match=r"too\[2J many; try again in a minute") as caught:
            await relayer.hand_in(ChainId(5), "hub", b"\x01")
    assert caught.value.status == 429


def test_tip__on_terms__covers_the_cost_and_is_rounded_up_to_the_tokens_unit() -> None:
    terms = Terms(payee=PAYEE, coverage_bps=10_000, prices={QUOTE: 10**18}, chains=frozenset())
    assert fair_tip(10, QUOTE, 1, terms) == 13
    assert fair_tip(10, QUOTE, 10**12, terms) == 10**12
    assert fair_tip(10, AssetId(9), 1, terms) == 0


def test_id__of_a_transfer_or_an_intent__is_read_back_from_its_text() -> None:
    intent = IntentId(chain="alpha", contract="vault", signer=PAYEE.owner, nonce=2**256 - 1, first=3, deadline=2**40)
    transfer = TransferId(chain="alpha", tx=Hash32(b"\x01" * 32), part=2)
    assert parse_id(str(intent)) == intent
    assert parse_id(str(transfer)) == transfer
    for wrong in (str(intent).replace("vault", "inbox"), str(intent)[:-14], str(intent) + ":1", "alpha"):
        with pytest.raises(TransferUnknown):
            parse_id(wrong)


def test_permit__signed__is_what_an_independent_library_signs() -> None:
    signer = LocalSigner(b"\x09" * 32)
    token, spender = Address(b"\x21" * 20), Address(b"\x22" * 20)
    domain = Domain(name="USD Coin", version="2", chain_id=ChainId(5), contract=token)
    permit = sign_permit(signer, domain, spender=spender, units=7, nonce=3, deadline=99)
    fields = [
        ("owner", "address"),
        ("spender", "address"),
        ("value", "uint256"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ]
    message = encode_typed_data(
        {"name": "USD Coin", "version": "2", "chainId": 5, "verifyingContract": "0x" + token.hex()},
        {"Permit": [{"name": name, "type": form} for name, form in fields]},
        {"owner": "0x" + signer.address.hex(), "spender": "0x" + spender.hex(), "value": 7, "nonce": 3, "deadline": 99},
    )
    other = EthAccount.sign_message(message, signer.export())
    assert (permit.v, permit.r, permit.s) == (other.v, other.r.to_bytes(32, "big"), other.s.to_bytes(32, "big"))


def test_tip__that_a_token_cannot_say__is_refused() -> None:
    payment = Payment(asset=QUOTE, decimals=6, units=5, account=PAYEE)
    exact = Bargain(payee=PAYEE, tip=Wad(10**12), deadline=1, nonce=1)
    assert payment.taken(exact) == 6
    with pytest.raises(FieldOutOfRange, match="at most 6 decimals"):
        payment.taken(Bargain(payee=PAYEE, tip=Wad(1), deadline=1, nonce=1))
