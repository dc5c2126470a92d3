// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {IOutbox} from "../messaging/IOutbox.sol";
import {HubActions} from "./HubActions.sol";
import {HubCredits} from "./HubCredits.sol";
import {HubState} from "./HubState.sol";
import {Peer, ReserveConfig} from "./IHubEvents.sol";
import {IHubLedger} from "./IHubLedger.sol";

contract Hub is HubCredits {
    uint24 private constant MAX_PPM = 1_000_000;

    address private immutable ACTIONS;

    constructor(IOutbox outbox, address inbox, Peer[] memory peers, ReserveConfig[] memory reserves, address owner)
        HubState(outbox, inbox)
        Ownable(owner)
    {
        ACTIONS = address(new HubActions(outbox, inbox));
        for (uint256 i; i < peers.length; ++i) {
            _addPeer(peers[i]);
        }
        for (uint256 i; i < reserves.length; ++i) {
            _setReserve(reserves[i]);
        }
    }

    /// @dev Both halves would not fit into one contract's 24,576 bytes.
    fallback() external {
        address actions = ACTIONS;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let success := delegatecall(gas(), actions, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(success) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }

    /// @inheritdoc IHubLedger
    function addPeer(Peer calldata added) external onlyOwner {
        _addPeer(added);
    }

    /// @inheritdoc IHubLedger
    function setReserve(ReserveConfig calldata config) external onlyOwner {
        _setReserve(config);
    }

    /// @inheritdoc IHubLedger
    function cash(bytes32 account) external view returns (int256) {
        return _cash[account];
    }

    /// @inheritdoc IHubLedger
    function collateral(bytes32 account, uint32 asset) external view returns (uint256) {
        return _collateral[account][asset];
    }

    /// @inheritdoc IHubLedger
    function reserve(uint64 chain, uint32 asset) external view returns (uint256) {
        return _reserves[_reserveKey(chain, asset, _peers[chain].vault)].amount;
    }

    /// @inheritdoc IHubLedger
    function reserveConfig(uint64 chain, uint32 asset) external view returns (ReserveConfig memory) {
        Reserve memory r = _known(chain, asset);
        return ReserveConfig(chain, asset, r.decimals, r.ceiling, r.inflowBurst, r.inflowRate, r.target, r.curvePpm);
    }

    /// @inheritdoc IHubLedger
    function venueCash(uint64 chain) external view returns (int256) {
        return _sums[_venueKey(chain, _peers[chain].venue)].cash;
    }

    /// @inheritdoc IHubLedger
    function pot(uint32 asset) external view returns (uint256) {
        return _pot[asset];
    }

    /// @inheritdoc IHubLedger
    function peer(uint64 chain) external view returns (address vault, address venue) {
        return (_peers[chain].vault, _peers[chain].venue);
    }

    /// @inheritdoc IHubLedger
    function waiting(uint64 source, uint32 index) external view returns (bytes32) {
        return _waiting[source][index];
    }

    function _addPeer(Peer memory added) internal {
        if (_peers[added.chain].vault != address(0)) revert ChainAlreadyKnown(added.chain);
        bool isLocalVenue = added.chain == HUB_CHAIN && added.venue != address(0);
        if (added.vault == address(0) || isLocalVenue) revert ChainUnknown(added.chain);
        _peers[added.chain] = added;
        if (added.venue != address(0)) _sums[_venueKey(added.chain, added.venue)].isVenue = true;
        emit PeerAdded(added.chain, added.vault, added.venue);
    }

    function _setReserve(ReserveConfig memory c) internal {
        address vault = _peers[c.chain].vault;
        Reserve storage r = _reserves[_reserveKey(c.chain, c.asset, vault)];
        bool isValid = vault != address(0) && c.decimals <= MAX_DECIMALS && c.curvePpm <= MAX_PPM;
        bool isKept = !r.isListed || (r.decimals == c.decimals && r.inflowBurst <= c.inflowBurst);
        if (!isValid || !isKept) revert ReserveMisconfigured(c.chain, c.asset);
        (r.isListed, r.decimals, r.curvePpm) = (true, c.decimals, c.curvePpm);
        (r.ceiling, r.inflowBurst, r.inflowRate, r.target) = (c.ceiling, c.inflowBurst, c.inflowRate, c.target);
        emit ReserveSet(c.chain, c.asset, c);
    }
}
