// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerklePatricia} from "./IMerklePatricia.sol";
import {Rlp} from "./Rlp.sol";

/// @title Merkle-Patricia proofs of accounts and storage slots, judged by the numbered rules of bridge/mpt.py.
/// @dev   A node is copied to memory, hashed there and walked in place by memory atition; an item is never copied.
///        Positions may run past a node's end into other memory while it is read; every node's items must end exactly at its end, and
///        positions only grow, so what was read there is never believed.
library MerklePatricia {
    struct Account {
        uint64 nonce;
        uint256 balance;
        bytes32 storageRoot;
        bytes32 codeHash;
    }

    /// @dev keccak256(0x80), the root of a trie without entries.
    bytes32 internal constant EMPTY_ROOT = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;
    uint256 private constant EMPTY = 0x80;
    uint256 private constant HASH = 0xa0;
    uint256 private constant NO_NIBBLE = 16;

    /// @notice The account at `who`, or proof that there is none.
    function account(bytes32 root, address who, bytes[] calldata nodes)
        internal
        pure
        returns (bool exists, Account memory found)
    {
        (uint256 pos, uint256 end) = _walk(root, keccak256(abi.encodePacked(who)), nodes);
        if (pos == 0) return (false, found);
        uint256 next;
        (pos, next) = Rlp.list(pos, end);
        _check(next == end, 14);
        uint256 nonce;
        (nonce, pos) = _number(pos, end, 8);
        // forge-lint: disable-next-line(unsafe-typecast) a number of at most 8 bytes
        found.nonce = uint64(nonce);
        (found.balance, pos) = _number(pos, end, 32);
        (found.storageRoot, pos) = _word(pos, end);
        (found.codeHash, pos) = _word(pos, end);
        _check(pos == end, 14);
        exists = true;
    }

    /// @notice The value at `slot`; zero is proof that nothing is stored there.
    function storageValue(bytes32 root, bytes32 slot, bytes[] calldata nodes) internal pure returns (uint256 value) {
        (uint256 pos, uint256 end) = _walk(root, keccak256(abi.encode(slot)), nodes);
        if (pos == 0) return 0;
        (value, pos) = _number(pos, end, 32);
        _check(value != 0 && pos == end, 15);
    }

    /// @dev Where the leaf's value stands, or (0, 0) if the path is proven to be absent.
    function _walk(bytes32 root, bytes32 key, bytes[] calldata nodes) private pure returns (uint256 pos, uint256 end) {
        _check((nodes.length == 0) == (root == EMPTY_ROOT), 2);
        if (nodes.length == 0) return (0, 0);
        (pos, end) = _load(nodes[0], root);
        uint256 used = 1;
        uint256 depth = 0;
        bool isLeaf = false;
        bool inExtension = false;
        while (true) {
            (pos, depth, isLeaf, inExtension) = _step(pos, end, key, depth, inExtension);
            if (pos == 0 || isLeaf) break;
            if (Rlp.head(pos) == HASH) {
                _check(used < nodes.length && nodes[used].length >= 32, 5);
                (pos, end) = _load(nodes[used], Rlp.word(pos + 1));
                ++used;
            } else {
                (pos, end) = Rlp.list(pos, end);
            }
        }
        _check(used == nodes.length, 5);
    }

    /// @dev A node given: its items' first position and their end.
    function _load(bytes calldata given, bytes32 hash) private pure returns (uint256 pos, uint256 end) {
        bytes memory node = given;
        _check(keccak256(node) == hash, 3);
        assembly ("memory-safe") {
            pos := add(node, 0x20)
            end := add(pos, mload(node))
        }
        uint256 next;
        (pos, next) = Rlp.list(pos, end);
        _check(next == end, 6);
    }

    /// @dev Judges one node and takes one step along the key: a reference to follow, a leaf's value, or 0 for proven absence.
    function _step(uint256 pos, uint256 end, bytes32 key, uint256 depth, bool inExtension)
        private
        pure
        returns (uint256 to, uint256 toDepth, bool isLeaf, bool isExtension)
    {
        unchecked {
            uint256 nibble = uint256(key) >> (252 - 4 * depth) & 15;
            to = _plainBranch(pos, end, nibble);
            uint256 second = 0;
            if (to == 0) {
                bool isShort;
                (second, isShort) = _split(pos, end);
                if (!isShort) to = _branch(pos, end, depth, nibble);
            }
            if (to != 0) {
                _check(depth < 64, 8);
                return Rlp.head(to) == EMPTY ? (0, 0, false, false) : (to, depth + 1, false, false);
            }
            _check(!inExtension, 11);
            (uint256 path, uint256 nibbles, bool endsHere) = _path(pos, second, depth);
            toDepth = depth + nibbles;
            to = _short(second, end, toDepth, endsHere);
            bool follows = (path ^ uint256(key) << (4 * depth)) >> (256 - 4 * nibbles) == 0;
            return follows ? (to, toDepth, endsHere, !endsHere) : (0, 0, false, false);
        }
    }

    /// @dev Where the second item starts, and whether the list ends with it.
    function _split(uint256 pos, uint256 end) private pure returns (uint256 second, bool isShort) {
        second = Rlp.skip(pos, end);
        isShort = Rlp.skip(second, end) == end;
    }

    /// @dev The item of `nibble` if these bytes are a branch of hashes and empty items alone, as nearly all are; else 0, which says nothing.
    ///      Each first byte is 0x80 (one byte in all) or 0xa0 (33), so its difference from 0x80 is what the item is longer than one byte;
    ///      another byte shows in `odd`, and then positions mean nothing. Such a branch is 17 bytes and 32 for each hash.
    function _plainBranch(uint256 pos, uint256 end, uint256 nibble) private pure returns (uint256 chosen) {
        assembly ("memory-safe") {
            let size := sub(end, pos)
            if and(eq(and(size, 31), 17), gt(size, 80)) {
                let odd := 0
                let rest := sub(16, nibble)
                for {} nibble { nibble := sub(nibble, 1) } {
                    let more := xor(byte(0, mload(pos)), 0x80)
                    odd := or(odd, more)
                    pos := add(pos, add(more, 1))
                }
                chosen := pos
                for {} rest { rest := sub(rest, 1) } {
                    let more := xor(byte(0, mload(pos)), 0x80)
                    odd := or(odd, more)
                    pos := add(pos, add(more, 1))
                }
                let isBranch := and(eq(add(pos, 1), end), eq(byte(0, mload(pos)), 0x80))
                chosen := mul(chosen, and(isBranch, iszero(and(odd, not(0x20)))))
            }
        }
    }

    /// @dev Rule 8. Returns the item of `nibble`.
    function _branch(uint256 pos, uint256 end, uint256 depth, uint256 nibble) private pure returns (uint256 chosen) {
        _check(depth < 64, 8);
        uint256 references = 0;
        unchecked {
            for (uint256 i = 0; i < 16; ++i) {
                if (i == nibble) chosen = pos;
                uint256 head = Rlp.head(pos);
                if (head == EMPTY) {
                    ++pos;
                    continue;
                }
                ++references;
                pos = head == HASH ? pos + 33 : _embedded(pos, depth + 1, false);
            }
            _check(references > 1 && Rlp.head(pos) == EMPTY && pos + 1 == end, 8);
        }
    }

    /// @dev Rule 10, and how long a path may be (11, 12). The nibbles come aligned to the left; what follows them is not theirs.
    function _path(uint256 pos, uint256 second, uint256 depth)
        private
        pure
        returns (uint256 path, uint256 nibbles, bool isLeaf)
    {
        unchecked {
            (uint256 from, uint256 to) = Rlp.text(pos, second);
            _check(to > from, 10);
            uint256 flag = Rlp.head(from);
            bool isOdd = flag & 0x10 != 0;
            _check(flag < 0x40 && (isOdd || flag & 0x0f == 0), 10);
            isLeaf = flag & 0x20 != 0;
            nibbles = 2 * (to - from) - (isOdd ? 1 : 2);
            path = isOdd ? uint256(Rlp.word(from)) << 4 : uint256(Rlp.word(from + 1));
            if (isLeaf) _check(depth + nibbles == 64, 12);
            else _check(nibbles != 0 && depth + nibbles < 64, 11);
        }
    }

    /// @dev The second item of an extension (a reference, rule 11) or of a leaf (a value, rule 12), which ends at `end`.
    function _short(uint256 pos, uint256 end, uint256 depth, bool isLeaf) private pure returns (uint256 to) {
        if (!isLeaf) {
            if (Rlp.head(pos) != HASH) _embedded(pos, depth, true);
            return pos;
        }
        uint256 next;
        (to, next) = Rlp.text(pos, end);
        unchecked {
            _check(next - to > 0 && next - to <= 110, 12);
        }
    }

    /// @dev Rule 9: an embedded node is judged wherever it stands. Returns its end.
    function _embedded(uint256 pos, uint256 depth, bool inExtension) private pure returns (uint256 end) {
        unchecked {
            uint256 head = Rlp.head(pos);
            _check(head >= 0xc0 && head <= 0xde, 9);
            end = pos + head - 0xbf;
            (uint256 second, bool isShort) = _split(pos + 1, end);
            if (!isShort) {
                _branch(pos + 1, end, depth, NO_NIBBLE);
                return end;
            }
            _check(!inExtension, 11);
            (, uint256 nibbles, bool isLeaf) = _path(pos + 1, second, depth);
            _short(second, end, depth + nibbles, isLeaf);
        }
    }

    /// @dev A big-endian number of at most `limit` bytes without leading zero bytes; zero is the empty string.
    function _number(uint256 pos, uint256 end, uint256 limit) private pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 from;
            (from, next) = Rlp.text(pos, end);
            uint256 size = next - from;
            _check(size <= limit && (size == 0 || Rlp.head(from) != 0), 14);
            value = uint256(Rlp.word(from)) >> (256 - 8 * size);
        }
    }

    function _word(uint256 pos, uint256 end) private pure returns (bytes32 value, uint256 next) {
        unchecked {
            next = pos + 33;
            _check(Rlp.head(pos) == HASH && next <= end, 14);
            value = Rlp.word(pos + 1);
        }
    }

    function _check(bool holds, uint256 rule) private pure {
        if (!holds) revert IMerklePatricia.ProofRejected(rule);
    }
}
