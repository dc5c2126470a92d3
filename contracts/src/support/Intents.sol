// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IIntents, Intent} from "./IIntents.sol";

/// @dev Nonces and signatures of intents. Who may act with what is decided by the contract that inherits.
abstract contract Intents is IIntents, EIP712("Causeway", "1") {
    mapping(address signer => mapping(uint256 word => uint256 bits)) private _nonces;

    /// @inheritdoc IIntents
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
    }

    /// @inheritdoc IIntents
    function isNonceUsed(address signer, uint256 nonce) public view returns (bool) {
        return _nonces[signer][nonce >> 8] & _bit(nonce) != 0;
    }

    function _useNonce(address signer, uint256 nonce) internal {
        if (isNonceUsed(signer, nonce)) revert NonceAlreadyUsed(signer, nonce);
        _nonces[signer][nonce >> 8] |= _bit(nonce);
        emit NonceUsed(signer, nonce);
    }

    function _requireInTime(Intent calldata intent) internal view {
        if (block.timestamp > intent.deadline) revert IntentExpired(intent.deadline, block.timestamp);
    }

    /// @dev Zero if the signature is no valid ECDSA signature (of 65 bytes, s in the lower half).
    function _recover(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        (signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
    }

    function _bit(uint256 nonce) private pure returns (uint256) {
        return 2 ** (nonce & 0xff);
    }
}
