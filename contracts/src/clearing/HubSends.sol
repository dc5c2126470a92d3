// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Leg, Messages, Parcel, Release} from "../messaging/Messages.sol";
import {Accounts} from "../support/Accounts.sol";
import {Next} from "../support/Next.sol";
import {HubReserves} from "./HubReserves.sol";

/// @dev What leaves the hub: parcels of cash to venues and releases to vaults, each debited before it is sent. Authorisation is
///      decided before, by the callers.
abstract contract HubSends is HubReserves {
    using SafeCast for int256;
    using SafeCast for uint256;

    function _sendParcel(bytes32 account, uint64 venue, bytes32 to, uint128 amount, uint128 fee)
        internal
        returns (uint32 index)
    {
        address recipient = _peers[venue].venue;
        if (recipient == address(0)) revert VenueUnknown(venue);
        Accounts.requireOwned(to);
        uint256 total = uint256(amount) + fee;
        _debit(account, QUOTE, total);
        _sums[_venueKey(venue, recipient)].cash += total.toInt256().toInt248();
        Entry memory entry = _entered[to][venue];
        Parcel memory parcel = Parcel({
            account: to,
            cash: uint256(amount).toInt256().toInt128(),
            fee: fee,
            key: entry.key,
            keyEpoch: entry.epoch,
            next: Next(Messages.STAY, 0, 0, 0, 0),
            legs: new Leg[](0)
        });
        index = _dispatch(venue, recipient, Messages.encode(parcel));
        emit ParcelSent(account, venue, index, to, amount, fee);
    }

    function _withdraw(
        bytes32 account,
        uint32 asset,
        uint128 amount,
        uint64 chain,
        address to,
        uint128 fee,
        uint128 maxCharge
    ) internal returns (uint32 index) {
        if (to == address(0)) revert ReceiverZero();
        Reserve storage stored = _known(chain, asset);
        (uint128 payout, uint128 feeDown, uint128 charge) = _quote(stored, chain, asset, amount, fee);
        if (charge > maxCharge) revert ChargeAboveMax(charge, maxCharge);
        uint256 leaving = uint256(payout) + feeDown;
        _debit(account, asset, leaving + charge);
        stored.amount -= leaving.toUint104();
        // net inflow is what is limited: else a deposit and a withdrawal in one transaction would use the burst up for free
        stored.inflowUsed = Math.saturatingSub(stored.inflowUsed, leaving).toUint104();
        if (charge != 0) _pot[asset] += charge;
        index = _dispatch(chain, _peers[chain].vault, Messages.encode(Release(account, asset, to, payout, feeDown)));
        emit Withdrawn(account, chain, asset, index, to, payout, feeDown, charge);
    }

    function _transfer(bytes32 account, bytes32 to, uint32 asset, uint128 amount) internal {
        Accounts.requireOwned(to);
        _debit(account, asset, amount);
        _credit(to, asset, amount);
        emit Transferred(account, to, asset, amount);
    }

    function _enterVenue(bytes32 account, uint64 venue, address key, uint128 fee) internal returns (uint32) {
        if (key == address(0)) revert KeyZero();
        uint32 epoch = _entered[account][venue].epoch + 1;
        _entered[account][venue] = Entry(key, epoch);
        emit VenueEntered(account, venue, key, epoch);
        return _sendParcel(account, venue, account, 0, fee);
    }
}
