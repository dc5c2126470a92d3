// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Anchor} from "../../src/finality/Anchor.sol";
import {AnchoredRoots} from "../../src/finality/AnchoredRoots.sol";
import {IAnchor} from "../../src/finality/IAnchor.sol";
import {IAnchoredRoots} from "../../src/finality/IAnchoredRoots.sol";
import {ILaneRoots} from "../../src/finality/ILaneRoots.sol";
import {IMerklePatricia} from "../../src/finality/IMerklePatricia.sol";
import {IRootOracle} from "../../src/finality/IRootOracle.sol";
import {Test} from "../support/Test.sol";
import {Tries} from "./support/Tries.sol";

contract AnchoredRootsTest is Test {
    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    address private constant OWNER = address(0x0E);
    address private constant REGISTRY = address(0x7E6);
    address private constant OUTBOX = address(0xB0B0);
    uint64 private constant HERE = 901;
    uint64 private constant SOURCE = 902;
    bytes32 private constant ROOT = keccak256("root");

    Anchor private anchor;
    AnchoredRoots private roots;

    function setUp() external {
        vm.chainId(HERE);
        anchor = new Anchor();
        IAnchoredRoots.Source[] memory sources = new IAnchoredRoots.Source[](2);
        sources[0] = IAnchoredRoots.Source({source: SOURCE, outbox: OUTBOX});
        sources[1] = IAnchoredRoots.Source({source: 903, outbox: address(0xB1B1)});
        roots = new AnchoredRoots(address(anchor), REGISTRY, sources, OWNER);
    }

    function test_proveBoth__true_proofs__makes_the_lane_final() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        vm.expectEmit();
        emit IRootOracle.RootAccepted(SOURCE, HERE, ROOT, 5);
        roots.proveBoth(state, lane);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
        vm.assertTrue(roots.isHeld(SOURCE, 10, keccak256(lane.accountNodes[0])));
        vm.assertEq(uint256(roots.latestHeight(SOURCE)), 10);
    }

    function test_update__each_step__does_what_its_function_does() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        vm.assertTrue(roots.isHeld(SOURCE, 10, keccak256(lane.accountNodes[0])));
        roots.update(abi.encode(uint8(1), abi.encode(lane)));
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
        (state, lane) = proofs(11, keccak256("next"), 6, 2);
        roots.update(abi.encode(uint8(2), abi.encode(state, lane)));
        vm.assertTrue(roots.accepted(SOURCE, HERE, keccak256("next"), 6));
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StepUnknown.selector, 3));
        roots.update(abi.encode(uint8(3), abi.encode(state, lane)));
    }

    function test_update__replayed__changes_nothing() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        bytes memory evidence = abi.encode(uint8(2), abi.encode(state, lane));
        roots.update(evidence);
        vm.recordLogs();
        roots.update(evidence);
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        roots.update(abi.encode(uint8(1), abi.encode(lane)));
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_update__garbage__reverts(uint8 step, bytes calldata args) external {
        vm.expectRevert();
        roots.update(abi.encode(step % 4, args));
        vm.expectRevert();
        roots.update(args);
    }

    function test_proveStateRoot__base_block_out_of_the_ring__is_refused() external {
        (IAnchoredRoots.StateProof memory state,) = proofs(10, ROOT, 5, 1);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.BaseBlockUnknown.selector, 2));
        roots.proveStateRoot(SOURCE, 10, 2, state.accountNodes, state.storageNodes);
        report(3, keccak256("elsewhere"));
        vm.expectRevert(abi.encodeWithSelector(IAnchor.BaseBlockUnknown.selector, 1));
        roots.proveStateRoot(SOURCE, 10, 1, state.accountNodes, state.storageNodes);
    }

    function test_proveStateRoot__for_another_chain_or_height__is_refused() external {
        (IAnchoredRoots.StateProof memory state,) = proofs(10, ROOT, 5, 1);
        vm.expectRevert();
        roots.proveStateRoot(903, 10, 1, state.accountNodes, state.storageNodes);
        vm.expectRevert();
        roots.proveStateRoot(SOURCE, 11, 1, state.accountNodes, state.storageNodes);
        // Even where the other chain's slot is proven absent beside it.
        Tries.Proof memory stored = Tries.prove(abi.encode(stateSlot(10)), Tries.number(7), 0);
        Tries.Proof memory held = Tries.prove(abi.encodePacked(REGISTRY), Tries.account(1, 0, stored.root), 2);
        report(2, held.root);
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StateRootAbsent.selector, 903, 10, 2));
        roots.proveStateRoot(903, 10, 2, held.nodes, stored.nodes);
    }

    function test_proveStateRoot__slot_absent__is_refused() external {
        bytes32 other = keccak256("another slot");
        Tries.Proof memory stored = Tries.prove(abi.encode(other), Tries.number(7), 0);
        Tries.Proof memory held = Tries.prove(abi.encodePacked(REGISTRY), Tries.account(1, 0, stored.root), 2);
        report(1, held.root);
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StateRootAbsent.selector, SOURCE, 10, 1));
        roots.proveStateRoot(SOURCE, 10, 1, held.nodes, stored.nodes);
    }

    function test_proveStateRoot__registry_without_storage__is_refused() external {
        bytes32 empty = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;
        Tries.Proof memory held = Tries.prove(abi.encodePacked(REGISTRY), Tries.account(1, 0, empty), 2);
        report(1, held.root);
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StateRootAbsent.selector, SOURCE, 10, 1));
        roots.proveStateRoot(SOURCE, 10, 1, held.nodes, new bytes[](0));
    }

    function test_proveStateRoot__another_accounts_storage__is_refused() external {
        Tries.Proof memory stored = Tries.prove(abi.encode(stateSlot(10)), Tries.number(7), 2);
        Tries.Proof memory held = Tries.prove(abi.encodePacked(address(0xBAD)), Tries.account(1, 0, stored.root), 0);
        report(1, held.root);
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.AccountAbsent.selector, REGISTRY, held.root));
        roots.proveStateRoot(SOURCE, 10, 1, held.nodes, stored.nodes);
    }

    function test_proveStateRoot__unknown_source__is_refused() external {
        bytes32 slot = keccak256(abi.encode(uint64(10), keccak256(abi.encode(uint64(77), 0))));
        Tries.Proof memory stored = Tries.prove(abi.encode(slot), Tries.number(7), 2);
        Tries.Proof memory held = Tries.prove(abi.encodePacked(REGISTRY), Tries.account(1, 0, stored.root), 2);
        report(1, held.root);
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.SourceUnknown.selector, 77));
        roots.proveStateRoot(77, 10, 1, held.nodes, stored.nodes);
    }

    function test_proveLane__state_root_not_held_or_of_another_height__is_refused() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        bytes32 stateRoot = keccak256(lane.accountNodes[0]);
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StateRootNotHeld.selector, SOURCE, 10, stateRoot));
        proveLane(lane);
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        lane.height = 11;
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StateRootNotHeld.selector, SOURCE, 11, stateRoot));
        proveLane(lane);
        lane.height = 10;
        lane.source = 903;
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.StateRootNotHeld.selector, 903, 10, stateRoot));
        proveLane(lane);
    }

    function test_proveLane__other_commitment__is_refused() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        lane.count = 6;
        bytes32 proven = keccak256(abi.encodePacked(ROOT, uint32(5)));
        bytes32 claimed = keccak256(abi.encodePacked(ROOT, uint32(6)));
        vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.CommitmentDiffers.selector, proven, claimed));
        proveLane(lane);
        (lane.count, lane.root) = (5, 0);
        vm.expectRevert(abi.encodeWithSelector(IRootOracle.RootZero.selector, SOURCE, HERE));
        proveLane(lane);
        (lane.count, lane.root) = (0, ROOT);
        vm.expectRevert(abi.encodeWithSelector(ILaneRoots.CountZero.selector, SOURCE, HERE));
        proveLane(lane);
    }

    function test_proveLane__no_or_surplus_or_missing_nodes__is_refused() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        bytes[] memory whole = lane.accountNodes;
        lane.accountNodes = new bytes[](0);
        vm.expectRevert();
        proveLane(lane);
        lane.accountNodes = copied(whole, whole.length + 1);
        vm.expectRevert(abi.encodeWithSelector(IMerklePatricia.ProofRejected.selector, 5));
        proveLane(lane);
        lane.accountNodes = copied(whole, whole.length - 1);
        vm.expectRevert(abi.encodeWithSelector(IMerklePatricia.ProofRejected.selector, 5));
        proveLane(lane);
    }

    function testFuzz_proveLane__one_bit_flipped_anywhere__is_refused(uint256 node, uint256 bit) external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        bytes[] memory nodes = node % 2 == 0 ? lane.accountNodes : lane.storageNodes;
        bytes memory damaged = nodes[(node >> 1) % nodes.length];
        bit = bound(bit, 0, 8 * damaged.length - 1);
        damaged[bit / 8] = damaged[bit / 8] ^ bytes1(uint8(1 << (bit % 8)));
        vm.expectRevert();
        proveLane(lane);
    }

    function test_proveLane__older_height__never_lowers_the_count() external {
        (IAnchoredRoots.StateProof memory older, IAnchoredRoots.LaneProof memory olderLane) =
            proofs(9, keccak256("old"), 4, 1);
        (IAnchoredRoots.StateProof memory newer, IAnchoredRoots.LaneProof memory newerLane) = proofs(10, ROOT, 5, 2);
        roots.proveBoth(newer, newerLane);
        vm.expectRevert(abi.encodeWithSelector(IRootOracle.CountFalls.selector, SOURCE, HERE, 4, 5));
        roots.proveBoth(older, olderLane);
        vm.expectRevert(abi.encodeWithSelector(IRootOracle.CountFalls.selector, SOURCE, HERE, 4, 5));
        proveLane(olderLane);
        vm.assertEq(uint256(roots.latestHeight(SOURCE)), 10);
    }

    function test_proveStateRoot__height_below_one_that_is_held__is_refused_and_pushes_nothing_out() external {
        IAnchoredRoots.StateProof memory state;
        IAnchoredRoots.LaneProof memory lane;
        for (uint64 i = 1; i <= 3; ++i) {
            (state, lane) = proofs(1000 * i, ROOT, uint32(i), i);
            roots.update(abi.encode(uint8(0), abi.encode(state)));
        }
        for (uint64 i = 4; i <= 70; ++i) {
            uint64 old = i % 2 == 0 ? i : 2000 + i; // below all that is held, and between two of them
            (IAnchoredRoots.StateProof memory other,) = proofs(old, ROOT, 3, i);
            vm.expectRevert(abi.encodeWithSelector(IAnchoredRoots.HeightOvertaken.selector, SOURCE, old, 3000));
            roots.update(abi.encode(uint8(0), abi.encode(other)));
        }
        roots.update(abi.encode(uint8(0), abi.encode(state)));
        proveLane(lane);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 3));
    }

    function test_proveBoth__older_height_than_is_held__is_final_all_the_same() external {
        (IAnchoredRoots.StateProof memory older, IAnchoredRoots.LaneProof memory olderLane) = proofs(9, ROOT, 5, 1);
        (IAnchoredRoots.StateProof memory newer, IAnchoredRoots.LaneProof memory newerLane) =
            proofs(10, keccak256("newer"), 6, 2);
        roots.update(abi.encode(uint8(0), abi.encode(newer)));
        roots.proveBoth(older, olderLane);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
        vm.assertFalse(roots.isHeld(SOURCE, 9, keccak256(olderLane.accountNodes[0])));
        vm.assertTrue(roots.isHeld(SOURCE, 10, keccak256(newerLane.accountNodes[0])));
    }

    function test_proveBoth__lane_of_another_height_state_or_source__is_refused() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        (, IAnchoredRoots.LaneProof memory other) = proofs(10, ROOT, 6, 2);
        refuseBoth(state, other, 10);
        lane.height = 11;
        refuseBoth(state, lane, 11);
        (lane.height, lane.source) = (10, 903);
        refuseBoth(state, lane, 10);
        lane.source = SOURCE;
        roots.proveBoth(state, lane);
    }

    function test_proveLane__another_root_for_the_newest_count__freezes_until_the_owner_reopens() external {
        (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) = proofs(10, ROOT, 5, 1);
        roots.proveBoth(state, lane);
        (IAnchoredRoots.StateProof memory other, IAnchoredRoots.LaneProof memory otherLane) = proofs(11, "other", 5, 2);
        roots.proveBoth(other, otherLane);
        vm.assertTrue(roots.frozen(SOURCE, HERE));
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 5));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        roots.reopen(SOURCE);
        vm.prank(OWNER);
        roots.reopen(SOURCE);
        vm.assertFalse(roots.accepted(SOURCE, HERE, ROOT, 5));
        vm.assertFalse(roots.isHeld(SOURCE, 10, keccak256(lane.accountNodes[0])));
        roots.proveBoth(state, lane);
        vm.assertTrue(roots.accepted(SOURCE, HERE, ROOT, 5));
    }

    function test_proveStateRoot__height_beyond_56_bits__is_refused() external {
        uint64 height = uint64(1) << 56;
        (IAnchoredRoots.StateProof memory state,) = proofs(height, ROOT, 5, 1);
        vm.expectRevert();
        roots.proveStateRoot(SOURCE, height, 1, state.accountNodes, state.storageNodes);
    }

    function test_isHeld__sixty_four_states_whatever_their_step__are_held() external {
        bytes32[] memory states = new bytes32[](66);
        for (uint64 i = 1; i <= 65; ++i) {
            (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane) =
                proofs(64 * i, ROOT, uint32(i), i);
            states[i] = keccak256(lane.accountNodes[0]);
            roots.update(abi.encode(uint8(0), abi.encode(state)));
        }
        vm.assertFalse(roots.isHeld(SOURCE, 64, states[1]));
        for (uint64 i = 2; i <= 65; ++i) {
            vm.assertTrue(roots.isHeld(SOURCE, 64 * i, states[i]));
        }
    }

    /// @dev A state of the rollup in which the lane reads (root, count), and a base block that shows it as final.
    function proofs(uint64 height, bytes32 root, uint32 count, uint64 baseNumber)
        private
        returns (IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane)
    {
        bytes32 slot = keccak256(abi.encode(HERE, 0));
        bytes32 commitment = keccak256(abi.encodePacked(root, count));
        Tries.Proof memory stored = Tries.prove(abi.encode(slot), Tries.number(uint256(commitment)), 2);
        Tries.Proof memory held = Tries.prove(abi.encodePacked(OUTBOX), Tries.account(1, 0, stored.root), 2);
        lane = IAnchoredRoots.LaneProof(SOURCE, height, root, count, held.nodes, stored.nodes);
        stored = Tries.prove(abi.encode(stateSlot(height)), Tries.number(uint256(held.root)), 2);
        held = Tries.prove(abi.encodePacked(REGISTRY), Tries.account(1, 0, stored.root), 2);
        state = IAnchoredRoots.StateProof(SOURCE, height, baseNumber, held.nodes, stored.nodes);
        report(baseNumber, held.root);
    }

    function report(uint64 number, bytes32 root) private {
        vm.prank(SYSTEM);
        (bool isDone,) = address(anchor).call(abi.encode(uint256(number), root));
        vm.assertTrue(isDone);
    }

    function proveLane(IAnchoredRoots.LaneProof memory lane) private {
        roots.proveLane(lane.source, lane.height, lane.root, lane.count, lane.accountNodes, lane.storageNodes);
    }

    function refuseBoth(IAnchoredRoots.StateProof memory state, IAnchoredRoots.LaneProof memory lane, uint64 height)
        private
    {
        bytes32 stateRoot = keccak256(lane.accountNodes[0]);
        bytes4 notHeld = IAnchoredRoots.StateRootNotHeld.selector;
        vm.expectRevert(abi.encodeWithSelector(notHeld, lane.source, height, stateRoot));
        roots.proveBoth(state, lane);
    }

    function stateSlot(uint64 height) private pure returns (bytes32) {
        return keccak256(abi.encode(height, keccak256(abi.encode(SOURCE, 0))));
    }

    function copied(bytes[] memory nodes, uint256 length) private pure returns (bytes[] memory copy) {
        copy = new bytes[](length);
        for (uint256 i = 0; i < length && i < nodes.length; ++i) {
            copy[i] = nodes[i];
        }
    }
}
