// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../src/messaging/IInbox.sol";
import {Deposit, Leg, Messages, Parcel, Release} from "../../src/messaging/Messages.sol";
import {Next} from "../../src/support/Next.sol";
import {Test} from "../support/Test.sol";
import {MessageVectors} from "./support/MessageVectors.sol";
import {MessagesHarness} from "./support/MessagesHarness.sol";

contract MessagesTest is Test {
    MessagesHarness private immutable _HARNESS = new MessagesHarness();

    // -- vectors: what Python accepts and refuses

    function test_decode__accepted_vectors__give_their_structs_and_encode_back() external view {
        bytes[] memory bodies = MessageVectors.bodies();
        bytes[] memory structs = MessageVectors.structs();
        for (uint256 i; i < bodies.length; ++i) {
            (bytes memory asStruct, bytes memory again) = _roundTrip(bodies[i]);
            vm.assertEq(asStruct, structs[i]);
            vm.assertEq(again, bodies[i]);
        }
    }

    function test_decode__refused_vectors__revert_for_every_kind() external {
        bytes[] memory bodies = MessageVectors.refusedBodies();
        for (uint256 i; i < bodies.length; ++i) {
            vm.expectRevert();
            _HARNESS.decodeDeposit(bodies[i]);
            vm.expectRevert();
            _HARNESS.decodeRelease(bodies[i]);
            vm.expectRevert();
            _HARNESS.decodeParcel(bodies[i]);
        }
    }

    function test_encode__refused_structs__revert() external {
        bytes[] memory deposits = MessageVectors.refusedDeposits();
        for (uint256 i; i < deposits.length; ++i) {
            Deposit memory deposit = abi.decode(deposits[i], (Deposit));
            vm.expectRevert();
            _HARNESS.encodeDeposit(deposit);
        }
        bytes[] memory parcels = MessageVectors.refusedParcels();
        for (uint256 i; i < parcels.length; ++i) {
            Parcel memory parcel = abi.decode(parcels[i], (Parcel));
            vm.expectRevert();
            _HARNESS.encodeParcel(parcel);
        }
    }

    // -- any fields, any bytes

    function testFuzz_deposit__any_fields__encode_and_decode_or_are_refused(Deposit memory m) external view {
        try _HARNESS.encodeDeposit(m) returns (bytes memory body) {
            vm.assertEq(abi.encode(_HARNESS.decodeDeposit(body)), abi.encode(m));
        } catch {
            vm.assertTrue(m.fee > m.amount || !_fits(m.next));
        }
    }

    function testFuzz_deposit__fields_in_range__encode_and_decode(Deposit memory m, uint8 mode) external view {
        m.next = _fitted(m.next, mode % 4);
        if (m.fee > m.amount) (m.fee, m.amount) = (m.amount, m.fee);
        vm.assertEq(abi.encode(_HARNESS.decodeDeposit(_HARNESS.encodeDeposit(m))), abi.encode(m));
    }

    function testFuzz_release__any_fields__encode_and_decode(Release memory m) external view {
        vm.assertEq(abi.encode(_HARNESS.decodeRelease(_HARNESS.encodeRelease(m))), abi.encode(m));
    }

    function testFuzz_parcel__fields_in_range__encode_and_decode(Parcel memory m, uint8 mode, uint8 legs)
        external
        view
    {
        m.next = _fitted(m.next, mode % 3);
        if (m.key == address(0)) m.keyEpoch = 0;
        else if (m.keyEpoch == 0) m.keyEpoch = 1;
        m.legs = new Leg[](legs % (Messages.MAX_LEGS + 1));
        for (uint32 i; i < m.legs.length; ++i) {
            m.legs[i] = Leg({instrument: i * 3, base: i % 2 == 0 ? int64(1) : type(int64).min});
        }
        vm.assertEq(abi.encode(_HARNESS.decodeParcel(_HARNESS.encodeParcel(m))), abi.encode(m));
    }

    function testFuzz_decode__any_bytes__are_refused_or_are_the_one_encoding(bytes memory body) external view {
        try this.roundTrip(body) returns (bytes memory again) {
            vm.assertEq(again, body);
        } catch {}
    }

    function testFuzz_decode__changed_byte__is_refused_or_another_message(uint256 which, uint256 at_, uint8 change)
        external
        view
    {
        bytes[] memory bodies = MessageVectors.bodies();
        bytes memory body = bodies[which % bodies.length];
        bytes32 before = keccak256(body);
        at_ %= body.length;
        body[at_] = bytes1(uint8(body[at_]) ^ change);
        try this.roundTrip(body) returns (bytes memory again) {
            vm.assertEq(again, body);
            vm.assertTrue(change == 0 || keccak256(again) != before);
        } catch {
            vm.assertTrue(change != 0);
        }
    }

    // -- what the errors say

    function test_decode__other_kind__says_which() external {
        bytes memory release = MessageVectors.bodies()[6];
        vm.expectRevert(abi.encodeWithSelector(Messages.KindUnexpected.selector, 2, 1));
        _HARNESS.decodeDeposit(release);
        vm.expectRevert(abi.encodeWithSelector(Messages.KindUnexpected.selector, 0, 3));
        _HARNESS.decodeParcel("");
        vm.assertEq(_HARNESS.kind(release), Messages.RELEASE);
        vm.assertEq(_HARNESS.kind(""), 0);
    }

    function test_decode__wrong_length__says_the_right_one() external {
        bytes memory release = MessageVectors.bodies()[6];
        vm.expectRevert(abi.encodeWithSelector(Messages.BodyLengthWrong.selector, 90, 89));
        _HARNESS.decodeRelease(bytes.concat(release, hex"00"));
    }

    function test_encode__leg_of_nothing__says_where() external {
        Parcel memory parcel;
        parcel.legs = new Leg[](2);
        parcel.legs[0] = Leg({instrument: 4, base: 1});
        parcel.legs[1] = Leg({instrument: 5, base: 0});
        vm.expectRevert(abi.encodeWithSelector(Messages.LegMalformed.selector, 1, 5, 0));
        _HARNESS.encodeParcel(parcel);
    }

    // -- items

    function testFuzz_item__between_others__is_found(address sender, address recipient, bytes memory body, uint8 before)
        external
        view
    {
        vm.assume(body.length != 0 && body.length <= Messages.MAX_BODY);
        bytes memory head = new bytes(before);
        bytes memory items = bytes.concat(head, _item(sender, recipient, body), hex"0001");
        (MessagesHarness.Item memory found, uint256 end) = _HARNESS.item(items, before);
        vm.assertEq(found.sender, sender);
        vm.assertEq(found.recipient, recipient);
        vm.assertEq(found.body, body);
        vm.assertEq(end, items.length - 2);
    }

    function testFuzz_item__cut_anywhere__reverts(bytes memory body, uint256 length) external {
        vm.assume(body.length != 0 && body.length <= Messages.MAX_BODY);
        bytes memory item = _item(address(1), address(2), body);
        length %= item.length;
        assembly ("memory-safe") {
            mstore(item, length)
        }
        vm.expectRevert(abi.encodeWithSelector(IInbox.ItemsMalformed.selector, 0));
        _HARNESS.item(item, 0);
    }

    function test_item__empty_or_too_long_body__reverts() external {
        (MessagesHarness.Item memory found,) = _HARNESS.item(_item(address(1), address(2), new bytes(2048)), 0);
        vm.assertEq(found.body.length, Messages.MAX_BODY);
        vm.expectRevert(abi.encodeWithSelector(IInbox.ItemsMalformed.selector, 0));
        _HARNESS.item(_item(address(1), address(2), new bytes(2049)), 0);
        vm.expectRevert(abi.encodeWithSelector(IInbox.ItemsMalformed.selector, 0));
        _HARNESS.item(_item(address(1), address(2), ""), 0);
    }

    function roundTrip(bytes calldata body) external view returns (bytes memory again) {
        (, again) = _roundTrip(body);
    }

    function _roundTrip(bytes memory body) private view returns (bytes memory asStruct, bytes memory again) {
        uint8 kind = _HARNESS.kind(body);
        if (kind == Messages.DEPOSIT) {
            Deposit memory deposit = _HARNESS.decodeDeposit(body);
            return (abi.encode(deposit), _HARNESS.encodeDeposit(deposit));
        }
        if (kind == Messages.RELEASE) {
            Release memory release = _HARNESS.decodeRelease(body);
            return (abi.encode(release), _HARNESS.encodeRelease(release));
        }
        Parcel memory parcel = _HARNESS.decodeParcel(body);
        return (abi.encode(parcel), _HARNESS.encodeParcel(parcel));
    }

    /// @dev The rule of `next`, said once more in other words.
    function _fits(Next memory next) private pure returns (bool) {
        if (next.mode == 1) return next.chain > 0 && next.maxCharge == 0;
        if (next.mode == 2) return next.chain > 0 && bytes12(next.to) == 0;
        bool isBlank = next.chain == 0 && next.to == 0 && next.fee == 0 && next.maxCharge == 0;
        return (next.mode == 0 || next.mode == 3) && isBlank;
    }

    function _fitted(Next memory next, uint8 mode) private pure returns (Next memory fitted) {
        fitted.mode = mode;
        if (mode == 0 || mode == 3) return fitted;
        fitted.chain = next.chain == 0 ? 1 : next.chain;
        fitted.fee = next.fee;
        fitted.to = mode == 1 ? next.to : next.to >> 96;
        fitted.maxCharge = mode == 1 ? 0 : next.maxCharge;
    }

    function _item(address sender, address recipient, bytes memory body) private pure returns (bytes memory) {
        return abi.encodePacked(uint16(body.length), sender, recipient, body);
    }
}
