// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {HubState} from "./HubState.sol";

/// @dev Balances of accounts, and how a body leaves for another chain.
abstract contract HubLedger is HubState {
    using SafeCast for uint256;

    function _credit(bytes32 account, uint32 asset, uint256 amount) internal {
        if (amount == 0) return;
        if (asset == QUOTE) _cash[account] += amount.toInt256();
        else _collateral[account][asset] += amount;
    }

    function _debit(bytes32 account, uint32 asset, uint256 amount) internal {
        int256 balance = asset == QUOTE ? _cash[account] : _collateral[account][asset].toInt256();
        if (balance < amount.toInt256()) revert BalanceShort(account, asset, balance, amount);
        if (asset == QUOTE) _cash[account] = balance - amount.toInt256();
        else _collateral[account][asset] -= amount;
    }

    /// @dev To the vault of the hub's own chain a message goes as the call that an Inbox would make.
    function _dispatch(uint64 chain, address recipient, bytes memory body) internal returns (uint32 index) {
        if (chain != HUB_CHAIN) return OUTBOX.send(chain, recipient, body);
        index = _localSent++;
        bytes memory item = abi.encodePacked(body.length.toUint16(), address(this), recipient, body);
        IMessageRecipient(recipient).onMessages(HUB_CHAIN, index, bytes32(0), item);
    }

    /// @dev chain (64 bits) ‖ 32 zero bits ‖ venue (160)
    function _venueKey(uint64 chain, address venue) internal pure returns (uint256) {
        return uint256(chain) << 192 | uint160(venue);
    }

    /// @dev chain (64 bits) ‖ asset (32) ‖ vault (160)
    function _reserveKey(uint64 chain, uint32 asset, address vault) internal pure returns (uint256) {
        return uint256(chain) << 192 | uint256(asset) << 160 | uint160(vault);
    }
}
