"""JSON-RPC methods that read a state: balances, code, storage, proofs, calls and gas estimates at a named block."""

from __future__ import annotations

from dataclasses import replace

from bridge.devnet import params, render
from bridge.devnet.errors import InvalidParamsError, ResourceNotFoundError, RevertedError, RpcError
from bridge.devnet.model import Account, AccountChange, Address, BlockEnv, Call, Outcome
from bridge.devnet.node import Node, View
from bridge.devnet.params import Json
from bridge.devnet.rpc import Handler
from bridge.devnet.transactions import MAX_INIT_CODE, intrinsic_gas

CALL_GAS = 50_000_000  # what a call may use, whatever it asks for
MAX_PROOF_SLOTS = 1_024
MAX_ACCESS_LIST = 1_024
MAX_OVERRIDES = 256
ESTIMATE_TOLERANCE = 64  # an estimate is at most a 64th above the least gas that suffices

_PANIC = bytes.fromhex("4e487b71")
_ERROR = bytes.fromhex("08c379a0")
_TRANSFER_GAS = 21_000


def methods(node: Node) -> dict[str, Handler]:
    """Return the handlers by name."""
    state = _State(node)
    return {
        "eth_getBalance": state.balance,
        "eth_getCode": state.code,
        "eth_getStorageAt": state.storage,
        "eth_getTransactionCount": state.transaction_count,
        "eth_getProof": state.proof,
        "eth_call": state.call,
        "eth_estimateGas": state.estimate,
    }


class _State:
    def __init__(self, node: Node) -> None:
        self._node, self._engine = node, node.chain.engine

    def _account(self, args: list[Json]) -> Account | None:
        view = self._node.view(params.take(args, 1, default="latest"))
        return self._engine.account(view.root, params.address(params.take(args, 0)))

    def balance(self, args: list[Json]) -> str:
        account = self._account(args)
        return hex(0 if account is None else account.balance)

    def code(self, args: list[Json]) -> str:
        account = self._account(args)
        return "0x" if account is None else render.data(self._engine.code(account.code_hash))

    def transaction_count(self, args: list[Json]) -> str:
        if params.take(args, 1, default="latest") == "pending":
            sender = params.address(params.take(args, 0))
            return hex(self._node.chain.pool.next_nonce(sender, self._node.chain.nonce(sender)))
        account = self._account(args)
        return hex(0 if account is None else account.nonce)

    def storage(self, args: list[Json]) -> str:
        view = self._node.view(params.take(args, 2, default="latest"))
        owner, slot = params.address(params.take(args, 0)), params.slot(params.take(args, 1))
        return f"0x{self._engine.storage(view.root, owner, slot):064x}"

    def proof(self, args: list[Json]) -> dict[str, Json]:
        owner = params.address(params.take(args, 0))
        slots = [
            params.slot(item) for item in params.sequence(params.take(args, 1, default=[]), "slots", MAX_PROOF_SLOTS)
        ]
        view = self._node.view(params.take(args, 2, default="latest"))
        return render.proof(owner, self._engine.proof(view.root, owner, slots))

    def call(self, args: list[Json]) -> str:
        view = self._node.view(params.take(args, 1, default="latest"))
        call, env = self._request(args, view)
        outcome = self._engine.call(view.root, env, call, _overrides(args))
        _raise_on_failure(outcome)
        return render.data(outcome.output)

    def estimate(self, args: list[Json]) -> str:
        view = self._node.view(params.take(args, 1, default="latest"))
        call, env = self._request(args, view)
        return hex(_least_gas(self._node, view, env, call, _overrides(args)))

    def _request(self, args: list[Json], view: View) -> tuple[Call, BlockEnv]:
        request = params.mapping(params.take(args, 0), "call")
        call = _read_call(request, self._node.chain.spec.gas_limit)
        env = view.env if call.gas_price else replace(view.env, base_fee=0)
        if call.gas_price:
            self._check_fee(call, view)
        return call, env

    def _check_fee(self, call: Call, view: View) -> None:
        account = self._engine.account(view.root, call.sender)
        have, want = (0 if account is None else account.balance), call.gas * call.gas_price + call.value
        if have < want:
            raise RpcError(f"insufficient funds for gas * price + value: have {have} want {want}")


