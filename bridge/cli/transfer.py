"""`causeway transfer`: one movement from chain to chain, the state of any, and doing without a relayer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.amounts import parse_wad
from bridge.cli.options import (
    CONFIG,
    KEYS,
    TIMEOUT,
    Config,
    Fee,
    Json,
    KeyName,
    Keys,
    OnwardFee,
    PasswordFd,
    PasswordFile,
    Timeout,
    Watch,
    parse_address,
    run,
    unlock,
)
from bridge.cli.output import show_json, show_transfer
from bridge.client import Bridge, Fees, MessageId
from bridge.rpc import Receipt
from bridge.signer import LocalSigner
from bridge.types import ChainId, LeafIndex

app = typer.Typer(no_args_is_help=True, help="Follow, deliver or make a transfer.")
AssetName = Annotated[str, typer.Argument(metavar="ASSET", help="An asset's symbol.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="Such as 12.5.")]


@app.command()
def send(  # noqa: PLR0913  # each is an option of the command
    *,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The chain that has the tokens.")],
    destination: Annotated[str, typer.Argument(metavar="TO", help="The chain that gets them.")],
    asset: AssetName,
    amount: Amount,
    key: KeyName,
    to: Annotated[str | None, typer.Option("--to", help="0x… address; the key's own by default.")] = None,
    as_cash: Annotated[bool, typer.Option("--as-cash", help="End as cash at the venue there.")] = False,
    fee: Fee = "0",
    onward_fee: OnwardFee = "0",
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    watch: Watch = True,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Bring tokens from one chain to another, through the hub, by one transaction."""

    async def act(signer: LocalSigner) -> None:
        async with await Bridge.from_config(config, signer=signer) as bridge:
            transfer = await bridge.transfer(
                source,
                destination,
                asset,
                parse_wad(amount),
                to=parse_address(to) if to else None,
                as_cash=as_cash,
                fees=Fees(first=parse_wad(fee), onward=parse_wad(onward_fee)),
            )
            await show_transfer(transfer, as_json=as_json, watch=watch, timeout=timeout)

    run(act(unlock(key, keys, password_file, password_fd)))


@app.command()
def status(
    *,
    transfer: Annotated[str, typer.Argument(metavar="TRANSFER", help="Its id: chain:0x….")],
    config: Config = CONFIG,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it rests.")] = False,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Show how far a transfer has come, each step with the block and log that shows it.

    Without --watch it shows what stands now and ends with code 5 if the transfer goes on.
    """
    run(_status(transfer, config, watch, timeout, as_json))


@app.command()
def deliver(  # noqa: PLR0913  # each is an option of the command
    *,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The chain that sent the message.")],
    destination: Annotated[str, typer.Argument(metavar="TO", help="The chain that is to take it.")],
    index: Annotated[int, typer.Argument(metavar="INDEX", help="Its place in the lane.")],
    key: KeyName,
    config: Config = CONFIG,
    keys: Keys = KEYS,
    password_file: PasswordFile = None,
    password_fd: PasswordFd = None,
    as_json: Json = False,
) -> None:
    """Deliver a message oneself, from public data alone; its fee is the key's own."""

    async def act(signer: LocalSigner) -> Receipt:
        async with await Bridge.from_config(config, signer=signer) as bridge:
            chain = bridge.connections.network.chain
            ids = ChainId(chain(source).id), ChainId(chain(destination).id)
            message = MessageId(source=ids[0], destination=ids[1], index=LeafIndex(index))
            return await bridge.deliver(message)

    receipt = run(act(unlock(key, keys, password_file, password_fd)))
    tx = "0x" + receipt.tx_hash.hex()
    if as_json:
        show_json({"tx": tx, "block": receipt.block.number, "gas": receipt.gas_used})
        return
    typer.echo(f"Delivered in block {receipt.block.number} of {destination}: {tx}")


async def _status(text: str, config: Path, watch: bool, timeout: float, as_json: bool) -> None:
    async with await Bridge.from_config(config) as bridge:
        transfer = bridge.resume(text)
        # What stands is found in one pass; only what is still to come would make it wait.
        limit = timeout if watch else min(timeout, STANDING_SECONDS)
        await show_transfer(transfer, as_json=as_json, watch=True, timeout=limit)


STANDING_SECONDS = 5.0
