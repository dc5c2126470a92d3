// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Next} from "../support/Next.sol";
import {IInbox} from "./IInbox.sol";

/// @notice Vault to hub: tokens of `asset` worth `amount` (the fee included) arrived for `account`.
struct Deposit {
    bytes32 account;
    uint32 asset;
    uint128 amount;
    uint128 fee;
    Next next;
}

/// @notice Hub to vault: pay `amount` of `asset` to `to` for `account`, and `fee` beside it to whoever delivers.
struct Release {
    bytes32 account;
    uint32 asset;
    address to;
    uint128 amount;
    uint128 fee;
}

/// @notice A position: `base` lots of an instrument, negative when short, never zero.
struct Leg {
    uint32 instrument;
    int64 base;
}

/// @notice Hub to venue or venue to hub: signed cash and legs of `account`, and `fee` beside the cash to whoever delivers.
///         `key` (hub to venue only) acts for the account there; of two keys the one with the higher epoch holds.
struct Parcel {
    bytes32 account;
    int128 cash;
    uint128 fee;
    address key;
    uint32 keyEpoch;
    Next next;
    Leg[] legs;
}

/// @title Messages: the one accepted encoding of what crosses between chains.
/// @notice All integers are big endian, all amounts have 18 decimals:
///         leaf     keccak256(tag ‖ version ‖ source ‖ outbox ‖ destination ‖ index ‖ item)
///         item     length of body (2) ‖ sender (20) ‖ recipient (20) ‖ body
///         deposit  1 ‖ account (32) ‖ asset (4) ‖ amount (16) ‖ fee (16) ‖ next
///         release  2 ‖ account (32) ‖ asset (4) ‖ to (20) ‖ amount (16) ‖ fee (16)
///         parcel   3 ‖ account (32) ‖ cash (16, signed) ‖ fee (16) ‖ key (20) ‖ key epoch (4) ‖ next ‖ legs
///         next     0  |  1 ‖ chain (8) ‖ account (32) ‖ fee (16)  |  2 ‖ chain (8) ‖ to (20) ‖ fee (16) ‖ max charge (16)  |  3
///         leg      instrument (4) ‖ base (8, signed)
/// @dev    `encode` refuses whatever `decode…` would refuse, so that nothing can leave that could not be credited.
library Messages {
    /// @notice The body is empty or its first byte is not the kind that was to be decoded (0 for an empty body).
    error KindUnexpected(uint8 kind, uint8 expected);
    /// @notice The body has fewer or more bytes than its fields take; for a parcel `expected` is where its legs end.
    error BodyLengthWrong(uint256 length, uint256 expected);
    /// @notice An unknown mode, a mode out of place, a field that the mode does not use, or chain zero where it needs one.
    error NextMalformed(uint8 mode);
    error FeeAboveAmount(uint128 fee, uint128 amount);
    /// @notice A key has an epoch above zero, and only a key has one.
    error KeyEpochMismatch(address key, uint32 epoch);
    error TooManyLegs(uint256 legs, uint256 limit);
    /// @notice Legs are strictly ascending by instrument, and none is of zero contracts.
    error LegMalformed(uint256 position, uint32 instrument, int64 base);

    uint8 internal constant DEPOSIT = 1;
    uint8 internal constant RELEASE = 2;
    uint8 internal constant PARCEL = 3;

    uint8 internal constant STAY = 0;
    uint8 internal constant FORWARD = 1;
    uint8 internal constant TO_TOKENS = 2;
    uint8 internal constant PLACED = 3;

    bytes8 internal constant TAG = "CAUSEWAY";
    uint8 internal constant VERSION = 1;

    uint256 internal constant MAX_BODY = 2048;
    uint256 internal constant MAX_LEGS = 128;

    uint256 private constant LEAF_HEAD = 49;
    uint256 private constant ITEM_HEAD = 42;
    uint256 private constant RELEASE_LENGTH = 89;
    uint256 private constant DEPOSIT_HEAD = 69;
    uint256 private constant PARCEL_HEAD = 89;
    uint256 private constant LEG_LENGTH = 12;

    function encode(Deposit memory m) internal pure returns (bytes memory) {
        if (m.fee > m.amount) revert FeeAboveAmount(m.fee, m.amount);
        return abi.encodePacked(DEPOSIT, m.account, m.asset, m.amount, m.fee, _encode(m.next));
    }

    function encode(Release memory m) internal pure returns (bytes memory) {
        return abi.encodePacked(RELEASE, m.account, m.asset, m.to, m.amount, m.fee);
    }

    function encode(Parcel memory m) internal pure returns (bytes memory) {
        _requireParcel(m);
        return abi.encodePacked(PARCEL, m.account, m.cash, m.fee, m.key, m.keyEpoch, _encode(m.next), _encode(m.legs));
    }

    /// @notice The kind that a body says it is; 0, which is none, for an empty body.
    function kind(bytes calldata body) internal pure returns (uint8) {
        return body.length == 0 ? 0 : uint8(_field(body, 0, 1));
    }

    function decodeDeposit(bytes calldata body) internal pure returns (Deposit memory m) {
        _requireHead(body, DEPOSIT, DEPOSIT_HEAD);
        m.account = bytes32(_field(body, 1, 32));
        m.asset = uint32(_field(body, 33, 4));
        m.amount = uint128(_field(body, 37, 16));
        m.fee = uint128(_field(body, 53, 16));
        _requireLength(body, _decodeNext(m.next, body, DEPOSIT_HEAD));
        if (m.fee > m.amount) revert FeeAboveAmount(m.fee, m.amount);
    }

    function decodeRelease(bytes calldata body) internal pure returns (Release memory m) {
        _requireHead(body, RELEASE, RELEASE_LENGTH - 1);
        _requireLength(body, RELEASE_LENGTH);
        m.account = bytes32(_field(body, 1, 32));
        m.asset = uint32(_field(body, 33, 4));
        m.to = address(uint160(_field(body, 37, 20)));
        m.amount = uint128(_field(body, 57, 16));
        m.fee = uint128(_field(body, 73, 16));
    }

    function decodeParcel(bytes calldata body) internal pure returns (Parcel memory m) {
        _requireHead(body, PARCEL, PARCEL_HEAD);
        m.account = bytes32(_field(body, 1, 32));
        m.cash = int128(uint128(_field(body, 33, 16)));
        m.fee = uint128(_field(body, 49, 16));
        m.key = address(uint160(_field(body, 65, 20)));
        m.keyEpoch = uint32(_field(body, 85, 4));
        m.legs = _decodeLegs(body, _decodeNext(m.next, body, PARCEL_HEAD));
        _requireParcel(m);
    }

    /// @notice The item that starts at `offset` of a packed stream, and where the next one starts.
    function item(bytes calldata items, uint256 offset)
        internal
        pure
        returns (address sender, address recipient, bytes calldata body, uint256 end)
    {
        end = itemEnd(items, offset);
        sender = address(uint160(_field(items, offset + 2, 20)));
        recipient = recipientOf(items, offset);
        assembly ("memory-safe") {
            let start := add(offset, ITEM_HEAD)
            body.offset := add(items.offset, start)
            body.length := sub(end, start)
        }
    }

    /// @notice Where the item that starts at `offset` of a packed stream ends; reverts unless it is whole.
    function itemEnd(bytes calldata items, uint256 offset) internal pure returns (uint256 end) {
        uint256 length = _field(items, offset, 2);
        end = offset + ITEM_HEAD + length;
        if (end > items.length || length == 0 || length > MAX_BODY) revert IInbox.ItemsMalformed(offset);
    }

    /// @notice The recipient of the whole item that starts at `offset`.
    function recipientOf(bytes calldata items, uint256 offset) internal pure returns (address) {
        return address(uint160(_field(items, offset + 22, 20)));
    }

    /// @notice The leaf of one item.
    function leaf(uint64 source, address outbox, uint64 destination, uint32 index, bytes memory packedItem)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(TAG, VERSION, source, outbox, destination, index, packedItem));
    }

    /// @notice The leaves of a packed stream whose first item stands at `first`, and one word of room behind them, which
    ///         `LaneTree.rangeRoot` uses; and whether its items are for more than one recipient. Reverts unless the stream is of
    ///         one or more whole items. `first` + items must be below 2^32, which is the caller's check.
    function leaves(uint64 source, address outbox, uint64 destination, uint32 first, bytes calldata items)
        internal
        pure
        returns (bytes32[] memory row, bool isMixed)
    {
        uint256 head = (uint256(uint64(TAG)) << 72) | (uint256(VERSION) << 64) | source;
        uint256 taken;
        assembly ("memory-safe") {
            // Each preimage is laid out in turn in one buffer, as long as the longest item can be; the row follows it.
            let preimage := add(mload(0x40), 0x20)
            let longest := items.length
            if gt(longest, 2090) { longest := 2090 }
            row := and(add(add(preimage, LEAF_HEAD), add(longest, 0x1f)), not(0x1f))
            // The fields before the item, from the right to the left: each store's high zeros fall where the next one goes.
            let indexWord := add(preimage, 17) // the word that ends with the index
            mstore(indexWord, or(shl(32, destination), first))
            mstore(add(preimage, 5), outbox)
            mstore(sub(preimage, 15), head)
            let wordWithIndex := mload(indexWord)

            let from := items.offset
            let end := add(from, items.length)
            let slot := add(row, 0x20)
            let recipients := 0 // differs from zero above its low 96 bits once two recipients differ
            let firstRecipient := calldataload(add(from, 22))
            for {} lt(from, end) {} {
                let length := shr(240, calldataload(from))
                let next := add(from, add(length, ITEM_HEAD))
                if or(gt(next, end), gt(sub(length, 1), sub(MAX_BODY, 1))) { break } // a body of zero wraps
                recipients := or(recipients, xor(firstRecipient, calldataload(add(from, 22))))
                calldatacopy(add(preimage, LEAF_HEAD), from, sub(next, from))
                mstore(indexWord, wordWithIndex)
                mstore(slot, keccak256(preimage, add(length, add(ITEM_HEAD, LEAF_HEAD))))
                wordWithIndex := add(wordWithIndex, 1)
                slot := add(slot, 0x20)
                from := next
            }
            taken := sub(from, items.offset)
            isMixed := gt(recipients, sub(shl(96, 1), 1))
            mstore(row, shr(5, sub(slot, row)))
            mstore(0x40, add(slot, 0x20))
        }
        if (taken != items.length || taken == 0) revert IInbox.ItemsMalformed(taken);
    }

    function _encode(Next memory next) private pure returns (bytes memory) {
        _requireNext(next);
        if (next.mode == FORWARD) return abi.encodePacked(FORWARD, next.chain, next.to, next.fee);
        if (next.mode == TO_TOKENS) {
            return abi.encodePacked(TO_TOKENS, next.chain, bytes20(next.to << 96), next.fee, next.maxCharge);
        }
        return abi.encodePacked(next.mode);
    }

    function _encode(Leg[] memory legs) private pure returns (bytes memory packed) {
        for (uint256 i; i < legs.length; ++i) {
            packed = bytes.concat(packed, abi.encodePacked(legs[i].instrument, legs[i].base));
        }
    }

    /// @dev Fills `next` from the bytes at `offset` and returns where they end; whether the body is that long is the caller's check.
    function _decodeNext(Next memory next, bytes calldata body, uint256 offset) private pure returns (uint256 end) {
        next.mode = uint8(_field(body, offset, 1));
        end = offset + 1;
        if (next.mode == FORWARD || next.mode == TO_TOKENS) {
            bool isForward = next.mode == FORWARD;
            next.chain = uint64(_field(body, offset + 1, 8));
            uint256 toLength = isForward ? 32 : 20;
            next.to = bytes32(_field(body, offset + 9, toLength));
            end = offset + 9 + toLength;
            next.fee = uint128(_field(body, end, 16));
            end += 16;
            if (!isForward) {
                next.maxCharge = uint128(_field(body, end, 16));
                end += 16;
            }
        }
        _requireNext(next);
    }

    function _decodeLegs(bytes calldata body, uint256 offset) private pure returns (Leg[] memory legs) {
        uint256 count = body.length > offset ? (body.length - offset) / LEG_LENGTH : 0;
        _requireLength(body, offset + count * LEG_LENGTH);
        legs = new Leg[](count);
        for (uint256 i; i < count; ++i) {
            legs[i].instrument = uint32(_field(body, offset, 4));
            legs[i].base = int64(uint64(_field(body, offset + 4, 8)));
            offset += LEG_LENGTH;
        }
    }

    function _requireHead(bytes calldata body, uint8 expected, uint256 head) private pure {
        if (kind(body) != expected) revert KindUnexpected(kind(body), expected);
        // one byte more than the head: the mode of `next`, or a release's last byte
        if (body.length <= head) revert BodyLengthWrong(body.length, head + 1);
    }

    function _requireLength(bytes calldata body, uint256 expected) private pure {
        if (body.length != expected) revert BodyLengthWrong(body.length, expected);
    }

    function _requireNext(Next memory next) private pure {
        bool fits;
        if (next.mode == FORWARD) fits = next.chain != 0 && next.maxCharge == 0;
        else if (next.mode == TO_TOKENS) fits = next.chain != 0 && uint256(next.to) >> 160 == 0;
        else if (next.mode <= PLACED) fits = (next.chain | uint256(next.to) | next.fee | next.maxCharge) == 0;
        if (!fits) revert NextMalformed(next.mode);
    }

    function _requireParcel(Parcel memory m) private pure {
        if ((m.key == address(0)) != (m.keyEpoch == 0)) revert KeyEpochMismatch(m.key, m.keyEpoch);
        if (m.next.mode == PLACED) revert NextMalformed(PLACED); // only a deposit is placed
        if (m.legs.length > MAX_LEGS) revert TooManyLegs(m.legs.length, MAX_LEGS);
        for (uint256 i; i < m.legs.length; ++i) {
            Leg memory leg = m.legs[i];
            bool ascends = i == 0 || m.legs[i - 1].instrument < leg.instrument;
            if (!ascends || leg.base == 0) revert LegMalformed(i, leg.instrument, leg.base);
        }
    }

    /// @dev The unsigned integer in the `length` bytes of `data` from `offset` on. Past its end they are whatever follows in the
    ///      calldata: every caller checks the length before it uses or returns the value.
    function _field(bytes calldata data, uint256 offset, uint256 length) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), calldataload(add(data.offset, offset)))
        }
    }
}
