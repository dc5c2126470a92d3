// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "../../src/finality/ICourt.sol";
import {IRootRegistry} from "../../src/finality/IRootRegistry.sol";
import {RootRegistry} from "../../src/finality/RootRegistry.sol";
import {Test} from "../support/Test.sol";
import {PresidedCourt} from "./support/Courts.sol";
import {RegistryFixture} from "./support/RegistryFixture.sol";

/// @dev Players at random. Heights have a true root, keccak256(height); the court, when it speaks, tells the truth, and every false claim
///      that is about to pass undisputed is disputed by an honest watcher.
contract Players is Test {
    uint64 private constant ROLLUP = 904;
    uint128 private constant BOND = 1001;
    uint256 private constant CHALLENGE = 126;

    RootRegistry public immutable registry;
    PresidedCourt public immutable court;
    uint256 public withdrawn;
    uint256 public paidIn;

    constructor(RootRegistry registry_, PresidedCourt court_) {
        (registry, court) = (registry_, court_);
        vm.deal(address(this), 1000 ether);
    }

    receive() external payable {}

    function propose(uint256 who, uint64 height, uint256 lie) external {
        height = uint64(bound(height, 11, 14));
        bytes32 stateRoot = lie % 3 == 0 ? truth(height) : keccak256(abi.encode("lie", lie % 3));
        vm.deal(player(who), BOND);
        vm.prank(player(who));
        try registry.propose{value: BOND}(ROLLUP, height, stateRoot) {
            paidIn += BOND;
        } catch {}
    }

    function dispute(uint256 who, uint256 id) external {
        _dispute(player(who), pick(id));
    }

    function decide(uint256 id) external {
        if (registry.proposals() == 0) return;
        id = pick(id);
        court.decide(id, isTrue(id) ? ICourt.Verdict.Valid : ICourt.Verdict.Invalid);
    }

    function resolve(uint256 id) external {
        try registry.resolve(pick(id)) {} catch {}
    }

    function finalize(uint256 id) external {
        try registry.finalize(pick(id)) {} catch {}
    }

    function withdraw(uint256 who) external {
        address account = who % 4 == 3 ? registry.treasury() : player(who);
        vm.prank(account);
        try registry.withdraw(payable(address(this))) returns (uint256 amount) {
            withdrawn += amount;
        } catch {}
    }

    /// @dev Time passes, but the watcher looks first.
    function wait(uint256 time) external {
        for (uint256 id = 1; id <= registry.proposals(); ++id) {
            if (!isTrue(id)) _dispute(player(0), id);
        }
        vm.warp(block.timestamp + bound(time, 1, 120));
    }

    function player(uint256 who) public pure returns (address) {
        return address(uint160(0xA10 + who % 3));
    }

    function truth(uint64 height) public pure returns (bytes32) {
        return keccak256(abi.encode(height));
    }

    function isTrue(uint256 id) public view returns (bool) {
        IRootRegistry.Proposal memory made = registry.proposal(id);
        return made.stateRoot == truth(made.height);
    }

    function pick(uint256 id) private view returns (uint256) {
        uint256 made = registry.proposals();
        return made == 0 ? 0 : bound(id, 1, made);
    }

    function _dispute(address by, uint256 id) private {
        if (id == 0) return;
        IRootRegistry.Proposal memory made = registry.proposal(id);
        bytes32 claim = keccak256(abi.encode(made.chain, made.height, made.stateRoot));
        vm.deal(by, CHALLENGE);
        vm.prank(by);
        try registry.dispute{value: CHALLENGE}(id, claim) {
            paidIn += CHALLENGE;
        } catch {}
    }
}

contract RootRegistryInvariantsTest is RegistryFixture {
    Players private players;

    function setUp() public override {
        super.setUp();
        players = new Players(registry, court);
        targetContract(address(players));
    }

    function invariant_bonds__balance__is_what_is_open_and_what_can_be_withdrawn() external view {
        uint256 owed = registry.withdrawable(TREASURY);
        for (uint256 who = 0; who < 3; ++who) {
            owed += registry.withdrawable(players.player(who));
        }
        for (uint256 id = 1; id <= registry.proposals(); ++id) {
            IRootRegistry.Status status = registry.proposal(id).status;
            if (status == IRootRegistry.Status.Open) owed += BOND;
            if (status == IRootRegistry.Status.Disputed) owed += BOND + CHALLENGE;
        }
        vm.assertEq(address(registry).balance, owed);
        vm.assertEq(players.paidIn(), owed + players.withdrawn());
    }

    function invariant_roots__final__are_true() external view {
        for (uint64 height = 11; height <= 14; ++height) {
            bytes32 held = registry.finalRoot(ROLLUP, height);
            vm.assertTrue(held == 0 || held == players.truth(height));
        }
    }

    function invariant_rounds__live__counts_the_claims_that_stand() external view {
        for (uint64 height = 11; height <= 14; ++height) {
            uint256 standing = 0;
            for (uint256 id = 1; id <= registry.proposals(); ++id) {
                IRootRegistry.Proposal memory made = registry.proposal(id);
                bool stands = made.status == IRootRegistry.Status.Open || made.status == IRootRegistry.Status.Disputed;
                if (made.height == height && stands) ++standing;
            }
            (uint256 live,) = registry.round(ROLLUP, height);
            vm.assertEq(live, standing);
        }
    }
}
