// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRootOracle} from "../finality/IRootOracle.sol";
import {IInbox} from "./IInbox.sol";
import {IMessageRecipient} from "./IMessageRecipient.sol";
import {LaneTree} from "./LaneTree.sol";
import {Messages} from "./Messages.sol";

contract Inbox is IInbox, Ownable, ReentrancyGuardTransient {
    /// @dev One slot for a route whose Outbox stands at the address that the first route's has: deployment gives our contracts one
    ///      address on every chain. `_outboxes` has the others.
    struct Origin {
        address oracle;
        bool hasOtherOutbox;
    }

    /// @dev 256 messages of a source, a set bit where one was delivered.
    struct Word {
        uint256 bits;
    }

    /// @dev One delivery as its steps share it. `fresh` has the range's words of the bitmap, with a set bit where a message was not delivered before.
    struct Batch {
        uint64 source;
        uint32 first;
        bytes32 payee;
        uint256[] fresh;
        bytes reason; // the first that a failing message gave
    }

    /// @notice What one message may use: far above what any takes, and what a refusal must have had before it counts.
    uint256 public constant MESSAGE_GAS = 2_000_000;

    uint256 private constant _CALL_OVERHEAD = 20_000;
    uint256 private constant _MAX_REASON = 64;

    address private immutable _VAULT;
    address private immutable _CLEARING;
    address private immutable _COMMON_OUTBOX;

    mapping(uint64 source => Origin) private _origins;
    mapping(uint64 source => address) private _outboxes;
    mapping(uint256 sourceAndWord => Word) private _delivered;

    constructor(Route[] memory routes, address vault, address clearing, address owner) Ownable(owner) {
        _VAULT = vault;
        _CLEARING = clearing;
        _COMMON_OUTBOX = routes.length == 0 ? address(0) : routes[0].outbox;
        for (uint256 i; i < routes.length; ++i) {
            _addRoute(routes[i]);
        }
    }

    function addRoute(Route calldata added) external override onlyOwner {
        _addRoute(added);
    }

    function deliver(
        uint64 source,
        bytes32 root,
        uint32 count,
        uint32 first,
        bytes32 payee,
        bytes calldata items,
        bytes32[] calldata siblings
    ) external override nonReentrant returns (uint256) {
        (uint32 n, bool isMixed) = _verify(source, root, count, first, items, siblings);
        return _credit(Batch(source, first, payee, new uint256[](0), ""), n, isMixed, items);
    }

    function updateAndDeliver(
        bytes calldata rootUpdate,
        uint64 source,
        bytes32 root,
        uint32 count,
        uint32 first,
        bytes32 payee,
        bytes calldata items,
        bytes32[] calldata siblings
    ) external override nonReentrant returns (uint256) {
        (, address oracle) = _origin(source);
        IRootOracle(oracle).update(rootUpdate);
        (uint32 n, bool isMixed) = _verify(source, root, count, first, items, siblings);
        return _credit(Batch(source, first, payee, new uint256[](0), ""), n, isMixed, items);
    }

    function isDelivered(uint64 source, uint32 index) external view override returns (bool) {
        return (_word(source, index).bits >> (index & 255)) & 1 == 1;
    }

    function route(uint64 source) external view override returns (address outbox, address oracle) {
        if (_origins[source].oracle != address(0)) return _origin(source);
    }

    function _addRoute(Route memory added) private {
        bool isComplete = added.outbox != address(0) && added.oracle != address(0);
        if (!isComplete || added.source == 0 || added.source == block.chainid) {
            revert RouteInvalid(added.source, added.outbox, added.oracle);
        }
        if (_origins[added.source].oracle != address(0)) revert RouteAlreadyKnown(added.source);
        bool isOther = added.outbox != _COMMON_OUTBOX;
        _origins[added.source] = Origin({oracle: added.oracle, hasOtherOutbox: isOther});
        if (isOther) _outboxes[added.source] = added.outbox;
        emit RouteAdded(added.source, added.outbox, added.oracle);
    }

    function _origin(uint64 source) private view returns (address outbox, address oracle) {
        Origin memory origin = _origins[source];
        if (origin.oracle == address(0)) revert SourceUnknown(source);
        return (origin.hasOtherOutbox ? _outboxes[source] : _COMMON_OUTBOX, origin.oracle);
    }

    /// @dev Reverts unless the items stand from `first` on in a tree that the source's oracle holds. Returns how many they are, and
    ///      whether they are for more than one recipient.
    function _verify(
        uint64 source,
        bytes32 root,
        uint32 count,
        uint32 first,
        bytes calldata items,
        bytes32[] calldata siblings
    ) private view returns (uint32 n, bool isMixed) {
        (address outbox, address oracle) = _origin(source);
        bytes32[] memory row;
        (row, isMixed) = Messages.leaves(source, outbox, uint64(block.chainid), first, items);
        n = SafeCast.toUint32(row.length - 1);
        if (uint256(first) + n > count) revert RangeOutsideTree(first, n, count);
        if (!IRootOracle(oracle).accepted(source, uint64(block.chainid), root, count)) {
            revert RootNotAccepted(source, root, count);
        }
        (bytes32 computed, uint256 used) = LaneTree.rangeRoot(row, first, count, siblings);
        if (used != siblings.length) revert SiblingsMiscounted(siblings.length, used);
        if (computed != root) revert ProofInvalid(computed, root);
    }

    /// @dev Marks the range, then calls the recipients: a message that fails is unmarked again.
    function _credit(Batch memory batch, uint32 n, bool isMixed, bytes calldata items)
        private
        returns (uint256 delivered)
    {
        bool isNew = _mark(batch, n);
        emit Delivered(batch.source, batch.first, n, batch.payee);
        delivered = isNew && !isMixed
            ? _creditRun(batch, Messages.recipientOf(items, 0), batch.first, n, items)
            : _creditRuns(batch, items);
        if (delivered == 0) revert NothingDelivered(batch.source, batch.first, batch.reason);
    }

    /// @dev Sets the range's bits, each word read and written once, and keeps those that were not set; returns whether none was.
    function _mark(Batch memory batch, uint32 n) private returns (bool isNew) {
        unchecked {
            uint256 from = batch.first;
            uint256 end = from + n;
            uint256[] memory fresh = new uint256[](((end - 1) >> 8) - (from >> 8) + 1);
            isNew = true;
            for (uint256 i; from < end; ++i) {
                uint256 position = from & 255;
                uint256 length = end - from < 256 - position ? end - from : 256 - position;
                uint256 range = (type(uint256).max >> (256 - length)) << position;
                Word storage word = _word(batch.source, from);
                uint256 held = word.bits;
                fresh[i] = range & ~held;
                if (fresh[i] != range) isNew = false;
                word.bits = held | range;
                from += length;
            }
            batch.fresh = fresh;
        }
    }

    function _word(uint64 source, uint256 index) private view returns (Word storage) {
        return _delivered[(uint256(source) << 24) | (index >> 8)];
    }

    /// @dev Splits the items into runs of new messages for one recipient.
    function _creditRuns(Batch memory batch, bytes calldata items) private returns (uint256 delivered) {
        uint32 index = batch.first;
        uint256 offset;
        while (offset < items.length) {
            uint32 runFirst = index;
            uint256 runOffset = offset;
            address recipient = Messages.recipientOf(items, offset);
            bool isNew = _isFresh(batch, index);
            do {
                offset = Messages.itemEnd(items, offset);
                ++index;
            } while (
                offset < items.length && Messages.recipientOf(items, offset) == recipient
                    && _isFresh(batch, index) == isNew
            );
            if (isNew) delivered += _creditRun(batch, recipient, runFirst, index - runFirst, items[runOffset:offset]);
        }
    }

    function _isFresh(Batch memory batch, uint32 index) private pure returns (bool) {
        return (batch.fresh[(index >> 8) - (batch.first >> 8)] >> (index & 255)) & 1 == 1;
    }

    /// @dev One call for all; one by one only where that fails, so that a bad message does not hold up the others.
    function _creditRun(Batch memory batch, address recipient, uint32 first, uint32 n, bytes calldata items)
        private
        returns (uint256 delivered)
    {
        if (n == 1) return _creditOne(batch, recipient, first, items) ? 1 : 0;
        if (_call(batch, recipient, first, n, items)) return n;
        uint256 offset;
        for (uint32 i; i < n; ++i) {
            uint256 end = Messages.itemEnd(items, offset);
            if (_creditOne(batch, recipient, first + i, items[offset:end])) ++delivered;
            offset = end;
        }
    }

    function _creditOne(Batch memory batch, address recipient, uint32 index, bytes calldata item)
        private
        returns (bool isCredited)
    {
        uint256 left = gasleft();
        isCredited = _call(batch, recipient, index, 1, item);
        if (isCredited) return true;
        bytes memory reason = _reason(recipient);
        // A 64th of the gas stays behind in a call. With less than this the failure may be the deliverer's doing.
        uint256 needed = MESSAGE_GAS + MESSAGE_GAS / 63 + _CALL_OVERHEAD;
        if (left < needed) revert GasTooLow(left, needed);
        _word(batch.source, index).bits &= ~(2 ** (index & 255));
        if (batch.reason.length == 0) batch.reason = reason;
        emit DeliveryFailed(batch.source, index, reason);
    }

    /// @dev Hands a run to its recipient with gas for each message and none of the return data copied.
    function _call(Batch memory batch, address recipient, uint32 first, uint32 n, bytes calldata items)
        private
        returns (bool success)
    {
        if (!_takesMessages(recipient)) return false;
        bytes memory data = abi.encodeCall(IMessageRecipient.onMessages, (batch.source, first, batch.payee, items));
        uint256 limit = MESSAGE_GAS * n;
        assembly ("memory-safe") {
            success := call(limit, recipient, 0, add(data, 0x20), mload(data), 0, 0)
        }
    }

    /// @dev A call to an address without code would succeed, and its messages be marked and lost.
    function _takesMessages(address recipient) private view returns (bool) {
        return (recipient == _VAULT || recipient == _CLEARING) && recipient.code.length != 0;
    }

    /// @dev Why the last call failed: the start of its return data, never all that a recipient may send.
    function _reason(address recipient) private view returns (bytes memory reason) {
        if (!_takesMessages(recipient)) return abi.encodeWithSelector(RecipientUnknown.selector, recipient);
        assembly ("memory-safe") {
            let length := returndatasize()
            if gt(length, _MAX_REASON) { length := _MAX_REASON }
            reason := mload(0x40)
            mstore(reason, length)
            returndatacopy(add(reason, 0x20), 0, length)
            mstore(0x40, add(reason, 0x60))
        }
    }
}
