// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "../../../src/finality/ICourt.sol";
import {IRootRegistry} from "../../../src/finality/IRootRegistry.sol";

/// @dev A court that a test presides over: it answers what it is told to, or misbehaves.
contract PresidedCourt is ICourt {
    mapping(uint256 id => Verdict) public verdict;
    mapping(uint256 id => bool) public isOpen;
    bool public refuses;

    function open(uint256 id, uint64, uint64, bytes32) external {
        require(!refuses, "closed");
        isOpen[id] = true;
    }

    function decide(uint256 id, Verdict decided) external {
        verdict[id] = decided;
    }

    function refuse(bool doesRefuse) external {
        refuses = doesRefuse;
    }
}

/// @dev A court whose answers are no verdicts: a number out of range, too short, or a revert.
contract BrokenCourt {
    uint256 private immutable MODE;

    constructor(uint256 mode) {
        MODE = mode;
    }

    fallback() external {
        if (MODE == 0) revert("broken");
        uint256 size = MODE == 1 ? 32 : 31;
        assembly ("memory-safe") {
            mstore(0x00, 3)
            return(0x00, size)
        }
    }
}

/// @dev Takes part in the game and enters the registry again while it is being paid.
contract ReentrantPlayer {
    IRootRegistry private immutable REGISTRY;
    uint256 public entries;
    bool public wasPaidTwice;

    constructor(IRootRegistry registry) {
        REGISTRY = registry;
    }

    function propose(uint64 chain, uint64 height, bytes32 stateRoot) external payable returns (uint256) {
        return REGISTRY.propose{value: msg.value}(chain, height, stateRoot);
    }

    function withdraw() external {
        REGISTRY.withdraw(payable(address(this)));
    }

    receive() external payable {
        ++entries;
        (bool isPaid,) = address(REGISTRY).call(abi.encodeCall(IRootRegistry.withdraw, (payable(address(this)))));
        if (isPaid) wasPaidTwice = true;
    }
}
