// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Validator} from "./IValidatorSets.sol";

/// @title The EIP-712 digests that validators and verifiers sign.
/// @dev   The domain has no chain id and no contract on purpose: a statement is about a source, whoever reads it wherever, and evidence
///        against its signer has to be valid on every chain. What must not travel (a vote) names its contract in the struct.
library Statements {
    /// @dev keccak256(abi.encode(keccak256("EIP712Domain(string name,string version)"), keccak256("Causeway Roots"), keccak256("1"))), written
    ///      out because the compiler would compute it anew in every call; a test holds it to this.
    bytes32 internal constant DOMAIN = 0xf14164403bc3d81b7e96d17d82db8b593ef0e94a3928d7d1481e4646a591eae4;
    bytes32 private constant ROOT = keccak256(
        "Root(uint64 source,address outbox,uint64 lane,bytes32 root,uint32 count,uint64 height,uint32 epoch)"
    );
    bytes32 private constant ROTATION = keccak256("Rotation(uint64 source,address outbox,uint32 epoch,bytes32 set)");
    bytes32 private constant STATE_ROOT =
        keccak256("StateRoot(uint64 chain,uint64 height,bytes32 stateRoot,uint32 epoch)");
    bytes32 private constant VOTE = keccak256("Vote(address court,uint256 id,bytes32 claim,bool valid,uint32 epoch)");

    function root(uint64 source, address outbox, uint64 lane, bytes32 root_, uint32 count, uint64 height, uint32 epoch)
        internal
        pure
        returns (bytes32)
    {
        return _digest(keccak256(abi.encode(ROOT, source, outbox, lane, root_, count, height, epoch)));
    }

    function rotation(uint64 source, address outbox, uint32 epoch, Validator[] memory set)
        internal
        pure
        returns (bytes32)
    {
        return _digest(keccak256(abi.encode(ROTATION, source, outbox, epoch, keccak256(abi.encode(set)))));
    }

    function stateRoot(uint64 chain, uint64 height, bytes32 stateRoot_, uint32 epoch) internal pure returns (bytes32) {
        return _digest(keccak256(abi.encode(STATE_ROOT, chain, height, stateRoot_, epoch)));
    }

    function vote(address court, uint256 id, bytes32 claim, bool valid, uint32 epoch) internal pure returns (bytes32) {
        return _digest(keccak256(abi.encode(VOTE, court, id, claim, valid, epoch)));
    }

    /// @dev keccak256(0x1901 ‖ domain ‖ structHash), in free memory that is not kept.
    function _digest(bytes32 structHash) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, shl(240, 0x1901))
            mstore(add(free, 0x02), DOMAIN)
            mstore(add(free, 0x22), structHash)
            digest := keccak256(free, 0x42)
        }
    }
}
