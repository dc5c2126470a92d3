// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What turns an action into a signed intent that anyone may submit. `tip` goes to the payee whom the submitter names,
///         out of the account, in the asset that the action moves; who that is, is not signed.
/// @dev    EIP-712 domain: name "Causeway", version "1", chain id, verifying contract. The signed struct is the action's own fields
///         followed by `uint256 nonce,uint64 deadline,uint128 tip`; each interface names its types.
struct Intent {
    uint256 nonce;
    uint64 deadline;
    uint128 tip;
    bytes signature;
}

/// @title Intents: unordered nonces and the errors of authorisation that the vault, the hub and the venues share.
interface IIntents {
    /// @notice A signer's nonce was used by an intent or burnt by its owner.
    event NonceUsed(address indexed signer, uint256 nonce);

    error IntentExpired(uint64 deadline, uint256 timestamp);
    error NonceAlreadyUsed(address signer, uint256 nonce);
    /// @notice The signature is malformed or not of an address that may act for the account.
    error SignatureInvalid(bytes32 account, address recovered);
    /// @notice The caller may not act for the account.
    error NotAuthorised(bytes32 account, address caller);

    /// @notice Burns one of the caller's own nonces, so that an intent it signed with that nonce can never be used here.
    function cancelNonce(uint256 nonce) external;

    /// @notice Nonces have no order: any 256-bit number not used yet is good.
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool);
}