def _read_call(request: dict[str, Json], gas_limit: int) -> Call:
    if request.get("gasPrice") is not None and request.get("maxFeePerGas") is not None:
        raise InvalidParamsError("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    sent, same = request.get("data"), request.get("input")
    if sent is not None and same is not None and sent.lower() != same.lower():
        raise InvalidParamsError('both "data" and "input" are set and not equal')
    payload = params.data(same if same is not None else sent or "0x")
    to = None if request.get("to") in {None, "", "0x"} else params.address(request["to"])
    if to is None and len(payload) > MAX_INIT_CODE:
        raise RpcError(f"max initcode size exceeded: {len(payload)} bytes, limit {MAX_INIT_CODE}")
    price = request.get("gasPrice") or request.get("maxFeePerGas") or "0x0"
    cap = max(CALL_GAS, gas_limit)
    gas = cap if request.get("gas") is None else min(params.quantity(request["gas"]), cap)
    return Call(
        sender=bytes(20) if request.get("from") is None else params.address(request["from"]),
        to=to,
        gas=gas,
        gas_price=params.quantity(price),
        value=params.quantity(request.get("value") or "0x0"),
        data=payload,
        access_list=_access_list(request.get("accessList") or []),
    )


def _access_list(given: Json) -> tuple[tuple[Address, tuple[int, ...]], ...]:
    items = [
        params.mapping(item, "access list entry") for item in params.sequence(given, "access list", MAX_ACCESS_LIST)
    ]
    return tuple(
        (
            params.address(item.get("address")),
            tuple(
                params.slot(key)
                for key in params.sequence(item.get("storageKeys") or [], "storage keys", MAX_ACCESS_LIST)
            ),
        )
        for item in items
    )


def _overrides(args: list[Json]) -> dict[Address, AccountChange] | None:
    given = params.take(args, 2, default=None)
    if given is None:
        return None
    items = params.mapping(given, "state overrides")
    if len(items) > MAX_OVERRIDES:
        raise InvalidParamsError(f"state overrides: at most {MAX_OVERRIDES} accounts expected")
    return {params.address(key): _override(params.mapping(value, "override")) for key, value in items.items()}


def _override(item: dict[str, Json]) -> AccountChange:
    unknown = item.keys() - {"balance", "nonce", "code", "state", "stateDiff"}
    if unknown or ("state" in item and "stateDiff" in item):
        raise InvalidParamsError(f"override: state or stateDiff, not both, and no field {sorted(unknown)}")
    return AccountChange(
        balance=params.quantity(item["balance"]) if "balance" in item else None,
        nonce=params.quantity(item["nonce"]) if "nonce" in item else None,
        code=params.data(item["code"]) if "code" in item else None,
        storage=_slots(item["state"]) if "state" in item else None,
        slots=_slots(item.get("stateDiff", {})),
    )


def _slots(given: Json) -> dict[int, int]:
    return {params.slot(key): params.word(value) for key, value in params.mapping(given, "slots").items()}


def _least_gas(node: Node, view: View, env: BlockEnv, call: Call, changes: dict[Address, AccountChange] | None) -> int:
    """Return gas that suffices: an execution has shown it, and at most a 64th less fails."""
    engine = node.chain.engine
    limit = min(call.gas, node.chain.spec.gas_limit)
    limit = limit if not call.gas_price else min(limit, _affordable(node, view, call))

    def run(gas: int) -> Outcome:
        return engine.call(view.root, env, replace(call, gas=gas), changes)

    full = run(limit)
    _raise_on_failure(full)
    low = max(full.gas_used, *intrinsic_gas(call.data, is_create=call.to is None, access_list=call.access_list)) - 1
    # What 63/64 of the gas left at each call withholds is found by trial; most transactions need none of it.
    high = min((full.gas_used + full.gas_refund + 2_300) * 64 // 63, limit)
    if run(low + 1).error is None:
        return low + 1
    if run(high).error is not None:
        low, high = high, limit
    while high - low > max(high // ESTIMATE_TOLERANCE, 1):
        middle = (high + low) // 2
        low, high = (low, middle) if run(middle).error is None else (middle, high)
    return high


def _affordable(node: Node, view: View, call: Call) -> int:
    account = node.chain.engine.account(view.root, call.sender)
    balance = 0 if account is None else account.balance
    if balance < call.value:
        raise RpcError("insufficient funds for transfer")
    gas = (balance - call.value) // call.gas_price
    if gas < _TRANSFER_GAS:
        raise ResourceNotFoundError(f"gas required exceeds allowance ({gas})")
    return gas


def _raise_on_failure(outcome: Outcome) -> None:
    if outcome.is_revert:
        raise RevertedError(_revert_message(outcome.output), data=render.data(outcome.output))
    if outcome.error is not None:
        raise RpcError(outcome.error)


def _revert_message(output: bytes) -> str:
    if output[:4] == _ERROR and len(output) >= 68:
        size = int.from_bytes(output[36:68], "big")
        return f"execution reverted: {output[68 : 68 + size].decode(errors='replace')}"
    if output[:4] == _PANIC and len(output) == 36:
        return f"execution reverted: panic code {hex(int.from_bytes(output[4:], 'big'))}"
    return "execution reverted"
