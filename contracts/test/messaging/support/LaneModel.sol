// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The tree of a lane with every node kept, written for plainness: what LaneTree and Outbox are compared with.
contract LaneModel {
    bytes32[] private _leaves;

    function append(bytes32 leaf) external {
        _leaves.push(leaf);
    }

    function size() external view returns (uint256) {
        return _leaves.length;
    }

    function depth(uint256 count) public pure returns (uint256 levels) {
        while (2 ** levels < count) ++levels;
    }

    function root(uint256 count) external view returns (bytes32) {
        return _levels(count, depth(count))[depth(count)][0];
    }

    function rootOfDepth(uint256 count, uint256 levels) external view returns (bytes32 node) {
        bytes32 empty;
        node = count == 0 ? bytes32(0) : this.root(count);
        for (uint256 i; i < levels; ++i) {
            if (i >= depth(count)) node = keccak256(abi.encodePacked(node, empty));
            empty = keccak256(abi.encodePacked(empty, empty));
        }
    }

    function rangeProof(uint256 first, uint256 n, uint256 count) external view returns (bytes32[] memory siblings) {
        uint256 levels = depth(count);
        bytes32[][] memory nodes = _levels(count, levels);
        bytes32[] memory room = new bytes32[](2 * levels);
        uint256 used;
        uint256 last = first + n - 1;
        for (uint256 i; i < levels; ++i) {
            if (first % 2 == 1) room[used++] = nodes[i][first - 1];
            if (last % 2 == 0) room[used++] = nodes[i][last + 1];
            (first, last) = (first / 2, last / 2);
        }
        siblings = new bytes32[](used);
        for (uint256 i; i < used; ++i) {
            siblings[i] = room[i];
        }
    }

    /// @dev All nodes of the full subtree of that depth, level by level, absent leaves being zero.
    function _levels(uint256 count, uint256 levels) private view returns (bytes32[][] memory nodes) {
        nodes = new bytes32[][](levels + 1);
        nodes[0] = new bytes32[](2 ** levels);
        for (uint256 i; i < count; ++i) {
            nodes[0][i] = _leaves[i];
        }
        for (uint256 i = 1; i <= levels; ++i) {
            nodes[i] = new bytes32[](2 ** (levels - i));
            for (uint256 j; j < nodes[i].length; ++j) {
                nodes[i][j] = keccak256(abi.encodePacked(nodes[i - 1][2 * j], nodes[i - 1][2 * j + 1]));
            }
        }
    }
}
