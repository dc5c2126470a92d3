// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "./ICourt.sol";
import {IValidatorSets, Validator} from "./IValidatorSets.sol";

/// @title Committee court, a stand-in for a proof system: verifiers who re-execute the chain vote.
/// @notice More than two thirds of the committee's weight, and never fewer than two, decide. A vote is cast once. A committee that is
///         split or silent decides nothing until the owner replaces it; a new committee starts every open case anew.
///         A signed vote is EIP-712 in the domain EIP712Domain(string name,string version) = ("Causeway Roots", "1"):
///         Vote(address court,uint256 id,bytes32 claim,bool valid,uint32 epoch).
/// @dev    `claim` = keccak256(abi.encode(uint64 chain, uint64 height, bytes32 claimed)): a reorganisation of the base chain can give an
///         id to another proposal, and a vote must not follow the number.
interface ICommitteeCourt is ICourt, IValidatorSets {
    event CaseOpened(uint256 indexed id, uint64 indexed chain, uint64 height, bytes32 claimed);
    event Voted(uint256 indexed id, address indexed verifier, bool valid);
    event Decided(uint256 indexed id, Verdict verdict);
    event CommitteeInstalled(uint32 indexed epoch, Validator[] verifiers);

    error CallerNotRegistry(address caller);
    error CaseUnknown(uint256 id);
    /// @notice The case is about another claim than the vote.
    error ClaimDiffers(bytes32 claim, bytes32 held);
    error CaseDecided(uint256 id);
    error AlreadyVoted(uint256 id, address verifier);

    /// @notice Casts the caller's vote.
    function vote(uint256 id, bytes32 claim, bool valid) external;

    /// @notice Casts signed votes, all for the same outcome, in any order. Those that were cast before are passed over, so that
    ///         nobody can stop the rest by casting one first; those that follow the deciding one are not looked at.
    function castVotes(uint256 id, bytes32 claim, bool valid, bytes calldata signatures) external;

    /// @notice Replaces the committee. Only the owner, behind its delay.
    function replaceCommittee(Validator[] calldata verifiers) external;

    function committee() external view returns (Validator[] memory);

    function epoch() external view returns (uint32);

    function registry() external view returns (address);

    /// @notice What an open or decided case is about; zero if there is none.
    function claimOf(uint256 id) external view returns (bytes32 claim);

    /// @notice The weights cast so far by the committee in force, and its whole weight.
    function tally(uint256 id) external view returns (uint256 valid, uint256 invalid, uint256 total);

    /// @notice Whether the verifier has voted on the case in the committee in force.
    function hasVoted(uint256 id, address verifier) external view returns (bool);
}
