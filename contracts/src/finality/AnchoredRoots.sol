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

    /// @dev Rings of keccak256(height (8 bytes) ‖ state root). Heights rise within a ring, whatever their step, so that what falls out is the
    ///      lowest of 64: old heights, of which the registry has any number, push nothing out.
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

    /// @dev A repetition is found out before anything is proven. The lane is proven from the state root at hand and not from the ring: then
    ///      nobody can stop it by proving a higher height first.
    function _proveBoth(StateProof calldata state, LaneProof calldata lane) private {
        (bool isNews, address outbox) = _isNews(lane.source, lane.root, lane.count);
        if (!isNews) return;
        bytes32 shown = _finalRoot(state.source, state.height, state.baseNumber, state.accountNodes, state.storageNodes);
        _holdHighest(state.source, state.height, shown, state.baseNumber);
        bytes32 stateRoot = _rootOf(lane.accountNodes);
        if (stateRoot != shown || lane.height != state.height || lane.source != state.source) {
            revert StateRootNotHeld(lane.source, lane.height, stateRoot);
        }
        bytes32 proven = _lane(stateRoot, outbox, lane.accountNodes, lane.storageNodes);
        _accept(lane.source, lane.root, lane.count, proven);
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
        bytes32 stateRoot = _finalRoot(source, height, baseNumber, accountNodes, storageNodes);
        if (_holdHighest(source, height, stateRoot, baseNumber)) return;
        CommitmentRing.Head memory head = _states[source].head;
        if (!_states[source].contains(head, _entry(height, stateRoot))) {
            revert HeightOvertaken(source, height, head.top);
        }
    }

    function _finalRoot(
        uint64 source,
        uint64 height,
        uint64 baseNumber,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) private view returns (bytes32 stateRoot) {
        bytes32 slot = keccak256(abi.encode(height, keccak256(abi.encode(source, 0))));
        bytes32 baseRoot = IAnchor(anchor).stateRoot(baseNumber);
        stateRoot = _stored(baseRoot, registry, slot, accountNodes, storageNodes);
        if (stateRoot == 0) revert StateRootAbsent(source, height, baseNumber);
    }

    /// @dev Holds the state root if its height is above all before it; false if not.
    function _holdHighest(uint64 source, uint64 height, bytes32 stateRoot, uint64 baseNumber) private returns (bool) {
        CommitmentRing.Ring storage ring = _states[source];
        CommitmentRing.Head memory head = ring.head;
        if (head.outbox == address(0)) revert SourceUnknown(source);
        if (height <= head.top) return false;
        ring.push(head, _entry(height, stateRoot), height);
        emit StateRootHeld(source, height, stateRoot, baseNumber);
        return true;
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
        bytes32 stateRoot = _rootOf(accountNodes);
        CommitmentRing.Ring storage ring = _states[source];
        if (!ring.contains(ring.head, _entry(height, stateRoot))) revert StateRootNotHeld(source, height, stateRoot);
        _accept(source, root, count, _lane(stateRoot, outbox, accountNodes, storageNodes));
    }

    function _accept(uint64 source, bytes32 root, uint32 count, bytes32 proven) private {
        bytes32 claimed = _commitment(root, count);
        if (proven != claimed) revert CommitmentDiffers(proven, claimed);
        _hold(source, root, count);
    }

    /// @dev What the Outbox holds for the lane that leads here.
    function _lane(bytes32 stateRoot, address outbox, bytes[] calldata accountNodes, bytes[] calldata storageNodes)
        private
        view
        returns (bytes32)
    {
        return _stored(stateRoot, outbox, keccak256(abi.encode(HERE, 0)), accountNodes, storageNodes);
    }

    function _stored(
        bytes32 stateRoot,
        address target,
        bytes32 slot,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) private pure returns (bytes32) {
        (bool exists, MerklePatricia.Account memory found) = MerklePatricia.account(stateRoot, target, accountNodes);
        if (!exists) revert AccountAbsent(target, stateRoot);
        return bytes32(MerklePatricia.storageValue(found.storageRoot, slot, storageNodes));
    }

    /// @dev The root of the trie that an account's proof is about.
    function _rootOf(bytes[] calldata accountNodes) private pure returns (bytes32) {
        return accountNodes.length == 0 ? MerklePatricia.EMPTY_ROOT : keccak256(accountNodes[0]);
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
