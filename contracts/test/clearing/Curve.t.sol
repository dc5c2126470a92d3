// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Curve} from "../../src/clearing/Curve.sol";
import {Test} from "../support/Test.sol";

/// @dev Scarcity is a potential: no path of withdrawals and deposits that ends where it began gains anything.
contract CurveTest is Test {
    uint256 private constant LIMIT = 2 ** 104 - 1;
    uint256 private constant MILLION = 1_000_000;

    function testFuzz_charge__of_any_withdrawal__is_at_least_the_reward_of_its_return(
        uint256 reserve,
        uint256 leaving,
        uint256 target,
        uint256 ppm
    ) external pure {
        (reserve, target, ppm) = (bound(reserve, 0, LIMIT), bound(target, 0, LIMIT), bound(ppm, 0, MILLION));
        leaving = bound(leaving, 0, reserve);
        uint256 charge = Curve.chargeUp(reserve, leaving, target, ppm);
        vm.assertGe(charge, Curve.rewardDown(reserve - leaving, leaving, target, ppm));
    }

    function testFuzz_charge__in_two_parts__is_at_least_that_of_the_whole(
        uint256 reserve,
        uint256 first,
        uint256 second,
        uint256 target,
        uint256 ppm
    ) external pure {
        (reserve, target, ppm) = (bound(reserve, 0, LIMIT), bound(target, 0, LIMIT), bound(ppm, 0, MILLION));
        first = bound(first, 0, reserve);
        second = bound(second, 0, reserve - first);
        uint256 parts =
            Curve.chargeUp(reserve, first, target, ppm) + Curve.chargeUp(reserve - first, second, target, ppm);
        vm.assertGe(parts, Curve.chargeUp(reserve, first + second, target, ppm));
    }

    function testFuzz_reward__in_two_parts__is_at_most_that_of_the_whole(
        uint256 reserve,
        uint256 first,
        uint256 second,
        uint256 target,
        uint256 ppm
    ) external pure {
        (reserve, target, ppm) = (bound(reserve, 0, LIMIT / 4), bound(target, 0, LIMIT), bound(ppm, 0, MILLION));
        (first, second) = (bound(first, 0, LIMIT / 4), bound(second, 0, LIMIT / 4));
        uint256 parts =
            Curve.rewardDown(reserve, first, target, ppm) + Curve.rewardDown(reserve + first, second, target, ppm);
        vm.assertLe(parts, Curve.rewardDown(reserve, first + second, target, ppm));
    }

    function testFuzz_leaving__of_any_amount__is_the_most_that_it_pays_for(
        uint256 reserve,
        uint256 amount,
        uint256 target,
        uint256 ppm
    ) external pure {
        (reserve, target, ppm) = (bound(reserve, 1, LIMIT), bound(target, 0, LIMIT), bound(ppm, 0, MILLION));
        amount = bound(amount, 0, LIMIT);
        uint256 leaving = Curve.leavingDown(reserve, amount, target, ppm);
        vm.assertLe(leaving, amount);
        if (leaving > reserve) return; // refused by the ledger
        vm.assertLe(leaving + Curve.chargeUp(reserve, leaving, target, ppm), amount);
        if (leaving == reserve) return;
        vm.assertGt(leaving + 1 + Curve.chargeUp(reserve, leaving + 1, target, ppm), amount);
    }
}
