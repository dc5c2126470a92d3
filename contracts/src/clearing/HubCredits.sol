// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {Deposit, Messages, Parcel} from "../messaging/Messages.sol";
import {Next} from "../support/Next.sol";
import {HubReserves} from "./HubReserves.sol";
import {IHubActions} from "./IHubActions.sol";
import {WaitReason} from "./IHubEvents.sol";
import {IHubLedger} from "./IHubLedger.sol";

/// @dev What comes in: deposits and parcels, credited once each, or waiting whole until a check lets them through.
abstract contract HubCredits is IHubLedger, HubReserves {
    using SafeCast for uint256;

    /// @dev What a forward may need: a send through 32 cold levels, or a bounded push by the local vault. Less gas is refused, or a
    ///      deliverer could make forwards stay by starving them.
    uint256 private constant FORWARD_GAS = 700_000;

    /// @dev Slots that many messages of a batch share, held in memory until the batch ends or something needs them in storage.
    struct Batch {
        uint64 source;
        bytes32 payee;
        uint256 cashFees;
        bool isVenueLoaded;
        address venue;
        int256 venueCash;
        bool isReserveLoaded;
        address vault;
        uint32 asset;
        Reserve reserve;
    }

    /// @inheritdoc IMessageRecipient
    function onMessages(uint64 source, uint32 first, bytes32 payee, bytes calldata items) external {
        if (msg.sender != INBOX) revert CallerNotInbox(msg.sender);
        Batch memory batch;
        (batch.source, batch.payee) = (source, payee);
        uint256 offset;
        for (uint32 index = first; offset < items.length; ++index) {
            (address sender,, bytes calldata body, uint256 end) = Messages.item(items, offset);
            WaitReason reason = _take(batch, index, sender, body);
            if (reason != WaitReason.None) {
                _waiting[source][index] = _waitHash(sender, body);
                emit CreditWaiting(source, index, reason);
            }
            offset = end;
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

    /// @dev Deposits come from the source's vault, parcels from its venue, and nothing from anyone else.
    function _take(Batch memory batch, uint32 index, address sender, bytes calldata body) private returns (WaitReason) {
        if (Messages.kind(body) == Messages.PARCEL) {
            _loadVenue(batch);
            if (sender != batch.venue || sender == address(0)) revert MessageSenderUnknown(batch.source, sender);
            return _takeParcel(batch, index, body);
        }
        Deposit memory m = Messages.decodeDeposit(body);
        _loadReserve(batch, m.asset);
        if (sender != batch.vault || sender == address(0)) revert MessageSenderUnknown(batch.source, sender);
        return _takeDeposit(batch, index, m);
    }

    function _takeParcel(Batch memory batch, uint32 index, bytes calldata body) private returns (WaitReason) {
        Parcel memory m = Messages.decodeParcel(body);
        if (m.key != address(0)) revert BodyMalformed(batch.source, index);
        if (m.cash < 0) return WaitReason.CashNegative;
        if (m.legs.length != 0) return WaitReason.LegsNotListed;
        uint128 amount = uint128(m.cash);
        int256 left = batch.venueCash - (uint256(amount) + m.fee).toInt256();
        if (left < 0) return WaitReason.VenueShort;
        batch.venueCash = left;
        batch.cashFees += m.fee;
        _credit(m.account, QUOTE, amount);
        emit ParcelCredited(batch.source, index, m.account, m.cash);
        _doNext(batch, index, m.account, QUOTE, amount, m.next);
        return WaitReason.None;
    }

    function _takeDeposit(Batch memory batch, uint32 index, Deposit memory m) private returns (WaitReason reason) {
        bool isPlaced = m.next.mode == Messages.PLACED;
        if (isPlaced) {
            _loadVenue(batch);
            if (m.asset != QUOTE || batch.venue == address(0)) revert BodyMalformed(batch.source, index);
        }
        reason = _admit(batch.reserve, m.amount);
        if (reason != WaitReason.None) return reason;
        uint256 reward = _reward(batch.reserve, m.asset, m.amount);
        if (reward != 0) _pot[m.asset] -= reward;
        batch.reserve.amount += uint104(m.amount);
        uint128 amount = m.amount - m.fee;
        if (isPlaced) batch.venueCash += uint256(amount).toInt256();
        _credit(m.account, m.asset, isPlaced ? reward : amount + reward);
        if (m.asset == QUOTE) batch.cashFees += m.fee;
        else _credit(batch.payee, m.asset, m.fee);
        emit DepositCredited(batch.source, index, m.account, m.asset, m.amount, reward.toUint128());
        if (!isPlaced) _doNext(batch, index, m.account, m.asset, amount, m.next);
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

    function _loadVenue(Batch memory batch) private view {
        if (batch.isVenueLoaded) return;
        batch.isVenueLoaded = true;
        batch.venue = _peers[batch.source].venue;
        batch.venueCash = _venueCash[batch.source];
    }

    function _loadReserve(Batch memory batch, uint32 asset) private {
        if (batch.isReserveLoaded && batch.asset == asset) return;
        _flushReserve(batch);
        (batch.isReserveLoaded, batch.asset) = (true, asset);
        if (batch.vault == address(0)) batch.vault = _peers[batch.source].vault;
        batch.reserve = _reserves[_key(batch.source, asset)];
    }

    function _flush(Batch memory batch) private {
        _flushReserve(batch);
        if (batch.isVenueLoaded) _venueCash[batch.source] = batch.venueCash;
        _credit(batch.payee, QUOTE, batch.cashFees);
        (batch.isVenueLoaded, batch.cashFees) = (false, 0);
    }

    function _flushReserve(Batch memory batch) private {
        if (!batch.isReserveLoaded) return;
        batch.isReserveLoaded = false;
        Reserve storage stored = _reserves[_key(batch.source, batch.asset)];
        stored.amount = batch.reserve.amount;
        stored.inflowUsed = batch.reserve.inflowUsed;
        stored.inflowSince = batch.reserve.inflowSince;
    }

    function _waitHash(address sender, bytes calldata body) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(sender, body));
    }
}
