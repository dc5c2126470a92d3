// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What an Inbox calls: a system contract that credits proven messages.
interface IMessageRecipient {
    /// @notice Only the chain's Inbox may call.
    error CallerNotInbox(address caller);
    /// @notice The message did not come from a contract that may send it.
    error MessageSenderUnknown(uint64 source, address sender);
    /// @notice A body that no honest sender makes: wrong kind, wrong length or a field out of its range.
    error BodyMalformed(uint64 source, uint32 index);

    /// @notice Takes the messages `first`, `first + 1`, … of the lane from `source`, in order, each proven and none delivered before.
    /// @dev    A message from an honest sender never makes this revert. If it does revert, the Inbox calls again item by item.
    ///         Whoever delivers chooses the gas. So where less gas would change the outcome (a push to a user, a forwarding that may
    ///         fail), the recipient must revert, and not take the worse outcome, unless that step had all the gas it may use.
    /// @param payee The account (owner ‖ label) that the deliverer names for the fees.
    /// @param items Packed: for each message length (2) ‖ sender (20) ‖ recipient (20) ‖ body; every recipient is this contract.
    function onMessages(uint64 source, uint32 first, bytes32 payee, bytes calldata items) external;
}
