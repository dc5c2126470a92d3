// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IInbox} from "../../../src/messaging/IInbox.sol";
import {Inbox} from "../../../src/messaging/Inbox.sol";
import {Outbox} from "../../../src/messaging/Outbox.sol";
import {Test} from "../../support/Test.sol";
import {HostileRecipient} from "./HostileRecipient.sol";
import {LaneModel} from "./LaneModel.sol";
import {OpenOracle} from "./OpenOracle.sol";

/// @dev A lane from chain 1001 to chain 1002: a real Outbox, a real Inbox, and a tree to make proofs from.
abstract contract LaneFixture is Test {
    uint64 internal constant SOURCE = 1001;
    uint64 internal constant HERE = 1002;
    address internal constant OWNER = address(0x0777);
    address internal constant VAULT_THERE = address(0xA1);
    address internal constant CLEARING_THERE = address(0xA2);
    bytes32 internal constant PAYEE = bytes32(uint256(0xfee) << 96);

    Outbox internal outbox;
    Inbox internal inbox;
    OpenOracle internal oracle;
    LaneModel internal model;
    HostileRecipient internal vault;
    HostileRecipient internal clearing;
    bytes[] internal sent;

    function setUp() public virtual {
        model = new LaneModel();
        oracle = new OpenOracle();
        vault = new HostileRecipient();
        clearing = new HostileRecipient();
        vm.chainId(SOURCE);
        uint64[] memory destinations = new uint64[](1);
        destinations[0] = HERE;
        outbox = new Outbox(VAULT_THERE, CLEARING_THERE, destinations, OWNER);
        vm.chainId(HERE);
        inbox = inboxFor(address(outbox), address(vault), address(clearing));
    }

    function inboxFor(address outbox_, address vault_, address clearing_) internal returns (Inbox) {
        IInbox.Route[] memory routes = new IInbox.Route[](1);
        routes[0] = IInbox.Route({source: SOURCE, outbox: outbox_, oracle: address(oracle)});
        return new Inbox(routes, vault_, clearing_, OWNER);
    }

    /// @dev Sends from chain 1001 and keeps item and leaf; ends on chain 1002.
    function send(address sender, address recipient, bytes memory body) internal returns (uint32 index) {
        vm.chainId(SOURCE);
        vm.prank(sender);
        index = outbox.send(HERE, recipient, body);
        vm.chainId(HERE);
        bytes memory item = abi.encodePacked(uint16(body.length), sender, recipient, body);
        sent.push(item);
        model.append(leafOf(index, item));
    }

    function leafOf(uint32 index, bytes memory item) internal view returns (bytes32) {
        bytes memory head = abi.encodePacked("CAUSEWAY", uint8(1), SOURCE, address(outbox), HERE, index);
        return keccak256(bytes.concat(head, item));
    }

    /// @dev One message of each behaviour given, to the clearing contract.
    function sendAll(uint8[6] memory behaviours) internal {
        for (uint256 i; i < behaviours.length; ++i) {
            send(CLEARING_THERE, address(clearing), abi.encodePacked(behaviours[i], "body", i));
        }
    }

    /// @dev The error of a revert, zero if it gave none.
    function selectorOf(bytes memory reason) internal pure returns (bytes4) {
        // forge-lint: disable-next-line(unsafe-typecast) the fields after it are not asked for
        return bytes4(reason);
    }

    function count() internal view returns (uint32) {
        return SafeCast.toUint32(sent.length);
    }

    function finalRoot() internal returns (bytes32 root) {
        root = model.root(count());
        oracle.accept(SOURCE, HERE, root, count());
    }

    function itemsFrom(uint32 first, uint32 n) internal view returns (bytes memory items) {
        for (uint32 i; i < n; ++i) {
            items = bytes.concat(items, sent[first + i]);
        }
    }

    function deliver(uint32 first, uint32 n) internal returns (uint256) {
        (bytes32 root, bytes memory items) = (finalRoot(), itemsFrom(first, n));
        return inbox.deliver(SOURCE, root, count(), first, PAYEE, items, model.rangeProof(first, n, count()));
    }

    /// @dev The calldata of a delivery, for calls with chosen gas or altered words.
    function deliveryData(uint32 first, uint32 n) internal returns (bytes memory) {
        bytes32[] memory siblings = model.rangeProof(first, n, count());
        bytes32 root = finalRoot();
        return abi.encodeCall(IInbox.deliver, (SOURCE, root, count(), first, PAYEE, itemsFrom(first, n), siblings));
    }

    function expectDeliverReverts(uint32 first, uint32 n, bytes memory reason) internal {
        bytes memory data = deliveryData(first, n);
        (bool success, bytes memory result) = address(inbox).call(data);
        vm.assertFalse(success);
        vm.assertEq(result, reason);
    }
}
