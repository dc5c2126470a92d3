// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Builds Patricia proofs of a given depth from the leaf up; what stands beside the path are hashes of nothing.
library Tries {
    struct Proof {
        bytes32 root;
        bytes[] nodes;
    }

    /// @dev A proof that `value` (its RLP) stands at keccak256(key), under `branches` branches.
    function prove(bytes memory key, bytes memory value, uint256 branches) internal pure returns (Proof memory proof) {
        bytes32 path = keccak256(key);
        proof.nodes = new bytes[](branches + 1);
        bytes memory node = leaf(path, branches, value);
        proof.nodes[branches] = node;
        for (uint256 depth = branches; depth > 0; --depth) {
            node = branch(path, depth - 1, keccak256(node));
            proof.nodes[depth - 1] = node;
        }
        proof.root = keccak256(node);
    }

    function account(uint256 nonce, uint256 balance, bytes32 storageRoot) internal pure returns (bytes memory) {
        bytes memory codeHash = bytes.concat(hex"a0", keccak256("code"));
        return list(bytes.concat(number(nonce), number(balance), hex"a0", storageRoot, codeHash));
    }

    function number(uint256 value) internal pure returns (bytes memory) {
        if (value == 0) return hex"80";
        bytes memory whole = abi.encode(value);
        uint256 size = 32;
        while (value >> (8 * (size - 1)) == 0) --size;
        bytes memory cut = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            cut[i] = whole[32 - size + i];
        }
        return text(cut);
    }

    function text(bytes memory data) internal pure returns (bytes memory) {
        if (data.length == 1 && uint8(data[0]) < 0x80) return data;
        if (data.length < 56) return bytes.concat(bytes1(uint8(0x80 + data.length)), data);
        return bytes.concat(hex"b8", bytes1(uint8(data.length)), data);
    }

    function list(bytes memory items) internal pure returns (bytes memory) {
        if (items.length < 56) return bytes.concat(bytes1(uint8(0xc0 + items.length)), items);
        if (items.length < 256) return bytes.concat(hex"f8", bytes1(uint8(items.length)), items);
        return bytes.concat(hex"f9", bytes2(uint16(items.length)), items);
    }

    function leaf(bytes32 path, uint256 depth, bytes memory value) internal pure returns (bytes memory) {
        bytes memory compact = depth % 2 == 0 ? bytes(hex"20") : abi.encodePacked(uint8(0x30 | nibble(path, depth)));
        for (uint256 i = depth + depth % 2; i < 64; i += 2) {
            compact = bytes.concat(compact, bytes1(uint8(nibble(path, i) << 4 | nibble(path, i + 1))));
        }
        return list(bytes.concat(text(compact), text(value)));
    }

    function branch(bytes32 path, uint256 depth, bytes32 child) internal pure returns (bytes memory) {
        bytes memory items;
        for (uint256 i = 0; i < 16; ++i) {
            bytes32 hash = i == nibble(path, depth) ? child : keccak256(abi.encode(path, depth, i));
            items = bytes.concat(items, hex"a0", hash);
        }
        return list(bytes.concat(items, hex"80"));
    }

    function nibble(bytes32 path, uint256 depth) internal pure returns (uint256) {
        return uint256(path) >> (252 - 4 * depth) & 15;
    }
}
