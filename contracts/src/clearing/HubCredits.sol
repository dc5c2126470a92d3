// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {Deposit, Messages, Parcel} from "../messaging/Messages.sol";
import {Next} from "../support/Next.sol";
import {HubBatch} from "./HubBatch.sol";
import {IHubActions} from "./IHubActions.sol";
import {WaitReason} from "./IHubEvents.sol";
import {IHubLedger} from "./IHubLedger.sol";

/// @dev What comes in: deposits and parcels, credited once each, or waiting whole until a check lets them through.
abstract contract HubCredits is IHubLedger, HubBatch {
    using SafeCast for int256;
    using SafeCast for uint256;

    /// @dev What a forward may need: a send through 32 cold levels, or a bounded push by the local vault. Less gas is refused, or a
    ///      deliverer could make forwards stay by starving them.
    uint256 private constant FORWARD_GAS = 700_000;

    /// @inheritdoc IMessageRecipient
    function onMessages(uint64 source, uint32 first, bytes32 payee, bytes calldata items) external {
        if (msg.sender != INBOX) revert CallerNotInbox(msg.sender);
        Batch memory batch;
        (batch.source, batch.payee) = (source, payee);
        uint256 offset;
        unchecked {
            for (uint32 index = first; offset < items.length; ++index) {
                uint256 end = _creditPlain(batch, index, items, offset);
                offset = end != offset ? end : _takeOrKeep(batch, index, items, offset);
            }
        }
        _flush(batch);
    }

    /// @inheritdoc IHubLedger
    function retry(uint64 source, uint32 index, address sender, bytes calldata body, bytes32 payee) external {
        if (_waiting[source][index] != _waitHash(sender, body)) revert NotWaiting(source, index);
        _waiting[source][index] = 0;
        emit CreditRetried(source, index, payee);
        WaitReason reason = _takeOne(source, index, sender, body, payee);
        if (reason != WaitReason.None) revert StillWaiting(source, index, reason);
    }

    /// @inheritdoc IHubLedger
    function send(uint64 destination, address recipient, bytes calldata body) external returns (uint32 index) {
        bool isForHere = destination == HUB_CHAIN && recipient == address(this);
        if (!isForHere || msg.sender != _peers[HUB_CHAIN].vault) revert CallerNotVault(msg.sender);
        index = _localReceived++;
        // nobody delivers here, so the fee is the account's own
        bytes32 payee = Messages.decodeDeposit(body).account;
        WaitReason reason = _takeOne(HUB_CHAIN, index, msg.sender, body, payee);
        if (reason != WaitReason.None) revert DepositRefused(reason);
    }

    function _takeOne(uint64 source, uint32 index, address sender, bytes calldata body, bytes32 payee)
        private
        returns (WaitReason reason)
    {
        Batch memory batch;
        (batch.source, batch.payee) = (source, payee);
        reason = _take(batch, index, sender, body);
        _flush(batch);
    }

    /// @dev Takes the item at `offset`, which waits if a check says so; returns where it ends.
    function _takeOrKeep(Batch memory batch, uint32 index, bytes calldata items, uint256 offset)
        private
        returns (uint256)
    {
        (address sender,, bytes calldata body, uint256 end) = Messages.item(items, offset);
        WaitReason reason = _take(batch, index, sender, body);
        if (reason != WaitReason.None) {
            _waiting[batch.source][index] = _waitHash(sender, body);
            emit CreditWaiting(batch.source, index, reason);
        }
        return end;
    }

    /// @dev Deposits come from the source's vault, parcels from its venue, and nothing from anyone else.
    function _take(Batch memory batch, uint32 index, address sender, bytes calldata body) private returns (WaitReason) {
        if (Messages.kind(body) == Messages.PARCEL) {
            if (!_loadVenue(batch, sender)) revert MessageSenderUnknown(batch.source, sender);
            return _takeParcel(batch, index, Messages.decodeParcel(body));
        }
        Deposit memory m = Messages.decodeDeposit(body);
        bool isListed = _loadReserve(batch, sender, m.asset);
        if (!isListed && (sender == address(0) || sender != _peers[batch.source].vault)) {
            revert MessageSenderUnknown(batch.source, sender);
        }
        return isListed ? _takeDeposit(batch, index, m) : WaitReason.AssetNotListed;
    }

    function _takeParcel(Batch memory batch, uint32 index, Parcel memory m) private returns (WaitReason) {
        if (m.key != address(0)) revert BodyMalformed(batch.source, index);
        if (m.cash < 0) return WaitReason.CashNegative;
        if (m.legs.length != 0) return WaitReason.LegsNotListed;
        int256 left = batch.venueCash - m.cash - int256(uint256(m.fee));
        if (left < 0) return WaitReason.VenueShort;
        batch.venueCash = left;
        batch.cashFees += m.fee;
        uint128 amount = int256(m.cash).toUint256().toUint128();
        _credit(m.account, QUOTE, amount);
        emit ParcelCredited(batch.source, index, m.account, m.cash);
        _doNext(batch, index, m.account, QUOTE, amount, m.next);
        return WaitReason.None;
    }

    function _takeDeposit(Batch memory batch, uint32 index, Deposit memory m) private returns (WaitReason) {
        bool isPlaced = m.next.mode == Messages.PLACED;
        if (isPlaced && (m.asset != QUOTE || !_loadVenue(batch, _peers[batch.source].venue))) {
            revert BodyMalformed(batch.source, index);
        }
        if (m.amount >= batch.room) return _refusal(batch.reserve, batch.arrived, m.amount);
        uint128 reward = _reward(batch.reserve, batch.reserve.amount + batch.arrived, m.asset, m.amount);
        batch.room -= m.amount;
        batch.arrived += m.amount;
        uint128 amount = m.amount - m.fee;
        if (isPlaced) batch.venueCash += int256(uint256(amount));
        else _credit(m.account, m.asset, amount);
        if (m.asset == QUOTE) batch.cashFees += m.fee;
        else _credit(batch.payee, m.asset, m.fee);
        emit DepositCredited(batch.source, index, m.account, m.asset, m.amount);
        _payReward(m.account, m.asset, reward);
        if (!isPlaced) _doNext(batch, index, m.account, m.asset, amount, m.next);
        return WaitReason.None;
    }

    function _payReward(bytes32 account, uint32 asset, uint128 reward) private {
        if (reward == 0) return;
        _pot[asset] -= reward;
        _credit(account, asset, reward);
        emit RewardPaid(account, asset, reward);
    }

    /// @dev What fails a check stays the account's here; the delivery goes on either way.
    function _doNext(Batch memory batch, uint32 index, bytes32 account, uint32 asset, uint128 amount, Next memory next)
        private
    {
        if (next.mode == Messages.STAY) return;
        _flush(batch);
        if (gasleft() < FORWARD_GAS) revert GasTooLow(gasleft(), FORWARD_GAS);
        try IHubActions(address(this)).forward(account, asset, amount, next) returns (uint32 newIndex) {
            emit Forwarded(batch.source, index, next.chain, newIndex);
        } catch (bytes memory reason) {
            // forge-lint: disable-next-line(unsafe-typecast) cut to the error's selector on purpose
            emit ForwardStayed(batch.source, index, bytes4(reason));
        }
    }

    function _waitHash(address sender, bytes calldata body) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(sender, body));
    }
}
