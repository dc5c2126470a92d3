// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title How a Patricia proof is refused. The numbered rules stand in the docstring of bridge/mpt.py; contract and module
///        accept and reject exactly the same inputs.
interface IMerklePatricia {
    /// @notice The proof breaks this rule (it may break others too: the order of the checks is free).
    error ProofRejected(uint256 rule);
}
