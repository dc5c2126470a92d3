// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Outbox: where a chain's messages leave.
/// @notice One append-only Merkle tree for each destination (a lane), of depth 32, with the deposit contract's node rule
///         keccak256(left ‖ right) over leaves, an absent leaf being 32 zero bytes. The lane's whole state is one
///         commitment, keccak256(root ‖ count), where root is that of the smallest subtree that encloses all leaves and
///         count takes four bytes. The mapping of commitments is storage slot 0, so that one storage proof shows a lane.
interface IOutbox {
    /// @notice A message was appended. `item` is length (2 bytes) ‖ sender (20) ‖ recipient (20) ‖ body, exactly the bytes
    ///         that the destination's Inbox takes.
    event Sent(uint64 indexed destination, uint32 indexed index, bytes item);

    /// @notice A lane can be sent on from now on.
    event LaneOpened(uint64 indexed destination);

    /// @notice Only the chain's own system contracts send: no other address can put a leaf into a tree.
    error SenderUnknown(address sender);
    /// @notice The lane was never opened; messages to it could not be delivered.
    error LaneNotOpen(uint64 destination);
    /// @notice The lane is open already.
    error LaneAlreadyOpen(uint64 destination);
    /// @notice The lane holds 2^32 − 1 leaves, as many as a count can say.
    error LaneFull(uint64 destination);
    /// @notice No chain has the id zero, and a message to the chain itself needs no lane.
    error DestinationInvalid(uint64 destination);
    /// @notice A message says something.
    error BodyEmpty();
    /// @notice A body is at most `limit` bytes, so that every delivery has a bounded cost.
    error BodyTooLong(uint256 length, uint256 limit);

    /// @notice Appends a message to the lane of `destination` and returns its leaf index.
    function send(uint64 destination, address recipient, bytes calldata body) external returns (uint32 index);

    /// @notice Opens the lane to a chain that was not known when the Outbox was deployed; only the owner.
    function openLane(uint64 destination) external;

    /// @notice keccak256(root ‖ count) of a lane; zero for a lane that was never opened or never used.
    function commitment(uint64 destination) external view returns (bytes32);

    /// @notice How many leaves a lane holds.
    function count(uint64 destination) external view returns (uint32);
}
