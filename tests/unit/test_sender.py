"""One key's transactions: a refused broadcast leaves no gap of nonces, behind which nothing is mined."""

from __future__ import annotations

from typing import cast

import pytest
import rlp

from bridge.errors import ChainError, RequestRefused, SourceFailed
from bridge.rpc import Rpc
from bridge.sender import Call, Sender
from bridge.signer import LocalSigner, SignedTransaction
from bridge.types import Address, ChainId

CALL = Call(to=Address(b"\x05" * 20), data=b"", gas=21_000)
REFUSED = RequestRefused(method="eth_sendRawTransaction", code=-32000, reason="insufficient funds")
DOWN = SourceFailed(source="a", problem="does not answer")


class Chain:
    """What a sender asks of a chain; `problem` is what a broadcast meets, None for acceptance."""

    chain_id = ChainId(5)
    name = "alpha"

    def __init__(self) -> None:
        self.problem: ChainError | None = None
        self.pending = 0

    async def gas_price(self) -> tuple[int, int]:
        return 7, 1

    async def nonce(self, _: Address) -> int:
        return self.pending

    async def send_raw(self, _: bytes) -> None:
        if self.problem is not None:
            raise self.problem


def nonce_of(signed: SignedTransaction) -> int:
    return int.from_bytes(rlp.decode(signed.raw[1:])[1], "big")


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def sender(chain: Chain) -> Sender:
    return Sender(cast("Rpc", chain), LocalSigner(b"\x01" * 32))


@pytest.mark.parametrize("problem", [REFUSED, DOWN])
async def test_submit__nobody_took_it__gives_its_nonce_to_the_next(
    chain: Chain, sender: Sender, problem: ChainError
) -> None:
    chain.problem = problem
    with pytest.raises(type(problem)):
        await sender.submit(CALL)
    chain.problem = None
    assert [nonce_of(await sender.submit(CALL)) for _ in range(3)] == [0, 1, 2]


async def test_submit__taken_before_a_pool_shows_it__uses_no_nonce_twice(sender: Sender) -> None:
    assert [nonce_of(await sender.submit(CALL)) for _ in range(3)] == [0, 1, 2]


async def test_submit__refused_but_pending_after_all__takes_the_next_nonce(chain: Chain, sender: Sender) -> None:
    chain.problem = DOWN
    with pytest.raises(SourceFailed):
        await sender.submit(CALL)
    chain.problem, chain.pending = None, 1
    assert nonce_of(await sender.submit(CALL)) == 1


async def test_submit__refused_between_others__fills_the_gap_first(chain: Chain, sender: Sender) -> None:
    first, second, third = [await sender.sign(CALL) for _ in range(3)]
    chain.problem = REFUSED
    with pytest.raises(RequestRefused):
        await sender.broadcast(second)
    chain.problem = None
    await sender.broadcast(first)
    await sender.broadcast(third)
    assert [nonce_of(await sender.submit(CALL)) for _ in range(2)] == [1, 3]
