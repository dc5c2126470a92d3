// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchor} from "./IAnchor.sol";

/// @dev Storage: slot 0 = started (8) ‖ first (64) ‖ latest (64), from the high end; slots 1 to 8,191 = state roots by number modulo 8,191.
///      It has no constructor, so that its code can stand in a genesis block.
contract Anchor is IAnchor {
    /// @notice Only the chain's node writes, as a system call.
    error CallerNotSystem(address caller);
    /// @notice A report is exactly uint256 number ‖ bytes32 stateRoot.
    error ReportMalformed(uint256 length);
    /// @notice Numbers only grow, and a number keeps its root; below 2^64.
    error NumberFalls(uint256 number, uint64 held);
    /// @notice The zero root is the root of nothing.
    error StateRootZero(uint64 number);

    address public constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    uint256 public constant WINDOW = 8191;

    uint64 public latest;
    uint64 private _first;
    bool private _started;
    bytes32[WINDOW] private _roots;

    /// @dev The node's report. A number that is not the next one starts the ring anew: what lies in the gap was never reported, and what
    ///      lies before it may have been written over in a way that the ring cannot tell.
    fallback() external {
        if (msg.sender != SYSTEM) revert CallerNotSystem(msg.sender);
        if (msg.data.length != 64) revert ReportMalformed(msg.data.length);
        (uint256 number, bytes32 root) = abi.decode(msg.data, (uint256, bytes32));
        if (number > type(uint64).max) revert NumberFalls(number, latest);
        // forge-lint: disable-next-line(unsafe-typecast) compared with the greatest in the line above
        uint64 next = uint64(number);
        if (root == 0) revert StateRootZero(next);
        if (_started) {
            if (number == latest && _roots[number % WINDOW] == root) return;
            if (number <= latest) revert NumberFalls(number, latest);
        }
        if (!_started || number != uint256(latest) + 1) (_started, _first) = (true, next);
        latest = next;
        _roots[number % WINDOW] = root;
    }

    /// @inheritdoc IAnchor
    function stateRoot(uint64 number) external view returns (bytes32) {
        uint256 newest = latest;
        if (!_started || number > newest || number < _first || newest - number >= WINDOW) {
            revert BaseBlockUnknown(number);
        }
        return _roots[number % WINDOW];
    }
}
