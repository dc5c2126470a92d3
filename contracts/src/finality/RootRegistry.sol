// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {OptimisticRegistry} from "./OptimisticRegistry.sol";
import {QuorumRegistry} from "./QuorumRegistry.sol";

contract RootRegistry is QuorumRegistry, OptimisticRegistry {
    uint64 private constant MAX_WINDOW = 30 days;

    constructor(ChainConfig[] memory chains, address treasury_, address owner)
        Ownable(owner)
        OptimisticRegistry(treasury_)
    {
        for (uint256 i = 0; i < chains.length; ++i) {
            _add(chains[i]);
        }
    }

    function addChain(ChainConfig calldata config) external onlyOwner {
        _add(config);
    }

    function _add(ChainConfig memory config) private {
        uint64 chain = config.chain;
        if (_chains[chain].policy != Policy.None) revert ChainAlreadyKnown(chain);
        if (!_isComplete(config)) revert ConfigInvalid(chain);
        _chains[chain] = Chain({outbox: config.outbox, policy: config.policy, frozen: false, latest: config.fromHeight});
        emit ChainAdded(chain, config.policy);
        if (config.policy == Policy.Quorum) return _install(chain, config.validators, 0);
        _setTerms(
            chain,
            Terms({
                court: config.court,
                window: config.window,
                bond: config.bond,
                maxAdvance: config.maxAdvance,
                fromHeight: config.fromHeight
            })
        );
    }

    function _isComplete(ChainConfig memory config) private view returns (bool) {
        if (config.chain == 0 || config.chain == block.chainid) return false;
        bool hasCourt = address(config.court) != address(0);
        if (config.policy == Policy.Quorum) {
            return config.outbox != address(0) && !hasCourt && config.bond == 0 && config.window == 0
                && config.maxAdvance == 0;
        }
        bool hasTerms = config.bond > 0 && config.maxAdvance > 0 && config.window > 0 && config.window <= MAX_WINDOW;
        bool isEmpty = config.outbox == address(0) && config.validators.length == 0;
        return config.policy == Policy.Optimistic && hasCourt && hasTerms && isEmpty;
    }
}
