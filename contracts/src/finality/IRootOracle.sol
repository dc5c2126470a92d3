// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Root oracle: which commitments of another chain's lanes are final here.
interface IRootOracle {
    /// @notice A commitment of `source`'s lane to `lane` is final from now on, until 64 newer ones have come.
    event RootAccepted(uint64 indexed source, uint64 indexed lane, bytes32 root, uint32 count);

    /// @notice The zero root is the root of nothing and is never accepted.
    error RootZero(uint64 source, uint64 lane);
    /// @notice A lane only grows: `count` is below what is held.
    error CountFalls(uint64 source, uint64 lane, uint32 count, uint32 held);

    /// @notice Whether (root, count) is among the last 64 final commitments of the lane and the lane is not frozen.
    /// @param source The chain whose Outbox holds the lane. @param lane The destination chain id of the lane.
    function accepted(uint64 source, uint64 lane, bytes32 root, uint32 count) external view returns (bool);

    /// @notice The newest final commitment, keccak256(root ‖ count), and its count; (0, 0) if there is none.
    function latest(uint64 source, uint64 lane) external view returns (bytes32 commitment, uint32 count);

    /// @notice Brings a new root with its evidence, ABI-encoded as the regime needs it. What is already held is a no-op.
    function update(bytes calldata evidence) external;
}
