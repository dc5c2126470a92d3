// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IValidatorSets, Validator} from "./IValidatorSets.sol";

/// @title A weighted set of signers in force, and what a quorum of it has signed.
/// @dev   Storage: slot 0 = faultySize (8) ‖ size (8) ‖ faulty (56) ‖ total (56) ‖ epoch (32), from the high end; slot 1 = list; slot 2 = members.
///        A member counts only while its entry names the epoch in force, so a rotation need not erase the old set. Evidence stays for ever.
library ValidatorSets {
    struct Member {
        uint48 weight;
        uint32 epoch;
        bool faulty;
    }

    struct Head {
        uint32 epoch;
        uint56 total;
        uint56 faulty;
        uint8 size;
        uint8 faultySize;
    }

    struct Set {
        Head head;
        Validator[] list;
        mapping(address account => Member) members;
    }

    uint256 internal constant MAX_SIZE = 64;
    uint256 private constant MIN_SIGNERS = 2;
    uint256 private constant SIGNATURE = 65;
    /// @dev Half of secp256k1's order: the upper half holds the mirror image of each signature, and one is enough.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev Puts a set in force. The caller decides who may.
    function install(Set storage self, Validator[] memory next, uint32 epoch) internal {
        uint256 size = next.length;
        if (size < MIN_SIGNERS || size > MAX_SIZE) revert IValidatorSets.SetSize(size);
        delete self.list;
        uint256 total = 0;
        address previous = address(0);
        for (uint256 i = 0; i < size; ++i) {
            Validator memory validator = next[i];
            if (validator.account <= previous) revert IValidatorSets.SetUnsorted(validator.account);
            previous = validator.account;
            total += validator.weight;
            _admit(self, validator, epoch);
        }
        // forge-lint: disable-next-line(unsafe-typecast) 64 weights of 48 bits fit 56 bits, and 64 fits 8
        self.head = Head({epoch: epoch, total: uint56(total), faulty: 0, size: uint8(size), faultySize: 0});
    }

    /// @dev Reverts unless more than two thirds of the total weight, and at least two members without fault, signed the digest.
    function requireQuorum(Set storage self, bytes32 digest, bytes calldata signatures) internal view {
        Head memory head = self.head;
        uint256 count = signatures.length / SIGNATURE;
        if (count * SIGNATURE != signatures.length) revert IValidatorSets.SignaturesMalformed(signatures.length);
        uint256 weight = 0;
        uint256 signers = 0;
        address previous = address(0);
        unchecked {
            // 64 weights of 48 bits: nothing here comes near a word's end.
            for (uint256 i = 0; i < count; ++i) {
                address signer = recover(digest, signatures, i);
                if (signer <= previous) revert IValidatorSets.SignersUnsorted(signer, previous);
                previous = signer;
                Member memory member = self.members[signer];
                if (member.weight == 0 || member.epoch != head.epoch) revert IValidatorSets.SignerUnknown(signer);
                if (member.faulty) continue;
                weight += member.weight;
                ++signers;
            }
        }
        if (signers < MIN_SIGNERS || weight * 3 <= uint256(head.total) * 2) {
            revert IValidatorSets.QuorumMissed(weight, head.total, signers);
        }
    }

    /// @dev Takes a member's weight out of what counts as signed. False if that happened before.
    function expose(Set storage self, address account) internal returns (bool) {
        Member storage member = self.members[account];
        Head storage head = self.head;
        if (member.weight == 0 || member.epoch != head.epoch) revert IValidatorSets.SignerUnknown(account);
        if (member.faulty) return false;
        member.faulty = true;
        head.faulty += member.weight;
        head.faultySize += 1;
        return true;
    }

    /// @dev Whether the members without fault could still be a quorum if all of them signed.
    function canReachQuorum(Set storage self) internal view returns (bool) {
        Head memory head = self.head;
        uint256 weight = uint256(head.total) - head.faulty;
        return head.size - head.faultySize >= MIN_SIGNERS && weight * 3 > uint256(head.total) * 2;
    }

    /// @dev What a signature counts: zero for a stranger, a former member, or a faulty one.
    function weightOf(Set storage self, address account) internal view returns (uint256) {
        Member memory member = self.members[account];
        return member.faulty || member.epoch != self.head.epoch ? 0 : member.weight;
    }

    /// @dev The signer of the 65 bytes at `position`, which the caller knows to be there.
    function recover(bytes32 digest, bytes calldata signatures, uint256 position)
        internal
        view
        returns (address signer)
    {
        bool isLow;
        assembly ("memory-safe") {
            let signature := add(signatures.offset, mul(position, SIGNATURE))
            let free := mload(0x40)
            mstore(free, digest)
            mstore(add(free, 0x20), byte(0, calldataload(add(signature, 0x40))))
            calldatacopy(add(free, 0x40), signature, 0x40)
            isLow := iszero(gt(mload(add(free, 0x60)), MAX_S))
            // On failure ecrecover returns no bytes and the zero stays.
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
            signer := mload(0x00)
        }
        if (!isLow || signer == address(0)) revert IValidatorSets.SignatureInvalid(position);
    }

    /// @dev The signer of exactly one signature.
    function recoverOne(bytes32 digest, bytes calldata signature) internal view returns (address) {
        if (signature.length != SIGNATURE) revert IValidatorSets.SignaturesMalformed(signature.length);
        return recover(digest, signature, 0);
    }

    function _admit(Set storage self, Validator memory validator, uint32 epoch) private {
        if (validator.weight == 0) revert IValidatorSets.WeightZero(validator.account);
        Member storage member = self.members[validator.account];
        if (member.faulty) revert IValidatorSets.ValidatorFaulty(validator.account);
        (member.weight, member.epoch) = (validator.weight, epoch);
        self.list.push(validator);
    }
}
