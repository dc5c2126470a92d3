// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {IIntents, Intent} from "../support/IIntents.sol";
import {Next} from "../support/Next.sol";

/// @title Venue: the cash of accounts on one rollup, and the parcels that carry it to and from the hub.
/// @notice Amounts have 18 decimals. Who acts for an account here: its owner, as an externally owned address or by ECDSA signature,
///         and the key that the owner named at the hub, in the same two ways. A contract never acts, nor does ERC-1271 count: the
///         same address on another chain may be a stranger's. The key acts in full, as the owner does: name one only that you trust with
///         all the cash that the account has at this venue. Naming another (the owner's own address, if need be) ends its power here
///         once the parcel that brings the new key is delivered.
///         Signed type: Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,uint128 nextFee,
///         uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip), the fields of `next` between fee and nonce.
interface IVenue is IMessageRecipient, IIntents {
    /// @notice A parcel left for the hub; `index` is its place in this chain's lane to the hub.
    event ParcelSent(bytes32 indexed account, uint32 indexed index, uint128 cash, uint128 fee);
    /// @notice A parcel from the hub, number `index` of its lane to here, was credited; its fee went to the deliverer's payee.
    event ParcelCredited(uint32 indexed index, bytes32 account, int128 cash);
    /// @notice The vault of this chain took a deposit that is cash here at once.
    event DepositPlaced(bytes32 indexed account, uint128 cash);
    /// @notice An intent's tip went to the payee whom its submitter named, as cash here.
    event TipPaid(bytes32 indexed account, bytes32 indexed payee, uint128 tip);
    /// @notice `key` acts for the account from now on; an older key of lower epoch never comes back.
    event KeySet(bytes32 indexed account, address key, uint32 epoch);

    error CallerNotVault(address caller);
    error CashShort(bytes32 account, int256 cash, uint256 needed);
    /// @notice No instrument is listed here and no place borrows: legs and negative cash are not credited.
    error LegsNotListed(uint32 index);
    error CashNegative(uint32 index);

    /// @notice Takes cash + fee off the account and sends them to the hub as a parcel of the account.
    /// @param fee Paid at the hub, in cash, to whoever delivers. @param next What the hub does then: stay, forward or release.
    /// @return index The message's place in the lane to the hub.
    function send(bytes32 account, uint128 cash, uint128 fee, Next calldata next) external returns (uint32 index);

    /// @notice `send` by signature; `intent.tip` moves from the account's cash here to `payee`.
    function sendBySig(
        bytes32 account,
        uint128 cash,
        uint128 fee,
        Next calldata next,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32 index);

    /// @notice Credits a placed deposit; only the vault of this chain calls, and the hub hears of it in the same deposit's message.
    function creditDeposit(bytes32 account, uint128 amount) external;

    function cash(bytes32 account) external view returns (int256);

    /// @notice The key that acts here for the account beside its owner, and its epoch; zeros if none was ever named.
    function keyOf(bytes32 account) external view returns (address key, uint32 epoch);
}
