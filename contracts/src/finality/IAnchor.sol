// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Anchor: the state roots of the base chain's last 8,191 finalised blocks, by number, as the rollup's own node reports them.
/// @dev   The node writes by a system call: exactly 64 bytes, uint256 number ‖ bytes32 stateRoot, from
///        0xfffffffffffffffffffffffffffffffffffffffE, in the processing of each block. It plays the part that L1Block or a
///        similar predeploy plays on a real rollup, and an adapter with this interface takes its place there.
interface IAnchor {
    /// @notice The block is unknown: not reported yet, or older than the ring.
    error BaseBlockUnknown(uint64 number);

    /// @notice State root of base block `number`; reverts if it is not held.
    function stateRoot(uint64 number) external view returns (bytes32);

    /// @notice The newest base block held; zero if none.
    function latest() external view returns (uint64 number);
}
