// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMessageRecipient} from "../../src/messaging/IMessageRecipient.sol";
import {IOutbox} from "../../src/messaging/IOutbox.sol";
import {Leg, Messages, Parcel} from "../../src/messaging/Messages.sol";
import {Next} from "../../src/support/Next.sol";
import {IIntents} from "../../src/support/IIntents.sol";
import {IVenue} from "../../src/venue/IVenue.sol";
import {Venue} from "../../src/venue/Venue.sol";
import {Test} from "../support/Test.sol";

/// @dev The test is Inbox, Outbox, vault and hub of one venue.
contract VenueTest is Test {
    uint64 private constant HUB_CHAIN = 901;
    address private constant TRADER = address(0xa11ce);
    bytes32 private constant ACCOUNT = bytes32(uint256(uint160(TRADER))) << 96;
    bytes32 private constant PAYEE = bytes32(uint256(7)) << 96;

    Venue private _venue;
    bytes private _sent;
    uint32 private _next;

    function setUp() external {
        _venue = new Venue(IOutbox(address(this)), address(this), address(this), HUB_CHAIN, address(this));
    }

    /// @dev The Outbox's part.
    function send(uint64, address, bytes calldata body) external returns (uint32) {
        _sent = body;
        return 5;
    }

    function testFuzz_parcel__of_any_cash_and_fee__is_credited_whole(uint64 amount, uint96 fee) external {
        _deliver(_parcel(int128(uint128(amount)), fee, address(0), 0));
        vm.assertEq(_venue.cash(ACCOUNT), int256(uint256(amount)));
        vm.assertEq(_venue.cash(PAYEE), int256(uint256(fee)));
    }

    function testFuzz_send__of_any_part__leaves_the_rest_and_no_more(uint128 held, uint128 amount, uint64 fee)
        external
    {
        held = uint128(bound(held, 0, 2 ** 126));
        _venue.creditDeposit(ACCOUNT, held);
        uint256 total = uint256(amount) + fee;
        if (total > held) {
            vm.expectRevert(abi.encodeWithSelector(IVenue.CashShort.selector, ACCOUNT, int256(uint256(held)), total));
        }
        vm.prank(TRADER, TRADER);
        _venue.send(ACCOUNT, amount, fee, Next(0, 0, 0, 0, 0));
        vm.assertEq(_venue.cash(ACCOUNT), int256(total > held ? held : held - total));
    }

    function testFuzz_keys__in_any_order__the_highest_epoch_holds(uint32[8] memory epochs) external {
        uint32 highest;
        for (uint256 i; i < epochs.length; ++i) {
            uint32 epoch = epochs[i] % 16 + 1;
            _deliver(_parcel(0, 0, address(uint160(0x100 + epoch)), epoch));
            if (epoch > highest) highest = epoch;
        }
        (address key, uint32 held) = _venue.keyOf(ACCOUNT);
        vm.assertEq(held, highest);
        vm.assertEq(key, address(uint160(0x100 + highest)));
    }

    function test_send__by_a_contract_at_the_owners_address__is_refused() external {
        _venue.creditDeposit(ACCOUNT, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IIntents.NotAuthorised.selector, ACCOUNT, TRADER));
        vm.prank(TRADER, address(0xbad));
        _venue.send(ACCOUNT, 1 ether, 0, Next(0, 0, 0, 0, 0));
    }

    function test_parcel__of_debt_or_legs__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IVenue.CashNegative.selector, _next));
        this.deliver(_parcel(-1, 0, address(0), 0));
        Parcel memory m = _parcel(0, 0, address(0), 0);
        m.legs = new Leg[](1);
        m.legs[0] = Leg(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IVenue.LegsNotListed.selector, _next));
        this.deliver(m);
    }

    function test_parcel__from_another_sender_or_chain__is_refused() external {
        bytes memory body = Messages.encode(_parcel(1, 0, address(0), 0));
        bytes memory item = abi.encodePacked(uint16(body.length), address(0xbad), address(_venue), body);
        vm.expectRevert(
            abi.encodeWithSelector(IMessageRecipient.MessageSenderUnknown.selector, HUB_CHAIN, address(0xbad))
        );
        _venue.onMessages(HUB_CHAIN, 0, PAYEE, item);
    }

    function deliver(Parcel memory m) external {
        _deliver(m);
    }

    function _parcel(int128 amount, uint128 fee, address key, uint32 epoch) private pure returns (Parcel memory) {
        return Parcel(ACCOUNT, amount, fee, key, epoch, Next(0, 0, 0, 0, 0), new Leg[](0));
    }

    function _deliver(Parcel memory m) private {
        bytes memory body = Messages.encode(m);
        bytes memory item = abi.encodePacked(uint16(body.length), address(this), address(_venue), body);
        _venue.onMessages(HUB_CHAIN, _next, PAYEE, item);
    }
}
