// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRootOracle} from "../../../src/finality/IRootOracle.sol";

/// @dev Accepts what it is told to: tests of the Inbox decide by themselves which roots are final.
contract OpenOracle is IRootOracle {
    mapping(bytes32 statement => bool) private _accepted;

    function accept(uint64 source, uint64 lane, bytes32 root, uint32 count) public {
        _accepted[keccak256(abi.encode(source, lane, root, count))] = true;
    }

    function update(bytes calldata evidence) external override {
        (uint64 source, uint64 lane, bytes32 root, uint32 count) =
            abi.decode(evidence, (uint64, uint64, bytes32, uint32));
        accept(source, lane, root, count);
    }

    function accepted(uint64 source, uint64 lane, bytes32 root, uint32 count) external view override returns (bool) {
        return _accepted[keccak256(abi.encode(source, lane, root, count))];
    }

    function latest(uint64, uint64) external pure override returns (bytes32, uint32) {
        return (0, 0);
    }
}
