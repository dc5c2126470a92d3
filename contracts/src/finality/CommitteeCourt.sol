// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommitteeCourt} from "./ICommitteeCourt.sol";
import {ICourt} from "./ICourt.sol";
import {Validator} from "./IValidatorSets.sol";
import {Statements} from "./Statements.sol";
import {ValidatorSets} from "./ValidatorSets.sol";

contract CommitteeCourt is ICommitteeCourt, Ownable {
    using ValidatorSets for ValidatorSets.Set;

    struct Case {
        bytes32 claim;
        Verdict verdict;
    }

    /// @dev One side of a case.
    struct Side {
        uint64 weight;
        uint64 voters;
    }

    uint256 private constant SIGNATURE = 65;
    uint256 private constant MIN_VOTERS = 2;

    address public immutable registry;

    ValidatorSets.Set private _committee;
    mapping(uint256 id => Case) private _cases;
    /// @dev By committee, so that a new one starts from nothing.
    mapping(uint256 id => mapping(uint32 epoch => mapping(bool valid => Side))) private _sides;
    mapping(uint256 id => mapping(uint32 epoch => mapping(address verifier => bool))) private _hasVoted;

    constructor(address registry_, Validator[] memory verifiers, address owner) Ownable(owner) {
        registry = registry_;
        _install(verifiers, 0);
    }

    function open(uint256 id, uint64 chain, uint64 height, bytes32 claimed) external {
        if (msg.sender != registry) revert CallerNotRegistry(msg.sender);
        if (_cases[id].claim != 0) return;
        _cases[id].claim = keccak256(abi.encode(chain, height, claimed));
        emit CaseOpened(id, chain, height, claimed);
    }

    function vote(uint256 id, bytes32 claim, bool valid) external {
        _requireOpen(id, claim);
        if (!_count(id, msg.sender, valid)) revert AlreadyVoted(id, msg.sender);
        _decide(id, valid);
    }

    function castVotes(uint256 id, bytes32 claim, bool valid, bytes calldata signatures) external {
        _requireOpen(id, claim);
        bytes32 digest = Statements.vote(address(this), id, claim, valid, epoch());
        uint256 votes = signatures.length / SIGNATURE;
        if (votes * SIGNATURE != signatures.length) revert SignaturesMalformed(signatures.length);
        for (uint256 i = 0; i < votes; ++i) {
            bool isNew = _count(id, ValidatorSets.recover(digest, signatures, i), valid);
            if (isNew && _decide(id, valid)) return;
        }
    }

    function replaceCommittee(Validator[] calldata verifiers) external onlyOwner {
        _install(verifiers, epoch() + 1);
    }

    function verdict(uint256 id) external view returns (ICourt.Verdict) {
        return _cases[id].verdict;
    }

    function committee() external view returns (Validator[] memory) {
        return _committee.list;
    }

    function epoch() public view returns (uint32) {
        return _committee.head.epoch;
    }

    function claimOf(uint256 id) external view returns (bytes32 claim) {
        return _cases[id].claim;
    }

    function tally(uint256 id) external view returns (uint256 valid, uint256 invalid, uint256 total) {
        mapping(bool => Side) storage sides = _sides[id][epoch()];
        return (sides[true].weight, sides[false].weight, _committee.head.total);
    }

    function hasVoted(uint256 id, address verifier) external view returns (bool) {
        return _hasVoted[id][epoch()][verifier];
    }

    function _install(Validator[] memory verifiers, uint32 epoch_) private {
        _committee.install(verifiers, epoch_);
        emit CommitteeInstalled(epoch_, verifiers);
    }

    /// @dev False if the verifier has voted before.
    function _count(uint256 id, address verifier, bool valid) private returns (bool) {
        uint256 weight = _committee.weightOf(verifier);
        if (weight == 0) revert SignerUnknown(verifier);
        uint32 held = epoch();
        if (_hasVoted[id][held][verifier]) return false;
        _hasVoted[id][held][verifier] = true;
        Side storage side = _sides[id][held][valid];
        // forge-lint: disable-next-line(unsafe-typecast) a weight has 48 bits, and 64 of them fit 64
        side.weight += uint64(weight);
        side.voters += 1;
        emit Voted(id, verifier, valid);
        return true;
    }

    /// @dev True if the side has won.
    function _decide(uint256 id, bool valid) private returns (bool) {
        Side memory side = _sides[id][epoch()][valid];
        if (side.voters < MIN_VOTERS || uint256(side.weight) * 3 <= uint256(_committee.head.total) * 2) return false;
        Verdict decided = valid ? Verdict.Valid : Verdict.Invalid;
        _cases[id].verdict = decided;
        emit Decided(id, decided);
        return true;
    }

    function _requireOpen(uint256 id, bytes32 claim) private view {
        Case memory held = _cases[id];
        if (held.claim == 0) revert CaseUnknown(id);
        if (held.claim != claim) revert ClaimDiffers(claim, held.claim);
        if (held.verdict != Verdict.None) revert CaseDecided(id);
    }
}
