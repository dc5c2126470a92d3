// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {CalldataViews} from "./CalldataViews.sol";
import {IQuorumRoots} from "./IQuorumRoots.sol";
import {IRootOracle} from "./IRootOracle.sol";
import {Validator} from "./IValidatorSets.sol";
import {LaneProofs} from "./LaneProofs.sol";
import {LaneRoots} from "./LaneRoots.sol";
import {Statements} from "./Statements.sol";
import {ValidatorSets} from "./ValidatorSets.sol";

contract QuorumRoots is IQuorumRoots, LaneRoots, Ownable {
    using CalldataViews for bytes;
    using LaneProofs for Opening;
    using ValidatorSets for ValidatorSets.Set;

    mapping(uint64 source => ValidatorSets.Set) private _sets;

    constructor(Source[] memory sources, address owner) Ownable(owner) {
        for (uint256 i = 0; i < sources.length; ++i) {
            _add(sources[i]);
        }
    }

    function submit(Statement calldata statement, bytes calldata signatures) external {
        _submit(statement, signatures);
    }

    /// @inheritdoc IRootOracle
    function update(bytes calldata evidence) external {
        Statement calldata statement;
        assembly ("memory-safe") {
            statement := evidence.offset
        }
        _submit(statement, evidence.bytesAt(6));
    }

    function rotate(uint64 source, Validator[] calldata set, bytes calldata signatures) external {
        address outbox = _known(source);
        // A frozen lane means that the set in force is not to be trusted with choosing the next one.
        if (_isFrozen(source)) revert LaneIsFrozen(source, HERE);
        uint32 next = _sets[source].head.epoch + 1;
        _sets[source].requireQuorum(Statements.rotation(source, outbox, next, set), signatures);
        _install(source, set, next);
    }

    function reportRoots(Signed calldata a, Signed calldata b) external {
        _requireSameLane(a.statement, b.statement);
        if (a.statement.count != b.statement.count || a.statement.root == b.statement.root) {
            revert EvidenceConsistent();
        }
        _expose(a, b);
    }

    function reportLeaves(
        uint32 index,
        Signed calldata a,
        Opening calldata ofA,
        Signed calldata b,
        Opening calldata ofB
    ) external {
        _requireSameLane(a.statement, b.statement);
        if (ofA.leaf == ofB.leaf) revert EvidenceConsistent();
        ofA.verify(index, a.statement.root, a.statement.count);
        ofB.verify(index, b.statement.root, b.statement.count);
        _expose(a, b);
    }

    function reportConflict(
        Statement calldata a,
        bytes calldata signaturesOfA,
        Statement calldata b,
        bytes calldata signaturesOfB
    ) external {
        _requireSameLane(a, b);
        if (a.count != b.count || a.root == b.root) revert EvidenceConsistent();
        address outbox = _known(a.source);
        _requireSigned(a, outbox, signaturesOfA);
        _requireSigned(b, outbox, signaturesOfB);
        _freeze(a.source);
    }

    function addSource(Source calldata source) external onlyOwner {
        _add(source);
    }

    function replaceSet(uint64 source, Validator[] calldata set) external onlyOwner {
        _known(source);
        _install(source, set, _sets[source].head.epoch + 1);
        _reopen(source);
    }

    function validators(uint64 source) external view returns (Validator[] memory) {
        return _sets[source].list;
    }

    function epoch(uint64 source) external view returns (uint32) {
        return _sets[source].head.epoch;
    }

    function weightOf(uint64 source, address account) external view returns (uint256) {
        return _sets[source].weightOf(account);
    }

    function totalWeight(uint64 source) external view returns (uint256) {
        return _sets[source].head.total;
    }

    function isFaulty(uint64 source, address account) external view returns (bool) {
        return _sets[source].members[account].faulty;
    }

    function _add(Source memory source) private {
        _addSource(source.source, source.outbox);
        _install(source.source, source.validators, 0);
    }

    function _install(uint64 source, Validator[] memory set, uint32 epoch_) private {
        _sets[source].install(set, epoch_);
        emit SetInstalled(source, epoch_, set);
    }

    /// @dev What is held needs no proof: whoever brings it learns nothing and changes nothing.
    function _submit(Statement calldata statement, bytes calldata signatures) private {
        if (statement.lane != HERE) revert LaneForeign(statement.lane, HERE);
        (bool isNews, address outbox) = _isNews(statement.source, statement.root, statement.count);
        if (!isNews) return;
        _requireSigned(statement, outbox, signatures);
        _hold(statement.source, statement.root, statement.count);
    }

    function _requireSigned(Statement calldata statement, address outbox, bytes calldata signatures) private view {
        ValidatorSets.Set storage set = _sets[statement.source];
        uint32 held = set.head.epoch;
        if (statement.epoch != held) revert EpochStale(statement.epoch, held);
        set.requireQuorum(_digest(statement, outbox), signatures);
    }

    function _expose(Signed calldata a, Signed calldata b) private {
        uint64 source = a.statement.source;
        address outbox = _known(source);
        address signer = ValidatorSets.recoverOne(_digest(a.statement, outbox), a.signature);
        address other = ValidatorSets.recoverOne(_digest(b.statement, outbox), b.signature);
        if (signer != other) revert EvidenceOfTwoSigners(signer, other);
        ValidatorSets.Set storage set = _sets[source];
        if (!set.expose(signer)) return;
        emit ValidatorExposed(source, signer);
        if (!set.canReachQuorum()) _freeze(source);
    }

    function _known(uint64 source) private view returns (address outbox) {
        outbox = outboxOf(source);
        if (outbox == address(0)) revert SourceUnknown(source);
    }

    function _requireSameLane(Statement calldata a, Statement calldata b) private pure {
        if (a.source != b.source || a.lane != b.lane) revert EvidenceConsistent();
    }

    function _digest(Statement calldata statement, address outbox) private pure returns (bytes32) {
        return Statements.root(
            statement.source, outbox, statement.lane, statement.root, statement.count, statement.height, statement.epoch
        );
    }
}
