// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {CommitteeCourt} from "../../src/finality/CommitteeCourt.sol";
import {ICommitteeCourt} from "../../src/finality/ICommitteeCourt.sol";
import {ICourt} from "../../src/finality/ICourt.sol";
import {IValidatorSets, Validator} from "../../src/finality/IValidatorSets.sol";
import {Statements} from "../../src/finality/Statements.sol";
import {Committee} from "./support/Committee.sol";

contract CommitteeCourtTest is Committee {
    address private constant REGISTRY = address(0x7E6);
    address private constant OWNER = address(0x0E);
    bytes32 private constant CLAIM = keccak256(abi.encode(uint64(904), uint64(20), bytes32("root")));

    CommitteeCourt private court;
    uint256[] private keys;

    function setUp() external {
        keys = sortedKeys(4, 1);
        court = new CommitteeCourt(REGISTRY, evenSet(keys), OWNER);
        vm.prank(REGISTRY);
        court.open(7, 904, 20, "root");
    }

    function test_open__by_a_stranger__is_refused_and_again_changes_nothing() external {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeCourt.CallerNotRegistry.selector, address(this)));
        court.open(8, 904, 20, "root");
        vm.prank(REGISTRY);
        court.open(7, 904, 21, "other");
        vm.assertEq(court.claimOf(7), CLAIM);
    }

    function test_vote__more_than_two_thirds__decides_for_good() external {
        vote(0, true);
        vote(1, true);
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.None));
        vote(2, true);
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.Valid));
        vm.prank(vm.addr(keys[3]));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeCourt.CaseDecided.selector, 7));
        court.vote(7, CLAIM, false);
    }

    function test_vote__split_committee__decides_nothing_until_it_is_replaced() external {
        vote(0, true);
        vote(1, true);
        vote(2, false);
        vote(3, false);
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.None));
        vm.prank(OWNER);
        court.replaceCommittee(evenSet(keys));
        (uint256 valid, uint256 invalid, uint256 total) = court.tally(7);
        vm.assertEq(valid + invalid, 0);
        vm.assertEq(total, 4);
        vote(0, false);
        vote(1, false);
        vote(2, false);
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.Invalid));
    }

    function test_vote__twice_or_by_a_stranger_or_on_another_claim_or_no_case__is_refused() external {
        vote(0, true);
        vm.assertTrue(court.hasVoted(7, vm.addr(keys[0])));
        vm.prank(vm.addr(keys[0]));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeCourt.AlreadyVoted.selector, 7, vm.addr(keys[0])));
        court.vote(7, CLAIM, false);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignerUnknown.selector, address(this)));
        court.vote(7, CLAIM, true);
        vm.prank(vm.addr(keys[1]));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeCourt.ClaimDiffers.selector, bytes32("x"), CLAIM));
        court.vote(7, "x", true);
        vm.prank(vm.addr(keys[1]));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeCourt.CaseUnknown.selector, 8));
        court.vote(8, CLAIM, true);
    }

    function test_vote__one_verifier_with_nearly_all_weight__does_not_decide_alone() external {
        Validator[] memory set = evenSet(keys);
        set[0].weight = 1000;
        vm.prank(OWNER);
        court.replaceCommittee(set);
        vote(0, true);
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.None));
        vote(1, true);
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.Valid));
    }

    function test_castVotes__signed__count_even_if_one_was_cast_before() external {
        bytes32 digest = Statements.vote(address(court), 7, CLAIM, false, 0);
        court.castVotes(7, CLAIM, false, signedBy(keys, 0, 1, digest));
        court.castVotes(7, CLAIM, false, signedBy(keys, 0, 3, digest));
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.Invalid));
        (, uint256 invalid,) = court.tally(7);
        vm.assertEq(invalid, 3);
    }

    function test_castVotes__more_than_are_needed__stops_at_the_deciding_one() external {
        bytes32 digest = Statements.vote(address(court), 7, CLAIM, false, 0);
        bytes memory signatures = bytes.concat(signedBy(keys, 0, 4, digest), signature(0xBAD, digest));
        vm.recordLogs();
        court.castVotes(7, CLAIM, false, signatures);
        vm.assertEq(vm.getRecordedLogs().length, 4); // three votes, one verdict
        vm.assertFalse(court.hasVoted(7, vm.addr(keys[3])));
        (, uint256 invalid,) = court.tally(7);
        vm.assertEq(invalid, 3);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeCourt.CaseDecided.selector, 7));
        court.castVotes(7, CLAIM, false, signatures);
    }

    function test_castVotes__one_signature_repeated__counts_once() external {
        bytes memory one = signature(keys[0], Statements.vote(address(court), 7, CLAIM, false, 0));
        court.castVotes(7, CLAIM, false, bytes.concat(one, one, one));
        vm.assertEq(uint256(court.verdict(7)), uint256(ICourt.Verdict.None));
    }

    function test_castVotes__for_another_outcome_case_court_or_epoch__are_refused() external {
        refuse(Statements.vote(address(court), 7, CLAIM, true, 0));
        refuse(Statements.vote(address(court), 8, CLAIM, false, 0));
        refuse(Statements.vote(address(this), 7, CLAIM, false, 0));
        refuse(Statements.vote(address(court), 7, CLAIM, false, 1));
        refuse(Statements.vote(address(court), 7, "x", false, 0));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignaturesMalformed.selector, 64));
        court.castVotes(7, CLAIM, false, new bytes(64));
    }

    function test_replaceCommittee__by_a_stranger__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        court.replaceCommittee(evenSet(keys));
    }

    function refuse(bytes32 digest) private {
        bytes memory signatures = signedBy(keys, 0, 4, digest);
        vm.expectRevert();
        court.castVotes(7, CLAIM, false, signatures);
    }

    function vote(uint256 verifier, bool valid) private {
        vm.prank(vm.addr(keys[verifier]));
        court.vote(7, CLAIM, valid);
    }
}
