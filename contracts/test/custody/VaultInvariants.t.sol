// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultAsset} from "../../src/custody/IVault.sol";
import {Vault} from "../../src/custody/Vault.sol";
import {IOutbox} from "../../src/messaging/IOutbox.sol";
import {Messages, Release} from "../../src/messaging/Messages.sol";
import {Next} from "../../src/support/Next.sol";
import {IVenue} from "../../src/venue/IVenue.sol";
import {BlacklistingToken} from "../support/HostileTokens.sol";
import {Test} from "../support/Test.sol";

/// @dev Hub, Outbox and Inbox of a vault in one: releases what the vault holds at the most, to receivers that its token may refuse.
contract VaultActor is Test {
    uint64 private constant HUB_CHAIN = 901;
    uint32 private constant ASSET = 7;

    Vault public immutable VAULT;
    BlacklistingToken public immutable TOKEN = new BlacklistingToken();
    uint32 private _next;

    constructor() {
        VaultAsset[] memory assets = new VaultAsset[](1);
        assets[0] = VaultAsset(ASSET, address(TOKEN), 18, 1_000, 3_600, 1_000 ether, 100 ether, 1 ether);
        VAULT = new Vault(
            IOutbox(address(this)), address(this), IVenue(address(0)), HUB_CHAIN, address(this), assets, address(this)
        );
        TOKEN.mint(address(this), 1e30);
        TOKEN.approve(address(VAULT), type(uint256).max);
    }

    /// @dev The Outbox's part.
    function send(uint64, address, bytes calldata) external returns (uint32) {
        return _next++;
    }

    function deposit(uint256 amount) external {
        uint256 bounded = bound(amount, 1, 100 ether);
        VAULT.deposit(ASSET, bounded, _account(amount), 0, Next(0, 0, 0, 0, 0));
    }

    function release(uint256 seed, uint256 amount, uint256 fee) external {
        uint256 held = VAULT.held(ASSET);
        uint128 bounded = uint128(bound(amount, 0, held));
        uint128 boundedFee = uint128(bound(fee, 0, held - bounded));
        bytes memory body = Messages.encode(Release(_account(seed), ASSET, _receiver(seed >> 8), bounded, boundedFee));
        bytes memory item = abi.encodePacked(uint16(body.length), address(this), address(VAULT), body);
        VAULT.onMessages(HUB_CHAIN, _next++, _account(seed >> 16), item);
    }

    function retryClaim(uint256 seed) external {
        VAULT.retryClaim(_account(seed), _receiver(seed >> 8), ASSET);
    }

    function blacklist(uint256 seed, bool listed) external {
        TOKEN.setBlacklisted(_receiver(seed), listed);
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + time);
    }

    function claims() external view returns (uint256 sum) {
        for (uint256 i; i < 4; ++i) {
            for (uint256 j; j < 4; ++j) {
                sum += VAULT.claims(_account(i), _receiver(j), ASSET);
            }
        }
    }

    function books() external view returns (uint256) {
        return VAULT.held(ASSET) + VAULT.owed(ASSET);
    }

    function _account(uint256 seed) private pure returns (bytes32) {
        return bytes32(uint256(uint160(_receiver(seed)))) << 96;
    }

    function _receiver(uint256 seed) private pure returns (address) {
        return [address(0x1000), address(0x1001), address(0x1002), address(0x1003)][seed % 4];
    }
}

/// @dev Tokens equal books to the unit, and books equal claims, whatever the hub releases and the token refuses.
contract VaultInvariants is Test {
    VaultActor private _actor;

    function setUp() external {
        _actor = new VaultActor();
        targetContract(address(_actor));
    }

    function invariant_tokens_equal_held_and_owed() external view {
        vm.assertEq(_actor.TOKEN().balanceOf(address(_actor.VAULT())), _actor.books());
    }

    function invariant_claims_equal_owed() external view {
        vm.assertEq(_actor.claims(), _actor.VAULT().owed(7));
    }
}
