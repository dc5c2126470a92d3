// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../../src/messaging/IInbox.sol";
import {IMessageRecipient} from "../../../src/messaging/IMessageRecipient.sol";
import {Messages} from "../../../src/messaging/Messages.sol";

/// @dev Counts what it is credited with, and does with a message what its body's first byte says: real recipients never do most of it.
contract HostileRecipient is IMessageRecipient {
    uint8 public constant REFUSE = 0xf0;
    uint8 public constant BOMB = 0xf1;
    uint8 public constant BURN = 0xf2;
    uint8 public constant REENTER = 0xf3;
    uint8 public constant WORK = 0xf4;
    uint8 public constant REFUSE_SILENTLY = 0xf5;

    error Refused(uint32 index, bytes32 padding, bytes32 tail);

    mapping(uint64 source => mapping(uint256 index => uint256)) public credits;
    mapping(uint256 index => address) public senderOf;
    bytes32 public lastPayee;
    uint256 public calls;
    bool public isCured;
    bytes public reentry;
    bytes public reentryResult;
    bool public reentered;

    function cure() external {
        isCured = true;
    }

    function prepareReentry(bytes calldata data) external {
        reentry = data;
    }

    function onMessages(uint64 source, uint32 first, bytes32 payee, bytes calldata items) external override {
        ++calls;
        lastPayee = payee;
        uint32 index = first;
        for (uint256 offset; offset < items.length; ++index) {
            (address sender,, bytes calldata body, uint256 end) = Messages.item(items, offset);
            offset = end;
            _behave(uint8(body[0]), index);
            senderOf[index] = sender;
            ++credits[source][index];
        }
    }

    function _behave(uint8 how, uint32 index) private {
        if (how == WORK) _work();
        if (how == REENTER && reentry.length != 0) (reentered, reentryResult) = msg.sender.call(reentry);
        if (isCured) return;
        if (how == REFUSE) revert Refused(index, bytes32(uint256(1)), bytes32(uint256(2)));
        if (how < BOMB) return;
        assembly ("memory-safe") {
            if eq(how, 0xf1) { revert(0, 500000) } // half a megabyte of reason
            if eq(how, 0xf2) { invalid() }
            if eq(how, 0xf5) { revert(0, 0) }
        }
    }

    /// @dev About 150,000 gas.
    function _work() private view {
        uint256 until = gasleft() < 150_000 ? 0 : gasleft() - 150_000;
        while (gasleft() > until) {
            if (gasleft() < 5_000) {
                assembly ("memory-safe") {
                    invalid() // out of gas in all but name
                }
            }
        }
    }
}
