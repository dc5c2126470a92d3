// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "../../src/finality/ICourt.sol";
import {IRootRegistry} from "../../src/finality/IRootRegistry.sol";
import {RootRegistry} from "../../src/finality/RootRegistry.sol";
import {BrokenCourt, ReentrantPlayer} from "./support/Courts.sol";
import {RegistryFixture} from "./support/RegistryFixture.sol";

/// @dev The optimistic policy as its players meet it, honest and not.
contract RootRegistryGameTest is RegistryFixture {
    function test_finalize__undisputed_after_the_window__is_final_in_slot_zero() external {
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        vm.assertEq(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.WindowOpen.selector, id, block.timestamp + WINDOW));
        registry.finalize(id);
        vm.warp(block.timestamp + WINDOW);
        vm.expectEmit();
        emit IRootRegistry.Finalized(ROLLUP, 20, TRUE_ROOT);
        registry.finalize(id);
        bytes32 slot = keccak256(abi.encode(uint64(20), keccak256(abi.encode(ROLLUP, 0))));
        vm.assertEq(vm.load(address(registry), slot), TRUE_ROOT);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
        vm.assertEq(uint256(registry.latestFinal(ROLLUP)), 20);
        vm.assertEq(registry.withdrawable(proposer), BOND);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, id, IRootRegistry.Status.Final));
        registry.finalize(id);
    }

    function test_dispute__false_claim__is_never_final_and_pays_the_challenger() external {
        uint256 id = propose(liar, 20, FALSE_ROOT);
        dispute(challenger, id);
        vm.assertTrue(court.isOpen(id));
        vm.warp(block.timestamp + 10 * WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, id, IRootRegistry.Status.Disputed));
        registry.finalize(id);
        court.decide(id, ICourt.Verdict.Invalid);
        registry.resolve(id);
        assertStatus(id, IRootRegistry.Status.Refuted);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), 0);
        vm.assertEq(registry.withdrawable(challenger), CHALLENGE + BOND / 2);
        vm.assertEq(registry.withdrawable(TREASURY), BOND - BOND / 2);
        vm.assertEq(registry.withdrawable(liar), 0);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, id, IRootRegistry.Status.Refuted));
        registry.resolve(id);
    }

    function test_dispute__of_a_true_claim__loses_its_bond_and_the_claim_is_final_at_once() external {
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        dispute(liar, id);
        court.decide(id, ICourt.Verdict.Valid);
        registry.resolve(id);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
        vm.assertEq(registry.withdrawable(proposer), BOND + CHALLENGE / 2);
        vm.assertEq(registry.withdrawable(liar), 0);
        vm.assertEq(registry.withdrawable(TREASURY), CHALLENGE - CHALLENGE / 2);
    }

    function test_dispute__with_another_value_than_an_eighth_of_the_bond__is_refused() external {
        uint256 id = propose(liar, 20, FALSE_ROOT);
        vm.assertEq(registry.challengeBond(ROLLUP), CHALLENGE);
        refuseDispute(id, 0);
        refuseDispute(id, CHALLENGE - 1);
        refuseDispute(id, CHALLENGE + 1);
        refuseDispute(id, BOND);
    }

    function test_challengeBond__whatever_the_bond__is_an_eighth_rounded_up() external {
        vm.assertEq(registry.challengeBond(APP), 0);
        vm.assertEq(registry.challengeBond(77), 0);
        uint128[5] memory bonds = [uint128(1), 7, 8, 9, type(uint128).max];
        uint128[5] memory eighths = [uint128(1), 1, 1, 2, 1 << 125];
        for (uint64 i = 0; i < bonds.length; ++i) {
            IRootRegistry.ChainConfig memory config = optimistic(1000 + i, ICourt(court));
            config.bond = bonds[i];
            vm.prank(OWNER);
            registry.addChain(config);
            vm.assertEq(registry.challengeBond(config.chain), eighths[i]);
        }
    }

    /// @dev The attack that an equal bond would allow: more lies than the watchers have capital for.
    function test_dispute__eight_lies_at_eight_heights__need_one_bond_of_capital_and_the_rounding() external {
        vm.deal(challenger, 8 * CHALLENGE);
        vm.assertTrue(8 * CHALLENGE < BOND + 8);
        for (uint64 height = 20; height < 28; ++height) {
            dispute(challenger, propose(liar, height, FALSE_ROOT));
        }
        for (uint256 id = 1; id <= 8; ++id) {
            court.decide(id, ICourt.Verdict.Invalid);
            registry.resolve(id);
        }
        vm.assertEq(registry.withdrawable(challenger), 8 * (CHALLENGE + BOND / 2));
        vm.assertEq(registry.withdrawable(liar), 0);
    }

    function test_dispute__of_oneself__costs_half_a_bond() external {
        uint256 before = liar.balance;
        uint256 id = propose(liar, 20, FALSE_ROOT);
        dispute(liar, id);
        court.decide(id, ICourt.Verdict.Invalid);
        registry.resolve(id);
        vm.prank(liar);
        registry.withdraw(payable(liar));
        vm.assertEq(before - liar.balance, BOND - BOND / 2);
    }

    function test_resolve__silent_court__extends_the_window_again_and_again() external {
        uint256 id = propose(liar, 20, FALSE_ROOT);
        dispute(challenger, id);
        for (uint256 i = 0; i < 5; ++i) {
            uint64 deadline = registry.proposal(id).deadline;
            vm.warp(deadline - 1);
            vm.expectRevert(abi.encodeWithSelector(IRootRegistry.WindowOpen.selector, id, deadline));
            registry.resolve(id);
            vm.warp(deadline);
            vm.expectEmit();
            emit IRootRegistry.WindowExtended(id, deadline + WINDOW);
            registry.resolve(id);
            assertStatus(id, IRootRegistry.Status.Disputed);
        }
        court.decide(id, ICourt.Verdict.Invalid);
        registry.resolve(id);
        assertStatus(id, IRootRegistry.Status.Refuted);
    }

    function test_resolve__court_that_breaks_or_babbles__is_silent() external {
        for (uint256 mode = 0; mode < 3; ++mode) {
            uint64 chain = 1000 + uint64(mode);
            ICourt broken = ICourt(address(new BrokenCourt(mode)));
            vm.prank(OWNER);
            registry.addChain(optimistic(chain, broken));
            vm.prank(liar);
            uint256 id = registry.propose{value: BOND}(chain, 20, FALSE_ROOT);
            dispute(challenger, id);
            vm.warp(block.timestamp + WINDOW);
            registry.resolve(id);
            assertStatus(id, IRootRegistry.Status.Disputed);
        }
    }

    function test_dispute__court_that_refuses_the_case__stands_and_is_summoned_later() external {
        court.refuse(true);
        uint256 id = propose(liar, 20, FALSE_ROOT);
        dispute(challenger, id);
        assertStatus(id, IRootRegistry.Status.Disputed);
        vm.assertFalse(court.isOpen(id));
        vm.expectEmit();
        emit IRootRegistry.CourtUnreachable(id);
        registry.summon(id);
        court.refuse(false);
        registry.summon(id);
        vm.assertTrue(court.isOpen(id));
    }

    function test_dispute__after_the_window_and_not_final__still_stops_the_claim() external {
        uint256 id = propose(liar, 20, FALSE_ROOT);
        vm.warp(registry.proposal(id).deadline + 5 * WINDOW);
        dispute(challenger, id);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, id, IRootRegistry.Status.Disputed));
        registry.finalize(id);
        court.decide(id, ICourt.Verdict.Invalid);
        registry.resolve(id);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), 0);
    }

    function test_dispute__of_what_is_final__is_too_late() external {
        uint256 id = propose(liar, 20, FALSE_ROOT);
        vm.warp(registry.proposal(id).deadline);
        registry.finalize(id);
        bytes32 claim = claimOf(id);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, id, IRootRegistry.Status.Final));
        registry.dispute{value: CHALLENGE}(id, claim);
    }

    /// @dev Two lies at one height, of which one was disputed: the other one's time is over when the first falls.
    function test_dispute__lie_whose_rival_fell__still_stops_it() external {
        uint256 first = propose(liar, 20, FALSE_ROOT);
        uint256 second = propose(liar, 20, keccak256("another lie"));
        dispute(challenger, first);
        vm.warp(block.timestamp + 2 * WINDOW);
        court.decide(first, ICourt.Verdict.Invalid);
        registry.resolve(first);
        dispute(challenger, second);
        court.decide(second, ICourt.Verdict.Invalid);
        registry.resolve(second);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), 0);
    }

    /// @dev Delaying a true claim costs a challenger's bond each time, late or not, and a claim is disputed once.
    function test_dispute__late_and_false__costs_the_bond_and_ends_with_the_verdict() external {
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        vm.warp(block.timestamp + WINDOW);
        dispute(liar, id);
        court.decide(id, ICourt.Verdict.Valid);
        registry.resolve(id);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
        vm.assertEq(registry.withdrawable(liar), 0);
        vm.assertEq(registry.withdrawable(proposer), BOND + CHALLENGE / 2);
    }

    function test_dispute__number_that_means_another_claim__is_refused() external {
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        bytes32 meant = keccak256(abi.encode(ROLLUP, uint64(20), FALSE_ROOT));
        bytes32 held = claimOf(id);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ClaimDiffers.selector, meant, held));
        registry.dispute{value: CHALLENGE}(id, meant);
    }

    function test_dispute__twice__is_refused() external {
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        dispute(challenger, id);
        bytes32 claim = claimOf(id);
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, id, IRootRegistry.Status.Disputed));
        registry.dispute{value: CHALLENGE}(id, claim);
    }

    function test_finalize__competing_claims__waits_until_one_is_left() external {
        uint256 truth = propose(proposer, 20, TRUE_ROOT);
        vm.warp(block.timestamp + WINDOW - 1);
        uint256 lie = propose(liar, 20, FALSE_ROOT);
        vm.warp(block.timestamp + 2 * WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ClaimsCompete.selector, truth, 2));
        registry.finalize(truth);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ClaimsCompete.selector, lie, 2));
        registry.finalize(lie);
        dispute(challenger, lie);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ClaimsCompete.selector, truth, 2));
        registry.finalize(truth);
        court.decide(lie, ICourt.Verdict.Invalid);
        registry.resolve(lie);
        registry.finalize(truth);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
    }

    function test_resolve__what_contradicts_a_final_root__is_refuted_and_pays_the_treasury() external {
        uint256 truth = propose(proposer, 20, TRUE_ROOT);
        uint256 lie = propose(liar, 20, FALSE_ROOT);
        uint256 disputed = propose(liar, 20, keccak256("another lie"));
        dispute(challenger, disputed);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StatusDiffers.selector, lie, IRootRegistry.Status.Open));
        registry.resolve(lie);
        dispute(liar, truth);
        court.decide(truth, ICourt.Verdict.Valid);
        registry.resolve(truth);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.HeightAlreadyFinal.selector, ROLLUP, 20, TRUE_ROOT));
        registry.finalize(lie);
        bytes32 claim = claimOf(lie);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.HeightAlreadyFinal.selector, ROLLUP, 20, TRUE_ROOT));
        registry.dispute{value: CHALLENGE}(lie, claim);
        uint256 before = registry.withdrawable(TREASURY);
        registry.resolve(lie);
        vm.assertEq(registry.withdrawable(TREASURY) - before, BOND);
        // Even a court that contradicts itself cannot make two roots final.
        court.decide(disputed, ICourt.Verdict.Valid);
        registry.resolve(disputed);
        assertStatus(disputed, IRootRegistry.Status.Refuted);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
        vm.assertEq(registry.withdrawable(challenger), CHALLENGE + BOND / 2);
    }

    function test_propose__front_run_with_the_same_claim__costs_the_honest_proposer_nothing() external {
        uint256 id = propose(liar, 20, TRUE_ROOT);
        vm.prank(proposer);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.AlreadyProposed.selector, id));
        registry.propose{value: BOND}(ROLLUP, 20, TRUE_ROOT);
        vm.assertEq(proposer.balance, 1 ether);
        vm.warp(block.timestamp + WINDOW);
        registry.finalize(id);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
        vm.assertEq(registry.withdrawable(liar), BOND);
    }

    function test_propose__false_claims_one_after_another__neither_lock_nor_delay_without_end() external {
        uint256 first = propose(liar, 20, FALSE_ROOT);
        (, uint64 closesAt) = registry.round(ROLLUP, 20);
        uint256 truth = propose(proposer, 20, TRUE_ROOT);
        vm.warp(closesAt);
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.RoundClosed.selector, ROLLUP, 20, closesAt));
        registry.propose{value: BOND}(ROLLUP, 20, keccak256("late lie"));
        dispute(challenger, first);
        court.decide(first, ICourt.Verdict.Invalid);
        registry.resolve(first);
        registry.finalize(truth);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
    }

    function test_propose__after_all_claims_were_refuted__opens_a_new_round() external {
        uint256 lie = propose(liar, 20, FALSE_ROOT);
        dispute(challenger, lie);
        court.decide(lie, ICourt.Verdict.Invalid);
        registry.resolve(lie);
        vm.warp(block.timestamp + 10 * WINDOW);
        vm.assertEq(registry.standing(ROLLUP, 20, FALSE_ROOT), 0);
        uint256 truth = propose(proposer, 20, TRUE_ROOT);
        (uint256 live, uint64 closesAt) = registry.round(ROLLUP, 20);
        vm.assertEq(live, 1);
        vm.assertEq(uint256(closesAt), block.timestamp + WINDOW);
        vm.warp(closesAt);
        registry.finalize(truth);
        vm.assertEq(registry.finalRoot(ROLLUP, 20), TRUE_ROOT);
    }

    function test_propose__height_too_far_or_before_the_start__is_refused() external {
        refuseHeight(1011);
        refuseHeight(type(uint64).max);
        refuseHeight(10);
        propose(proposer, 1010, TRUE_ROOT);
    }

    function test_propose__zero_root_or_final_height_or_wrong_bond_or_unknown_chain__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.StateRootZero.selector, ROLLUP, 20));
        registry.propose{value: BOND}(ROLLUP, 20, 0);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.BondDiffers.selector, BOND - 1, BOND));
        registry.propose{value: BOND - 1}(ROLLUP, 20, TRUE_ROOT);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.BondDiffers.selector, BOND + 1, BOND));
        registry.propose{value: BOND + 1}(ROLLUP, 20, TRUE_ROOT);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ChainUnknown.selector, 1));
        registry.propose{value: BOND}(1, 20, TRUE_ROOT);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.PolicyDiffers.selector, APP, IRootRegistry.Policy.Quorum));
        registry.propose{value: BOND}(APP, 20, TRUE_ROOT);
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        vm.warp(block.timestamp + WINDOW);
        registry.finalize(id);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.HeightAlreadyFinal.selector, ROLLUP, 20, TRUE_ROOT));
        registry.propose{value: BOND}(ROLLUP, 20, FALSE_ROOT);
    }

    function test_propose__older_height__becomes_final_and_the_latest_stays() external {
        uint256 newer = propose(proposer, 30, TRUE_ROOT);
        uint256 older = propose(proposer, 25, keccak256("older"));
        vm.warp(block.timestamp + WINDOW);
        registry.finalize(newer);
        registry.finalize(older);
        vm.assertEq(uint256(registry.latestFinal(ROLLUP)), 30);
        vm.assertEq(registry.finalRoot(ROLLUP, 25), keccak256("older"));
    }

    function test_withdraw__reentered__pays_once() external {
        ReentrantPlayer player = new ReentrantPlayer(registry);
        uint256 id = player.propose{value: BOND}(ROLLUP, 20, TRUE_ROOT);
        propose(proposer, 21, TRUE_ROOT);
        vm.warp(block.timestamp + WINDOW);
        registry.finalize(id);
        player.withdraw();
        vm.assertEq(player.entries(), 1);
        vm.assertFalse(player.wasPaidTwice());
        vm.assertEq(address(player).balance, BOND);
        vm.assertEq(address(registry).balance, BOND);
    }

    function test_withdraw__nothing_or_to_one_who_refuses__reverts_and_keeps_the_credit() external {
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.NothingToWithdraw.selector, address(this)));
        registry.withdraw(payable(address(this)));
        uint256 id = propose(proposer, 20, TRUE_ROOT);
        vm.warp(block.timestamp + WINDOW);
        registry.finalize(id);
        vm.prank(proposer);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.WithdrawalFailed.selector, address(court)));
        registry.withdraw(payable(address(court)));
        vm.assertEq(registry.withdrawable(proposer), BOND);
        vm.prank(proposer);
        vm.assertEq(registry.withdraw(payable(proposer)), BOND);
        vm.assertEq(proposer.balance, 1 ether);
    }

    function test_proposal__unknown_id__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ProposalUnknown.selector, 1));
        registry.proposal(1);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.ProposalUnknown.selector, 0));
        registry.resolve(0);
    }

    function refuseDispute(uint256 id, uint256 given) private {
        bytes32 claim = claimOf(id);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.BondDiffers.selector, given, CHALLENGE));
        registry.dispute{value: given}(id, claim);
    }

    function refuseHeight(uint64 height) private {
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(IRootRegistry.HeightOutOfRange.selector, height, 10, 1010));
        registry.propose{value: BOND}(ROLLUP, height, FALSE_ROOT);
    }
}
