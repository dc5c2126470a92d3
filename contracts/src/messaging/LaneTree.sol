// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

uint256 constant LANE_DEPTH = 32;

/// @title LaneTree: the append-only Merkle tree of a lane, and what a range proof shows.
/// @notice node = keccak256(left ‖ right); an absent leaf is 32 zero bytes. A root here is that of the smallest subtree that
///         encloses all leaves: of depth ceil(log2(count)), and the leaf itself for a count of one.
library LaneTree {
    /// @notice What an Outbox stores for a lane: keccak256(root ‖ count).
    function commitment(bytes32 root, uint32 count) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            mstore(0x00, root)
            mstore(0x20, shl(224, count))
            result := keccak256(0x00, 0x24)
        }
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
    ///         The enclosing subtree has as many levels as the index has bits.
    function append(bytes32[LANE_DEPTH] storage branch, uint256 index, bytes32 leaf) internal returns (bytes32 root) {
        assembly ("memory-safe") {
            let entry := branch.slot // of the level reached; below 32, as an index has no more bits
            let empty := 0 // root of a subtree without leaves, of that level
            root := leaf
            // complete subtrees: the new one is what the next leaves need
            for {} and(index, 1) { index := shr(1, index) } {
                mstore(0x00, sload(entry))
                mstore(0x20, root)
                root := keccak256(0x00, 0x40)
                mstore(0x00, empty)
                mstore(0x20, empty)
                empty := keccak256(0x00, 0x40)
                entry := add(entry, 1)
            }
            sstore(entry, root)
            // subtrees that end with this leaf, up to the one that encloses all
            for {} index { index := shr(1, index) } {
                switch and(index, 1)
                case 1 {
                    mstore(0x00, sload(entry))
                    mstore(0x20, root)
                }
                default {
                    mstore(0x00, root)
                    mstore(0x20, empty)
                }
                root := keccak256(0x00, 0x40)
                mstore(0x00, empty)
                mstore(0x20, empty)
                empty := keccak256(0x00, 0x40)
                entry := add(entry, 1)
            }
        }
    }

    /// @notice The root that consecutive leaves and their siblings hash to in a tree of `count` leaves, and how many siblings that
    ///         took: the caller compares both. first + leaves ≤ count.
    /// @param row The leaves, then one word of room; it is used up (its length word too).
    /// @dev    Level by level in place: the left sibling goes into the word before the row, the right one into the word behind it,
    ///         and parent i to where node i was, which has been hashed by then. A sibling beyond the last given is whatever
    ///         follows in the calldata, and shows in the number used.
    function rangeRoot(bytes32[] memory row, uint256 first, uint256 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 root, uint256 used)
    {
        assembly ("memory-safe") {
            let start := add(row, 0x20)
            let end := add(row, shl(5, mload(row))) // behind the last leaf: the length counts the word of room
            let sibling := siblings.offset
            let last := sub(count, 1) // one level for each of its bits
            for {} gt(sub(end, start), 0x20) { last := shr(1, last) } {
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
                for {} // two pairs at a time
                 gt(sub(end, from), 0x40) {} {
                    mstore(to, keccak256(from, 0x40))
                    mstore(add(to, 0x20), keccak256(add(from, 0x40), 0x40))
                    from := add(from, 0x80)
                    to := add(to, 0x40)
                }
                if lt(from, end) {
                    mstore(to, keccak256(from, 0x40))
                    to := add(to, 0x20)
                }
                end := to
                first := shr(1, first)
            }
            // one node is left: it is the right one of its pair where its index is odd
            root := mload(start)
            for {} last { last := shr(1, last) } {
                let position := shl(5, and(first, 1))
                mstore(position, root)
                mstore(xor(position, 0x20), calldataload(sibling))
                root := keccak256(0x00, 0x40)
                sibling := add(sibling, 0x20)
                first := shr(1, first)
            }
            used := shr(5, sub(sibling, siblings.offset))
        }
    }
}
