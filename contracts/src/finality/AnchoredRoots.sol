// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {CalldataViews} from "./CalldataViews.sol";
import {CommitmentRing} from "./CommitmentRing.sol";
import {IAnchor} from "./IAnchor.sol";
import {IAnchoredRoots} from "./IAnchoredRoots.sol";
import {IRootOracle} from "./IRootOracle.sol";
import {LaneRoots} from "./LaneRoots.sol";
import {MerklePatricia} from "./MerklePatricia.sol";

contract AnchoredRoots is IAnchoredRoots, LaneRoots, Ownable {
    using CalldataViews for bytes;
    using CommitmentRing for CommitmentRing.Ring;

    address public immutable anchor;
    address public immutable registry;

    /// @dev Rings of keccak256(height (8 bytes) ‖ state root). A ring by order and not by height: whatever step the heights have, 64 are held.
    mapping(uint64 source => CommitmentRing.Ring) private _states;

    constructor(address anchor_, address registry_, Source[] memory sources, address owner) Ownable(owner) {
        anchor = anchor_;
        registry = registry_;
        for (uint256 i = 0; i < sources.length; ++i) {
            _add(sources[i]);
        }
    }

    function proveStateRoot(
        uint64 source,
        uint64 height,
        uint64 baseNumber,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) external {
        _proveStateRoot(source, height, baseNumber, accountNodes, storageNodes);
    }

    function proveLane(
        uint64 source,
        uint64 height,
        bytes32 root,
        uint32 count,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) external {
        _proveLane(source, height, root, count, accountNodes, storageNodes);
    }

    function proveBoth(StateProof calldata state, LaneProof calldata lane) external {
        _proveBoth(state, lane);
    }

    /// @inheritdoc IRootOracle
    function update(bytes calldata evidence) external {
        uint256 step = evidence.uintAt(0);
        bytes calldata args = evidence.bytesAt(1);
        if (step == 0) _proveState(_stateProof(args));
        else if (step == 1) _proveLane(_laneProof(args, 0));
        else if (step == 2) _proveBoth(_stateProof(args), _laneProof(args, 1));
        else revert StepUnknown(step);
    }

    function addSource(Source calldata source) external onlyOwner {
        _add(source);
    }

    function reopen(uint64 source) external onlyOwner {
        if (outboxOf(source) == address(0)) revert SourceUnknown(source);
        _states[source].clear();
        _reopen(source);
    }

    function isHeld(uint64 source, uint64 height, bytes32 stateRoot) external view returns (bool) {
        return _states[source].contains(_states[source].head, _entry(height, stateRoot));
    }

    function latestHeight(uint64 source) external view returns (uint64) {
        return _states[source].head.top;
    }

    function _add(Source memory source) private {
        _addSource(source.source, source.outbox);
        _states[source.source].head.outbox = source.outbox;
    }

    /// @dev A repetition is found out before anything is proven.
    function _proveBoth(StateProof calldata state, LaneProof calldata lane) private {
        (bool isNews,) = _isNews(lane.source, lane.root, lane.count);
        if (!isNews) return;
        _proveState(state);
        _proveLane(lane);
    }

    function _proveState(StateProof calldata proof) private {
        _proveStateRoot(proof.source, proof.height, proof.baseNumber, proof.accountNodes, proof.storageNodes);
    }

    function _proveLane(LaneProof calldata proof) private {
        _proveLane(proof.source, proof.height, proof.root, proof.count, proof.accountNodes, proof.storageNodes);
    }

    function _proveStateRoot(
        uint64 source,
        uint64 height,
        uint64 baseNumber,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) private {
        bytes32 slot = keccak256(abi.encode(height, keccak256(abi.encode(source, 0))));
        bytes32 baseRoot = IAnchor(anchor).stateRoot(baseNumber);
        uint256 stateRoot = _stored(baseRoot, registry, slot, accountNodes, storageNodes);
        if (stateRoot == 0) revert StateRootAbsent(source, height, baseNumber);
        _holdState(source, height, bytes32(stateRoot), baseNumber);
    }

    /// @dev A height below the newest is scanned for, so that a repetition cannot push others out of the ring.
    function _holdState(uint64 source, uint64 height, bytes32 stateRoot, uint64 baseNumber) private {
        CommitmentRing.Ring storage ring = _states[source];
        CommitmentRing.Head memory head = ring.head;
        if (head.outbox == address(0)) revert SourceUnknown(source);
        bytes32 entry = _entry(height, stateRoot);
        if (height <= head.top && ring.contains(head, entry)) return;
        ring.push(head, entry, height > head.top ? height : head.top);
        emit StateRootHeld(source, height, stateRoot, baseNumber);
    }

    function _proveLane(
        uint64 source,
        uint64 height,
        bytes32 root,
        uint32 count,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) private {
        (bool isNews, address outbox) = _isNews(source, root, count);
        if (!isNews) return;
        bytes32 stateRoot = accountNodes.length == 0 ? MerklePatricia.EMPTY_ROOT : keccak256(accountNodes[0]);
        CommitmentRing.Ring storage ring = _states[source];
        if (!ring.contains(ring.head, _entry(height, stateRoot))) revert StateRootNotHeld(source, height, stateRoot);
        bytes32 proven = bytes32(_stored(stateRoot, outbox, keccak256(abi.encode(HERE, 0)), accountNodes, storageNodes));
        bytes32 claimed = _commitment(root, count);
        if (proven != claimed) revert CommitmentDiffers(proven, claimed);
        _hold(source, root, count);
    }

    function _stored(
        bytes32 stateRoot,
        address target,
        bytes32 slot,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) private pure returns (uint256) {
        (bool exists, MerklePatricia.Account memory found) = MerklePatricia.account(stateRoot, target, accountNodes);
        if (!exists) revert AccountAbsent(target, stateRoot);
        return MerklePatricia.storageValue(found.storageRoot, slot, storageNodes);
    }

    function _entry(uint64 height, bytes32 stateRoot) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(height, stateRoot));
    }

    /// @dev Arguments are read where they stand. Offsets inside a struct are checked by the compiler at each access.
    function _stateProof(bytes calldata args) private pure returns (StateProof calldata proof) {
        uint256 position = args.tail(0);
        assembly ("memory-safe") {
            proof := position
        }
    }

    function _laneProof(bytes calldata args, uint256 index) private pure returns (LaneProof calldata proof) {
        uint256 position = args.tail(index);
        assembly ("memory-safe") {
            proof := position
        }
    }
}
