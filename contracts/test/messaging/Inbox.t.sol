// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IInbox} from "../../src/messaging/IInbox.sol";
import {HostileRecipient} from "./support/HostileRecipient.sol";
import {LaneFixture} from "./support/LaneFixture.sol";

contract InboxTest is LaneFixture {
    uint8 private constant _REENTER = 0xf3;

    // -- delivery

    function test_deliver__any_message_alone__is_credited_once() external {
        sendAll([1, 2, 3, 1, 2, 3]);
        for (uint32 i; i < 6; ++i) {
            vm.assertFalse(inbox.isDelivered(SOURCE, i));
            vm.assertEq(deliver(i, 1), 1);
            vm.assertTrue(inbox.isDelivered(SOURCE, i));
            vm.assertEq(clearing.credits(SOURCE, i), 1);
            vm.assertEq(clearing.senderOf(i), CLEARING_THERE);
        }
        vm.assertEq(clearing.lastPayee(), PAYEE);
    }

    function testFuzz_deliver__ranges_in_any_order__credit_each_message_exactly_once(uint256 seed) external {
        for (uint256 i; i < 20; ++i) {
            send(VAULT_THERE, i % 3 == 0 ? address(vault) : address(clearing), abi.encodePacked(uint8(1), i));
        }
        for (uint256 i; i < 8; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint32 first = SafeCast.toUint32(seed % 20);
            _deliverOrNothing(first, SafeCast.toUint32(1 + (seed >> 32) % (20 - first)));
            for (uint32 j; j < 20; ++j) {
                uint256 credited = clearing.credits(SOURCE, j) + vault.credits(SOURCE, j);
                vm.assertEq(credited, inbox.isDelivered(SOURCE, j) ? 1 : 0);
            }
        }
        _deliverOrNothing(0, 20);
        for (uint32 j; j < 20; ++j) {
            vm.assertEq((j % 3 == 0 ? vault : clearing).credits(SOURCE, j), 1);
        }
    }

    function test_deliver__range_over_three_words_of_the_bitmap__is_credited() external {
        for (uint256 i; i < 530; ++i) {
            send(VAULT_THERE, address(clearing), abi.encodePacked(uint8(1), i));
        }
        vm.assertEq(deliver(300, 1), 1);
        vm.assertEq(deliver(250, 280), 279);
        vm.assertEq(clearing.calls(), 3); // 300 alone, then the run before it and the run behind it
        for (uint32 i; i < 530; ++i) {
            vm.assertTrue(inbox.isDelivered(SOURCE, i) == (i >= 250));
            vm.assertEq(clearing.credits(SOURCE, i), i >= 250 ? 1 : 0);
        }
    }

    function test_deliver__recipients_mixed__each_run_is_one_call() external {
        HostileRecipient[6] memory to = [vault, vault, clearing, clearing, vault, clearing];
        for (uint256 i; i < 6; ++i) {
            send(i % 2 == 0 ? VAULT_THERE : CLEARING_THERE, address(to[i]), abi.encodePacked(uint8(1), i));
        }
        bytes memory data = deliveryData(0, 6);
        vm.expectEmit(address(inbox));
        emit IInbox.Delivered(SOURCE, 0, 6, PAYEE);
        (bool success, bytes memory delivered) = address(inbox).call(data);
        vm.assertTrue(success);
        vm.assertEq(abi.decode(delivered, (uint256)), 6);
        vm.assertEq(vault.calls(), 2);
        vm.assertEq(clearing.calls(), 2);
    }

    function test_deliver__longest_bodies__are_credited() external {
        for (uint256 i; i < 3; ++i) {
            send(VAULT_THERE, address(clearing), new bytes(2048));
        }
        vm.assertEq(deliver(0, 3), 3);
    }

    function test_updateAndDeliver__root_not_held__is_brought_first() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes32 root = model.root(6);
        bytes32[] memory siblings = model.rangeProof(2, 2, 6);
        bytes memory items = itemsFrom(2, 2);
        vm.expectRevert(abi.encodeWithSelector(IInbox.RootNotAccepted.selector, SOURCE, root, 6));
        inbox.deliver(SOURCE, root, 6, 2, PAYEE, items, siblings);
        bytes memory update = abi.encode(SOURCE, HERE, root, uint32(6));
        vm.assertEq(inbox.updateAndDeliver(update, SOURCE, root, 6, 2, PAYEE, items, siblings), 2);
        vm.expectRevert(abi.encodeWithSelector(IInbox.SourceUnknown.selector, 7));
        inbox.updateAndDeliver(update, 7, root, 6, 2, PAYEE, items, siblings);
    }

    // -- replays

    function test_deliver__again__is_refused_alone_and_in_a_batch() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        deliver(2, 1);
        expectDeliverReverts(2, 1, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 2, ""));
        vm.assertEq(deliver(1, 3), 2);
        expectDeliverReverts(1, 3, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 1, ""));
        vm.assertEq(clearing.credits(SOURCE, 2), 1);
    }

    function test_deliver__under_a_newer_root__does_not_credit_again() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        deliver(0, 6);
        sendAll([1, 1, 1, 1, 1, 1]);
        expectDeliverReverts(5, 1, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 5, ""));
        vm.assertEq(deliver(5, 3), 2);
    }

    function test_deliver__reentered_from_a_recipient__is_refused() external {
        sendAll([_REENTER, 1, 1, 1, 1, 1]);
        clearing.prepareReentry(deliveryData(3, 1));
        vm.assertEq(deliver(0, 1), 1);
        vm.assertFalse(clearing.reentered());
        vm.assertEq(
            clearing.reentryResult(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertFalse(inbox.isDelivered(SOURCE, 3));
        vm.assertEq(deliver(3, 1), 1);
    }

    // -- who may configure, and what

    function test_addRoute__by_owner__opens_a_source_once() external {
        IInbox.Route memory added = IInbox.Route({source: 1003, outbox: address(1), oracle: address(oracle)});
        vm.startPrank(OWNER);
        vm.expectEmit(address(inbox));
        emit IInbox.RouteAdded(1003, address(1), address(oracle));
        inbox.addRoute(added);
        vm.expectRevert(abi.encodeWithSelector(IInbox.RouteAlreadyKnown.selector, 1003));
        inbox.addRoute(added);
        vm.stopPrank();
        (address known, address knownOracle) = inbox.route(1003);
        vm.assertEq(known, address(1));
        vm.assertEq(knownOracle, address(oracle));
    }

    function test_addRoute__by_stranger__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        inbox.addRoute(IInbox.Route({source: 1003, outbox: address(1), oracle: address(oracle)}));
    }

    function test_addRoute__incomplete_or_to_itself__is_refused() external {
        vm.startPrank(OWNER);
        _expectRouteInvalid(0, address(1), address(2));
        _expectRouteInvalid(HERE, address(1), address(2));
        _expectRouteInvalid(1003, address(0), address(2));
        _expectRouteInvalid(1003, address(1), address(0));
        vm.stopPrank();
    }

    function _expectRouteInvalid(uint64 source, address outbox_, address oracle_) private {
        vm.expectRevert(abi.encodeWithSelector(IInbox.RouteInvalid.selector, source, outbox_, oracle_));
        inbox.addRoute(IInbox.Route({source: source, outbox: outbox_, oracle: oracle_}));
    }

    function _deliverOrNothing(uint32 first, uint32 n) private {
        (bool success, bytes memory result) = address(inbox).call(deliveryData(first, n));
        if (!success) vm.assertTrue(selectorOf(result) == IInbox.NothingDelivered.selector);
    }
}
