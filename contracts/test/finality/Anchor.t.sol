// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Anchor} from "../../src/finality/Anchor.sol";
import {IAnchor} from "../../src/finality/IAnchor.sol";
import {Test} from "../support/Test.sol";

contract AnchorTest is Test {
    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;

    Anchor private anchor = new Anchor();

    function test_report__in_a_row_from_genesis__is_held() external {
        for (uint64 number = 0; number < 5; ++number) {
            vm.assertTrue(report(number, rootOf(number)));
        }
        vm.assertEq(uint256(anchor.latest()), 4);
        for (uint64 number = 0; number < 5; ++number) {
            vm.assertEq(anchor.stateRoot(number), rootOf(number));
        }
    }

    function test_stateRoot__never_reported__is_unknown() external {
        unknown(0);
        report(7, rootOf(7));
        unknown(0);
        unknown(6);
        unknown(8);
        unknown(7 + 8191);
    }

    function test_report__by_anyone_else__is_refused() external {
        (bool isDone, bytes memory reason) = address(anchor).call(abi.encode(uint256(1), rootOf(1)));
        vm.assertFalse(isDone);
        vm.assertEq(reason, abi.encodeWithSelector(Anchor.CallerNotSystem.selector, address(this)));
    }

    function testFuzz_report__of_another_length__is_refused(bytes memory data) external {
        vm.assume(data.length != 64 && (data.length < 4 || bytes4(data) != IAnchor.latest.selector));
        vm.prank(SYSTEM);
        (bool isDone,) = address(anchor).call(data);
        vm.assertFalse(isDone);
        vm.assertEq(uint256(anchor.latest()), 0);
    }

    function test_report__falling_or_contradicting_number__is_refused() external {
        report(7, rootOf(7));
        report(8, rootOf(8));
        vm.assertFalse(report(7, rootOf(7)));
        vm.assertFalse(report(8, rootOf(9)));
        vm.assertFalse(report(9, 0));
        vm.assertTrue(report(8, rootOf(8)));
        vm.assertEq(anchor.stateRoot(8), rootOf(8));
    }

    function test_report__number_beyond_64_bits__is_refused() external {
        report(7, rootOf(7));
        vm.prank(SYSTEM);
        (bool isDone,) = address(anchor).call(abi.encode(uint256(2) ** 64 + 8, rootOf(8)));
        vm.assertFalse(isDone);
    }

    function test_report__after_a_gap__forgets_what_lies_before_and_never_guesses_what_lies_between() external {
        report(7, rootOf(7));
        report(8, rootOf(8));
        report(10, rootOf(10));
        unknown(7);
        unknown(8);
        unknown(9);
        vm.assertEq(anchor.stateRoot(10), rootOf(10));
        report(8200, rootOf(8200));
        unknown(9 + 8191 - 1);
        vm.assertEq(anchor.stateRoot(8200), rootOf(8200));
    }

    function test_stateRoot__older_than_the_ring__is_unknown() external {
        for (uint64 number = 1; number <= 8193; ++number) {
            report(number, rootOf(number));
        }
        unknown(1);
        unknown(2);
        vm.assertEq(anchor.stateRoot(3), rootOf(3));
        vm.assertEq(anchor.stateRoot(8193), rootOf(8193));
    }

    function unknown(uint64 number) private {
        vm.expectRevert(abi.encodeWithSelector(IAnchor.BaseBlockUnknown.selector, number));
        anchor.stateRoot(number);
    }

    function report(uint64 number, bytes32 root) private returns (bool isDone) {
        vm.prank(SYSTEM);
        (isDone,) = address(anchor).call(abi.encode(uint256(number), root));
    }

    function rootOf(uint64 number) private pure returns (bytes32) {
        return keccak256(abi.encode("root", number));
    }
}
