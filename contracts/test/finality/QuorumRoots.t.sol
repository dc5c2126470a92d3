// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ILaneRoots} from "../../src/finality/ILaneRoots.sol";
import {IQuorumRoots} from "../../src/finality/IQuorumRoots.sol";
import {IRootOracle} from "../../src/finality/IRootOracle.sol";
import {IValidatorSets, Validator} from "../../src/finality/IValidatorSets.sol";
import {QuorumRoots} from "../../src/finality/QuorumRoots.sol";
import {Statements} from "../../src/finality/Statements.sol";
import {Committee} from "./support/Committee.sol";

contract QuorumRootsTest is Committee {
    address private constant OWNER = address(0x0E);
    bytes32 private constant ROOT = keccak256("root");

    QuorumRoots private roots;
    uint256[] private keys;

    function setUp() external {
        vm.chainId(HERE);
        keys = sortedKeys(4, 1);
        IQuorumRoots.Source[] memory sources = new IQuorumRoots.Source[](2);
        sources[0] = IQuorumRoots.Source({source: SOURCE, outbox: OUTBOX, validators: evenSet(keys)});
        sources[1] = IQuorumRoots.Source({source: 903, outbox: address(0xB1B1), validators: evenSet(sortedKeys(4, 2))});
        roots = new QuorumRoots(sources, OWNER);
    }

    function test_domain__written_out__is_the_hash_of_its_words() external pure {
        bytes32 typeHash = keccak256("EIP712Domain(string name,string version)");
        vm.assertEq(Statements.DOMAIN, keccak256(abi.encode(typeHash, keccak256("Causeway Roots"), keccak256("1"))));
    }

    function test_submit__three_of_four__is_accepted() external {
        vm.expectEmit();
        emit IRootOracle.RootAccepted(SOURCE, HERE, ROOT, 5);
        submit(ROOT, 5, 3);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 4));
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 6));
        vm.assertFalse(roots.accepted(SOURCE, HERE + 1, ROOT, 5));
        vm.assertFalse(roots.accepted(903, HERE, ROOT, 5));
        vm.assertFalse(roots.accepted(SOURCE, HERE, 0, 0));
        (bytes32 commitment, uint32 count) = roots.latest(SOURCE, HERE);
        vm.assertEq(commitment, keccak256(abi.encodePacked(ROOT, uint32(5))));
        vm.assertEq(uint256(count), 5);
    }

    function test_submit__two_of_four__misses_the_quorum() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory signatures = signedBy(keys, 0, 2, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.QuorumMissed.selector, 2, 4, 2));
        roots.submit(s, signatures);
    }

    function test_submit__exactly_two_thirds__misses_the_quorum() external {
        uint256[] memory three = sortedKeys(3, 9);
        QuorumRoots other = deployed(evenSet(three));
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory signatures = signedBy(three, 0, 2, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.QuorumMissed.selector, 2, 3, 2));
        other.submit(s, signatures);
    }

    function test_submit__one_signer_with_nearly_all_weight__misses_the_quorum() external {
        uint256[] memory two = sortedKeys(2, 9);
        Validator[] memory set = evenSet(two);
        set[0].weight = type(uint48).max;
        QuorumRoots other = deployed(set);
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory alone = signedBy(two, 0, 1, digestOf(s));
        vm.expectRevert(
            abi.encodeWithSelector(
                IValidatorSets.QuorumMissed.selector, type(uint48).max, uint256(type(uint48).max) + 1, 1
            )
        );
        other.submit(s, alone);
        other.submit(s, signedBy(two, 0, 2, digestOf(s)));
        vm.assertTrue(other.accepted(SOURCE, HERE, ROOT, 5));
    }

    function test_submit__a_signer_three_times__is_refused() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory one = signature(keys[0], digestOf(s));
        address signer = vm.addr(keys[0]);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignersUnsorted.selector, signer, signer));
        roots.submit(s, bytes.concat(one, one, one));
    }

    function test_submit__signers_out_of_order__is_refused() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory signatures = bytes.concat(signedBy(keys, 1, 3, digestOf(s)), signedBy(keys, 0, 1, digestOf(s)));
        vm.expectRevert(
            abi.encodeWithSelector(IValidatorSets.SignersUnsorted.selector, vm.addr(keys[0]), vm.addr(keys[2]))
        );
        roots.submit(s, signatures);
    }

    function test_submit__mirrored_s__is_refused() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        (uint8 v, bytes32 r, bytes32 low) = vm.sign(keys[0], digestOf(s));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory mirrored = abi.encodePacked(r, order - uint256(low), v == 27 ? uint8(28) : uint8(27));
        vm.assertEq(ecrecover(digestOf(s), v == 27 ? 28 : 27, r, bytes32(order - uint256(low))), vm.addr(keys[0]));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignatureInvalid.selector, 0));
        roots.submit(s, bytes.concat(mirrored, signedBy(keys, 1, 3, digestOf(s))));
    }

    function test_submit__signature_that_recovers_to_nobody__is_refused() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory nobody = abi.encodePacked(bytes32(0), bytes32(uint256(1)), uint8(27));
        bytes memory rest = signedBy(keys, 0, 3, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignatureInvalid.selector, 0));
        roots.submit(s, bytes.concat(nobody, rest));
        (, bytes32 r, bytes32 low) = vm.sign(keys[0], digestOf(s));
        bytes memory wrongV = abi.encodePacked(r, low, uint8(0));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignatureInvalid.selector, 0));
        roots.submit(s, bytes.concat(wrongV, rest));
    }

    function testFuzz_submit__cut_signatures__are_refused(uint256 length) external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory signatures = signedBy(keys, 0, 4, digestOf(s));
        length = bound(length, 0, signatures.length - 1);
        vm.assume(length != 195);
        assembly ("memory-safe") {
            mstore(signatures, length)
        }
        vm.expectRevert();
        roots.submit(s, signatures);
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 5));
    }

    function testFuzz_submit__one_field_changed_after_signing__is_refused(uint256 field, uint256 noise) external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory signatures = signedBy(keys, 0, 4, digestOf(s));
        bytes memory encoded = abi.encode(s);
        field = bound(field, 0, 5);
        uint256 limit = field == 2 ? type(uint256).max : field == 3 || field == 5 ? type(uint32).max : type(uint64).max;
        assembly ("memory-safe") {
            mstore(add(add(encoded, 0x20), mul(field, 0x20)), and(noise, limit))
        }
        IQuorumRoots.Statement memory changed = abi.decode(encoded, (IQuorumRoots.Statement));
        vm.assume(keccak256(abi.encode(changed)) != keccak256(abi.encode(s)));
        vm.expectRevert();
        roots.submit(changed, signatures);
    }

    function test_submit__another_sources_validators__are_strangers() external {
        uint256[] memory others = sortedKeys(4, 2);
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        bytes memory signatures = signedBy(others, 0, 4, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignerUnknown.selector, vm.addr(others[0])));
        roots.submit(s, signatures);
    }

    function test_submit__other_lane__is_refused() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        s.lane = HERE + 1;
        bytes memory signatures = signedBy(keys, 0, 4, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.LaneForeign.selector, HERE + 1, HERE));
        roots.submit(s, signatures);
    }

    function test_submit__unknown_source__is_refused() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        s.source = 1;
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.SourceUnknown.selector, 1));
        roots.submit(s, "");
    }

    function test_submit__zero_root_or_zero_count__is_refused() external {
        IQuorumRoots.Statement memory s = statement(0, 5);
        bytes memory signatures = signedBy(keys, 0, 4, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IRootOracle.RootZero.selector, SOURCE, HERE));
        roots.submit(s, signatures);
        s = statement(ROOT, 0);
        signatures = signedBy(keys, 0, 4, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.CountZero.selector, SOURCE, HERE));
        roots.submit(s, signatures);
    }

    function test_submit__falling_count__is_refused_and_the_newer_stays() external {
        submit(ROOT, 5, 3);
        IQuorumRoots.Statement memory s = statement(keccak256("old"), 4);
        bytes memory signatures = signedBy(keys, 0, 4, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IRootOracle.CountFalls.selector, SOURCE, HERE, 4, 5));
        roots.submit(s, signatures);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
    }

    function test_submit__held_already__changes_nothing_even_below_the_newest() external {
        submit(ROOT, 5, 3);
        submit(keccak256("newer"), 6, 3);
        vm.recordLogs();
        roots.submit(statement(ROOT, 5), "");
        roots.update(abi.encode(statement(keccak256("newer"), 6), bytes("")));
        vm.assertEq(vm.getRecordedLogs().length, 0);
        (, uint32 count) = roots.latest(SOURCE, HERE);
        vm.assertEq(uint256(count), 6);
    }

    function test_submit__another_root_for_the_newest_count__freezes_until_the_owner_replaces_the_set() external {
        submit(ROOT, 5, 3);
        vm.expectEmit();
        emit ILaneRoots.LaneFrozen(SOURCE, HERE);
        submit(keccak256("other"), 5, 3);
        vm.assertTrue(roots.frozen(SOURCE, HERE));
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 5));
        vm.assertFalse(roots.accepted(SOURCE, HERE, keccak256("other"), 5));
        IQuorumRoots.Statement memory s = statement(ROOT, 6);
        bytes memory signatures = signedBy(keys, 0, 4, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.LaneIsFrozen.selector, SOURCE, HERE));
        roots.submit(s, signatures);
        uint256[] memory fresh = sortedKeys(4, 3);
        vm.prank(OWNER);
        roots.replaceSet(SOURCE, evenSet(fresh));
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 5));
        s = statement(keccak256("truth"), 3);
        s.epoch = 1;
        roots.submit(s, signedBy(fresh, 0, 3, digestOf(s)));
        vm.assertTrue(roots.accepted(SOURCE, HERE, keccak256("truth"), 3));
    }

    function test_submit__conflict_that_no_quorum_signed__does_not_freeze() external {
        submit(ROOT, 5, 3);
        IQuorumRoots.Statement memory s = statement(keccak256("other"), 5);
        bytes memory signatures = signedBy(keys, 0, 2, digestOf(s));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.QuorumMissed.selector, 2, 4, 2));
        roots.submit(s, signatures);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
    }

    function test_accepted__sixty_fifth_newest__has_fallen_out() external {
        for (uint32 count = 1; count <= 65; ++count) {
            submit(keccak256(abi.encode(count)), count, 3);
        }
        vm.assertFalse(roots.accepted(SOURCE, HERE, keccak256(abi.encode(uint32(1))), 1));
        for (uint32 count = 2; count <= 65; ++count) {
            vm.assertTrue(roots.accepted(SOURCE, HERE, keccak256(abi.encode(count)), count));
        }
    }

    function testFuzz_accepted__any_growth__holds_exactly_the_last_sixty_four(uint256 seed, uint8 pushes) external {
        uint32[] memory counts = new uint32[](bound(pushes, 1, 80));
        uint32 count = 0;
        for (uint256 i = 0; i < counts.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            count += uint32(bound(seed, 1, 1000));
            counts[i] = count;
            submit(keccak256(abi.encode(count)), count, 3);
        }
        for (uint256 i = 0; i < counts.length; ++i) {
            bool isHeld = i + 64 >= counts.length;
            vm.assertEq(roots.accepted(SOURCE, HERE, keccak256(abi.encode(counts[i])), counts[i]), isHeld);
        }
    }

    function testFuzz_update__garbage__reverts(bytes calldata evidence) external {
        vm.expectRevert();
        roots.update(evidence);
    }

    function test_update__encoded_statement__is_a_submission() external {
        IQuorumRoots.Statement memory s = statement(ROOT, 5);
        roots.update(abi.encode(s, signedBy(keys, 1, 4, digestOf(s))));
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
    }

    function test_addSource__by_a_stranger_or_twice_or_of_itself__is_refused() external {
        IQuorumRoots.Source memory source =
            IQuorumRoots.Source({source: 904, outbox: OUTBOX, validators: evenSet(keys)});
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        roots.addSource(source);
        vm.prank(OWNER);
        roots.addSource(source);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.SourceAlreadyKnown.selector, 904));
        roots.addSource(source);
        source.source = HERE;
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.SourceInvalid.selector, HERE, OUTBOX));
        roots.addSource(source);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        roots.replaceSet(SOURCE, source.validators);
    }

    function submit(bytes32 root, uint32 count, uint256 signers) private {
        IQuorumRoots.Statement memory s = statement(root, count);
        roots.submit(s, signedBy(keys, 0, signers, digestOf(s)));
    }

    function deployed(Validator[] memory set) private returns (QuorumRoots) {
        IQuorumRoots.Source[] memory sources = new IQuorumRoots.Source[](1);
        sources[0] = IQuorumRoots.Source({source: SOURCE, outbox: OUTBOX, validators: set});
        return new QuorumRoots(sources, OWNER);
    }
}
