// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerklePatricia} from "./IMerklePatricia.sol";

/// @title RLP items in memory, by position: only the shortest encodings, and none longer than a trie node's (rule 6 of bridge/mpt.py).
/// @dev   An item is given by where it starts and where the bytes end that it may take; results are positions too.
library Rlp {
    /// @dev The byte at a position.
    function head(uint256 pos) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, mload(pos))
        }
    }

    /// @dev The 32 bytes at a position.
    function word(uint256 pos) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(pos)
        }
    }

    /// @dev A string's first byte and the end of the item. A byte below 0x80 is its own encoding.
    function text(uint256 pos, uint256 end) internal pure returns (uint256 from, uint256 next) {
        if (head(pos) >= 0xc0) revert IMerklePatricia.ProofRejected(6);
        return _item(pos, end);
    }

    /// @dev A list's first item and the end of the list.
    function list(uint256 pos, uint256 end) internal pure returns (uint256 from, uint256 next) {
        if (head(pos) < 0xc0) revert IMerklePatricia.ProofRejected(6);
        return _item(pos, end);
    }

    /// @dev The end of an item of either kind.
    function skip(uint256 pos, uint256 end) internal pure returns (uint256 next) {
        (, next) = _item(pos, end);
    }

    function _item(uint256 pos, uint256 end) private pure returns (uint256 from, uint256 next) {
        unchecked {
            uint256 first = head(pos);
            if (first < 0x80) {
                (from, next) = (pos, pos + 1);
            } else {
                uint256 size = first & 0x3f;
                from = pos + 1;
                if (size > 55) (from, size) = _long(from, first);
                else if (first == 0x81 && head(from) < 0x80) revert IMerklePatricia.ProofRejected(6);
                next = from + size;
            }
            if (next > end) revert IMerklePatricia.ProofRejected(6);
        }
    }

    /// @dev Lengths that stand in bytes of their own: b8 and f8 with one, f9 with two.
    function _long(uint256 pos, uint256 first) private pure returns (uint256 from, uint256 size) {
        unchecked {
            if (first == 0xf9) {
                (from, size) = (pos + 2, uint256(word(pos)) >> 240);
                if (size > 255) return (from, size);
            } else if (first == 0xb8 || first == 0xf8) {
                (from, size) = (pos + 1, head(pos));
                if (size > 55) return (from, size);
            }
            revert IMerklePatricia.ProofRejected(6);
        }
    }
}
