// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hub} from "../../src/clearing/Hub.sol";
import {IHub} from "../../src/clearing/IHub.sol";
import {Peer, ReserveConfig} from "../../src/clearing/IHubEvents.sol";
import {IOutbox} from "../../src/messaging/IOutbox.sol";
import {Deposit, Leg, Messages, Parcel} from "../../src/messaging/Messages.sol";
import {Outbox} from "../../src/messaging/Outbox.sol";
import {Next} from "../../src/support/Next.sol";
import {Test} from "../support/Test.sol";

/// @dev Stands in the Inbox's place and lets a corrupt rollup say what it likes, while accounts do what they are allowed to.
contract HubActor is Test {
    uint64 private constant A = 902;
    uint64 private constant B = 903;
    address private constant VAULT = address(0xaaaa);
    address private constant VENUE = address(0xbbbb);

    IHub public immutable HUB;
    bytes32[4] private _accounts;
    uint32 private _next;

    constructor() {
        uint64[] memory lanes = new uint64[](2);
        (lanes[0], lanes[1]) = (A, B);
        Peer[] memory peers = new Peer[](2);
        (peers[0], peers[1]) = (Peer(A, VAULT, VENUE), Peer(B, VAULT, VENUE));
        ReserveConfig[] memory listed = new ReserveConfig[](2);
        listed[0] = ReserveConfig(A, 0, 6, 5_000 ether, 3_000 ether, 1 ether, 2_000 ether, 50_000);
        listed[1] = ReserveConfig(B, 0, 18, 5_000 ether, 3_000 ether, 1 ether, 2_000 ether, 1_000_000);
        // the Outbox knows its sender, the Hub its Outbox: the one that comes second is known by where it will be
        address hub = address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), uint8(2))))));
        Outbox outbox = new Outbox(address(1), hub, lanes, address(this));
        HUB = IHub(address(new Hub(IOutbox(address(outbox)), address(this), peers, listed, address(this))));
        for (uint256 i; i < 4; ++i) {
            _accounts[i] = bytes32(uint256(i + 1) << 96);
        }
    }

    function deposit(uint256 seed, uint128 amount, uint8 mode) external {
        bool isPlaced = mode % 4 == Messages.PLACED;
        uint128 bounded = uint128(bound(amount, 1, 1_000 ether));
        Next memory next = isPlaced ? Next(Messages.PLACED, 0, 0, 0, 0) : _after(seed, mode);
        _deliver(seed, VAULT, Messages.encode(Deposit(_account(seed), 0, bounded, bounded / 100, next)));
    }

    function parcel(uint256 seed, int128 amount, uint128 fee, uint8 mode) external {
        Parcel memory m = Parcel(_account(seed), amount, fee, address(0), 0, _after(seed, mode), new Leg[](0));
        _deliver(seed, VENUE, Messages.encode(m));
    }

    function smallParcel(uint256 seed, uint128 amount, uint8 mode) external {
        int128 bounded = int128(uint128(bound(amount, 0, 100 ether)));
        Parcel memory m = Parcel(_account(seed), bounded, 7, address(0), 0, _after(seed, mode), new Leg[](0));
        _deliver(seed, VENUE, Messages.encode(m));
    }

    function sendParcel(uint256 seed, uint128 amount) external {
        bytes32 account = _account(seed);
        vm.prank(address(uint160(uint256(account) >> 96)));
        HUB.sendParcel(account, _chain(seed), _account(seed >> 8), uint128(bound(amount, 0, 200 ether)), 1);
    }

    function withdraw(uint256 seed, uint128 amount) external {
        bytes32 account = _account(seed);
        vm.prank(address(uint160(uint256(account) >> 96)));
        uint128 bounded = uint128(bound(amount, 0, 500 ether));
        HUB.withdraw(account, 0, bounded, _chain(seed), address(7), 1, type(uint128).max);
    }

    function wait(uint32 time) external {
        vm.warp(block.timestamp + time % 10_000);
    }

    function reserves() external view returns (uint256) {
        return HUB.reserve(A, 0) + HUB.reserve(B, 0);
    }

    function claims() external view returns (int256 sum) {
        for (uint256 i; i < 4; ++i) {
            sum += HUB.cash(_accounts[i]);
        }
        sum += HUB.cash(bytes32(uint256(9) << 96)) + int256(HUB.pot(0)) + HUB.venueCash(A) + HUB.venueCash(B);
    }

    function leastVenue() external view returns (int256) {
        int256 a = HUB.venueCash(A);
        int256 b = HUB.venueCash(B);
        return a < b ? a : b;
    }

    function mostReserve() external view returns (uint256) {
        uint256 a = HUB.reserve(A, 0);
        uint256 b = HUB.reserve(B, 0);
        return a > b ? a : b;
    }

    function _deliver(uint256 seed, address sender, bytes memory body) private {
        bytes memory item = abi.encodePacked(uint16(body.length), sender, address(HUB), body);
        HUB.onMessages(_chain(seed), _next++, bytes32(uint256(9) << 96), item);
    }

    function _after(uint256 seed, uint8 mode) private view returns (Next memory) {
        if (mode % 3 == 1) return Next(Messages.FORWARD, _chain(seed >> 16), _account(seed >> 24), 3, 0);
        if (mode % 3 == 2) return Next(Messages.TO_TOKENS, _chain(seed >> 16), bytes32(uint256(7)), 3, 1 ether);
        return Next(Messages.STAY, 0, 0, 0, 0);
    }

    function _account(uint256 seed) private view returns (bytes32) {
        return _accounts[seed % 4];
    }

    function _chain(uint256 seed) private pure returns (uint64) {
        return (seed >> 4) % 2 == 0 ? A : B;
    }
}

/// @dev Whatever two corrupt rollups send: reserves equal claims to the wad, no sum S(v) is negative, no reserve above its ceiling.
contract HubInvariants is Test {
    HubActor private _actor;

    function setUp() external {
        _actor = new HubActor();
        targetContract(address(_actor));
    }

    function invariant_reserves_equal_claims() external view {
        vm.assertEq(int256(_actor.reserves()), _actor.claims());
    }

    function invariant_no_venue_takes_more_than_it_got() external view {
        vm.assertTrue(_actor.leastVenue() >= 0);
    }

    function invariant_no_reserve_passes_its_ceiling() external view {
        vm.assertLe(_actor.mostReserve(), 5_000 ether);
    }
}
