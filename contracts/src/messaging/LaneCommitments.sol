// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutbox} from "./IOutbox.sol";

/// @dev First in the Outbox's order of inheritance, so that its mapping is storage slot 0, where other chains prove it.
abstract contract LaneCommitments is IOutbox {
    mapping(uint64 destination => bytes32) public override commitment;
}
