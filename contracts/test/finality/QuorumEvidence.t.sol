// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILaneRoots} from "../../src/finality/ILaneRoots.sol";
import {IQuorumRoots} from "../../src/finality/IQuorumRoots.sol";
import {IValidatorSets, Validator} from "../../src/finality/IValidatorSets.sol";
import {QuorumRoots} from "../../src/finality/QuorumRoots.sol";
import {Statements} from "../../src/finality/Statements.sol";
import {Committee} from "./support/Committee.sol";

/// @dev Rotation, evidence against validators, and conflicting quorums.
contract QuorumEvidenceTest is Committee {
    address private constant OWNER = address(0x0E);

    QuorumRoots private roots;
    uint256[] private keys;

    function setUp() external {
        vm.chainId(HERE);
        keys = sortedKeys(7, 1);
        IQuorumRoots.Source[] memory sources = new IQuorumRoots.Source[](1);
        sources[0] = IQuorumRoots.Source({source: SOURCE, outbox: OUTBOX, validators: evenSet(keys)});
        roots = new QuorumRoots(sources, OWNER);
    }

    function test_reportRoots__one_signer_two_roots__takes_its_weight_and_keeps_the_total() external {
        vm.expectEmit();
        emit IQuorumRoots.ValidatorExposed(SOURCE, vm.addr(keys[0]));
        roots.reportRoots(half(keys[0], "a", 5), half(keys[0], "b", 5));
        vm.assertEq(roots.weightOf(SOURCE, vm.addr(keys[0])), 0);
        vm.assertEq(roots.totalWeight(SOURCE), 7);
        vm.assertTrue(roots.isFaulty(SOURCE, vm.addr(keys[0])));
        IQuorumRoots.Statement memory s = statement("c", 5);
        bytes memory five = signedBy(keys, 0, 5, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.QuorumMissed.selector, 4, 7, 4));
        roots.submit(s, five);
        roots.submit(s, signedBy(keys, 0, 6, digestOf(s)));
        vm.assertTrue(roots.accepted(SOURCE, HERE, "c", 5));
    }

    function test_reportRoots__again__counts_once() external {
        roots.reportRoots(half(keys[0], "a", 5), half(keys[0], "b", 5));
        vm.recordLogs();
        roots.reportRoots(half(keys[0], "c", 9), half(keys[0], "d", 9));
        roots.reportRoots(half(keys[0], "b", 5), half(keys[0], "a", 5));
        vm.assertEq(vm.getRecordedLogs().length, 0);
        vm.assertFalse(roots.frozen(SOURCE, HERE));
    }

    function test_reportRoots__until_no_quorum_is_left__freezes() external {
        roots.reportRoots(half(keys[0], "a", 5), half(keys[0], "b", 5));
        roots.reportRoots(half(keys[1], "a", 5), half(keys[1], "b", 5));
        vm.assertFalse(roots.frozen(SOURCE, HERE));
        roots.reportRoots(half(keys[2], "a", 5), half(keys[2], "b", 5));
        vm.assertTrue(roots.frozen(SOURCE, HERE));
    }

    function test_reportRoots__by_a_key_that_is_no_validator__is_refused() external {
        IQuorumRoots.Signed memory a = half(99, "a", 5);
        IQuorumRoots.Signed memory b = half(99, "b", 5);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignerUnknown.selector, vm.addr(99)));
        roots.reportRoots(a, b);
    }

    function test_reportRoots__two_signers__is_refused() external {
        IQuorumRoots.Signed memory a = half(keys[0], "a", 5);
        IQuorumRoots.Signed memory b = half(keys[1], "b", 5);
        vm.expectRevert(
            abi.encodeWithSelector(IQuorumRoots.EvidenceOfTwoSigners.selector, vm.addr(keys[0]), vm.addr(keys[1]))
        );
        roots.reportRoots(a, b);
    }

    function test_reportRoots__statements_that_agree__is_refused() external {
        IQuorumRoots.Signed memory a = half(keys[0], "a", 5);
        IQuorumRoots.Signed memory later = half(keys[0], "a", 5);
        later.statement.height = 8;
        later.signature = signature(keys[0], digestOf(later.statement));
        vm.expectRevert(IQuorumRoots.EvidenceConsistent.selector);
        roots.reportRoots(a, later);
        IQuorumRoots.Signed memory grown = half(keys[0], "b", 6);
        vm.expectRevert(IQuorumRoots.EvidenceConsistent.selector);
        roots.reportRoots(a, grown);
        IQuorumRoots.Signed memory elsewhere = half(keys[0], "b", 5);
        elsewhere.statement.lane = HERE + 1;
        elsewhere.signature = signature(keys[0], digestOf(elsewhere.statement));
        vm.expectRevert(IQuorumRoots.EvidenceConsistent.selector);
        roots.reportRoots(a, elsewhere);
    }

    function test_reportRoots__of_a_lane_that_leads_elsewhere__counts_here_too() external {
        IQuorumRoots.Signed memory a = half(keys[0], "a", 5);
        IQuorumRoots.Signed memory b = half(keys[0], "b", 5);
        (a.statement.lane, b.statement.lane) = (HERE + 1, HERE + 1);
        a.signature = signature(keys[0], digestOf(a.statement));
        b.signature = signature(keys[0], digestOf(b.statement));
        roots.reportRoots(a, b);
        vm.assertTrue(roots.isFaulty(SOURCE, vm.addr(keys[0])));
    }

    function test_reportRoots__of_another_deployments_outbox__is_not_evidence() external {
        IQuorumRoots.Statement memory s = statement("a", 5);
        bytes32 foreign = Statements.root(s.source, address(0xDEAD), s.lane, s.root, s.count, s.height, s.epoch);
        IQuorumRoots.Signed memory a = IQuorumRoots.Signed({statement: s, signature: signature(keys[0], foreign)});
        IQuorumRoots.Signed memory b = half(keys[0], "b", 5);
        vm.expectRevert();
        roots.reportRoots(a, b);
        vm.assertFalse(roots.isFaulty(SOURCE, vm.addr(keys[0])));
    }

    function test_reportLeaves__two_leaves_at_one_index__exposes_across_counts() external {
        (bytes32 leafA, bytes32 leafB, bytes32 sibling) = (keccak256("x"), keccak256("y"), keccak256("z"));
        bytes32 rootA = keccak256(abi.encode(leafA, sibling));
        bytes32 rootB = keccak256(abi.encode(keccak256(abi.encode(leafB, sibling)), sibling));
        IQuorumRoots.Opening memory ofA = opening(leafA, sibling, 1);
        IQuorumRoots.Opening memory ofB = opening(leafB, sibling, 2);
        roots.reportLeaves(0, half(keys[3], rootA, 2), ofA, half(keys[3], rootB, 3), ofB);
        vm.assertTrue(roots.isFaulty(SOURCE, vm.addr(keys[3])));
    }

    function test_reportLeaves__index_beyond_the_count__is_refused() external {
        IQuorumRoots.Opening memory none = opening(0, 0, 0);
        IQuorumRoots.Opening memory some = opening(keccak256("y"), 0, 0);
        IQuorumRoots.Signed memory a = half(keys[3], "a", 1);
        vm.expectRevert(abi.encodeWithSelector(IQuorumRoots.LeafOutsideTree.selector, 1, 1));
        roots.reportLeaves(1, a, none, a, some);
    }

    function test_reportLeaves__unproven_leaf_or_odd_siblings__is_refused() external {
        bytes32 sibling = keccak256("z");
        bytes32 rootA = keccak256(abi.encode(keccak256("x"), sibling));
        IQuorumRoots.Signed memory a = half(keys[3], rootA, 2);
        IQuorumRoots.Opening memory forged = opening(keccak256("y"), sibling, 1);
        bytes32 computed = keccak256(abi.encode(keccak256("y"), sibling));
        IQuorumRoots.Opening memory honest = opening(keccak256("x"), sibling, 1);
        vm.expectRevert(abi.encodeWithSelector(IQuorumRoots.LeafUnproven.selector, computed, rootA));
        roots.reportLeaves(0, a, honest, a, forged);
        // The root itself as a "leaf" under no siblings would contradict every tree.
        IQuorumRoots.Opening memory node = opening(rootA, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IQuorumRoots.SiblingsMiscounted.selector, 0, 1));
        roots.reportLeaves(0, a, honest, a, node);
        vm.expectRevert(IQuorumRoots.EvidenceConsistent.selector);
        roots.reportLeaves(0, a, honest, a, honest);
    }

    function test_reportConflict__two_quorums__freezes() external {
        (IQuorumRoots.Statement memory a, IQuorumRoots.Statement memory b) = (statement("a", 5), statement("b", 5));
        roots.reportConflict(a, signedBy(keys, 0, 5, digestOf(a)), b, signedBy(keys, 2, 7, digestOf(b)));
        vm.assertTrue(roots.frozen(SOURCE, HERE));
    }

    function test_reportConflict__one_side_short_or_consistent__is_refused() external {
        (IQuorumRoots.Statement memory a, IQuorumRoots.Statement memory b) = (statement("a", 5), statement("b", 5));
        bytes memory quorum = signedBy(keys, 0, 5, digestOf(a));
        bytes memory minority = signedBy(keys, 0, 4, digestOf(b));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.QuorumMissed.selector, 4, 7, 4));
        roots.reportConflict(a, quorum, b, minority);
        vm.expectRevert(IQuorumRoots.EvidenceConsistent.selector);
        roots.reportConflict(a, quorum, a, quorum);
    }

    function test_rotate__signed_by_the_old_quorum__ends_the_old_epoch() external {
        uint256[] memory next = rotated();
        vm.assertEq(uint256(roots.epoch(SOURCE)), 1);
        vm.assertEq(roots.validators(SOURCE).length, 4);
        IQuorumRoots.Statement memory s = statement("a", 5);
        bytes memory old = signedBy(keys, 0, 7, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.EpochStale.selector, 0, 1));
        roots.submit(s, old);
        s.epoch = 1;
        bytes memory former = signedBy(keys, 0, 7, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignerUnknown.selector, vm.addr(keys[0])));
        roots.submit(s, former);
        roots.submit(s, signedBy(next, 0, 3, digestOf(s)));
        vm.assertTrue(roots.accepted(SOURCE, HERE, "a", 5));
    }

    function test_rotate__replayed_or_signed_by_the_new_set__is_refused() external {
        uint256[] memory next = rotated();
        Validator[] memory set = evenSet(next);
        bytes32 first = Statements.rotation(SOURCE, OUTBOX, 1, set);
        bytes memory replay = signedBy(keys, 0, 5, first);
        vm.expectRevert();
        roots.rotate(SOURCE, set, replay);
        vm.assertEq(uint256(roots.epoch(SOURCE)), 1);
    }

    function test_rotate__evidence_against_a_former_member__changes_nothing() external {
        rotated();
        IQuorumRoots.Signed memory a = half(keys[0], "a", 5);
        IQuorumRoots.Signed memory b = half(keys[0], "b", 5);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignerUnknown.selector, vm.addr(keys[0])));
        roots.reportRoots(a, b);
    }

    function test_rotate__evidence_of_an_old_epoch_against_a_member_that_stayed__counts() external {
        IQuorumRoots.Signed memory a = half(keys[0], "a", 5);
        IQuorumRoots.Signed memory b = half(keys[0], "b", 5);
        Validator[] memory set = evenSet(keys);
        roots.rotate(SOURCE, set, signedBy(keys, 0, 5, Statements.rotation(SOURCE, OUTBOX, 1, set)));
        roots.reportRoots(a, b);
        vm.assertTrue(roots.isFaulty(SOURCE, vm.addr(keys[0])));
        bytes memory again = signedBy(keys, 1, 7, Statements.rotation(SOURCE, OUTBOX, 2, set));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorFaulty.selector, vm.addr(keys[0])));
        roots.rotate(SOURCE, set, again);
    }

    function test_rotate__while_frozen__is_refused() external {
        (IQuorumRoots.Statement memory a, IQuorumRoots.Statement memory b) = (statement("a", 5), statement("b", 5));
        roots.reportConflict(a, signedBy(keys, 0, 5, digestOf(a)), b, signedBy(keys, 0, 5, digestOf(b)));
        Validator[] memory set = evenSet(sortedKeys(4, 8));
        bytes memory signatures = signedBy(keys, 0, 7, Statements.rotation(SOURCE, OUTBOX, 1, set));
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.LaneIsFrozen.selector, SOURCE, HERE));
        roots.rotate(SOURCE, set, signatures);
    }

    function test_replaceSet__malformed_set__is_refused() external {
        Validator[] memory set = evenSet(sortedKeys(3, 8));
        (set[0], set[1]) = (set[1], set[0]);
        refuse(set, abi.encodeWithSelector(IValidatorSets.SetUnsorted.selector, set[1].account));
        (set[0], set[1]) = (set[1], set[0]);
        set[1] = set[0];
        refuse(set, abi.encodeWithSelector(IValidatorSets.SetUnsorted.selector, set[0].account));
        set = evenSet(sortedKeys(3, 8));
        set[2].weight = 0;
        refuse(set, abi.encodeWithSelector(IValidatorSets.WeightZero.selector, set[2].account));
        set = evenSet(sortedKeys(2, 8));
        set[0].account = address(0);
        refuse(set, abi.encodeWithSelector(IValidatorSets.SetUnsorted.selector, address(0)));
        refuse(evenSet(sortedKeys(1, 8)), abi.encodeWithSelector(IValidatorSets.SetSize.selector, 1));
        refuse(new Validator[](65), abi.encodeWithSelector(IValidatorSets.SetSize.selector, 65));
    }

    function test_replaceSet__largest_set_of_largest_weights__still_counts_exactly() external {
        uint256[] memory many = sortedKeys(64, 8);
        Validator[] memory set = evenSet(many);
        for (uint256 i = 0; i < 64; ++i) {
            set[i].weight = type(uint48).max;
        }
        vm.prank(OWNER);
        roots.replaceSet(SOURCE, set);
        vm.assertEq(roots.totalWeight(SOURCE), 64 * uint256(type(uint48).max));
        IQuorumRoots.Statement memory s = statement("a", 5);
        s.epoch = 1;
        bytes memory short = signedBy(many, 0, 42, digestOf(s));
        vm.expectRevert();
        roots.submit(s, short);
        roots.submit(s, signedBy(many, 0, 43, digestOf(s)));
        vm.assertTrue(roots.accepted(SOURCE, HERE, "a", 5));
    }

    function refuse(Validator[] memory set, bytes memory reason) private {
        vm.prank(OWNER);
        vm.expectRevert(reason);
        roots.replaceSet(SOURCE, set);
    }

    function rotated() private returns (uint256[] memory next) {
        next = sortedKeys(4, 8);
        Validator[] memory set = evenSet(next);
        roots.rotate(SOURCE, set, signedBy(keys, 0, 5, Statements.rotation(SOURCE, OUTBOX, 1, set)));
    }

    function half(uint256 key, bytes32 root, uint32 count) private pure returns (IQuorumRoots.Signed memory) {
        IQuorumRoots.Statement memory s = statement(root, count);
        return IQuorumRoots.Signed({statement: s, signature: signature(key, digestOf(s))});
    }

    function opening(bytes32 leaf, bytes32 sibling, uint256 levels)
        private
        pure
        returns (IQuorumRoots.Opening memory made)
    {
        made.leaf = leaf;
        made.siblings = new bytes32[](levels);
        for (uint256 i = 0; i < levels; ++i) {
            made.siblings[i] = sibling;
        }
    }
}
