// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {LaneCommitments} from "./LaneCommitments.sol";
import {LANE_DEPTH, LaneTree} from "./LaneTree.sol";
import {Messages} from "./Messages.sol";

/// @dev Storage: 0 commitment, 1 owner, 2 lanes.
contract Outbox is LaneCommitments, Ownable {
    using LaneTree for bytes32[LANE_DEPTH];

    // | slot 0: count (4 bytes), isOpen (1) | slots 1 to 32: branch |
    struct Lane {
        uint32 count;
        bool isOpen;
        bytes32[LANE_DEPTH] branch;
    }

    address private immutable _SENDER_A;
    address private immutable _SENDER_B;

    mapping(uint64 destination => Lane) private _lanes;

    constructor(address senderA, address senderB, uint64[] memory destinations, address owner) Ownable(owner) {
        _SENDER_A = senderA;
        _SENDER_B = senderB;
        for (uint256 i; i < destinations.length; ++i) {
            _openLane(destinations[i]);
        }
    }

    function openLane(uint64 destination) external override onlyOwner {
        _openLane(destination);
    }

    function send(uint64 destination, address recipient, bytes calldata body) external override returns (uint32 index) {
        if (msg.sender != _SENDER_A && msg.sender != _SENDER_B) revert SenderUnknown(msg.sender);
        if (body.length == 0) revert BodyEmpty();
        if (body.length > Messages.MAX_BODY) revert BodyTooLong(body.length, Messages.MAX_BODY);
        Lane storage lane = _lanes[destination];
        if (!lane.isOpen) revert LaneNotOpen(destination);
        index = lane.count;
        if (index == type(uint32).max) revert LaneFull(destination);

        bytes memory item = abi.encodePacked(uint16(body.length), msg.sender, recipient, body);
        bytes32 leaf = Messages.leaf(uint64(block.chainid), address(this), destination, index, item);
        lane.count = index + 1;
        commitment[destination] = LaneTree.commitment(lane.branch.append(index, leaf), index + 1);
        emit Sent(destination, index, item);
    }

    function count(uint64 destination) external view override returns (uint32) {
        return _lanes[destination].count;
    }

    function _openLane(uint64 destination) private {
        if (destination == 0 || destination == block.chainid) revert DestinationInvalid(destination);
        Lane storage lane = _lanes[destination];
        if (lane.isOpen) revert LaneAlreadyOpen(destination);
        lane.isOpen = true;
        lane.branch.fill();
        emit LaneOpened(destination);
    }
}
