// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {Messages, Release} from "../messaging/Messages.sol";
import {Accounts} from "../support/Accounts.sol";
import {BoundedTransfer} from "./BoundedTransfer.sol";
import {ClaimReason, IVault, VaultAsset} from "./IVault.sol";
import {Holding, Outflow} from "./Outflow.sol";
import {VaultAssets} from "./VaultAssets.sol";

/// @dev What leaves a vault: releases from the hub, the deliverers' fees beside them, and claims on what could not be pushed.
abstract contract VaultReleases is VaultAssets {
    using SafeCast for int256;
    using SafeCast for uint256;

    address internal immutable INBOX;
    uint64 internal immutable HUB_CHAIN;
    address internal immutable HUB;

    /// @inheritdoc IVault
    mapping(bytes32 account => mapping(address to => mapping(uint32 asset => uint128))) public claims;

    /// @dev Fees of consecutive releases of one asset, paid in one transfer.
    struct Fees {
        uint32 asset;
        uint32 index;
        uint256 amount;
    }

    constructor(address inbox, uint64 hubChain, address hub) {
        INBOX = inbox;
        HUB_CHAIN = hubChain;
        HUB = hub;
    }

    /// @inheritdoc IMessageRecipient
    function onMessages(uint64 source, uint32 first, bytes32 payee, bytes calldata items) external {
        if (msg.sender != INBOX) revert CallerNotInbox(msg.sender);
        Fees memory fees;
        uint256 offset;
        for (uint32 index = first; offset < items.length; ++index) {
            (address sender,, bytes calldata body, uint256 end) = Messages.item(items, offset);
            if (source != HUB_CHAIN || sender != HUB) revert MessageSenderUnknown(source, sender);
            _release(index, payee, Messages.decodeRelease(body), fees);
            offset = end;
        }
        _payFees(payee, fees);
    }

    /// @inheritdoc IVault
    function retryClaim(bytes32 account, address to, uint32 asset) external returns (uint128 paid) {
        uint128 claim = claims[account][to][asset];
        if (claim == 0) revert NothingClaimable(account, to, asset);
        VaultAsset storage config = _known(asset);
        Holding storage holding = _holdings[asset];
        uint256 available = Outflow.available(holding, config, block.timestamp);
        uint256 unit = _unit(config.decimals);
        paid = ((claim < available ? claim : available) / unit * unit).toUint128();
        if (paid == 0) revert OutflowLimited(asset, available);
        claims[account][to][asset] = claim - paid;
        (holding.outflowNet, holding.outflowAt) = Outflow.moved(holding, config, int256(uint256(paid)), block.timestamp);
        holding.owed -= paid;
        emit Claimed(account, asset, to, paid);
        if (!_push(config, to, paid)) revert TransferRefused(asset, to);
    }

    /// @inheritdoc IVault
    function redirectClaim(bytes32 account, address to, uint32 asset, address newTo) external {
        // an owner's address may be a stranger's contract on another chain than the hub's
        bool isItself = msg.sender == tx.origin || block.chainid == HUB_CHAIN;
        bool isOwner = isItself && msg.sender == Accounts.ownerOf(account);
        if (msg.sender != to && !isOwner) revert NotAuthorised(account, msg.sender);
        uint128 claim = claims[account][to][asset];
        if (claim == 0 || newTo == address(0)) revert NothingClaimable(account, to, asset);
        claims[account][to][asset] = 0;
        claims[account][newTo][asset] += claim;
        emit ClaimRedirected(account, asset, to, newTo, claim);
    }

    function _release(uint32 index, bytes32 payee, Release memory m, Fees memory fees) private {
        VaultAsset storage config = _known(m.asset);
        uint256 unit = _unit(config.decimals);
        uint256 amount = m.amount / unit * unit;
        uint256 fee = m.fee / unit * unit;
        if (fees.asset != m.asset) {
            _payFees(payee, fees);
            fees.asset = m.asset;
        }
        uint256 needed = amount + fee + fees.amount; // fees of the run are held until it ends
        if (needed > _holdings[m.asset].held) revert HoldingShort(m.asset, _holdings[m.asset].held, needed);
        _pay(m.account, config, m.to, amount, index);
        fees.index = index;
        fees.amount += fee;
    }

    function _payFees(bytes32 payee, Fees memory fees) private {
        if (fees.amount == 0) return;
        if (_pay(payee, _known(fees.asset), Accounts.ownerOf(payee), fees.amount, fees.index)) {
            emit FeesPaid(payee, fees.asset, fees.amount.toUint128());
        }
        fees.amount = 0;
    }

    /// @dev Takes `amount` off what is held and pushes it to `to`, or keeps it as a claim.
    function _pay(bytes32 account, VaultAsset storage config, address to, uint256 amount, uint32 index)
        private
        returns (bool paid)
    {
        uint32 asset = config.asset;
        Holding storage holding = _holdings[asset];
        bool isAllowed = amount <= Outflow.available(holding, config, block.timestamp);
        if (isAllowed) {
            (holding.outflowNet, holding.outflowAt) = Outflow.moved(holding, config, amount.toInt256(), block.timestamp);
        }
        holding.held -= amount.toUint104();
        if (isAllowed && _push(config, to, amount)) {
            emit Released(account, asset, to, amount.toUint128(), index);
            return true;
        }
        if (isAllowed) holding.outflowNet -= amount.toInt256().toInt112();
        holding.owed += amount.toUint128();
        claims[account][to][asset] += amount.toUint128();
        ClaimReason reason = isAllowed ? ClaimReason.TransferFailed : ClaimReason.OutflowLimited;
        emit Claimable(account, asset, to, amount.toUint128(), index, reason);
    }

    /// @dev A caller who gives too little gas could turn every push into a claim: that is refused, not obeyed.
    function _push(VaultAsset storage config, address to, uint256 amount) private returns (bool) {
        if (gasleft() < BoundedTransfer.GAS_NEEDED) revert GasTooLow(gasleft(), BoundedTransfer.GAS_NEEDED);
        return BoundedTransfer.tryTransfer(config.token, to, amount / _unit(config.decimals));
    }
}
