// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Reads ABI-encoded arguments in place, where `abi.decode` would copy them to memory.
library CalldataViews {
    /// @notice The evidence is not the ABI encoding that its oracle takes.
    error EvidenceMalformed(uint256 length);

    /// @dev The position in calldata to which the head's word `index` of the encoding `data` points.
    function tail(bytes calldata data, uint256 index) internal pure returns (uint256 position) {
        uint256 offset = uintAt(data, index);
        if (offset >= data.length) revert EvidenceMalformed(data.length);
        assembly ("memory-safe") {
            position := add(data.offset, offset)
        }
    }

    /// @dev The byte string to which the head's word `index` of the encoding `data` points.
    function bytesAt(bytes calldata data, uint256 index) internal pure returns (bytes calldata value) {
        uint256 offset = uintAt(data, index);
        if (offset >= data.length || data.length - offset < 32) revert EvidenceMalformed(data.length);
        uint256 length = uint256(bytes32(data[offset:offset + 32]));
        if (length > data.length - offset - 32) revert EvidenceMalformed(data.length);
        return data[offset + 32:offset + 32 + length];
    }

    function uintAt(bytes calldata data, uint256 index) internal pure returns (uint256) {
        if (data.length < 32 * (index + 1)) revert EvidenceMalformed(data.length);
        return uint256(bytes32(data[32 * index:32 * (index + 1)]));
    }
}
