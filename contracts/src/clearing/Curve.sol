// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Curve: what it costs to make a reserve scarce, and earns to fill it.
/// @notice A potential Φ(r) = ppm · (target − r)² / (2 · target · 10⁶) below the target, zero above. A withdrawal pays the rise of
///         Φ, rounded up; a deposit earns its fall, rounded down: so no round trip gains. Reserves, targets and amounts are below
///         2^104, ppm is at most 10⁶; then nothing here overflows.
library Curve {
    uint256 private constant MILLION = 1_000_000;

    /// @notice Φ(reserve − leaving) − Φ(reserve), rounded up. `leaving` is at most `reserve`.
    function chargeUp(uint256 reserve, uint256 leaving, uint256 target, uint256 ppm) internal pure returns (uint256) {
        if (target == 0) return 0;
        uint256 rise = _weight(reserve - leaving, target, ppm) - _weight(reserve, target, ppm);
        return Math.ceilDiv(rise, 2 * target * MILLION);
    }

    /// @notice Φ(reserve) − Φ(reserve + arriving), rounded down.
    function rewardDown(uint256 reserve, uint256 arriving, uint256 target, uint256 ppm)
        internal
        pure
        returns (uint256)
    {
        if (target == 0) return 0;
        uint256 fall = _weight(reserve, target, ppm) - _weight(reserve + arriving, target, ppm);
        return fall / (2 * target * MILLION);
    }

    /// @notice The most that can leave such that it and its charge together are at most `amount`: with the gap d = target − reserve
    ///         the larger root of ppm·y² + 2·(ppm·d + 10⁶·target)·y = 2·10⁶·target·A, where y and A are the parts below the target.
    /// @dev    The root's floor is exact: the inner square root may be rounded down first, since everything else is an integer.
    function leavingDown(uint256 reserve, uint256 amount, uint256 target, uint256 ppm) internal pure returns (uint256) {
        uint256 free = Math.saturatingSub(reserve, target);
        if (ppm == 0 || target == 0 || amount <= free) return amount;
        uint256 b = ppm * Math.saturatingSub(target, reserve) + MILLION * target;
        uint256 root = Math.sqrt(b * b + 2 * MILLION * ppm * target * (amount - free));
        return free + (root - b) / ppm;
    }

    function _weight(uint256 reserve, uint256 target, uint256 ppm) private pure returns (uint256) {
        uint256 gap = Math.saturatingSub(target, reserve);
        return ppm * gap * gap;
    }
}
