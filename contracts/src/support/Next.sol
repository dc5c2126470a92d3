// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What the hub does with a credit once it stands: `mode` is
///         0 stay: nothing (every other field zero);
///         1 forward: send it on as a parcel of cash to account `to` at venue `chain` (maxCharge zero);
///         2 release: send it on as tokens to address `to` (left-padded with zeros) on `chain`;
///         3 placed (deposits only): it is cash at the venue of the deposit's own chain already (every other field zero).
/// @dev    `fee` is what the sender names for whoever delivers the second message, in its asset; `maxCharge` bounds the scarcity charge.
struct Next {
    uint8 mode;
    uint64 chain;
    bytes32 to;
    uint128 fee;
    uint128 maxCharge;
}
