// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommitmentRing} from "./CommitmentRing.sol";
import {ILaneRoots} from "./ILaneRoots.sol";
import {IRootOracle} from "./IRootOracle.sol";

/// @dev Base of the root oracles: the ring of each source's lane to this chain. What makes a commitment final is its children's matter.
abstract contract LaneRoots is ILaneRoots {
    using CommitmentRing for CommitmentRing.Ring;

    /// @dev The one lane of use here. Fixed at deployment: after a fork that changes the chain's id, old messages keep their address.
    uint64 internal immutable HERE = uint64(block.chainid);

    mapping(uint64 source => CommitmentRing.Ring) private _lanes;

    /// @inheritdoc IRootOracle
    function accepted(uint64 source, uint64 lane, bytes32 root, uint32 count) external view returns (bool) {
        if (lane != HERE) return false;
        CommitmentRing.Ring storage ring = _lanes[source];
        CommitmentRing.Head memory head = ring.head;
        if (head.frozen || count > head.top) return false;
        return ring.contains(head, _commitment(root, count));
    }

    /// @inheritdoc IRootOracle
    function latest(uint64 source, uint64 lane) external view returns (bytes32 commitment, uint32 count) {
        CommitmentRing.Ring storage ring = _lanes[source];
        CommitmentRing.Head memory head = ring.head;
        if (lane != HERE || head.frozen) return (0, 0);
        return (ring.newest(head), uint32(head.top));
    }

    function frozen(uint64 source, uint64 lane) external view returns (bool) {
        return lane == HERE && _isFrozen(source);
    }

    function outboxOf(uint64 source) public view returns (address) {
        return _lanes[source].head.outbox;
    }

    function _isFrozen(uint64 source) internal view returns (bool) {
        return _lanes[source].head.frozen;
    }

    function _addSource(uint64 source, address outbox) internal {
        if (source == 0 || source == HERE || outbox == address(0)) revert SourceInvalid(source, outbox);
        CommitmentRing.Head storage head = _lanes[source].head;
        if (head.outbox != address(0)) revert SourceAlreadyKnown(source);
        head.outbox = outbox;
        emit SourceAdded(source, outbox);
    }

    /// @dev Whether there is something to prove: false if the commitment is held already. Refuses what no evidence could make final.
    function _isNews(uint64 source, bytes32 root, uint32 count) internal view returns (bool, address outbox) {
        CommitmentRing.Ring storage ring = _lanes[source];
        CommitmentRing.Head memory head = ring.head;
        if (head.outbox == address(0)) revert SourceUnknown(source);
        if (head.frozen) revert LaneIsFrozen(source, HERE);
        if (root == 0) revert RootZero(source, HERE);
        if (count == 0) revert CountZero(source, HERE);
        if (count > head.top) return (true, head.outbox);
        if (ring.contains(head, _commitment(root, count))) return (false, head.outbox);
        if (count < head.top) revert CountFalls(source, HERE, count, uint32(head.top));
        return (true, head.outbox);
    }

    /// @dev Takes a commitment that is news and proven. Two proven roots for one count: one is false, so neither is believed.
    function _hold(uint64 source, bytes32 root, uint32 count) internal {
        CommitmentRing.Ring storage ring = _lanes[source];
        CommitmentRing.Head memory head = ring.head;
        if (count == head.top) return _freeze(source);
        ring.push(head, _commitment(root, count), count);
        emit RootAccepted(source, HERE, root, count);
    }

    function _freeze(uint64 source) internal {
        CommitmentRing.Head storage head = _lanes[source].head;
        if (head.frozen) return;
        head.frozen = true;
        emit LaneFrozen(source, HERE);
    }

    /// @dev Nothing that was held counts any more: it may rest on what froze the lane.
    function _reopen(uint64 source) internal {
        _lanes[source].clear();
        emit LaneReopened(source, HERE);
    }

    /// @dev keccak256(root ‖ count), the count in four bytes.
    function _commitment(bytes32 root, uint32 count) internal pure returns (bytes32 commitment) {
        assembly ("memory-safe") {
            mstore(0x00, root)
            mstore(0x20, shl(224, count))
            commitment := keccak256(0x00, 0x24)
        }
    }
}
