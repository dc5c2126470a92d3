// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {VaultAsset} from "./IVault.sol";

/// @dev What the vault keeps of one asset:
///      slot 0: held (104) ‖ outflowNet (112) ‖ outflowAt (40); slot 1: owed (128).
///      `outflowNet` is what left lately less what came in lately: above zero it is used of the budget, below zero it is credit.
struct Holding {
    uint104 held;
    int112 outflowNet;
    uint40 outflowAt;
    uint128 owed;
}

/// @title Outflow: how much of an asset may leave a vault for now.
/// @notice With net = what left less what came in lately, and base = held + owed + net, which is what the vault would hold without
///         them, at most budget − net may leave, where budget is a share of base and never less than a floor. With time net goes
///         back to zero: above zero by a budget in each window, so that an empty bucket is full after one; below zero (the credit
///         that deposits earned) by its own size in each window. It delays; what it holds back stays a claim.
/// @dev    A flow in or out moves held + owed and net by the same amount, so base, budget and the speed of refilling stay: no order of
///         deposits and releases gains or costs anything, and only time refills. So who controls the hub takes from a vault in
///         a time t at most budget · (1 + t / window), and the deposits of that time, and of each deposit before, of age a, at most
///         its amount times e^(−a / window).
library Outflow {
    using SafeCast for int256;
    using SafeCast for uint256;

    uint256 private constant BPS = 10_000;

    /// @notice What may leave at `time`. Rounded down.
    function available(Holding storage h, VaultAsset storage c, uint256 time) internal view returns (uint256) {
        int256 net = _settled(h, c, time);
        int256 left = budget(uint256(_live(h) + net), c).toInt256() - net;
        return left > 0 ? uint256(left) : 0;
    }

    /// @notice What `outflowNet` and `outflowAt` are once `change` leaves (or, below zero, came in) at `time`; `h` and its held and
    ///         owed are as before.
    /// @dev    Where the refill rounds to nothing the clock stands still, so that calling often cannot stop it.
    function moved(Holding storage h, VaultAsset storage c, int256 change, uint256 time)
        internal
        view
        returns (int112 net, uint40 since)
    {
        int256 settled = _settled(h, c, time);
        net = (settled + change).toInt112();
        bool isClockHeld = settled > 0 && settled == h.outflowNet && net > 0;
        since = isClockHeld ? h.outflowAt : uint40(time);
    }

    /// @notice The whole bucket of a vault whose base is `base`: a share of it, rounded down, or the floor if that is more.
    function budget(uint256 base, VaultAsset storage c) internal view returns (uint256) {
        return Math.max(base * c.outflowBps / BPS, c.outflowFloor);
    }

    /// @dev Above the budget net is only once the limits were tightened: the bucket is empty then, not in debt.
    function _settled(Holding storage h, VaultAsset storage c, uint256 time) private view returns (int256 net) {
        net = h.outflowNet;
        uint256 passed = time - h.outflowAt;
        if (net < 0) {
            uint256 credit = uint256(-net);
            return
                passed < c.outflowWindow ? -int256(credit - Math.ceilDiv(credit * passed, c.outflowWindow)) : int256(0);
        }
        if (net == 0) return 0;
        uint256 size = budget(uint256(_live(h) + net), c);
        uint256 used = Math.min(uint256(net), size);
        return int256(Math.saturatingSub(used, size * passed / c.outflowWindow));
    }

    function _live(Holding storage h) private view returns (int256) {
        return int256(uint256(h.held) + h.owed);
    }
}
