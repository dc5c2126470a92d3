// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Messages} from "../messaging/Messages.sol";
import {HubReserves} from "./HubReserves.sol";

/// @dev A batch of credits from one source: slots that its messages share are held in memory until it ends or something needs them
///      in storage, and the messages that nearly all are, cash that stays, are read straight from the calldata.
abstract contract HubBatch is HubReserves {
    using SafeCast for int256;
    using SafeCast for uint256;

    struct Batch {
        uint64 source;
        bytes32 payee;
        uint256 cashFees;
        address venue; // zero while its sum is not in memory
        int256 venueCash;
        address vault; // zero while no reserve is in memory
        uint32 asset;
        uint256 room; // one more than what may still come in
        uint256 arrived; // what came in since the reserve was loaded
        Reserve reserve;
    }

    uint256 private constant HEAD = 42;
    uint256 private constant PARCEL_LENGTH = 90;
    uint256 private constant DEPOSIT_LENGTH = 70;

    /// @dev Credits the item at `offset` if it is a parcel of cash, or a deposit of the quote asset, that stays, earns no reward and
    ///      meets every check; returns where it ends, or `offset` untouched: then it is for the long way, which agrees on it.
    ///      What is unchecked here cannot overflow: amounts have 128 bits, and no more than 2^32 of them ever come from a lane.
    function _creditPlain(Batch memory batch, uint32 index, bytes calldata items, uint256 offset)
        internal
        returns (uint256)
    {
        uint256 length;
        address sender;
        uint256 kind;
        bytes32 account;
        assembly ("memory-safe") {
            let start := add(items.offset, offset)
            length := shr(240, calldataload(start))
            sender := shr(96, calldataload(add(start, 2)))
            kind := byte(0, calldataload(add(start, HEAD)))
            account := calldataload(add(start, add(HEAD, 1)))
        }
        unchecked {
            if (offset + HEAD + length > items.length) return offset;
            if (length == PARCEL_LENGTH && kind == Messages.PARCEL) {
                return _creditPlainParcel(batch, index, sender, account, items, offset);
            }
            if (length == DEPOSIT_LENGTH && kind == Messages.DEPOSIT) {
                return _creditPlainDeposit(batch, index, sender, account, items, offset);
            }
            return offset;
        }
    }

    /// @dev Brings the sum of the venue at `sender` into memory; false if that is no venue of the source.
    function _loadVenue(Batch memory batch, address sender) internal view returns (bool) {
        if (sender == batch.venue) return sender != address(0);
        VenueSum memory sum = _sums[_venueKey(batch.source, sender)];
        if (!sum.isVenue) return false;
        (batch.venue, batch.venueCash) = (sender, sum.cash);
        return true;
    }

    /// @dev Brings the reserve of the vault at `sender` into memory; false if that keeps no such asset for the hub.
    function _loadReserve(Batch memory batch, address sender, uint32 asset) internal returns (bool) {
        if (sender == batch.vault && asset == batch.asset) return sender != address(0);
        Reserve memory loaded = _reserves[_reserveKey(batch.source, asset, sender)];
        if (!loaded.isListed) return false;
        _flushReserve(batch);
        (batch.vault, batch.asset, batch.reserve) = (sender, asset, loaded);
        (batch.room, batch.arrived) = (_room(loaded), 0);
        return true;
    }

    function _flush(Batch memory batch) internal {
        _flushReserve(batch);
        if (batch.venue != address(0)) {
            _sums[_venueKey(batch.source, batch.venue)] = VenueSum(true, batch.venueCash.toInt248());
        }
        _credit(batch.payee, QUOTE, batch.cashFees);
        (batch.venue, batch.cashFees) = (address(0), 0);
    }

    function _creditPlainParcel(
        Batch memory batch,
        uint32 index,
        address sender,
        bytes32 account,
        bytes calldata items,
        uint256 offset
    ) private returns (uint256) {
        int128 amount;
        uint256 fee;
        uint256 rest; // key, key epoch and mode: all zero in a plain parcel
        assembly ("memory-safe") {
            let body := add(add(items.offset, offset), HEAD)
            amount := sar(128, calldataload(add(body, 33)))
            fee := shr(128, calldataload(add(body, 49)))
            rest := shr(56, calldataload(add(body, 65)))
        }
        if (rest != 0 || amount < 0 || !_loadVenue(batch, sender)) return offset;
        unchecked {
            int256 left = batch.venueCash - amount - fee.toInt256();
            if (left < 0) return offset;
            batch.venueCash = left;
            batch.cashFees += fee;
            if (amount != 0) _cash[account] += amount;
            emit ParcelCredited(batch.source, index, account, amount);
            return offset + HEAD + PARCEL_LENGTH;
        }
    }

    function _creditPlainDeposit(
        Batch memory batch,
        uint32 index,
        address sender,
        bytes32 account,
        bytes calldata items,
        uint256 offset
    ) private returns (uint256) {
        uint128 amount;
        uint128 fee;
        uint256 assetAndMode; // both zero in a plain deposit
        assembly ("memory-safe") {
            let body := add(add(items.offset, offset), HEAD)
            amount := shr(128, calldataload(add(body, 37)))
            fee := shr(128, calldataload(add(body, 53)))
            assetAndMode := or(shr(224, calldataload(add(body, 33))), byte(0, calldataload(add(body, 69))))
        }
        if (assetAndMode != 0 || !_loadReserve(batch, sender, QUOTE)) return offset;
        unchecked {
            uint256 arrived = batch.arrived;
            bool isScarce = batch.reserve.amount + arrived < batch.reserve.target;
            if (isScarce || amount >= batch.room || fee > amount) return offset;
            batch.room -= amount;
            batch.arrived = arrived + amount;
            batch.cashFees += fee;
            if (amount != fee) _cash[account] += int256(uint256(amount - fee));
            emit DepositCredited(batch.source, index, account, QUOTE, amount);
            return offset + HEAD + DEPOSIT_LENGTH;
        }
    }

    function _flushReserve(Batch memory batch) private {
        if (batch.arrived != 0) {
            Reserve storage stored = _reserves[_reserveKey(batch.source, batch.asset, batch.vault)];
            stored.inflowUsed = (_inflowUsed(batch.reserve) + batch.arrived).toUint104();
            stored.inflowSince = block.timestamp.toUint48();
            stored.amount = (batch.reserve.amount + batch.arrived).toUint104();
        }
        (batch.vault, batch.arrived) = (address(0), 0);
    }
}
