// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {VaultAsset} from "./IVault.sol";

/// @dev What the vault keeps of one asset:
///      slot 0: held (104) ‖ outflowUsed (104) ‖ outflowAt (48); slot 1: owed (128).
struct Holding {
    uint104 held;
    uint104 outflowUsed;
    uint48 outflowAt;
    uint128 owed;
}

/// @title Outflow: how much of an asset may leave a vault for now.
/// @notice A token bucket whose size is a share of what the vault holds live (never below a floor). It refills with time, the whole of
///         it in one window, and with what is paid in. It delays; what it holds back stays a claim.
library Outflow {
    using SafeCast for uint256;

    uint256 private constant BPS = 10_000;

    /// @notice What may leave at `time`. Rounded down.
    function available(Holding memory h, VaultAsset memory c, uint256 time) internal pure returns (uint256) {
        uint256 size = budget(h, c);
        (uint256 used,) = refilled(h, c, time);
        return used < size ? size - used : 0;
    }

    /// @notice The whole bucket: a share of held + owed, rounded down, or the floor if that is more.
    function budget(Holding memory h, VaultAsset memory c) internal pure returns (uint256) {
        uint256 share = (uint256(h.held) + h.owed) * c.outflowBps / BPS;
        return share > c.outflowFloor ? share : c.outflowFloor;
    }

    /// @notice What is used of the bucket at `time`, and the time up to which refilling is counted.
    /// @dev    Where the refill rounds to nothing the clock stands still, so that calling often cannot stop it.
    function refilled(Holding memory h, VaultAsset memory c, uint256 time)
        internal
        pure
        returns (uint104 used, uint48 since)
    {
        uint256 refill = budget(h, c) * (time - h.outflowAt) / c.outflowWindow;
        if (refill >= h.outflowUsed) return (0, time.toUint48());
        return refill == 0 ? (h.outflowUsed, h.outflowAt) : ((h.outflowUsed - refill).toUint104(), time.toUint48());
    }
}
