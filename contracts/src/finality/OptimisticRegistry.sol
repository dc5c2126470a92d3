// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FinalRoots} from "./FinalRoots.sol";
import {ICourt} from "./ICourt.sol";

/// @dev The optimistic policy of the RootRegistry: the game's rules stand in IRootRegistry.
abstract contract OptimisticRegistry is FinalRoots {
    /// @dev Two slots: window (64) ‖ court (160), then fromHeight (64) ‖ maxAdvance (64) ‖ bond (128), from the high end.
    struct Terms {
        ICourt court;
        uint64 window;
        uint128 bond;
        uint64 maxAdvance;
        uint64 fromHeight;
    }

    /// @dev The claims of one height that may still become final, and when the first of them closes the round.
    struct Round {
        uint64 closesAt;
        uint64 live;
    }

    /// @dev One part in so many of a proposer's bond is a challenger's: watchers must hold it for every false claim that may stand at once.
    uint256 private constant CHALLENGE_DIVISOR = 8;

    address public immutable treasury;

    uint256 public proposals;
    mapping(address account => uint256) public withdrawable;
    mapping(uint256 id => Proposal) private _proposals;
    mapping(bytes32 claim => uint256 id) private _standing;
    mapping(uint64 chain => mapping(uint64 height => Round)) private _rounds;
    mapping(uint64 chain => Terms) private _terms;

    constructor(address treasury_) {
        if (treasury_ == address(0)) revert ConfigInvalid(0);
        treasury = treasury_;
    }

    function propose(uint64 chain, uint64 height, bytes32 stateRoot) external payable returns (uint256 id) {
        Terms memory agreed = _requireProposable(chain, height, stateRoot);
        bytes32 claim = _claim(chain, height, stateRoot);
        if (_standing[claim] != 0) revert AlreadyProposed(_standing[claim]);
        uint64 deadline = uint64(block.timestamp) + agreed.window;
        _enterRound(chain, height, deadline);
        id = ++proposals;
        _standing[claim] = id;
        _proposals[id] = Proposal({
            chain: chain,
            height: height,
            deadline: deadline,
            status: Status.Open,
            proposer: msg.sender,
            challenger: address(0),
            stateRoot: stateRoot
        });
        emit Proposed(id, chain, height, stateRoot, msg.sender, deadline);
    }

    function dispute(uint256 id, bytes32 claim) external payable {
        Proposal storage claimed = _requireStatus(id, Status.Open);
        (uint64 chain, uint64 height) = (claimed.chain, claimed.height);
        bytes32 held = _claim(chain, height, claimed.stateRoot);
        if (claim != held) revert ClaimDiffers(claim, held);
        _requireNotFinal(chain, height);
        _requireBond(challengeBond(chain));
        claimed.status = Status.Disputed;
        claimed.challenger = msg.sender;
        claimed.deadline = uint64(block.timestamp) + _terms[chain].window;
        emit Disputed(id, msg.sender);
        _openCase(id, claimed);
    }

    function summon(uint256 id) external {
        _openCase(id, _requireStatus(id, Status.Disputed));
    }

    function resolve(uint256 id) external {
        Proposal storage claimed = _known(id);
        bool isDisputed = claimed.status == Status.Disputed;
        if (!isDisputed && claimed.status != Status.Open) revert StatusDiffers(id, claimed.status);
        if (finalRoot[claimed.chain][claimed.height] != 0) return _refute(id, claimed);
        if (!isDisputed) revert StatusDiffers(id, claimed.status);
        ICourt.Verdict verdict = _verdict(_terms[claimed.chain].court, id);
        if (verdict == ICourt.Verdict.Valid) _accept(id, claimed);
        else if (verdict == ICourt.Verdict.Invalid) _refute(id, claimed);
        else _extend(id, claimed);
    }

    function finalize(uint256 id) external {
        Proposal storage claimed = _requireStatus(id, Status.Open);
        _requireNotFinal(claimed.chain, claimed.height);
        if (block.timestamp < claimed.deadline) revert WindowOpen(id, claimed.deadline);
        uint256 live = _rounds[claimed.chain][claimed.height].live;
        if (live != 1) revert ClaimsCompete(id, live);
        _accept(id, claimed);
    }

    function withdraw(address payable to) external returns (uint256 amount) {
        amount = withdrawable[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        withdrawable[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        (bool isPaid,) = to.call{value: amount}("");
        if (!isPaid) revert WithdrawalFailed(to);
    }

    function proposal(uint256 id) external view returns (Proposal memory) {
        return _known(id);
    }

    function standing(uint64 chain, uint64 height, bytes32 stateRoot) external view returns (uint256 id) {
        return _standing[_claim(chain, height, stateRoot)];
    }

    function round(uint64 chain, uint64 height) external view returns (uint256 live, uint64 closesAt) {
        Round memory held = _rounds[chain][height];
        return (held.live, held.closesAt);
    }

    function terms(uint64 chain) external view returns (address court, uint128 bond, uint64 window, uint64 maxAdvance) {
        Terms memory agreed = _terms[chain];
        return (address(agreed.court), agreed.bond, agreed.window, agreed.maxAdvance);
    }

    function challengeBond(uint64 chain) public view returns (uint256) {
        return Math.ceilDiv(_terms[chain].bond, CHALLENGE_DIVISOR);
    }

    function _setTerms(uint64 chain, Terms memory agreed) internal {
        _terms[chain] = agreed;
    }

    function _requireProposable(uint64 chain, uint64 height, bytes32 stateRoot)
        private
        view
        returns (Terms memory agreed)
    {
        uint64 latest = _requirePolicy(chain, Policy.Optimistic).latest;
        agreed = _terms[chain];
        if (stateRoot == 0) revert StateRootZero(chain, height);
        _requireBond(agreed.bond);
        uint256 atMost = uint256(latest) + agreed.maxAdvance;
        if (height <= agreed.fromHeight || height > atMost) {
            revert HeightOutOfRange(
                height, agreed.fromHeight, uint64(atMost > type(uint64).max ? type(uint64).max : atMost)
            );
        }
        _requireNotFinal(chain, height);
    }

    /// @dev A round ends for new claims with its first claim's window, so that a stream of false ones cannot keep it open.
    function _enterRound(uint64 chain, uint64 height, uint64 deadline) private {
        Round storage current = _rounds[chain][height];
        if (current.live == 0) current.closesAt = deadline;
        else if (block.timestamp >= current.closesAt) revert RoundClosed(chain, height, current.closesAt);
        ++current.live;
    }

    function _accept(uint256 id, Proposal storage claimed) private {
        _leave(claimed, Status.Final);
        bool wasDisputed = claimed.challenger != address(0);
        if (wasDisputed) emit Resolved(id, true);
        _settle(claimed.proposer, _terms[claimed.chain].bond, wasDisputed ? challengeBond(claimed.chain) : 0);
        _record(claimed.chain, claimed.height, claimed.stateRoot);
    }

    function _refute(uint256 id, Proposal storage claimed) private {
        _leave(claimed, Status.Refuted);
        emit Resolved(id, false);
        uint256 bond = _terms[claimed.chain].bond;
        if (claimed.challenger == address(0)) withdrawable[treasury] += bond;
        else _settle(claimed.challenger, challengeBond(claimed.chain), bond);
    }

    function _leave(Proposal storage claimed, Status status) private {
        claimed.status = status;
        delete _standing[_claim(claimed.chain, claimed.height, claimed.stateRoot)];
        --_rounds[claimed.chain][claimed.height].live;
    }

    /// @dev The winner's own bond comes back; of what was lost, the winner gets half, rounded down, and the treasury the rest.
    function _settle(address winner, uint256 own, uint256 lost) private {
        uint256 prize = lost / 2;
        withdrawable[winner] += own + prize;
        withdrawable[treasury] += lost - prize;
    }

    function _extend(uint256 id, Proposal storage claimed) private {
        if (block.timestamp < claimed.deadline) revert WindowOpen(id, claimed.deadline);
        claimed.deadline = uint64(block.timestamp) + _terms[claimed.chain].window;
        emit WindowExtended(id, claimed.deadline);
    }

    /// @dev A court that fails must not make a dispute impossible: the dispute stands, and `summon` tries again.
    function _openCase(uint256 id, Proposal storage claimed) private {
        address court = address(_terms[claimed.chain].court);
        bytes memory input = abi.encodeCall(ICourt.open, (id, claimed.chain, claimed.height, claimed.stateRoot));
        bool isOpen;
        assembly ("memory-safe") {
            isOpen := call(gas(), court, 0, add(input, 0x20), mload(input), 0, 0)
        }
        if (!isOpen) emit CourtUnreachable(id);
    }

    /// @dev A court that fails or answers nonsense is silent.
    function _verdict(ICourt court, uint256 id) private view returns (ICourt.Verdict) {
        bytes memory input = abi.encodeCall(ICourt.verdict, (id));
        uint256 answer;
        assembly ("memory-safe") {
            let ok := staticcall(gas(), court, add(input, 0x20), mload(input), 0x00, 0x20)
            if and(ok, eq(returndatasize(), 0x20)) { answer := mload(0x00) }
        }
        return answer > uint256(type(ICourt.Verdict).max) ? ICourt.Verdict.None : ICourt.Verdict(answer);
    }

    function _requireBond(uint256 bond) private view {
        if (msg.value != bond) revert BondDiffers(msg.value, bond);
    }

    function _requireNotFinal(uint64 chain, uint64 height) private view {
        bytes32 held = finalRoot[chain][height];
        if (held != 0) revert HeightAlreadyFinal(chain, height, held);
    }

    function _requireStatus(uint256 id, Status wanted) private view returns (Proposal storage claimed) {
        claimed = _known(id);
        if (claimed.status != wanted) revert StatusDiffers(id, claimed.status);
    }

    function _known(uint256 id) private view returns (Proposal storage claimed) {
        claimed = _proposals[id];
        if (claimed.status == Status.None) revert ProposalUnknown(id);
    }

    function _claim(uint64 chain, uint64 height, bytes32 stateRoot) private pure returns (bytes32) {
        return keccak256(abi.encode(chain, height, stateRoot));
    }
}
