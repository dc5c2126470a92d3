// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIntents, Intent} from "../support/IIntents.sol";
import {Next} from "../support/Next.sol";
import {IHubEvents, Session, WaitReason} from "./IHubEvents.sol";

/// @title What accounts do at the hub, by a call or by a signed intent.
/// @notice Who acts for an account: its owner by a call (a contract or not) or by signature (ECDSA, then ERC-1271), and session keys
///         within their limits.
///         Signed types, each followed by `,uint256 nonce,uint64 deadline,uint128 tip)`:
///         SendParcel(bytes32 account,uint64 venue,bytes32 to,uint128 cash,uint128 fee
///         Withdraw(bytes32 account,uint32 asset,uint128 amount,uint64 chain,address to,uint128 fee,uint128 maxCharge
///         Transfer(bytes32 account,bytes32 to,uint32 asset,uint128 amount
///         EnterVenue(bytes32 account,uint64 venue,address key,uint128 fee
///         SetSession(bytes32 account,address key,uint64 expiry,uint32 priceBand,uint128 lossLimit
///         RevokeSession(bytes32 account,address key
interface IHubActions is IHubEvents, IIntents {
    /// @notice Sends cash of `account` to account `to` at `venue`, with the key of `to` there, if it has one.
    /// @param fee Beside the cash, to whoever delivers, paid at the venue.
    function sendParcel(bytes32 account, uint64 venue, bytes32 to, uint128 cash, uint128 fee)
        external
        returns (uint32 index);

    function sendParcelBySig(
        bytes32 account,
        uint64 venue,
        bytes32 to,
        uint128 cash,
        uint128 fee,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32 index);

    /// @notice Pays tokens to `to` on `chain`. `amount` is everything that it may cost: what is paid out, the fee and the scarcity
    ///         charge together; what rounding down to token units leaves over stays the account's. `quoteWithdraw` tells it all.
    /// @param fee Out of the amount, rounded down to token units, to whoever delivers; none is taken on the hub's own chain.
    function withdraw(
        bytes32 account,
        uint32 asset,
        uint128 amount,
        uint64 chain,
        address to,
        uint128 fee,
        uint128 maxCharge
    ) external returns (uint32 index);

    function withdrawBySig(
        bytes32 account,
        uint32 asset,
        uint128 amount,
        uint64 chain,
        address to,
        uint128 fee,
        uint128 maxCharge,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32 index);

    /// @notice Moves cash (asset 0) or collateral to another account at the hub.
    function transfer(bytes32 account, bytes32 to, uint32 asset, uint128 amount) external;

    function transferBySig(
        bytes32 account,
        bytes32 to,
        uint32 asset,
        uint128 amount,
        Intent calldata intent,
        bytes32 payee
    ) external;

    /// @notice Names the key that acts for the account at `venue`, replacing the one before, and sends it there at once in a parcel
    ///         without cash. To take a key's power away name another, if need be the owner's own address.
    function enterVenue(bytes32 account, uint64 venue, address key, uint128 fee) external returns (uint32 index);

    function enterVenueBySig(
        bytes32 account,
        uint64 venue,
        address key,
        uint128 fee,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32 index);

    /// @notice Lets `key` act within limits; replaces what the key had.
    function setSession(bytes32 account, address key, uint64 expiry, uint32 priceBand, uint128 lossLimit) external;

    function setSessionBySig(
        bytes32 account,
        address key,
        uint64 expiry,
        uint32 priceBand,
        uint128 lossLimit,
        Intent calldata intent,
        bytes32 payee
    ) external;

    /// @notice Ends a session; the owner or the key itself.
    function revokeSession(bytes32 account, address key) external;

    function revokeSessionBySig(bytes32 account, address key, Intent calldata intent, bytes32 payee) external;

    /// @notice Does what a credit asks for next; only the hub calls it, on itself, so that a failing check undoes all of it alone.
    function forward(bytes32 account, uint32 asset, uint128 amount, Next calldata next) external returns (uint32 index);

    /// @notice What `withdraw` of `amount` would do now: `payout` to the receiver, `charge` to the pot, `dust` stays the account's;
    ///         amount = payout + fee rounded down to token units + charge + dust. Reverts as `withdraw` would.
    function quoteWithdraw(uint32 asset, uint64 chain, uint128 amount, uint128 fee)
        external
        view
        returns (uint128 payout, uint128 charge, uint128 dust);

    /// @notice What a deposit of `amount` on `chain` would earn if it were credited now, and whether it would have to wait.
    function quoteDeposit(uint32 asset, uint64 chain, uint128 amount)
        external
        view
        returns (uint128 reward, WaitReason reason);

    /// @notice The key that acts for the account at `venue` beside its owner, and its epoch; zeros if none was named.
    function entered(bytes32 account, uint64 venue) external view returns (address key, uint32 epoch);
    function session(bytes32 account, address key) external view returns (Session memory);
}
