// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deposit, Messages, Parcel, Release} from "../../../src/messaging/Messages.sol";

/// @dev Gives the library's internal functions an address, for forge tests and for the vectors that Python runs too.
contract MessagesHarness {
    struct Item {
        address sender;
        address recipient;
        bytes body;
    }

    function encodeDeposit(Deposit calldata m) external pure returns (bytes memory) {
        return Messages.encode(m);
    }

    function encodeRelease(Release calldata m) external pure returns (bytes memory) {
        return Messages.encode(m);
    }

    function encodeParcel(Parcel calldata m) external pure returns (bytes memory) {
        return Messages.encode(m);
    }

    function decodeDeposit(bytes calldata body) external pure returns (Deposit memory) {
        return Messages.decodeDeposit(body);
    }

    function decodeRelease(bytes calldata body) external pure returns (Release memory) {
        return Messages.decodeRelease(body);
    }

    function decodeParcel(bytes calldata body) external pure returns (Parcel memory) {
        return Messages.decodeParcel(body);
    }

    function kind(bytes calldata body) external pure returns (uint8) {
        return Messages.kind(body);
    }

    function item(bytes calldata items, uint256 offset) external pure returns (Item memory taken, uint256 end) {
        bytes calldata body;
        (taken.sender, taken.recipient, body, end) = Messages.item(items, offset);
        taken.body = body;
    }
}
