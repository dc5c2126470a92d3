// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumRoots} from "./IQuorumRoots.sol";

/// @title A single leaf under the root of the smallest subtree that encloses `count` leaves.
library LaneProofs {
    /// @dev Reverts unless the opening proves its leaf at `index` under (root, count).
    function verify(IQuorumRoots.Opening calldata opening, uint32 index, bytes32 root, uint32 count) internal pure {
        if (index >= count) revert IQuorumRoots.LeafOutsideTree(index, count);
        bytes32[] calldata siblings = opening.siblings;
        uint256 needed = depth(count);
        if (siblings.length != needed) revert IQuorumRoots.SiblingsMiscounted(siblings.length, needed);
        bytes32 node = opening.leaf;
        for (uint256 level = 0; level < needed; ++level) {
            bool isRight = (index >> level) & 1 == 1;
            node = isRight ? _parent(siblings[level], node) : _parent(node, siblings[level]);
        }
        if (node != root) revert IQuorumRoots.LeafUnproven(node, root);
    }

    /// @dev ceil(log2(count)): how many levels lie below the root of the smallest subtree.
    function depth(uint32 count) internal pure returns (uint256 levels) {
        while (count > uint256(1) << levels) ++levels;
    }

    function _parent(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            node := keccak256(0x00, 0x40)
        }
    }
}
