// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../src/messaging/IInbox.sol";
import {Inbox} from "../../src/messaging/Inbox.sol";
import {LaneFixture} from "./support/LaneFixture.sol";
import {MessageVectors} from "./support/MessageVectors.sol";
import {OpenOracle} from "./support/OpenOracle.sol";

/// @dev What the Inbox must not take for a proof.
contract InboxProofsTest is LaneFixture {
    struct Delivery {
        uint64 source;
        bytes32 root;
        uint32 count;
        uint32 first;
        bytes items;
        bytes32[] siblings;
    }

    function test_deliver__accepted_vectors__are_credited() external {
        bytes[] memory vectors = MessageVectors.deliveries();
        for (uint256 i; i < vectors.length; ++i) {
            Inbox fresh = _vectorInbox();
            Delivery memory d = abi.decode(vectors[i], (Delivery));
            vm.assertGt(fresh.deliver(d.source, d.root, d.count, d.first, PAYEE, d.items, d.siblings), 0);
        }
    }

    function test_deliver__refused_vectors__revert_and_mark_nothing() external {
        bytes[] memory vectors = MessageVectors.refusedDeliveries();
        for (uint256 i; i < vectors.length; ++i) {
            Inbox fresh = _vectorInbox();
            Delivery memory d = abi.decode(vectors[i], (Delivery));
            vm.expectRevert();
            fresh.deliver(d.source, d.root, d.count, d.first, PAYEE, d.items, d.siblings);
            for (uint32 j; j < 20; ++j) {
                vm.assertFalse(fresh.isDelivered(d.source, j));
            }
        }
    }

    function test_deliver__source_unknown__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IInbox.SourceUnknown.selector, 7));
        inbox.deliver(7, bytes32(0), 1, 0, PAYEE, "", new bytes32[](0));
    }

    function test_deliver__root_that_the_oracle_does_not_hold__is_refused() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes32 root = finalRoot();
        bytes32[] memory siblings = model.rangeProof(0, 1, 6);
        bytes32[3] memory roots = [bytes32(0), keccak256("forged"), root];
        uint32[3] memory counts = [uint32(6), 6, 7]; // a true root under another count is another statement
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IInbox.RootNotAccepted.selector, SOURCE, roots[i], counts[i]));
            inbox.deliver(SOURCE, roots[i], counts[i], 0, PAYEE, sent[0], siblings);
        }
    }

    function test_deliver__zero_leaf_beyond_the_count__cannot_be_proven() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes32 root = finalRoot();
        bytes32[] memory siblings = model.rangeProof(5, 1, 6);
        siblings[0] = model.rangeProof(4, 1, 6)[0];
        vm.expectRevert(abi.encodeWithSelector(IInbox.RangeOutsideTree.selector, 6, 1, 6));
        inbox.deliver(SOURCE, root, 6, 6, PAYEE, sent[5], siblings);
        vm.expectRevert(abi.encodeWithSelector(IInbox.RangeOutsideTree.selector, 5, 2, 6));
        inbox.deliver(SOURCE, root, 6, 5, PAYEE, itemsFrom(4, 2), siblings);
    }

    function test_deliver__count_zero__is_refused() external {
        send(VAULT_THERE, address(clearing), "body");
        oracle.accept(SOURCE, HERE, bytes32(0), 0);
        vm.expectRevert(abi.encodeWithSelector(IInbox.RangeOutsideTree.selector, 0, 1, 0));
        inbox.deliver(SOURCE, bytes32(0), 0, 0, PAYEE, sent[0], new bytes32[](0));
    }

    function test_deliver__last_index__does_not_wrap() external {
        uint32 last = type(uint32).max;
        bytes32 root = keccak256("root");
        send(VAULT_THERE, address(clearing), "body");
        send(VAULT_THERE, address(clearing), "body");
        oracle.accept(SOURCE, HERE, root, last);
        vm.expectRevert(abi.encodeWithSelector(IInbox.RangeOutsideTree.selector, last, 1, last));
        inbox.deliver(SOURCE, root, last, last, PAYEE, sent[0], new bytes32[](32));
        vm.expectRevert(abi.encodeWithSelector(IInbox.RangeOutsideTree.selector, last - 1, 2, last));
        inbox.deliver(SOURCE, root, last, last - 1, PAYEE, itemsFrom(0, 2), new bytes32[](32));
    }

    /// @dev index + 2^32 folds to the same root: the argument's type has no room for it.
    function test_deliver__aliased_index_or_count__does_not_decode() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes memory data = deliveryData(2, 1);
        for (uint256 argument = 0; argument < 4; ++argument) {
            if (argument == 1) continue; // the root has all its 32 bytes
            uint256 position = 4 + 32 * argument;
            data[position + (argument == 0 ? 23 : 27)] = hex"01";
            (bool success, bytes memory reason) = address(inbox).call(data);
            vm.assertFalse(success);
            vm.assertEq(reason.length, 0);
            data[position + (argument == 0 ? 23 : 27)] = hex"00";
        }
        (bool unaltered,) = address(inbox).call(data);
        vm.assertTrue(unaltered);
    }

    function test_deliver__siblings_padded_or_missing__are_counted() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes32 root = finalRoot();
        vm.expectRevert(abi.encodeWithSelector(IInbox.SiblingsMiscounted.selector, 32, 3));
        inbox.deliver(SOURCE, root, 6, 2, PAYEE, sent[2], new bytes32[](32));
        vm.expectRevert(abi.encodeWithSelector(IInbox.SiblingsMiscounted.selector, 0, 3));
        inbox.deliver(SOURCE, root, 6, 2, PAYEE, sent[2], new bytes32[](0));
    }

    function test_deliver__on_another_chain__is_refused() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes memory data = deliveryData(2, 1);
        oracle.accept(SOURCE, 1003, model.root(6), 6);
        vm.chainId(1003);
        _expectProofInvalid(data);
        vm.chainId(HERE);
        (bool success,) = address(inbox).call(data);
        vm.assertTrue(success);
    }

    function test_deliver__from_another_outbox__is_refused() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        inbox = inboxFor(address(0xdead), address(vault), address(clearing));
        _expectProofInvalid(deliveryData(2, 1));
    }

    function test_deliver__under_another_source__is_refused() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        vm.prank(OWNER);
        inbox.addRoute(IInbox.Route({source: 1003, outbox: address(outbox), oracle: address(oracle)}));
        bytes32 root = model.root(6);
        oracle.accept(1003, HERE, root, 6);
        bytes32[] memory siblings = model.rangeProof(2, 1, 6);
        _expectProofInvalid(abi.encodeCall(IInbox.deliver, (1003, root, 6, 2, PAYEE, sent[2], siblings)));
    }

    function test_deliver__inner_node_as_a_leaf__is_no_item() external {
        sendAll([1, 1, 1, 1, 1, 1]);
        bytes32 root = finalRoot();
        // 64 bytes, two leaves: too short for the item that its first two bytes name, or not a leaf's preimage
        bytes memory node = abi.encodePacked(leafOf(0, sent[0]), leafOf(1, sent[1]));
        vm.expectRevert();
        inbox.deliver(SOURCE, root, 6, 0, PAYEE, node, new bytes32[](2));
    }

    function testFuzz_deliver__any_byte_changed__is_refused(uint256 position, uint8 change) external {
        vm.assume(change != 0);
        sendAll([1, 2, 3, 1, 2, 3]);
        bytes memory items = itemsFrom(1, 3);
        position %= items.length;
        items[position] = bytes1(uint8(items[position]) ^ change);
        bytes32 root = finalRoot();
        bytes32[] memory siblings = model.rangeProof(1, 3, 6);
        vm.expectRevert();
        inbox.deliver(SOURCE, root, 6, 1, PAYEE, items, siblings);
    }

    function testFuzz_deliver__any_sibling_bit_changed__is_refused(uint256 which, uint8 bit) external {
        sendAll([1, 2, 3, 1, 2, 3]);
        bytes32[] memory siblings = model.rangeProof(1, 3, 6);
        siblings[which % siblings.length] ^= bytes32(2 ** uint256(bit));
        bytes32 root = finalRoot();
        bytes memory items = itemsFrom(1, 3);
        vm.expectPartialRevert(IInbox.ProofInvalid.selector);
        inbox.deliver(SOURCE, root, 6, 1, PAYEE, items, siblings);
    }

    function _expectProofInvalid(bytes memory data) private {
        (bool success, bytes memory reason) = address(inbox).call(data);
        vm.assertFalse(success);
        vm.assertTrue(selectorOf(reason) == IInbox.ProofInvalid.selector);
    }

    function _vectorInbox() private returns (Inbox) {
        oracle = new OpenOracle();
        bytes memory code = address(vault).code;
        vm.etch(MessageVectors.VAULT, code);
        vm.etch(MessageVectors.CLEARING, code);
        vm.chainId(MessageVectors.DESTINATION);
        bytes[] memory vectors = MessageVectors.deliveries();
        for (uint256 i; i < vectors.length; ++i) {
            Delivery memory d = abi.decode(vectors[i], (Delivery));
            oracle.accept(d.source, MessageVectors.DESTINATION, d.root, d.count);
        }
        return inboxFor(MessageVectors.OUTBOX, MessageVectors.VAULT, MessageVectors.CLEARING);
    }
}
