// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

uint256 constant LANE_DEPTH = 32;

/// @title LaneTree: the append-only Merkle tree of a lane, and what a range proof shows.
/// @notice node = keccak256(left ‖ right); an absent leaf is 32 zero bytes. A root here is that of the smallest subtree that
///         encloses all leaves: of depth ceil(log2(count)), and the leaf itself for a count of one.
library LaneTree {
    /// @notice The depth of the smallest subtree that has room for `count` leaves, at least one.
    function depth(uint256 count) internal pure returns (uint256) {
        return count == 1 ? 0 : Math.log2(count - 1) + 1;
    }

    /// @notice What an Outbox stores for a lane.
    function commitment(bytes32 root, uint32 count) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(root, count));
    }

    /// @notice Makes every slot of a branch non-zero, so that no later append pays for a new slot.
    function fill(bytes32[LANE_DEPTH] storage branch) internal {
        for (uint256 level; level < LANE_DEPTH; ++level) {
            branch[level] = bytes32(uint256(1));
        }
    }

    /// @notice Appends the leaf of `index`, which is the count before it and below 2^32 − 1, and returns the new root.
    /// @dev    For each set bit of the count, `branch` holds the root of the complete subtree of that size, from the largest
    ///         on the left to the smallest on the right; other entries mean nothing. An append writes one entry.
    function append(bytes32[LANE_DEPTH] storage branch, uint256 index, bytes32 leaf) internal returns (bytes32 root) {
        uint256 levels = depth(index + 1);
        uint256 level;
        bytes32 empty; // root of a subtree without leaves, of the level reached
        root = leaf;
        for (; (index >> level) & 1 == 1; ++level) {
            root = Hashes.efficientKeccak256(branch[level], root);
            empty = Hashes.efficientKeccak256(empty, empty);
        }
        branch[level] = root;
        for (; level < levels; ++level) {
            bool isRight = (index >> level) & 1 == 1;
            root = isRight ? Hashes.efficientKeccak256(branch[level], root) : Hashes.efficientKeccak256(root, empty);
            empty = Hashes.efficientKeccak256(empty, empty);
        }
    }

    /// @notice The root that consecutive leaves and their siblings hash to, and how many siblings that took: the caller compares
    ///         both. first + leaves ≤ 2^levels.
    /// @param row The leaves, then one word of room; it is used up (its length word too).
    /// @dev    Level by level in place: the left sibling goes into the word before the row, the right one into the word behind it,
    ///         and parent i to where node i was, which has been hashed by then. A sibling beyond the last given is whatever
    ///         follows in the calldata, and shows in the number used.
    function rangeRoot(bytes32[] memory row, uint256 first, uint256 levels, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 root, uint256 used)
    {
        assembly ("memory-safe") {
            let start := add(row, 0x20)
            let end := add(row, shl(5, mload(row))) // behind the last leaf: the length counts the word of room
            let sibling := siblings.offset
            for {} levels { levels := sub(levels, 1) } {
                let from := start
                if and(first, 1) {
                    from := row
                    mstore(from, calldataload(sibling))
                    sibling := add(sibling, 0x20)
                }
                // the row starts at an even index now, so an odd number of nodes ends at an even one
                if and(sub(end, from), 0x20) {
                    mstore(end, calldataload(sibling))
                    end := add(end, 0x20)
                    sibling := add(sibling, 0x20)
                }
                let to := start
                for {} lt(from, end) { from := add(from, 0x40) } {
                    mstore(to, keccak256(from, 0x40))
                    to := add(to, 0x20)
                }
                end := to
                first := shr(1, first)
            }
            root := mload(start)
            used := shr(5, sub(sibling, siblings.offset))
        }
    }
}
