// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Accounts: 32 bytes, owner (20) ‖ label (12): one owner, many isolated subaccounts.
library Accounts {
    /// @notice An account whose owner is the zero address belongs to nobody; nothing is sent to it on purpose.
    error AccountWithoutOwner(bytes32 account);

    function ownerOf(bytes32 account) internal pure returns (address) {
        return address(uint160(uint256(account) >> 96));
    }

    function requireOwned(bytes32 account) internal pure {
        if (ownerOf(account) == address(0)) revert AccountWithoutOwner(account);
    }
}
