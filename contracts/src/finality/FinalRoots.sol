// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRootRegistry} from "./IRootRegistry.sol";

/// @dev What both policies write. `finalRoot` must stay storage slot 0: rollups prove it there, so this contract is first in line.
abstract contract FinalRoots is IRootRegistry {
    /// @dev One slot: latest (64) ‖ frozen (8) ‖ policy (8) ‖ outbox (160), from the high end.
    struct Chain {
        address outbox;
        Policy policy;
        bool frozen;
        uint64 latest;
    }

    mapping(uint64 chain => mapping(uint64 height => bytes32 stateRoot)) public finalRoot;

    mapping(uint64 chain => Chain) internal _chains;

    function latestFinal(uint64 chain) external view returns (uint64 height) {
        return _chains[chain].latest;
    }

    function policy(uint64 chain) external view returns (Policy) {
        return _chains[chain].policy;
    }

    function chainFrozen(uint64 chain) external view returns (bool) {
        return _chains[chain].frozen;
    }

    function _record(uint64 chain, uint64 height, bytes32 stateRoot) internal {
        finalRoot[chain][height] = stateRoot;
        Chain storage state = _chains[chain];
        if (height > state.latest) state.latest = height;
        emit Finalized(chain, height, stateRoot);
    }

    function _requirePolicy(uint64 chain, Policy wanted) internal view returns (Chain memory state) {
        state = _chains[chain];
        if (state.policy == Policy.None) revert ChainUnknown(chain);
        if (state.policy != wanted) revert PolicyDiffers(chain, state.policy);
    }
}
