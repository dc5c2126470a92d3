// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerklePatricia} from "../../src/finality/IMerklePatricia.sol";
import {MerklePatricia} from "../../src/finality/MerklePatricia.sol";

/// @dev Lets a test ask MerklePatricia about many proofs in one call.
contract PatriciaHarness {
    struct Case {
        bytes32 root;
        bytes key;
        bytes[] nodes;
    }

    /// @dev A revert of another kind than a refusal: an accident, such as an overflow.
    error NotARefusal(uint256 position, bytes reason);

    function account(bytes32 root, address who, bytes[] calldata nodes)
        external
        pure
        returns (bool exists, MerklePatricia.Account memory found)
    {
        return MerklePatricia.account(root, who, nodes);
    }

    function storageValue(bytes32 root, bytes32 slot, bytes[] calldata nodes) external pure returns (uint256) {
        return MerklePatricia.storageValue(root, slot, nodes);
    }

    /// @dev For each case (a key of 20 bytes is an account's) what the library returns, ABI-encoded; empty if it refuses the proof.
    function judge(Case[] calldata cases) external view returns (bytes[] memory verdicts) {
        verdicts = new bytes[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            (bool isProven, bytes memory answer) = address(this).staticcall(_question(cases[i]));
            if (isProven) verdicts[i] = answer;
            else if (bytes4(answer) != IMerklePatricia.ProofRejected.selector) revert NotARefusal(i, answer);
        }
    }

    function _question(Case calldata asked) private view returns (bytes memory) {
        if (asked.key.length == 20) {
            return abi.encodeCall(this.account, (asked.root, address(bytes20(asked.key)), asked.nodes));
        }
        return abi.encodeCall(this.storageValue, (asked.root, bytes32(asked.key), asked.nodes));
    }
}
