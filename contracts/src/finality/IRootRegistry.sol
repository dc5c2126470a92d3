// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "./ICourt.sol";
import {IValidatorSets, Validator} from "./IValidatorSets.sol";

/// @title Root registry of the base chain: which state root of each rollup is final, by the policy fixed when the chain was added.
/// @notice Storage slot 0 is mapping(uint64 chain => mapping(uint64 height => bytes32 stateRoot)) finalRoot; rollups prove it by storage proof.
///         Quorum: EIP-712 in the domain EIP712Domain(string name,string version) = ("Causeway Roots", "1"),
///         StateRoot(uint64 chain,uint64 height,bytes32 stateRoot,uint32 epoch), and Rotation as in IQuorumRoots (same bytes: one rotation
///         serves both).
///         Optimistic: proposals with a bond, a window and a dispute that the chain's court decides.
/// @dev    The rules of the game:
///         - a claim that nobody disputes is final after its window, if no other claim for its height stands beside it;
///         - a disputed claim is final only by the court's verdict Valid, then at once; silence extends the window, for ever if need be;
///         - a challenger's bond is an eighth of a proposer's, so those who watch need far less capital than those who lie at many heights;
///         - the loser's bond goes half to the winner and half to the treasury, so disputing oneself is not free;
///         - claims for a height enter until the first one's deadline; if all of them are refuted, a new round begins, so false claims
///           neither lock a height nor delay an honest one without end;
///         - a claim can be disputed as long as it is not final. But from its deadline on anyone can make it final, and in the very call in
///           which its last rival falls: each false claim must be disputed within its own window;
///         - what contradicts a final root is refuted.
interface IRootRegistry is IValidatorSets {
    enum Policy {
        None,
        Quorum,
        Optimistic
    }

    /// @notice A claim's life: Open → Final, Disputed, or Refuted when another is final; Disputed → Final or Refuted.
    enum Status {
        None,
        Open,
        Disputed,
        Refuted,
        Final
    }

    /// @notice A chain's policy. Fields of the other policy are zero or empty.
    /// @param outbox The chain's Outbox, which its rotations name (quorum). @param validators The first set (quorum).
    /// @param court Who decides disputes (optimistic). @param bond Wei that a proposer puts up; a challenger, an eighth (optimistic).
    /// @param window Seconds before which no claim is final by itself (optimistic, 1 second to 30 days).
    /// @param fromHeight Heights start above this one. @param maxAdvance How far above the highest final height a proposal may lie, so
    ///        that nobody can claim a block which does not exist yet and hope that nobody checks (optimistic).
    struct ChainConfig {
        uint64 chain;
        Policy policy;
        address outbox;
        Validator[] validators;
        ICourt court;
        uint128 bond;
        uint64 window;
        uint64 fromHeight;
        uint64 maxAdvance;
    }

    /// @param deadline Unix time from which the claim can be final; while disputed, from which `resolve` extends the window again.
    struct Proposal {
        uint64 chain;
        uint64 height;
        uint64 deadline;
        Status status;
        address proposer;
        address challenger;
        bytes32 stateRoot;
    }

    event ChainAdded(uint64 indexed chain, Policy policy);
    event SetInstalled(uint64 indexed chain, uint32 indexed epoch, Validator[] validators);
    event ValidatorExposed(uint64 indexed chain, address indexed account);
    /// @notice Two quorums signed two roots for one height, or no quorum can be reached any more: nothing is posted until the owner
    ///         installs a new set.
    event ChainFrozen(uint64 indexed chain);
    /// @notice Two quorums signed two roots for this height; the one that was final is not any more.
    event RootWithdrawn(uint64 indexed chain, uint64 indexed height, bytes32 stateRoot);
    event Proposed(
        uint256 indexed id, uint64 indexed chain, uint64 height, bytes32 stateRoot, address proposer, uint64 deadline
    );
    event Disputed(uint256 indexed id, address indexed challenger);
    /// @notice The court could not be called; anyone can try again with `summon`.
    event CourtUnreachable(uint256 indexed id);
    /// @notice The court is silent: the claim stays disputed, until this time at least.
    event WindowExtended(uint256 indexed id, uint64 deadline);
    event Resolved(uint256 indexed id, bool valid);
    event Finalized(uint64 indexed chain, uint64 indexed height, bytes32 stateRoot);
    event Withdrawn(address indexed account, address to, uint256 amount);

