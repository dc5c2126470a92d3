// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The last 64 commitments of something that grows, in a ring of storage slots that are written over and over.
/// @dev   Storage: slot 0 = frozen (8) ‖ top (56) ‖ pushed (32) ‖ outbox (160), from the high end; slots 1 to 64 = the ring.
///        `top` is what may only grow (a lane's count, a chain's height); the outbox rides along because every writer needs it.
library CommitmentRing {
    using SafeCast for uint256;

    struct Head {
        address outbox;
        uint32 pushed;
        uint56 top;
        bool frozen;
    }

    struct Ring {
        Head head;
        bytes32[64] slots;
    }

    uint256 internal constant SIZE = 64;

    /// @dev Adds the newest commitment; the oldest of 64 falls out.
    function push(Ring storage self, Head memory head, bytes32 commitment, uint256 top) internal {
        self.slots[head.pushed % SIZE] = commitment;
        // A wrap of `pushed` would forget what is held, 2^32 pushes from now; it is checked so that it would stop instead.
        self.head = Head({outbox: head.outbox, pushed: head.pushed + 1, top: top.toUint56(), frozen: head.frozen});
    }

    /// @dev Looks from the newest commitment back to the oldest held.
    function contains(Ring storage self, Head memory head, bytes32 commitment) internal view returns (bool) {
        uint256 pushed = head.pushed;
        uint256 oldest = pushed > SIZE ? pushed - SIZE : 0;
        unchecked {
            while (pushed > oldest) {
                if (self.slots[--pushed % SIZE] == commitment) return true;
            }
        }
        return false;
    }

    function newest(Ring storage self, Head memory head) internal view returns (bytes32) {
        return head.pushed == 0 ? bytes32(0) : self.slots[(head.pushed - 1) % SIZE];
    }

    /// @dev Forgets all commitments and thaws. The slots keep their bytes, which cost nothing and are never looked at again.
    function clear(Ring storage self) internal {
        self.head = Head({outbox: self.head.outbox, pushed: 0, top: 0, frozen: false});
    }
}
