// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILaneRoots} from "./ILaneRoots.sol";

/// @title Anchored roots: a lane's commitment is final when it is proven from a state root that the base chain holds as final.
/// @notice Two steps, all of it verified here: base state root (from the anchor) → RootRegistry account → finalRoot[source][height],
///         and rollup state root → Outbox account → commitment of the lane that leads here.
/// @dev    Nodes are root first, hashed nodes only. Which proofs are accepted is written in bridge/mpt.py and IMerklePatricia.
interface IAnchoredRoots is ILaneRoots {
    struct Source {
        uint64 source;
        address outbox;
    }

    /// @notice Arguments of a state root's proof, as `update` takes them in step 0.
    struct StateProof {
        uint64 source;
        uint64 height;
        uint64 baseNumber;
        bytes[] accountNodes;
        bytes[] storageNodes;
    }

    /// @notice Arguments of a lane's proof, as `update` takes them in step 1.
    struct LaneProof {
        uint64 source;
        uint64 height;
        bytes32 root;
        uint32 count;
        bytes[] accountNodes;
        bytes[] storageNodes;
    }

    /// @notice A state root of `source` is held from now on, until 64 of greater heights have come.
    event StateRootHeld(uint64 indexed source, uint64 indexed height, bytes32 stateRoot, uint64 baseNumber);

    /// @notice The account is not in the state: no such contract then, or the proof is for another address.
    error AccountAbsent(address account, bytes32 stateRoot);
    /// @notice The registry holds no final root for this height in this base block.
    error StateRootAbsent(uint64 source, uint64 height, uint64 baseNumber);
    /// @notice This state root is not held for this height: prove it first, or in the same call.
    error StateRootNotHeld(uint64 source, uint64 height, bytes32 stateRoot);
    /// @notice A state root of a greater height is held: prove the lane from that one, or prove both in one call.
    error HeightOvertaken(uint64 source, uint64 height, uint64 highest);
    /// @notice The Outbox holds another commitment at that height than keccak256(root ‖ count).
    error CommitmentDiffers(bytes32 proven, bytes32 claimed);
    /// @notice `update` knows the steps 0 (state root), 1 (lane) and 2 (both).
    error StepUnknown(uint256 step);

    /// @notice Holds the state root that base block `baseNumber` shows as final for the source's `height`, which is above every height held
    ///         before (what is held already is a no-op): old heights, of which there are many, must not push out the newest.
    function proveStateRoot(
        uint64 source,
        uint64 height,
        uint64 baseNumber,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) external;

    /// @notice Accepts (root, count) of the lane that leads here, proven from the held state root of `height`. An older height never lowers
    ///         the count; another root for the newest count freezes the lane (and does not revert).
    function proveLane(
        uint64 source,
        uint64 height,
        bytes32 root,
        uint32 count,
        bytes[] calldata accountNodes,
        bytes[] calldata storageNodes
    ) external;

    /// @notice Both in one call, of one source and height, so that no window lies between them. Any final height will do; its state root is
    ///         held for others if it is the highest. `update(evidence)` does the three by evidence = abi.encode(uint8 step, bytes args):
    ///         args = abi.encode(StateProof), abi.encode(LaneProof), or abi.encode(StateProof, LaneProof).
    function proveBoth(StateProof calldata state, LaneProof calldata lane) external;

    /// @notice Adds a source. Only the owner.
    function addSource(Source calldata source) external;

    /// @notice Forgets what the lane and the source's state roots held and unfreezes the lane. Only the owner, behind its delay.
    function reopen(uint64 source) external;

    /// @notice Whether `stateRoot` is among the 64 highest state roots held for the source, at this height.
    function isHeld(uint64 source, uint64 height, bytes32 stateRoot) external view returns (bool);

    /// @notice The highest height held since the source was added or reopened; zero if none.
    function latestHeight(uint64 source) external view returns (uint64);

    function anchor() external view returns (address);

    /// @notice The RootRegistry on the base chain.
    function registry() external view returns (address);
}
