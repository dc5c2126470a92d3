// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Test} from "../support/Test.sol";
import {LaneModel} from "./support/LaneModel.sol";
import {LaneTreeHarness} from "./support/LaneTreeHarness.sol";
import {MessageVectors} from "./support/MessageVectors.sol";

contract LaneTreeTest is Test {
    LaneTreeHarness private _tree;
    LaneModel private _model;

    function setUp() external {
        _tree = new LaneTreeHarness();
        _model = new LaneModel();
        _tree.fill();
    }

    function test_append__every_count__commits_as_python_does() external {
        bytes32 digest;
        for (uint256 i; i < MessageVectors.APPENDS; ++i) {
            bytes32 root = _tree.append(i, keccak256(abi.encode(i)));
            digest = keccak256(abi.encode(digest, _tree.commitment(root, SafeCast.toUint32(i + 1))));
        }
        vm.assertEq(digest, MessageVectors.COMMITMENTS);
    }

    function test_append__every_count__has_the_root_of_the_model() external {
        for (uint256 i; i < 70; ++i) {
            bytes32 leaf = keccak256(abi.encode("leaf", i));
            _model.append(leaf);
            vm.assertEq(_tree.append(i, leaf), _model.root(i + 1));
        }
    }

    function test_append__public_vectors__have_their_depth_32_roots() external {
        bytes[] memory trees = MessageVectors.hyperlaneLeaves();
        for (uint256 i; i < trees.length; ++i) {
            bytes32[] memory leaves = _words(trees[i]);
            _tree = new LaneTreeHarness();
            bytes32 root;
            for (uint256 j; j < leaves.length; ++j) {
                root = _tree.append(j, leaves[j]);
            }
            vm.assertEq(_to32(root, leaves.length), bytes32(MessageVectors.hyperlaneRoots()[i]));
        }
    }

    function testFuzz_append__any_count_to_the_last__folds_its_branch(uint32 index, bytes32 leaf) external {
        vm.assume(index < type(uint32).max);
        for (uint256 level; level < 32; ++level) {
            _tree.setBranch(level, keccak256(abi.encode(level)));
        }
        bytes32 root = _tree.append(index, leaf);
        vm.assertEq(_to32(root, uint256(index) + 1), _folded(index, leaf));
    }

    /// @dev An append writes the level of the lowest zero bit alone: what it has to be at the next one.
    function testFuzz_append__any_count__keeps_the_other_entries(uint32 index, bytes32 leaf) external {
        vm.assume(index < type(uint32).max);
        for (uint256 level; level < 32; ++level) {
            _tree.setBranch(level, keccak256(abi.encode(level)));
        }
        _tree.append(index, leaf);
        uint256 written;
        while ((index >> written) & 1 == 1) ++written;
        for (uint256 level; level < 32; ++level) {
            bool isKept = _tree.branch(level) == keccak256(abi.encode(level));
            vm.assertTrue(isKept == (level != written));
        }
    }

    function testFuzz_rangeRoot__any_range__is_the_root(uint256 count, uint256 first, uint256 n) external {
        (count, first, n) = _range(count, first, n);
        bytes32[] memory siblings = _model.rangeProof(first, n, count);
        (bytes32 root, uint256 used) = _tree.rangeRoot(_leaves(first, n), first, count, siblings);
        vm.assertEq(root, _model.root(count));
        vm.assertEq(used, siblings.length);
    }

    function testFuzz_rangeRoot__altered_node__is_another_root(uint256 count, uint256 first, uint256 n, uint256 which)
        external
    {
        (count, first, n) = _range(count, first, n);
        bytes32[] memory leaves = _leaves(first, n);
        bytes32[] memory siblings = _model.rangeProof(first, n, count);
        which %= n + siblings.length;
        if (which < n) leaves[which] ^= bytes32(uint256(1));
        else siblings[which - n] ^= bytes32(uint256(1));
        (bytes32 root,) = _tree.rangeRoot(leaves, first, count, siblings);
        vm.assertTrue(root != _model.root(count));
    }

    function testFuzz_rangeRoot__sibling_more_or_fewer__shows_in_the_number_used(
        uint256 count,
        uint256 first,
        uint256 n
    ) external {
        (count, first, n) = _range(count, first, n);
        bytes32[] memory siblings = _model.rangeProof(first, n, count);
        uint256 needed = siblings.length;
        bytes32[] memory padded = new bytes32[](needed + 1);
        for (uint256 i; i < needed; ++i) {
            padded[i] = siblings[i];
        }
        (, uint256 used) = _tree.rangeRoot(_leaves(first, n), first, count, padded);
        vm.assertEq(used, needed);
        (, used) = _tree.rangeRoot(_leaves(first, n), first, count, new bytes32[](0));
        vm.assertEq(used, needed);
    }

    function _range(uint256 count, uint256 first, uint256 n) private returns (uint256, uint256, uint256) {
        count = bound(count, 1, 40);
        first = bound(first, 0, count - 1);
        n = bound(n, 1, count - first);
        for (uint256 i; i < count; ++i) {
            _model.append(_leaf(i));
        }
        return (count, first, n);
    }

    function _leaves(uint256 first, uint256 n) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](n);
        for (uint256 i; i < n; ++i) {
            leaves[i] = _leaf(first + i);
        }
    }

    function _leaf(uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encode("leaf", index));
    }

    function _to32(bytes32 root, uint256 count) private view returns (bytes32) {
        bytes32 empty;
        uint256 levels = _model.depth(count);
        for (uint256 level; level < 32; ++level) {
            if (level >= levels) root = keccak256(abi.encode(root, empty));
            empty = keccak256(abi.encode(empty, empty));
        }
        return root;
    }

    /// @dev The textbook fold at all 32 levels, with each level's entry as the left sibling where the index has a bit.
    function _folded(uint256 index, bytes32 leaf) private pure returns (bytes32 node) {
        bytes32 empty;
        node = leaf;
        for (uint256 level; level < 32; ++level) {
            bool isRight = (index / 2 ** level) % 2 == 1;
            node = isRight
                ? keccak256(abi.encode(keccak256(abi.encode(level)), node))
                : keccak256(abi.encode(node, empty));
            empty = keccak256(abi.encode(empty, empty));
        }
    }

    function _words(bytes memory packed) private pure returns (bytes32[] memory words) {
        words = new bytes32[](packed.length / 32);
        for (uint256 i; i < words.length; ++i) {
            bytes32 word;
            assembly ("memory-safe") {
                word := mload(add(add(packed, 0x20), mul(i, 0x20)))
            }
            words[i] = word;
        }
    }
}