    error ChainUnknown(uint64 chain);
    error ChainAlreadyKnown(uint64 chain);
    /// @notice A chain's configuration is complete for its policy and empty for the other.
    error ConfigInvalid(uint64 chain);
    error PolicyDiffers(uint64 chain, Policy policy);
    error ChainIsFrozen(uint64 chain);
    error StateRootZero(uint64 chain, uint64 height);
    /// @notice A proposal brings exactly the bond, a dispute exactly the challenger's.
    error BondDiffers(uint256 given, uint256 bond);
    error HeightOutOfRange(uint64 height, uint64 above, uint64 atMost);
    error HeightAlreadyFinal(uint64 chain, uint64 height, bytes32 stateRoot);
    /// @notice The same claim stands already.
    error AlreadyProposed(uint256 id);
    /// @notice The round for this height has closed: finalise or dispute what stands in it.
    error RoundClosed(uint64 chain, uint64 height, uint64 closedAt);
    error ProposalUnknown(uint256 id);
    /// @notice The number stands for another claim than the caller means (a reorganisation of the base chain can do that).
    error ClaimDiffers(bytes32 claim, bytes32 held);
    error StatusDiffers(uint256 id, Status status);
    error WindowOpen(uint256 id, uint64 deadline);
    /// @notice Other claims for the height stand: `live` of them, this one included.
    error ClaimsCompete(uint256 id, uint256 live);
    error NothingToWithdraw(address account);
    error WithdrawalFailed(address to);
    error EvidenceConsistent();
    error EvidenceOfTwoSigners(address first, address second);

    /// @notice Quorum policy: makes a state root final, signed in the epoch in force. What is final already is a no-op; another root for that height freezes the chain
    ///         and withdraws the height's root (and does not revert).
    function post(uint64 chain, uint64 height, bytes32 stateRoot, bytes calldata signatures) external;

    /// @notice Quorum policy: installs the next set, signed by a quorum of the one in force.
    function rotate(uint64 chain, Validator[] calldata set, bytes calldata signatures) external;

    /// @notice Quorum policy, evidence: one validator signed two state roots for one height (each in the epoch given).
    function reportStateRoots(
        uint64 chain,
        uint64 height,
        bytes32[2] calldata stateRoots,
        uint32[2] calldata epochs,
        bytes[2] calldata signatures
    ) external;

    /// @notice Optimistic policy: claims that `stateRoot` is the chain's at `height`, with the bond as value. Ids count from 1.
    function propose(uint64 chain, uint64 height, bytes32 stateRoot) external payable returns (uint256 id);

    /// @notice Disputes a claim that is not final yet, with `challengeBond(chain)` as value, and opens its case at the court.
    /// @param claim keccak256(abi.encode(uint64 chain, uint64 height, bytes32 stateRoot)) of what the caller means to dispute.
    function dispute(uint256 id, bytes32 claim) external payable;

    /// @notice Calls the court again for a disputed claim whose case could not be opened.
    function summon(uint256 id) external;

    /// @notice Carries out the court's verdict on a disputed claim: final or refuted. If there is none yet and the window is over, it is
    ///         extended. A claim that contradicts a final root is refuted, disputed or not.
    function resolve(uint256 id) external;

    /// @notice Makes an undisputed claim final, alone at its height after its window.
    function finalize(uint256 id) external;

    /// @notice Pays out what the caller has won or got back.
    function withdraw(address payable to) external returns (uint256 amount);

    /// @notice Adds a chain; its policy is fixed from then on. Only the owner.
    function addChain(ChainConfig calldata config) external;

    /// @notice Quorum policy: installs a set that no quorum signed and unfreezes the chain. Only the owner, behind its delay.
    function replaceSet(uint64 chain, Validator[] calldata set) external;

    function finalRoot(uint64 chain, uint64 height) external view returns (bytes32);

    /// @notice The highest height that ever was final; the chain's `fromHeight` if there is none yet.
    function latestFinal(uint64 chain) external view returns (uint64 height);

    function proposal(uint256 id) external view returns (Proposal memory);

    /// @notice How many proposals were made: the highest id.
    function proposals() external view returns (uint256);

    /// @notice Id of the claim that stands for exactly this root (open or disputed); zero if none does.
    function standing(uint64 chain, uint64 height, bytes32 stateRoot) external view returns (uint256 id);

    /// @notice Claims of a height that are not refuted, and the time at which its round closes for new ones.
    function round(uint64 chain, uint64 height) external view returns (uint256 live, uint64 closesAt);

    /// @notice The optimistic parameters of a chain.
    function terms(uint64 chain) external view returns (address court, uint128 bond, uint64 window, uint64 maxAdvance);

    /// @notice Wei that a dispute brings: an eighth of the chain's bond, rounded up. Zero for a chain without proposals.
    function challengeBond(uint64 chain) external view returns (uint256);

    function policy(uint64 chain) external view returns (Policy);

    function chainFrozen(uint64 chain) external view returns (bool);

    function withdrawable(address account) external view returns (uint256);

    /// @notice Where half of each lost bond goes.
    function treasury() external view returns (address);

    function validators(uint64 chain) external view returns (Validator[] memory);

    function epoch(uint64 chain) external view returns (uint32);

    function weightOf(uint64 chain, address account) external view returns (uint256);
}
