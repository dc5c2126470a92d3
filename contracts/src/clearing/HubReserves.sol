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

    /// @dev One more than what the reserve can still take in: zero if the asset is not listed there.
    function _room(Reserve memory r) internal view returns (uint256) {
        if (!r.isListed) return 0;
        uint256 belowCeiling = Math.saturatingSub(r.ceiling, r.amount);
        return Math.min(belowCeiling, Math.saturatingSub(r.inflowBurst, _inflowUsed(r))) + 1;
    }

    /// @dev What of the inflow burst is used now, after what time gave back.
    function _inflowUsed(Reserve memory r) internal view returns (uint256) {
        return Math.saturatingSub(r.inflowUsed, uint256(r.inflowRate) * (block.timestamp - r.inflowSince));
    }

    /// @dev Why a deposit waits that the room is too small for, after `arrived` came in since the reserve was loaded.
    function _refusal(Reserve memory r, uint256 arrived, uint256 amount) internal pure returns (WaitReason) {
        if (!r.isListed) return WaitReason.AssetNotListed;
        return r.amount + arrived + amount > r.ceiling ? WaitReason.CeilingReached : WaitReason.InflowLimited;
    }

    /// @dev Of a deposit onto a reserve of `amountBefore`: never more than the pot holds.
    function _reward(Reserve memory r, uint256 amountBefore, uint32 asset, uint256 amount)
        internal
        view
        returns (uint128)
    {
        if (amountBefore >= r.target) return 0;
        uint256 reward = Curve.rewardDown(amountBefore, amount, r.target, r.curvePpm);
        return reward == 0 ? 0 : Math.min(reward, _pot[asset]).toUint128();
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

    function _known(uint64 chain, uint32 asset) internal view returns (Reserve storage r) {
        r = _reserves[_reserveKey(chain, asset, _peers[chain].vault)];
        if (!r.isListed) revert ReserveUnknown(chain, asset);
    }
}
