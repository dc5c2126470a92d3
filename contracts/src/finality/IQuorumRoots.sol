// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILaneRoots} from "./ILaneRoots.sol";
import {IValidatorSets, Validator} from "./IValidatorSets.sol";

/// @title Quorum roots: a lane's commitment is final when its chain's registered validators have signed it.
/// @notice EIP-712 in the domain EIP712Domain(string name,string version) = ("Causeway Roots", "1"), with no chain id and no
///         contract, so that an attestation, a rotation and evidence are valid wherever they are brought:
///         Root(uint64 source,address outbox,uint64 lane,bytes32 root,uint32 count,uint64 height,uint32 epoch)
///         Rotation(uint64 source,address outbox,uint32 epoch,bytes32 set), where epoch is the one that the new set starts (held + 1)
///         and set = keccak256(abi.encode(Validator[])).
/// @dev    Validators sign finalised blocks only, and one deployment for each key: an honest key never signs two roots for one count
///         nor two leaves for one index, in any epoch, so either is evidence against it for good.
interface IQuorumRoots is ILaneRoots, IValidatorSets {
    /// @notice What a validator signs; the source's outbox is added from this contract's own configuration.
    /// @param lane The destination chain id. @param root The root of the smallest subtree enclosing `count` leaves.
    /// @param height The finalised block of the source at which the lane read so. @param epoch The epoch of the signing set.
    struct Statement {
        uint64 source;
        uint64 lane;
        bytes32 root;
        uint32 count;
        uint64 height;
        uint32 epoch;
    }

    /// @notice A statement with one validator's signature, of any epoch: one half of evidence.
    struct Signed {
        Statement statement;
        bytes signature;
    }

    /// @notice A leaf with its siblings, as many as the smallest subtree enclosing the statement's count is deep.
    struct Opening {
        bytes32 leaf;
        bytes32[] siblings;
    }

    /// @notice A source with its first validators (epoch 0).
    struct Source {
        uint64 source;
        address outbox;
        Validator[] validators;
    }

    event SetInstalled(uint64 indexed source, uint32 indexed epoch, Validator[] validators);
    /// @notice There is evidence against a member: its weight no longer counts as signed, the total stays.
    event ValidatorExposed(uint64 indexed source, address indexed account);

    /// @notice The two halves do not contradict each other: other source, lane or count, or the same root (or leaf).
    error EvidenceConsistent();
    /// @notice The two halves were signed by two different keys.
    error EvidenceOfTwoSigners(address first, address second);
    /// @notice A leaf's index is not below the statement's count.
    error LeafOutsideTree(uint32 index, uint32 count);
    /// @notice A proof has exactly as many siblings as the subtree is deep.
    error SiblingsMiscounted(uint256 given, uint256 needed);
    /// @notice The leaf is not under the statement's root.
    error LeafUnproven(bytes32 computed, bytes32 root);

    /// @notice Accepts a commitment that a quorum of the set in force signed. One that is held already is a no-op. A different root for
    ///         the count that is newest here freezes the lane instead (and does not revert).
    function submit(Statement calldata statement, bytes calldata signatures) external;

    /// @notice Installs the source's next set, signed by a quorum of the one in force.
    function rotate(uint64 source, Validator[] calldata set, bytes calldata signatures) external;

    /// @notice Evidence: one validator signed two roots for one count of one lane. Whoever brings it, whenever; again is a no-op.
    ///         When what remains cannot reach a quorum, the lane freezes.
    function reportRoots(Signed calldata a, Signed calldata b) external;

    /// @notice Evidence: one validator signed two trees of one lane with two different leaves at one index.
    function reportLeaves(
        uint32 index,
        Signed calldata a,
        Opening calldata ofA,
        Signed calldata b,
        Opening calldata ofB
    ) external;

    /// @notice Two quorums of the set in force signed two roots for one count of one lane, wherever it leads: the lane that leads here freezes.
    function reportConflict(
        Statement calldata a,
        bytes calldata signaturesOfA,
        Statement calldata b,
        bytes calldata signaturesOfB
    ) external;

    /// @notice Adds a source. Only the owner.
    function addSource(Source calldata source) external;

    /// @notice Installs a set that no quorum signed, forgets what the lane held, and unfreezes it. Only the owner, behind its delay.
    function replaceSet(uint64 source, Validator[] calldata set) external;

    /// @notice The members in force, faulty ones included, ascending by address.
    function validators(uint64 source) external view returns (Validator[] memory);

    function epoch(uint64 source) external view returns (uint32);

    /// @notice What a signature of `account` counts now: zero if it is no member, or a faulty one.
    function weightOf(uint64 source, address account) external view returns (uint256);

    /// @notice The whole weight of the set in force, of which a quorum is more than two thirds.
    function totalWeight(uint64 source) external view returns (uint256);

    /// @notice Whether there is evidence against the key, a member or not.
    function isFaulty(uint64 source, address account) external view returns (bool);
}
