// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {IOutbox} from "../messaging/IOutbox.sol";
import {Intents} from "../support/Intents.sol";
import {IHubEvents, Peer, Session} from "./IHubEvents.sol";

/// @dev All storage of the hub. `Hub` and `HubActions` inherit this and declare no other, so that code of either means the same slots.
abstract contract HubState is IHubEvents, Ownable, Intents {
    /// @dev Three slots: amount ‖ inflowUsed ‖ inflowSince | ceiling ‖ inflowBurst ‖ decimals ‖ curvePpm ‖ isListed | target ‖ inflowRate.
    struct Reserve {
        uint104 amount;
        uint104 inflowUsed;
        uint48 inflowSince;
        uint104 ceiling;
        uint104 inflowBurst;
        uint8 decimals;
        uint24 curvePpm;
        bool isListed;
        uint104 target;
        uint104 inflowRate;
    }

    /// @dev S(v). The flag tells a venue from an address that is none, in the slot that a credit reads anyway.
    struct VenueSum {
        bool isVenue;
        int248 cash;
    }

    struct Entry {
        address key;
        uint32 epoch;
    }

    uint32 internal constant QUOTE = 0;

    IOutbox internal immutable OUTBOX;
    address internal immutable INBOX;
    uint64 internal immutable HUB_CHAIN = uint64(block.chainid);

    mapping(bytes32 account => int256) internal _cash;
    mapping(bytes32 account => mapping(uint32 asset => uint256)) internal _collateral;
    mapping(uint64 chain => Peer) internal _peers;
    mapping(uint256 chainAndVenue => VenueSum) internal _sums;
    mapping(uint256 chainAssetAndVault => Reserve) internal _reserves;
    mapping(uint32 asset => uint256) internal _pot;
    mapping(uint64 source => mapping(uint32 index => bytes32)) internal _waiting;
    mapping(bytes32 account => mapping(uint64 venue => Entry)) internal _entered;
    mapping(bytes32 account => mapping(address key => Session)) internal _sessions;
    /// @dev The hub chain's own vault is reached by a call; these count what an Outbox would have counted, each way.
    uint32 internal _localSent;
    uint32 internal _localReceived;

    constructor(IOutbox outbox, address inbox) {
        OUTBOX = outbox;
        INBOX = inbox;
    }
}
