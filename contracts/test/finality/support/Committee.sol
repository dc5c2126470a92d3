// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumRoots} from "../../../src/finality/IQuorumRoots.sol";
import {Validator} from "../../../src/finality/IValidatorSets.sol";
import {Statements} from "../../../src/finality/Statements.sol";
import {Test} from "../../support/Test.sol";

/// @dev Keys in ascending order of their addresses, and what they sign.
abstract contract Committee is Test {
    uint64 internal constant SOURCE = 902;
    uint64 internal constant HERE = 901;
    address internal constant OUTBOX = address(0xB0B0);

    /// @dev `count` keys, derived from `seed` and sorted by address.
    function sortedKeys(uint256 count, uint256 seed) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = uint256(keccak256(abi.encode(seed, i))) >> 1;
            uint256 j = i;
            for (; j > 0 && vm.addr(keys[j - 1]) > vm.addr(key); --j) {
                keys[j] = keys[j - 1];
            }
            keys[j] = key;
        }
    }

    function evenSet(uint256[] memory keys) internal pure returns (Validator[] memory set) {
        set = new Validator[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            set[i] = Validator({account: vm.addr(keys[i]), weight: 1});
        }
    }

    /// @dev Signatures of keys[from] … keys[to - 1].
    function signedBy(uint256[] memory keys, uint256 from, uint256 to, bytes32 digest)
        internal
        pure
        returns (bytes memory signatures)
    {
        for (uint256 i = from; i < to; ++i) {
            signatures = bytes.concat(signatures, signature(keys[i], digest));
        }
    }

    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function statement(bytes32 root, uint32 count) internal pure returns (IQuorumRoots.Statement memory) {
        return IQuorumRoots.Statement({source: SOURCE, lane: HERE, root: root, count: count, height: 7, epoch: 0});
    }

    function digestOf(IQuorumRoots.Statement memory s) internal pure returns (bytes32) {
        return Statements.root(s.source, OUTBOX, s.lane, s.root, s.count, s.height, s.epoch);
    }
}
