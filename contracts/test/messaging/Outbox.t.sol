// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IOutbox} from "../../src/messaging/IOutbox.sol";
import {Outbox} from "../../src/messaging/Outbox.sol";
import {LaneFixture} from "./support/LaneFixture.sol";

contract OutboxTest is LaneFixture {
    function test_send__each_append__commits_to_the_models_root_in_slot_zero() external {
        for (uint32 i; i < 40; ++i) {
            vm.assertEq(send(VAULT_THERE, address(vault), abi.encode(i)), i);
            bytes32 expected = keccak256(abi.encodePacked(model.root(i + 1), i + 1));
            vm.assertEq(outbox.commitment(HERE), expected);
            vm.assertEq(vm.load(address(outbox), keccak256(abi.encode(uint256(HERE), uint256(0)))), expected);
            vm.assertEq(outbox.count(HERE), i + 1);
        }
    }

    function test_send__message__logs_the_item_that_the_inbox_takes() external {
        vm.chainId(SOURCE);
        vm.expectEmit(address(outbox));
        emit IOutbox.Sent(HERE, 0, abi.encodePacked(uint16(4), CLEARING_THERE, address(vault), "body"));
        vm.prank(CLEARING_THERE);
        outbox.send(HERE, address(vault), "body");
    }

    function testFuzz_send__stranger__is_refused(address stranger) external {
        vm.assume(stranger != VAULT_THERE && stranger != CLEARING_THERE);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.SenderUnknown.selector, stranger));
        outbox.send(HERE, address(vault), "body");
    }

    function test_send__lane_not_open__is_refused() external {
        vm.prank(VAULT_THERE);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.LaneNotOpen.selector, 1003));
        outbox.send(1003, address(vault), "body");
    }

    function test_send__body_at_and_beyond_the_limit__is_taken_and_refused() external {
        send(VAULT_THERE, address(vault), new bytes(2048));
        vm.startPrank(VAULT_THERE);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.BodyTooLong.selector, 2049, 2048));
        outbox.send(HERE, address(vault), new bytes(2049));
        vm.expectRevert(IOutbox.BodyEmpty.selector);
        outbox.send(HERE, address(vault), "");
        vm.stopPrank();
    }

    function test_send__last_index__is_taken_and_the_next_refused() external {
        bytes32 lane = keccak256(abi.encode(uint256(HERE), uint256(2)));
        uint256 open = 1 << 32;
        vm.store(address(outbox), lane, bytes32(open | (type(uint32).max - 1)));
        vm.chainId(SOURCE);
        vm.startPrank(VAULT_THERE);
        vm.assertEq(outbox.send(HERE, address(vault), "last"), type(uint32).max - 1);
        vm.assertEq(outbox.count(HERE), type(uint32).max);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.LaneFull.selector, HERE));
        outbox.send(HERE, address(vault), "one more");
        vm.stopPrank();
    }

    function test_send__two_lanes__do_not_share_indices() external {
        vm.chainId(SOURCE);
        vm.prank(OWNER);
        outbox.openLane(1003);
        vm.assertEq(outbox.commitment(1003), 0);
        vm.startPrank(VAULT_THERE);
        outbox.send(HERE, address(vault), "here");
        vm.assertEq(outbox.send(1003, address(vault), "there"), 0);
        vm.stopPrank();
        vm.assertTrue(outbox.commitment(1003) != outbox.commitment(HERE));
    }

    function test_openLane__by_owner__opens_it_once() external {
        vm.startPrank(OWNER);
        vm.expectEmit(address(outbox));
        emit IOutbox.LaneOpened(1003);
        outbox.openLane(1003);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.LaneAlreadyOpen.selector, 1003));
        outbox.openLane(1003);
        vm.stopPrank();
    }

    function test_openLane__by_stranger__is_refused() external {
        vm.prank(VAULT_THERE);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, VAULT_THERE));
        outbox.openLane(1003);
    }

    function test_openLane__to_itself_or_to_zero__is_refused() external {
        vm.chainId(SOURCE);
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.DestinationInvalid.selector, SOURCE));
        outbox.openLane(SOURCE);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.DestinationInvalid.selector, 0));
        outbox.openLane(0);
        vm.stopPrank();
    }

    function test_constructor__lane_named_twice__is_refused() external {
        uint64[] memory twice = new uint64[](2);
        (twice[0], twice[1]) = (7, 7);
        vm.expectRevert(abi.encodeWithSelector(IOutbox.LaneAlreadyOpen.selector, 7));
        new Outbox(VAULT_THERE, CLEARING_THERE, twice, OWNER);
    }
}
