// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRootOracle} from "./IRootOracle.sol";

/// @title What both root oracles share: they hold one lane a source, the one that leads to this chain, and can freeze it.
/// @dev    A commitment that is held already changes nothing and reverts nothing, so that a delivery can carry a root which another
///         relayer brought first. `accepted` looks at the newest commitment first: two storage reads for it, one more for each older one.
interface ILaneRoots is IRootOracle {
    /// @notice Two roots were final for one count: one of them is false, and nothing of this lane is accepted until the owner reopens it.
    event LaneFrozen(uint64 indexed source, uint64 indexed lane);
    /// @notice The owner reopened the lane. All that was held is forgotten: roots must be brought anew.
    event LaneReopened(uint64 indexed source, uint64 indexed lane);
    event SourceAdded(uint64 indexed source, address outbox);

    /// @notice The source was never added here.
    error SourceUnknown(uint64 source);
    error SourceAlreadyKnown(uint64 source);
    /// @notice A source is another chain than this one, its id and its outbox not zero.
    error SourceInvalid(uint64 source, address outbox);
    /// @notice Only the lane that leads to this chain is of use here.
    error LaneForeign(uint64 lane, uint64 here);
    /// @notice A lane without leaves has no root.
    error CountZero(uint64 source, uint64 lane);
    /// @notice The lane is frozen and accepts nothing until the owner reopens it.
    error LaneIsFrozen(uint64 source, uint64 lane);

    /// @notice Whether the lane is frozen; false for lanes that this oracle does not hold.
    function frozen(uint64 source, uint64 lane) external view returns (bool);

    /// @notice The Outbox whose lanes are meant by `source`; zero if the source is unknown.
    function outboxOf(uint64 source) external view returns (address);
}
