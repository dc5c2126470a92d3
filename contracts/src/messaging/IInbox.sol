// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Inbox: where messages from other chains arrive, each proven by inclusion and credited once.
interface IInbox {
    /// @notice Where a source's messages come from and who says which of its roots are final. Fixed once added: a lane has one oracle.
    struct Route {
        uint64 source;
        address outbox;
        address oracle;
    }

    /// @notice The messages first … first + n − 1 are delivered, now or before, but for those which a DeliveryFailed that
    ///         follows in the same transaction takes back.
    event Delivered(uint64 indexed source, uint32 first, uint32 n, bytes32 payee);
    /// @notice A recipient refused one message; it stays undelivered and anyone can try again. `reason` is cut at 64 bytes.
    event DeliveryFailed(uint64 indexed source, uint32 indexed index, bytes reason);
    event RouteAdded(uint64 indexed source, address outbox, address oracle);

    error SourceUnknown(uint64 source);
    error RouteAlreadyKnown(uint64 source);
    /// @notice A route needs a source other than zero and this chain, an outbox and an oracle.
    error RouteInvalid(uint64 source, address outbox, address oracle);
    /// @notice The source's oracle does not hold (root, count) as final: bring a root first, or take a newer one.
    error RootNotAccepted(uint64 source, bytes32 root, uint32 count);
    /// @notice first + n must not pass count, which is below 2^32.
    error RangeOutsideTree(uint256 first, uint256 n, uint32 count);
    /// @notice The packed items end in the middle of an item, or are empty.
    error ItemsMalformed(uint256 offset);
    /// @notice A proof has exactly as many siblings as the range needs below the subtree's root.
    error SiblingsMiscounted(uint256 given, uint256 needed);
    error ProofInvalid(bytes32 computed, bytes32 root);
    /// @notice Every message of the range was delivered before, or every one failed (with the first reason given).
    error NothingDelivered(uint64 source, uint32 first, bytes reason);
    /// @notice A message's recipient takes messages: it is one of this chain's system contracts, and has code. The reason of a DeliveryFailed.
    error RecipientUnknown(address recipient);
    /// @notice A message failed with less gas than every message may use: give more. A refusal that counts was not starved.
    error GasTooLow(uint256 left, uint256 needed);

    /// @notice Delivers a contiguous range under one range proof against a root that the source's oracle accepts.
    /// @dev    The proof goes level by level over the range [lo, hi]: the left sibling if lo is odd, then the right one if hi is even,
    ///         then both are halved, up to the depth of the smallest subtree enclosing `count` leaves. A range of one is a single proof.
    /// @param payee The account (owner ‖ label) that gets the fees of what is delivered.
    /// @param items Packed: for each message length (2) ‖ sender (20) ‖ recipient (20) ‖ body.
    /// @return delivered How many messages were credited by this call.
    function deliver(
        uint64 source,
        bytes32 root,
        uint32 count,
        uint32 first,
        bytes32 payee,
        bytes calldata items,
        bytes32[] calldata siblings
    ) external returns (uint256 delivered);

    /// @notice Brings a root to the source's oracle and delivers against it in one transaction.
    /// @param rootUpdate What the oracle's `update` takes. An update that the oracle already holds changes nothing and does not revert.
    function updateAndDeliver(
        bytes calldata rootUpdate,
        uint64 source,
        bytes32 root,
        uint32 count,
        uint32 first,
        bytes32 payee,
        bytes calldata items,
        bytes32[] calldata siblings
    ) external returns (uint256 delivered);

    /// @notice Adds the route of a source that was not known when the Inbox was deployed; only the owner.
    function addRoute(Route calldata added) external;

    function isDelivered(uint64 source, uint32 index) external view returns (bool);

    function route(uint64 source) external view returns (address outbox, address oracle);
}
