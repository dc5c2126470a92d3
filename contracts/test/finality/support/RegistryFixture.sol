// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "../../../src/finality/ICourt.sol";
import {IRootRegistry} from "../../../src/finality/IRootRegistry.sol";
import {Validator} from "../../../src/finality/IValidatorSets.sol";
import {RootRegistry} from "../../../src/finality/RootRegistry.sol";
import {Committee} from "./Committee.sol";
import {PresidedCourt} from "./Courts.sol";

/// @dev A registry with one optimistic chain and one under a quorum of four.
abstract contract RegistryFixture is Committee {
    uint64 internal constant ROLLUP = 904;
    uint64 internal constant APP = 905;
    uint64 internal constant WINDOW = 100;
    uint128 internal constant BOND = 1001;
    /// @dev An eighth of it, rounded up.
    uint256 internal constant CHALLENGE = 126;
    address internal constant OWNER = address(0x0E);
    address internal constant TREASURY = address(0x77EA);
    bytes32 internal constant TRUE_ROOT = keccak256("true");
    bytes32 internal constant FALSE_ROOT = keccak256("false");

    PresidedCourt internal court;
    RootRegistry internal registry;
    uint256[] internal keys;

    address internal proposer = address(0xA1);
    address internal challenger = address(0xA2);
    address internal liar = address(0xA3);

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        keys = sortedKeys(4, 1);
        court = new PresidedCourt();
        IRootRegistry.ChainConfig[] memory chains = new IRootRegistry.ChainConfig[](2);
        chains[0] = optimistic(ROLLUP, ICourt(court));
        chains[1] = quorum(APP);
        registry = new RootRegistry(chains, TREASURY, OWNER);
        vm.deal(proposer, 1 ether);
        vm.deal(challenger, 1 ether);
        vm.deal(liar, 1 ether);
    }

    function optimistic(uint64 chain, ICourt by) internal pure returns (IRootRegistry.ChainConfig memory config) {
        config.chain = chain;
        config.policy = IRootRegistry.Policy.Optimistic;
        config.court = by;
        config.bond = BOND;
        config.window = WINDOW;
        config.fromHeight = 10;
        config.maxAdvance = 1000;
    }

    function quorum(uint64 chain) internal view returns (IRootRegistry.ChainConfig memory config) {
        config.chain = chain;
        config.policy = IRootRegistry.Policy.Quorum;
        config.outbox = OUTBOX;
        config.validators = evenSet(keys);
    }

    function propose(address by, uint64 height, bytes32 stateRoot) internal returns (uint256) {
        vm.prank(by);
        return registry.propose{value: BOND}(ROLLUP, height, stateRoot);
    }

    function dispute(address by, uint256 id) internal {
        bytes32 claim = claimOf(id);
        vm.prank(by);
        registry.dispute{value: CHALLENGE}(id, claim);
    }

    function claimOf(uint256 id) internal view returns (bytes32) {
        IRootRegistry.Proposal memory made = registry.proposal(id);
        return keccak256(abi.encode(made.chain, made.height, made.stateRoot));
    }

    function statusOf(uint256 id) internal view returns (uint256) {
        return uint256(registry.proposal(id).status);
    }

    function assertStatus(uint256 id, IRootRegistry.Status wanted) internal view {
        vm.assertEq(statusOf(id), uint256(wanted));
    }
}
