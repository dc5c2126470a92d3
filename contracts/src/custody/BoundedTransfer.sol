// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BoundedTransfer: a token transfer that can fail, but can neither revert, nor burn all gas, nor return a bomb.
library BoundedTransfer {
    /// @notice What one transfer may use at most.
    uint256 internal constant GAS = 200_000;
    /// @notice What must be left before a transfer, so that it gets GAS whole (EIP-150 keeps a 64th back) and the caller can go on.
    uint256 internal constant GAS_NEEDED = 270_000;

    /// @notice Whether the token says that it paid: nothing returned (some tokens return nothing) or true.
    function tryTransfer(address token, address to, uint256 amount) internal returns (bool paid) {
        bytes memory data = abi.encodeWithSignature("transfer(address,uint256)", to, amount);
        uint256 gasLimit = GAS;
        assembly ("memory-safe") {
            mstore(0, 0)
            let success := call(gasLimit, token, 0, add(data, 32), mload(data), 0, 32)
            let isTrue := and(gt(returndatasize(), 31), eq(mload(0), 1))
            let isSilent := and(iszero(returndatasize()), gt(extcodesize(token), 0))
            paid := and(success, or(isTrue, isSilent))
        }
    }
}
