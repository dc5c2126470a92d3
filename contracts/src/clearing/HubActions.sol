// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IOutbox} from "../messaging/IOutbox.sol";
import {Messages} from "../messaging/Messages.sol";
import {Intent} from "../support/IIntents.sol";
import {Next} from "../support/Next.sol";
import {HubSends} from "./HubSends.sol";
import {HubSessions} from "./HubSessions.sol";
import {HubState} from "./HubState.sol";
import {IHubActions} from "./IHubActions.sol";
import {Session, WaitReason} from "./IHubEvents.sol";

/// @dev Code that the hub runs over its own storage. Called at its own address it has no peers, no balances and no lane.
contract HubActions is IHubActions, HubSends, HubSessions {
    using SafeCast for uint256;

    string private constant TERMS = ",uint256 nonce,uint64 deadline,uint128 tip)";
    bytes32 private constant SEND_PARCEL_TYPE = keccak256(
        bytes.concat("SendParcel(bytes32 account,uint64 venue,bytes32 to,uint128 cash,uint128 fee", bytes(TERMS))
    );
    bytes32 private constant WITHDRAW_TYPE = keccak256(
        bytes.concat(
            "Withdraw(bytes32 account,uint32 asset,uint128 amount,uint64 chain,address to,uint128 fee,uint128 maxCharge",
            bytes(TERMS)
        )
    );
    bytes32 private constant TRANSFER_TYPE =
        keccak256(bytes.concat("Transfer(bytes32 account,bytes32 to,uint32 asset,uint128 amount", bytes(TERMS)));
    bytes32 private constant ENTER_VENUE_TYPE =
        keccak256(bytes.concat("EnterVenue(bytes32 account,uint64 venue,address key,uint128 fee", bytes(TERMS)));
    bytes32 private constant SET_SESSION_TYPE = keccak256(
        bytes.concat(
            "SetSession(bytes32 account,address key,uint64 expiry,uint32 priceBand,uint128 lossLimit", bytes(TERMS)
        )
    );
    bytes32 private constant REVOKE_SESSION_TYPE =
        keccak256(bytes.concat("RevokeSession(bytes32 account,address key", bytes(TERMS)));

    constructor(IOutbox outbox, address inbox) HubState(outbox, inbox) Ownable(msg.sender) {}

    /// @inheritdoc IHubActions
    function sendParcel(bytes32 account, uint64 venue, bytes32 to, uint128 amount, uint128 fee)
        external
        returns (uint32)
    {
        _requireMayMove(account, msg.sender, to, fee);
        return _sendParcel(account, venue, to, amount, fee);
    }

    /// @inheritdoc IHubActions
    function sendParcelBySig(
        bytes32 account,
        uint64 venue,
        bytes32 to,
        uint128 amount,
        uint128 fee,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32) {
        bytes memory action = abi.encode(SEND_PARCEL_TYPE, account, venue, to, amount, fee);
        address signer = _takeIntent(account, QUOTE, action, intent, payee);
        _requireMayMove(account, signer, to, uint256(fee) + intent.tip);
        return _sendParcel(account, venue, to, amount, fee);
    }

    /// @inheritdoc IHubActions
    function withdraw(
        bytes32 account,
        uint32 asset,
        uint128 amount,
        uint64 chain,
        address to,
        uint128 fee,
        uint128 maxCharge
    ) external returns (uint32) {
        _requireOwner(account);
        return _withdraw(account, asset, amount, chain, to, fee, maxCharge);
    }

    /// @inheritdoc IHubActions
    function withdrawBySig(
        bytes32 account,
        uint32 asset,
        uint128 amount,
        uint64 chain,
        address to,
        uint128 fee,
        uint128 maxCharge,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32) {
        bytes memory action = abi.encode(WITHDRAW_TYPE, account, asset, amount, chain, to, fee, maxCharge);
        _takeOwnersIntent(account, asset, action, intent, payee);
        return _withdraw(account, asset, amount, chain, to, fee, maxCharge);
    }

    /// @inheritdoc IHubActions
    function transfer(bytes32 account, bytes32 to, uint32 asset, uint128 amount) external {
        _requireOwner(account);
        _transfer(account, to, asset, amount);
    }

    /// @inheritdoc IHubActions
    function transferBySig(
        bytes32 account,
        bytes32 to,
        uint32 asset,
        uint128 amount,
        Intent calldata intent,
        bytes32 payee
    ) external {
        _takeOwnersIntent(account, asset, abi.encode(TRANSFER_TYPE, account, to, asset, amount), intent, payee);
        _transfer(account, to, asset, amount);
    }

    /// @inheritdoc IHubActions
    function enterVenue(bytes32 account, uint64 venue, address key, uint128 fee) external returns (uint32) {
        _requireOwner(account);
        return _enterVenue(account, venue, key, fee);
    }

    /// @inheritdoc IHubActions
    function enterVenueBySig(
        bytes32 account,
        uint64 venue,
        address key,
        uint128 fee,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32) {
        _takeOwnersIntent(account, QUOTE, abi.encode(ENTER_VENUE_TYPE, account, venue, key, fee), intent, payee);
        return _enterVenue(account, venue, key, fee);
    }

    /// @inheritdoc IHubActions
    function setSession(bytes32 account, address key, uint64 expiry, uint32 priceBand, uint128 lossLimit) external {
        _requireOwner(account);
        _setSession(account, key, Session(expiry, priceBand, lossLimit));
    }

    /// @inheritdoc IHubActions
    function setSessionBySig(
        bytes32 account,
        address key,
        uint64 expiry,
        uint32 priceBand,
        uint128 lossLimit,
        Intent calldata intent,
        bytes32 payee
    ) external {
        bytes memory action = abi.encode(SET_SESSION_TYPE, account, key, expiry, priceBand, lossLimit);
        _takeOwnersIntent(account, QUOTE, action, intent, payee);
        _setSession(account, key, Session(expiry, priceBand, lossLimit));
    }

    /// @inheritdoc IHubActions
    function revokeSession(bytes32 account, address key) external {
        if (msg.sender != key) _requireOwner(account);
        _revokeSession(account, key);
    }

    /// @inheritdoc IHubActions
    function revokeSessionBySig(bytes32 account, address key, Intent calldata intent, bytes32 payee) external {
        _takeOwnersIntent(account, QUOTE, abi.encode(REVOKE_SESSION_TYPE, account, key), intent, payee);
        _revokeSession(account, key);
    }

    /// @inheritdoc IHubActions
    function forward(bytes32 account, uint32 asset, uint128 amount, Next calldata next)
        external
        returns (uint32 index)
    {
        if (msg.sender != address(this)) revert CallerNotSelf(msg.sender);
        if (next.mode == Messages.TO_TOKENS) {
            address to = address(uint160(uint256(next.to)));
            return _withdraw(account, asset, amount, next.chain, to, next.fee, next.maxCharge);
        }
        if (asset != QUOTE) revert AssetNotCash(asset);
        if (next.fee > amount) revert FeeAboveCash(next.fee, amount);
        return _sendParcel(account, next.chain, next.to, amount - next.fee, next.fee);
    }

    /// @inheritdoc IHubActions
    function quoteWithdraw(uint32 asset, uint64 chain, uint128 amount, uint128 fee)
        external
        view
        returns (uint128 payout, uint128 charge, uint128 dust)
    {
        (payout, fee, charge) = _quote(_known(chain, asset), chain, asset, amount, fee);
        dust = amount - payout - fee - charge;
    }

    /// @inheritdoc IHubActions
    function quoteDeposit(uint32 asset, uint64 chain, uint128 amount)
        external
        view
        returns (uint128 reward, WaitReason reason)
    {
        Reserve memory r = _reserves[_reserveKey(chain, asset, _peers[chain].vault)];
        if (amount >= _room(r)) return (0, _refusal(r, 0, amount));
        reward = _reward(r, r.amount, asset, amount);
    }

    /// @inheritdoc IHubActions
    function entered(bytes32 account, uint64 venue) external view returns (address key, uint32 epoch) {
        return (_entered[account][venue].key, _entered[account][venue].epoch);
    }

    /// @inheritdoc IHubActions
    function session(bytes32 account, address key) external view returns (Session memory) {
        return _sessions[account][key];
    }
}
