// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IOutbox} from "../messaging/IOutbox.sol";
import {Deposit, Messages} from "../messaging/Messages.sol";
import {Accounts} from "../support/Accounts.sol";
import {Intent} from "../support/IIntents.sol";
import {Intents} from "../support/Intents.sol";
import {Next} from "../support/Next.sol";
import {IVenue} from "../venue/IVenue.sol";
import {IVault, Permit, VaultAsset} from "./IVault.sol";
import {Holding, Outflow} from "./Outflow.sol";
import {VaultAssets} from "./VaultAssets.sol";
import {VaultReleases} from "./VaultReleases.sol";

contract Vault is VaultReleases, Intents, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint32 private constant QUOTE = 0;
    bytes32 private constant DEPOSIT_TYPE = keccak256(
        "Deposit(address from,uint32 asset,uint256 amount,bytes32 account,uint128 fee,uint8 mode,uint64 chain,bytes32 to,uint128 nextFee,uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip)"
    );

    IOutbox private immutable OUTBOX;
    IVenue private immutable VENUE;

    /// @param venue The venue of this chain, or zero. On the hub's chain `outbox` and `inbox` are the hub.
    constructor(
        IOutbox outbox,
        address inbox,
        IVenue venue,
        uint64 hubChain,
        address hub,
        VaultAsset[] memory assets,
        address owner
    ) VaultAssets(assets, owner) VaultReleases(inbox, hubChain, hub) {
        OUTBOX = outbox;
        VENUE = venue;
    }

    /// @inheritdoc IVault
    function deposit(uint32 asset, uint256 amount, bytes32 account, uint128 fee, Next calldata next)
        external
        nonReentrant
        returns (uint32)
    {
        return _deposit(msg.sender, asset, amount, account, fee, next);
    }

    /// @inheritdoc IVault
    function depositBySig(
        address from,
        uint32 asset,
        uint256 amount,
        bytes32 account,
        uint128 fee,
        Next calldata next,
        Intent calldata intent,
        address payee,
        Permit calldata permit
    ) external nonReentrant returns (uint32 index) {
        _requireInTime(intent);
        address signer = _recover(_digest(from, asset, amount, account, fee, next, intent), intent.signature);
        if (signer == address(0) || signer != from) revert SignatureInvalid(account, signer);
        _useNonce(from, intent.nonce);
        IERC20 token = IERC20(_known(asset).token);
        _permit(token, from, amount + intent.tip, permit);
        index = _deposit(from, asset, amount, account, fee, next);
        if (intent.tip != 0) token.safeTransferFrom(from, payee, intent.tip);
    }

    function _deposit(address from, uint32 asset, uint256 amount, bytes32 account, uint128 fee, Next calldata next)
        private
        returns (uint32 index)
    {
        VaultAsset storage config = _known(asset); // not copied: a deposit reads two of its three slots
        Accounts.requireOwned(account);
        bool isPlaced = next.mode == Messages.PLACED;
        if (isPlaced && (asset != QUOTE || address(VENUE) == address(0))) revert NotPlaceable(asset);
        uint128 wads = _pull(config, asset, from, amount);
        _hold(config, asset, wads);
        bytes memory body = Messages.encode(Deposit(account, asset, wads, fee, next));
        if (isPlaced) VENUE.creditDeposit(account, wads - fee);
        index = OUTBOX.send(HUB_CHAIN, HUB, body);
        emit Deposited(account, asset, wads, fee, next.mode, index);
    }

    /// @dev Counts what arrived: a token that takes a fee on the way cannot credit more than it brought.
    function _pull(VaultAsset storage config, uint32 asset, address from, uint256 amount) private returns (uint128) {
        IERC20 token = IERC20(config.token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received == 0 || received > type(uint104).max) {
            revert DepositUnusable(asset, amount, received);
        }
        uint256 wads = received * _unit(config.decimals);
        if (wads > config.maxDeposit) revert DepositTooLarge(asset, wads, config.maxDeposit);
        return wads.toUint128();
    }

    function _hold(VaultAsset storage config, uint32 asset, uint128 wads) private {
        Holding storage holding = _holdings[asset];
        uint256 sum = uint256(holding.held) + wads;
        if (sum > config.ceiling) revert CeilingReached(asset, holding.held, wads, config.ceiling);
        (holding.outflowNet, holding.outflowAt) =
            Outflow.moved(holding, config, -int256(uint256(wads)), block.timestamp);
        holding.held = sum.toUint104();
    }

    /// @dev A permit that someone used before us is no harm: the allowance stands then, and if not, the transfer fails.
    function _permit(IERC20 token, address from, uint256 value, Permit calldata p) private {
        if (p.deadline == 0) return;
        try IERC20Permit(address(token)).permit(from, address(this), value, p.deadline, p.v, p.r, p.s) {} catch {}
    }

    function _digest(
        address from,
        uint32 asset,
        uint256 amount,
        bytes32 account,
        uint128 fee,
        Next calldata next,
        Intent calldata intent
    ) private view returns (bytes32) {
        bytes memory action = abi.encode(DEPOSIT_TYPE, from, asset, amount, account, fee, next);
        return _hashTypedDataV4(keccak256(bytes.concat(action, abi.encode(intent.nonce, intent.deadline, intent.tip))));
    }
}
