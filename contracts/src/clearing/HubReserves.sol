// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Curve} from "./Curve.sol";
import {HubLedger} from "./HubLedger.sol";
import {WaitReason} from "./IHubEvents.sol";

/// @dev Whether a reserve takes a deposit, what the deposit earns, and what a withdrawal pays out and costs.
abstract contract HubReserves is HubLedger {
    using SafeCast for uint256;

    uint256 internal constant MAX_DECIMALS = 18;

    /// @dev Counts a deposit into the reserve in memory, or says why it must wait and leaves the reserve as it was.
    function _admit(Reserve memory r, uint128 amount) internal view returns (WaitReason) {
        if (!r.isListed) return WaitReason.AssetNotListed;
        uint256 sum = uint256(r.amount) + amount;
        if (sum > r.ceiling) return WaitReason.CeilingReached;
        uint256 used =
            Math.saturatingSub(r.inflowUsed, uint256(r.inflowRate) * (block.timestamp - r.inflowSince)) + amount;
        if (used > r.inflowBurst) return WaitReason.InflowLimited;
        (r.inflowUsed, r.inflowSince) = (used.toUint104(), uint48(block.timestamp));
        return WaitReason.None;
    }

    /// @dev Of a deposit onto the reserve as it was before: never more than the pot holds.
    function _reward(Reserve memory r, uint32 asset, uint256 amount) internal view returns (uint256 reward) {
        reward = Curve.rewardDown(r.amount, amount, r.target, r.curvePpm);
        if (reward != 0) reward = Math.min(reward, _pot[asset]);
    }

    /// @dev What leaves the reserve for `amount`: payout and fee in whole token units; no fee on the hub's own chain.
    function _quote(Reserve memory r, uint64 chain, uint32 asset, uint128 amount, uint128 fee)
        internal
        view
        returns (uint128 payout, uint128 feeDown, uint128 charge)
    {
        if (amount > type(uint104).max) revert ReserveShort(chain, asset, r.amount, amount);
        uint256 unit = 10 ** (MAX_DECIMALS - r.decimals);
        uint256 leaving = Curve.leavingDown(r.amount, amount, r.target, r.curvePpm) / unit * unit;
        if (leaving > r.amount) revert ReserveShort(chain, asset, r.amount, leaving);
        charge = Curve.chargeUp(r.amount, leaving, r.target, r.curvePpm).toUint128();
        feeDown = chain == HUB_CHAIN ? 0 : (fee / unit * unit).toUint128();
        if (leaving <= feeDown) revert AmountTooSmall(amount, feeDown, charge);
        payout = leaving.toUint128() - feeDown;
    }

    function _known(uint64 chain, uint32 asset) internal view returns (Reserve memory r) {
        r = _reserves[_key(chain, asset)];
        if (!r.isListed) revert ReserveUnknown(chain, asset);
    }

    function _key(uint64 chain, uint32 asset) internal pure returns (uint256) {
        return uint256(chain) << 32 | asset;
    }
}
