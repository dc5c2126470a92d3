// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IVault, VaultAsset} from "./IVault.sol";
import {Holding, Outflow} from "./Outflow.sol";

/// @dev Which assets a vault keeps, within which limits, and how much of each it holds and owes.
abstract contract VaultAssets is IVault, Ownable {
    uint256 private constant MAX_DECIMALS = 18;
    uint256 private constant MAX_BPS = 10_000;

    mapping(uint32 asset => VaultAsset) internal _assets;
    mapping(uint32 asset => Holding) internal _holdings;

    constructor(VaultAsset[] memory assets, address owner) Ownable(owner) {
        for (uint256 i; i < assets.length; ++i) {
            _addAsset(assets[i]);
        }
    }

    /// @inheritdoc IVault
    function addAsset(VaultAsset calldata config) external onlyOwner {
        _addAsset(config);
    }

    /// @inheritdoc IVault
    function setLimits(VaultAsset calldata config) external onlyOwner {
        VaultAsset storage held_ = _assets[config.asset];
        if (held_.token == address(0)) revert AssetUnknown(config.asset);
        if (held_.token != config.token || held_.decimals != config.decimals) revert AssetMisconfigured(config.asset);
        _setLimits(config);
    }

    /// @inheritdoc IVault
    function assetConfig(uint32 asset) external view returns (VaultAsset memory) {
        return _assets[asset];
    }

    /// @inheritdoc IVault
    function held(uint32 asset) external view returns (uint256) {
        return _holdings[asset].held;
    }

    /// @inheritdoc IVault
    function owed(uint32 asset) external view returns (uint256) {
        return _holdings[asset].owed;
    }

    /// @inheritdoc IVault
    function outflowAvailable(uint32 asset) external view returns (uint256) {
        return Outflow.available(_holdings[asset], _known(asset), block.timestamp);
    }

    function _known(uint32 asset) internal view returns (VaultAsset storage config) {
        config = _assets[asset];
        if (config.token == address(0)) revert AssetUnknown(asset);
    }

    /// @dev Wads in one token unit.
    function _unit(uint8 decimals) internal pure returns (uint256) {
        return 10 ** (MAX_DECIMALS - decimals);
    }

    function _addAsset(VaultAsset memory config) private {
        if (_assets[config.asset].token != address(0)) revert AssetAlreadyKnown(config.asset);
        bool isToken = config.token.code.length != 0;
        if (!isToken || config.decimals > MAX_DECIMALS || IERC20Metadata(config.token).decimals() != config.decimals) {
            revert AssetMisconfigured(config.asset);
        }
        emit AssetAdded(config.asset, config.token, config.decimals);
        _setLimits(config);
    }

    function _setLimits(VaultAsset memory c) private {
        if (c.outflowBps > MAX_BPS || c.outflowWindow == 0 || c.outflowFloor < _unit(c.decimals)) {
            revert AssetMisconfigured(c.asset);
        }
        _assets[c.asset] = c;
        emit LimitsSet(c.asset, c.ceiling, c.maxDeposit, c.outflowBps, c.outflowWindow, c.outflowFloor);
    }
}
