// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Court: decides whether a disputed state root is the result of executing the chain's posted blocks.
/// @notice The seat of a rollup's own proof system. A fault-proof game or a validity proof implements this as it stands; the
///         CommitteeCourt of this repository is a stand-in.
/// @dev    A verdict is on the claim, not on the challenger: a game must let anyone play either side, or a proposer's friend could
///         challenge first and lose on purpose. A court that fails or stays silent decides nothing: the claim is not final.
interface ICourt {
    enum Verdict {
        None,
        Valid,
        Invalid
    }

    /// @notice Opens the case of proposal `id`. Only the registry calls; a case that is open already is left as it is.
    function open(uint256 id, uint64 chain, uint64 height, bytes32 claimed) external;

    /// @notice The verdict; `None` while undecided, and once decided it never changes.
    function verdict(uint256 id) external view returns (Verdict);
}
