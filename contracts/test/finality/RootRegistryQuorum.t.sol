// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICourt} from "../../src/finality/ICourt.sol";
import {IRootRegistry} from "../../src/finality/IRootRegistry.sol";
import {IValidatorSets, Validator} from "../../src/finality/IValidatorSets.sol";
import {Statements} from "../../src/finality/Statements.sol";
import {RegistryFixture} from "./support/RegistryFixture.sol";

/// @dev The quorum policy, and how chains are added.
contract RootRegistryQuorumTest is RegistryFixture {
    function test_post__three_of_four__is_final_and_again_changes_nothing() external {
        post(20, TRUE_ROOT, 3);
        vm.assertEq(registry.finalRoot(APP, 20), TRUE_ROOT);
        vm.assertEq(uint256(registry.latestFinal(APP)), 20);
        vm.recordLogs();
        registry.post(APP, 20, TRUE_ROOT, "");
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_post__two_of_four_or_zero_root_or_other_height__is_refused() external {
        bytes memory two = signedBy(keys, 0, 2, digest(20, TRUE_ROOT, 0));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.QuorumMissed.selector, 2, 4, 2));
        registry.post(APP, 20, TRUE_ROOT, two);
        bytes memory three = signedBy(keys, 0, 3, digest(20, TRUE_ROOT, 0));
        vm.expectRevert();
        registry.post(APP, 21, TRUE_ROOT, three);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StateRootZero.selector, APP, 20));
        registry.post(APP, 20, 0, three);
        vm.expectRevert(
            abi.encodeWithSelector(IRootRegistry.PolicyDiffers.selector, ROLLUP, IRootRegistry.Policy.Optimistic)
        );
        registry.post(ROLLUP, 20, TRUE_ROOT, three);
    }

    function test_post__second_quorum_for_another_root__withdraws_it_and_freezes() external {
        post(20, TRUE_ROOT, 3);
        vm.expectEmit();
        emit IRootRegistry.RootWithdrawn(APP, 20, TRUE_ROOT);
        post(20, FALSE_ROOT, 3);
        vm.assertEq(registry.finalRoot(APP, 20), 0);
        vm.assertTrue(registry.chainFrozen(APP));
        bytes memory three = signedBy(keys, 0, 3, digest(21, TRUE_ROOT, 0));
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ChainIsFrozen.selector, APP));
        registry.post(APP, 21, TRUE_ROOT, three);
        uint256[] memory fresh = sortedKeys(4, 3);
        vm.prank(OWNER);
        registry.replaceSet(APP, evenSet(fresh));
        registry.post(APP, 20, TRUE_ROOT, signedBy(fresh, 0, 3, digest(20, TRUE_ROOT, 1)));
        vm.assertEq(registry.finalRoot(APP, 20), TRUE_ROOT);
    }

    function test_rotate__by_quorum__ends_the_old_epoch() external {
        uint256[] memory fresh = sortedKeys(4, 3);
        Validator[] memory set = evenSet(fresh);
        registry.rotate(APP, set, signedBy(keys, 0, 3, Statements.rotation(APP, OUTBOX, 1, set)));
        vm.assertEq(uint256(registry.epoch(APP)), 1);
        bytes memory old = signedBy(keys, 0, 3, digest(20, TRUE_ROOT, 0));
        vm.expectRevert();
        registry.post(APP, 20, TRUE_ROOT, old);
        registry.post(APP, 20, TRUE_ROOT, signedBy(fresh, 0, 3, digest(20, TRUE_ROOT, 1)));
        vm.assertEq(registry.weightOf(APP, vm.addr(keys[0])), 0);
        vm.assertEq(registry.validators(APP).length, 4);
    }

    function test_reportStateRoots__two_roots_one_signer__takes_its_weight_and_freezes_at_the_end() external {
        report(keys[0], keys[0]);
        vm.assertEq(registry.weightOf(APP, vm.addr(keys[0])), 0);
        vm.assertFalse(registry.chainFrozen(APP));
        report(keys[0], keys[0]);
        vm.assertFalse(registry.chainFrozen(APP));
        report(keys[1], keys[1]);
        vm.assertTrue(registry.chainFrozen(APP));
    }

    function test_reportStateRoots__strangers_or_two_signers_or_one_root__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SignerUnknown.selector, vm.addr(99)));
        this.report(99, 99);
        vm.expectRevert(
            abi.encodeWithSelector(IRootRegistry.EvidenceOfTwoSigners.selector, vm.addr(keys[0]), vm.addr(keys[1]))
        );
        this.report(keys[0], keys[1]);
        bytes memory same = signature(keys[0], digest(20, TRUE_ROOT, 0));
        vm.expectRevert(IRootRegistry.EvidenceConsistent.selector);
        registry.reportStateRoots(APP, 20, [TRUE_ROOT, TRUE_ROOT], [uint32(0), 0], [same, same]);
    }

    function test_addChain__incomplete_or_mixed_or_known_or_by_a_stranger__is_refused() external {
        IRootRegistry.ChainConfig memory config = optimistic(1000, ICourt(court));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        registry.addChain(config);
        config.court = ICourt(address(0));
        refuse(config);
        config = optimistic(1000, ICourt(court));
        config.bond = 0;
        refuse(config);
        config = optimistic(1000, ICourt(court));
        config.window = 31 days;
        refuse(config);
        config.window = 0;
        refuse(config);
        config = optimistic(1000, ICourt(court));
        config.maxAdvance = 0;
        refuse(config);
        config = optimistic(1000, ICourt(court));
        config.outbox = OUTBOX;
        refuse(config);
        config = quorum(1000);
        config.outbox = address(0);
        refuse(config);
        config = quorum(1000);
        config.court = ICourt(court);
        refuse(config);
        config = quorum(0);
        refuse(config);
        config = quorum(1000);
        config.policy = IRootRegistry.Policy.None;
        refuse(config);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ChainAlreadyKnown.selector, APP));
        registry.addChain(quorum(APP));
    }

    function report(uint256 one, uint256 other) public {
        bytes[2] memory signatures =
            [signature(one, digest(20, TRUE_ROOT, 0)), signature(other, digest(20, FALSE_ROOT, 0))];
        registry.reportStateRoots(APP, 20, [TRUE_ROOT, FALSE_ROOT], [uint32(0), 0], signatures);
    }

    function refuse(IRootRegistry.ChainConfig memory config) private {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ConfigInvalid.selector, config.chain));
        registry.addChain(config);
    }

    function post(uint64 height, bytes32 stateRoot, uint256 signers) private {
        registry.post(APP, height, stateRoot, signedBy(keys, 0, signers, digest(height, stateRoot, 0)));
    }

    function digest(uint64 height, bytes32 stateRoot, uint32 epoch) private pure returns (bytes32) {
        return Statements.stateRoot(APP, height, stateRoot, epoch);
    }
}
