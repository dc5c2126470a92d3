// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../src/messaging/IInbox.sol";
import {HostileRecipient} from "./support/HostileRecipient.sol";
import {LaneFixture} from "./support/LaneFixture.sol";
import {Vm} from "../support/Test.sol";

/// @dev One bad message never holds up the others, and nothing is ever marked without being credited.
contract InboxFailuresTest is LaneFixture {
    uint8 private constant _REFUSE = 0xf0;
    uint8 private constant _BOMB = 0xf1;
    uint8 private constant _BURN = 0xf2;
    uint8 private constant _WORK = 0xf4;
    uint8 private constant _REFUSE_SILENTLY = 0xf5;

    function test_deliver__one_refused_between_good_ones__credits_the_others() external {
        uint8[4] memory bad = [_REFUSE, _BOMB, _BURN, _REFUSE_SILENTLY];
        for (uint32 i; i < bad.length; ++i) {
            sendAll([1, 2, bad[i], 1, 2, 3]);
            uint32 first = 6 * i;
            vm.assertEq(deliver(first, 6), 5);
            for (uint32 j = first; j < first + 6; ++j) {
                bool isGood = j != first + 2;
                vm.assertTrue(inbox.isDelivered(SOURCE, j) == isGood);
                vm.assertEq(clearing.credits(SOURCE, j), isGood ? 1 : 0);
            }
        }
    }

    function test_deliver__refused_message__can_be_delivered_later() external {
        sendAll([1, 2, _REFUSE, 1, 2, 3]);
        deliver(0, 6);
        clearing.cure();
        vm.assertEq(deliver(0, 6), 1);
        vm.assertEq(clearing.credits(SOURCE, 2), 1);
    }

    function test_deliver__refused_message__logs_a_bounded_reason() external {
        sendAll([1, _REFUSE, _BOMB, _REFUSE_SILENTLY, 2, 3]);
        vm.recordLogs();
        deliver(0, 6);
        bytes[3] memory reasons = _reasons();
        bytes memory whole =
            abi.encodeWithSelector(HostileRecipient.Refused.selector, 1, bytes32(uint256(1)), bytes32(uint256(2)));
        assembly ("memory-safe") {
            mstore(whole, 64)
        }
        vm.assertEq(reasons[0], whole);
        vm.assertEq(reasons[1], new bytes(64));
        vm.assertEq(reasons[2], "");
    }

    function test_deliver__all_refused__reverts_with_the_first_reason() external {
        sendAll([_REFUSE_SILENTLY, _REFUSE_SILENTLY, _REFUSE_SILENTLY, _REFUSE_SILENTLY, _REFUSE_SILENTLY, _BOMB]);
        expectDeliverReverts(0, 3, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 0, ""));
        expectDeliverReverts(3, 3, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 3, new bytes(64)));
        for (uint32 i; i < 6; ++i) {
            vm.assertFalse(inbox.isDelivered(SOURCE, i));
        }
    }

    function test_deliver__refused_beside_one_delivered_before__reverts() external {
        sendAll([1, _REFUSE_SILENTLY, 1, 1, 1, 1]);
        deliver(0, 1);
        expectDeliverReverts(0, 2, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 0, ""));
        vm.assertTrue(inbox.isDelivered(SOURCE, 0));
    }

    function test_deliver__recipient_that_is_no_system_contract__is_refused_beside_good_ones() external {
        HostileRecipient stranger = new HostileRecipient();
        send(VAULT_THERE, address(clearing), "good");
        send(VAULT_THERE, address(stranger), "bad");
        send(VAULT_THERE, address(0), "bad");
        send(VAULT_THERE, address(vault), "good");
        vm.recordLogs();
        vm.assertEq(deliver(0, 4), 2);
        bytes[3] memory reasons = _reasons();
        vm.assertEq(reasons[0], abi.encodeWithSelector(IInbox.RecipientUnknown.selector, stranger));
        vm.assertEq(reasons[1], abi.encodeWithSelector(IInbox.RecipientUnknown.selector, address(0)));
        vm.assertEq(stranger.calls(), 0);
        vm.assertFalse(inbox.isDelivered(SOURCE, 1));
        vm.assertFalse(inbox.isDelivered(SOURCE, 2));
    }

    /// @dev A call to an address without code succeeds: a system contract not deployed yet must not lose messages.
    function test_deliver__recipient_without_code__is_refused_and_waits() external {
        address later = address(0x1a7e);
        inbox = inboxFor(address(outbox), later, address(clearing));
        send(VAULT_THERE, later, "early");
        bytes memory reason = abi.encodeWithSelector(IInbox.RecipientUnknown.selector, later);
        expectDeliverReverts(0, 1, abi.encodeWithSelector(IInbox.NothingDelivered.selector, SOURCE, 0, reason));
        vm.etch(later, address(vault).code);
        vm.assertEq(deliver(0, 1), 1);
        vm.assertEq(HostileRecipient(later).credits(SOURCE, 0), 1);
    }

    // -- gas

    /// @dev Whatever gas a deliverer gives: either all that can be credited is, or the whole call reverts.
    function testFuzz_deliver__any_gas__credits_all_that_can_be_or_reverts(uint256 gas_) external {
        sendAll([_WORK, _WORK, _REFUSE, _WORK, _WORK, 1]);
        bytes memory data = deliveryData(0, 6);
        gas_ = bound(gas_, 21_000, 4_000_000);
        (bool success,) = address(inbox).call{gas: gas_}(data);
        _assertAllOrNothing(success, 2);
    }

    function testFuzz_deliver__any_gas_and_no_bad_message__credits_all_or_reverts(uint256 gas_) external {
        sendAll([_WORK, 1, _WORK, 1, _WORK, 1]);
        bytes memory data = deliveryData(0, 6);
        gas_ = bound(gas_, 21_000, 1_500_000);
        (bool success,) = address(inbox).call{gas: gas_}(data);
        _assertAllOrNothing(success, type(uint32).max);
    }

    function test_deliver__gas_step_by_step__credits_all_or_reverts() external {
        sendAll([_WORK, 1, _REFUSE, 1, 1, 1]);
        bytes memory data = deliveryData(0, 6);
        bool success;
        uint256 reverts;
        for (uint256 gas_ = 100_000; !success; gas_ += 7_000) {
            (success,) = address(inbox).call{gas: gas_}(data);
            _assertAllOrNothing(success, 2);
            if (!success) ++reverts;
        }
        vm.assertGt(reverts, 100);
    }

    function test_deliver__refusal_with_little_gas__says_so() external {
        sendAll([_REFUSE, 1, 1, 1, 1, 1]);
        bytes memory data = deliveryData(0, 2);
        (bool success, bytes memory reason) = address(inbox).call{gas: 1_000_000}(data);
        vm.assertFalse(success);
        vm.assertTrue(selectorOf(reason) == IInbox.GasTooLow.selector);
        (success,) = address(inbox).call{gas: 3_000_000}(data);
        vm.assertTrue(success);
        vm.assertTrue(inbox.isDelivered(SOURCE, 1));
    }

    function test_deliver__message_that_burns_its_gas__leaves_enough_for_the_others() external {
        sendAll([1, _BURN, 1, _BURN, 1, 1]);
        bytes memory data = deliveryData(0, 6);
        (bool success,) = address(inbox).call{gas: 20_000_000}(data);
        vm.assertTrue(success);
        for (uint32 i; i < 6; ++i) {
            vm.assertEq(clearing.credits(SOURCE, i), i == 1 || i == 3 ? 0 : 1);
        }
    }

    function _assertAllOrNothing(bool success, uint32 bad) private view {
        for (uint32 i; i < 6; ++i) {
            bool expected = success && i != bad;
            vm.assertTrue(inbox.isDelivered(SOURCE, i) == expected);
            vm.assertEq(clearing.credits(SOURCE, i), expected ? 1 : 0);
        }
    }

    function _reasons() private returns (bytes[3] memory reasons) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IInbox.DeliveryFailed.selector) continue;
            reasons[found++] = abi.decode(logs[i].data, (bytes));
        }
    }
}
