// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A validator's signing address and its weight. In every list: strictly ascending by address, 2 to 64 entries,
///         no zero address, no zero weight.
struct Validator {
    address account;
    uint48 weight;
}

/// @title What every weighted set of signers refuses, whatever it signs.
/// @notice A quorum is more than two thirds of the set's whole weight and never fewer than two signers. Signatures travel as
///         65 bytes r ‖ s ‖ v each, v being 27 or 28 and s in the lower half, strictly ascending by signer.
interface IValidatorSets {
    /// @notice A set has 2 to 64 members.
    error SetSize(uint256 size);
    /// @notice The list is not strictly ascending by address, or starts with the zero address.
    error SetUnsorted(address account);
    /// @notice A member without weight could never count.
    error WeightZero(address account);
    /// @notice There is evidence against this key: it cannot be a member of a set again.
    error ValidatorFaulty(address account);
    /// @notice The signatures are not a whole number of 65-byte pieces.
    error SignaturesMalformed(uint256 length);
    /// @notice One signature does not recover to any address: v is not 27 or 28, s is in the upper half, or r is out of range.
    error SignatureInvalid(uint256 position);
    /// @notice A signer came twice, or not in ascending order.
    error SignersUnsorted(address signer, address previous);
    /// @notice The signer is not a member of the set in force.
    error SignerUnknown(address signer);
    /// @notice The weight signed (faulty keys count for nothing) is not more than two thirds of the total, or only one signed.
    error QuorumMissed(uint256 weight, uint256 total, uint256 signers);
    /// @notice The statement names another epoch than the one in force: sign it again under the new set.
    error EpochStale(uint32 epoch, uint32 held);
}
