// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LANE_DEPTH, LaneTree} from "../../../src/messaging/LaneTree.sol";

/// @dev Gives the library's internal functions an address, and a tree that can be put at any count.
contract LaneTreeHarness {
    using LaneTree for bytes32[LANE_DEPTH];

    bytes32[LANE_DEPTH] private _branch;

    function fill() external {
        _branch.fill();
    }

    function append(uint256 index, bytes32 leaf) external returns (bytes32) {
        return _branch.append(index, leaf);
    }

    function setBranch(uint256 level, bytes32 node) external {
        _branch[level] = node;
    }

    function branch(uint256 level) external view returns (bytes32) {
        return _branch[level];
    }

    function commitment(bytes32 root, uint32 count) external pure returns (bytes32) {
        return LaneTree.commitment(root, count);
    }

    function rangeRoot(bytes32[] calldata leaves, uint256 first, uint256 count, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32 root, uint256 used)
    {
        bytes32[] memory row = new bytes32[](leaves.length + 1);
        for (uint256 i; i < leaves.length; ++i) {
            row[i] = leaves[i];
        }
        return LaneTree.rangeRoot(row, first, count, siblings);
    }
}
