// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Accounts} from "../support/Accounts.sol";
import {Intent} from "../support/IIntents.sol";
import {HubLedger} from "./HubLedger.sol";
import {Session} from "./IHubEvents.sol";

/// @dev Who may act for an account at the hub: its owner, a contract or not, and session keys within their limits.
abstract contract HubSessions is HubLedger {
    using SafeCast for uint256;

    function _requireOwner(bytes32 account) internal view {
        if (msg.sender != Accounts.ownerOf(account)) revert NotAuthorised(account, msg.sender);
    }

    /// @dev Takes an intent that only the owner can sign, and pays its tip.
    function _takeOwnersIntent(
        bytes32 account,
        uint32 asset,
        bytes memory action,
        Intent calldata intent,
        bytes32 payee
    ) internal {
        address signer = _takeIntent(account, asset, action, intent, payee);
        if (signer != Accounts.ownerOf(account)) revert SessionCannot(account, signer);
    }

    /// @dev Takes an intent of the owner (ECDSA first, then ERC-1271) or of a session key, pays its tip and returns who signed.
    function _takeIntent(bytes32 account, uint32 asset, bytes memory action, Intent calldata intent, bytes32 payee)
        internal
        returns (address signer)
    {
        _requireInTime(intent);
        bytes memory terms = abi.encode(intent.nonce, intent.deadline, intent.tip);
        signer = _signerOf(account, _hashTypedDataV4(keccak256(bytes.concat(action, terms))), intent.signature);
        _useNonce(signer, intent.nonce);
        if (intent.tip == 0) return signer;
        _debit(account, asset, intent.tip);
        _credit(payee, asset, intent.tip);
        emit TipPaid(account, payee, asset, intent.tip);
    }

    /// @dev The owner acts freely; a session key moves cash to the account's own places and pays `cost` out of its loss limit.
    function _requireMayMove(bytes32 account, address actor, bytes32 to, uint256 cost) internal {
        if (actor == Accounts.ownerOf(account)) return;
        Session storage s = _sessions[account][actor];
        if (s.expiry == 0 || block.timestamp > s.expiry) revert NotAuthorised(account, actor);
        if (to != account) revert SessionCannot(account, actor);
        if (cost > s.lossLimit) revert SessionLossLimit(account, actor, s.lossLimit, cost);
        s.lossLimit -= cost.toUint128();
    }

    function _signerOf(bytes32 account, bytes32 digest, bytes calldata signature) private view returns (address) {
        address owner = Accounts.ownerOf(account);
        address recovered = _recover(digest, signature);
        if (recovered != address(0)) {
            if (recovered == owner || _sessions[account][recovered].expiry != 0) return recovered;
        }
        bool isContract = owner.code.length != 0;
        if (isContract && SignatureChecker.isValidERC1271SignatureNowCalldata(owner, digest, signature)) return owner;
        revert SignatureInvalid(account, recovered);
    }

    function _setSession(bytes32 account, address key, Session memory granted) internal {
        if (key == address(0)) revert KeyZero();
        _sessions[account][key] = granted;
        emit SessionSet(account, key, granted.expiry, granted.priceBand, granted.lossLimit);
    }

    function _revokeSession(bytes32 account, address key) internal {
        delete _sessions[account][key];
        emit SessionRevoked(account, key);
    }
}
