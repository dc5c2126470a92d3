// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Puppet: a contract that does what anyone tells it: an owner that is a contract, its twin on another chain, an attacker's script.
contract Puppet {
    struct Step {
        address target;
        bytes data;
    }

    bytes4 private constant _VALID = 0x1626ba7e; // ERC-1271

    /// @dev Makes the calls in order in one transaction; the first that fails reverts all with its reason.
    function act(Step[] calldata steps) external {
        for (uint256 i; i < steps.length; ++i) {
            (bool success, bytes memory reason) = steps[i].target.call(steps[i].data);
            if (success) continue;
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    /// @dev Calls every signature its own.
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return _VALID;
    }
}
