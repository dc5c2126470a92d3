// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {FinalRoots} from "./FinalRoots.sol";
import {Validator} from "./IValidatorSets.sol";
import {Statements} from "./Statements.sol";
import {ValidatorSets} from "./ValidatorSets.sol";

/// @dev The quorum policy of the RootRegistry: a chain's validators sign its state roots.
abstract contract QuorumRegistry is FinalRoots, Ownable {
    using ValidatorSets for ValidatorSets.Set;

    mapping(uint64 chain => ValidatorSets.Set) private _sets;

    function post(uint64 chain, uint64 height, bytes32 stateRoot, bytes calldata signatures) external {
        _requireThawed(chain);
        if (stateRoot == 0) revert StateRootZero(chain, height);
        bytes32 held = finalRoot[chain][height];
        if (held == stateRoot) return;
        ValidatorSets.Set storage set = _sets[chain];
        set.requireQuorum(Statements.stateRoot(chain, height, stateRoot, set.head.epoch), signatures);
        if (held != 0) return _withdrawRoot(chain, height, held);
        _record(chain, height, stateRoot);
    }

    function rotate(uint64 chain, Validator[] calldata set, bytes calldata signatures) external {
        address outbox = _requireThawed(chain).outbox;
        uint32 next = _sets[chain].head.epoch + 1;
        _sets[chain].requireQuorum(Statements.rotation(chain, outbox, next, set), signatures);
        _install(chain, set, next);
    }

    function reportStateRoots(
        uint64 chain,
        uint64 height,
        bytes32[2] calldata stateRoots,
        uint32[2] calldata epochs,
        bytes[2] calldata signatures
    ) external {
        _requirePolicy(chain, Policy.Quorum);
        if (stateRoots[0] == stateRoots[1]) revert EvidenceConsistent();
        address signer = _signer(chain, height, stateRoots[0], epochs[0], signatures[0]);
        address other = _signer(chain, height, stateRoots[1], epochs[1], signatures[1]);
        if (signer != other) revert EvidenceOfTwoSigners(signer, other);
        ValidatorSets.Set storage set = _sets[chain];
        if (!set.expose(signer)) return;
        emit ValidatorExposed(chain, signer);
        if (!set.canReachQuorum()) _freeze(chain);
    }

    function replaceSet(uint64 chain, Validator[] calldata set) external onlyOwner {
        _requirePolicy(chain, Policy.Quorum);
        _install(chain, set, _sets[chain].head.epoch + 1);
        _chains[chain].frozen = false;
    }

    function validators(uint64 chain) external view returns (Validator[] memory) {
        return _sets[chain].list;
    }

    function epoch(uint64 chain) external view returns (uint32) {
        return _sets[chain].head.epoch;
    }

    function weightOf(uint64 chain, address account) external view returns (uint256) {
        return _sets[chain].weightOf(account);
    }

    function _install(uint64 chain, Validator[] memory set, uint32 epoch_) internal {
        _sets[chain].install(set, epoch_);
        emit SetInstalled(chain, epoch_, set);
    }

    /// @dev Two quorums contradict each other, so neither is believed. Rollups that proved the root from an earlier base block still hold it;
    ///      their lanes freeze when the truth arrives there.
    function _withdrawRoot(uint64 chain, uint64 height, bytes32 held) private {
        delete finalRoot[chain][height];
        emit RootWithdrawn(chain, height, held);
        _freeze(chain);
    }

    function _freeze(uint64 chain) private {
        if (_chains[chain].frozen) return;
        _chains[chain].frozen = true;
        emit ChainFrozen(chain);
    }

    function _requireThawed(uint64 chain) private view returns (Chain memory state) {
        state = _requirePolicy(chain, Policy.Quorum);
        if (state.frozen) revert ChainIsFrozen(chain);
    }

    function _signer(uint64 chain, uint64 height, bytes32 stateRoot, uint32 epoch_, bytes calldata signature)
        private
        view
        returns (address)
    {
        return ValidatorSets.recoverOne(Statements.stateRoot(chain, height, stateRoot, epoch_), signature);
    }
}
