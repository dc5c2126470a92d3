// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {IIntents, Intent} from "../support/IIntents.sol";

/// @notice The system contracts of another chain (or of the hub's own); `venue` is zero where there is none.
struct Peer {
    uint64 chain;
    address vault;
    address venue;
}

/// @notice Limits and scarcity curve of one asset on one chain. Amounts have 18 decimals and are below 2^104.
struct ReserveConfig {
    uint64 chain;
    uint32 asset;
    uint8 decimals; // of the token there, at most 18: releases are whole token units
    uint104 ceiling; // the most that the reserve can be, and so the most that a corrupt chain costs others
    uint104 inflowBurst; // deposits credited at once at most; never lowered, so that no honest deposit waits for good
    uint104 inflowRate; // wads a second that come back to the burst
    uint104 target; // below it withdrawing costs and depositing earns
    uint24 curvePpm; // slope of the curve at an empty reserve, in millionths, at most 1,000,000
}

/// @notice What a session key still may do for an account.
struct Session {
    uint64 expiry; // last second at which the key acts
    uint32 priceBand; // basis points around the mark, for trading
    uint128 lossLimit; // how much in fees and tips it may still cost the account
}

/// @notice Why a credit waits. It is retried, whole, by anyone, once the reason is gone.
enum WaitReason {
    None,
    CashNegative,
    LegsNotListed,
    VenueShort, // the venue's sum S(v) is below what the parcel takes from it
    AssetNotListed,
    CeilingReached,
    InflowLimited
}

/// @title Hub: the clearing house's ledger.
/// @notice Keeps cash and collateral of accounts, one sum for each venue, and what each vault holds for it. All amounts have 18
///         decimals. Asset 0 is the quote asset, in which cash is kept. Who acts for an account: its owner by a call (a contract
///         or not) or by signature (ECDSA, then ERC-1271), and session keys within their limits.
///         Signed types, each followed by `,uint256 nonce,uint64 deadline,uint128 tip)`:
///         SendParcel(bytes32 account,uint64 venue,bytes32 to,uint128 cash,uint128 fee
///         Withdraw(bytes32 account,uint32 asset,uint128 amount,uint64 chain,address to,uint128 fee,uint128 maxCharge
///         Transfer(bytes32 account,bytes32 to,uint32 asset,uint128 amount
///         EnterVenue(bytes32 account,uint64 venue,address key,uint128 fee
///         SetSession(bytes32 account,address key,uint64 expiry,uint32 priceBand,uint128 lossLimit
///         RevokeSession(bytes32 account,address key
interface IHub is IMessageRecipient, IIntents {
    /// @notice Deposit `index` of the lane from `source` was credited: `amount` less its fee, and `reward` out of the scarcity pot.
    ///         A placed deposit's amount less fee is at the venue of `source`, all others' at the hub.
    event DepositCredited(
        uint64 indexed source, uint32 indexed index, bytes32 account, uint32 asset, uint128 amount, uint128 reward
    );
    /// @notice Parcel `index` of the lane from `source` was credited with `cash`; its fee went to the deliverer's payee.
    event ParcelCredited(uint64 indexed source, uint32 indexed index, bytes32 account, int128 cash);
    /// @notice Message `index` of the lane from `source` was taken but is not credited yet: call `retry` when the reason is gone.
    event CreditWaiting(uint64 indexed source, uint32 indexed index, WaitReason reason);
    /// @notice A waiting credit stands now (its own credit event comes beside this one).
    event CreditRetried(uint64 indexed source, uint32 indexed index, bytes32 payee);
    /// @notice What a credit asked for next was done: it went to `destination` as message `newIndex` of that lane.
    event Forwarded(uint64 indexed source, uint32 indexed index, uint64 destination, uint32 newIndex);
    /// @notice What a credit asked for next failed a check; the credit stays the account's here. `reason` is the error's selector.
    event ForwardStayed(uint64 indexed source, uint32 indexed index, bytes4 reason);

    /// @notice Cash left for account `to` at `venue`, as message `index` of that lane.
    event ParcelSent(
        bytes32 indexed account, uint64 indexed venue, uint32 index, bytes32 to, uint128 cash, uint128 fee
    );
    /// @notice `payout` and `fee` left the reserve of `chain`, as message `index` of that lane; `charge` went to the scarcity pot.
    event Withdrawn(
        bytes32 indexed account,
        uint64 indexed chain,
        uint32 indexed asset,
        uint32 index,
        address to,
        uint128 payout,
        uint128 fee,
        uint128 charge
    );
    event Transferred(bytes32 indexed account, bytes32 indexed to, uint32 indexed asset, uint128 amount);
    event VenueEntered(bytes32 indexed account, uint64 indexed venue, address key, uint32 epoch);
    event SessionSet(bytes32 indexed account, address indexed key, uint64 expiry, uint32 priceBand, uint128 lossLimit);
    event SessionRevoked(bytes32 indexed account, address indexed key);
    event TipPaid(bytes32 indexed account, bytes32 indexed payee, uint32 indexed asset, uint128 tip);
    event PeerAdded(uint64 indexed chain, address vault, address venue);
    event ReserveSet(uint64 indexed chain, uint32 indexed asset, ReserveConfig config);

    error ChainUnknown(uint64 chain);
    error ChainAlreadyKnown(uint64 chain);
    /// @notice The chain is unknown or has no venue.
    error VenueUnknown(uint64 chain);
    error ReserveUnknown(uint64 chain, uint32 asset);
    /// @notice Decimals above 18 or changed, a burst that falls, a slope above 1,000,000, or a chain that is no peer.
    error ReserveMisconfigured(uint64 chain, uint32 asset);
    error BalanceShort(bytes32 account, uint32 asset, int256 balance, uint256 needed);
    /// @notice The chain's vault does not hold that much; withdraw elsewhere, or less.
    error ReserveShort(uint64 chain, uint32 asset, uint256 reserve, uint256 needed);
    error ChargeAboveMax(uint256 charge, uint128 maxCharge);
    /// @notice After fee, charge and rounding down to token units nothing is left to pay out.
    error AmountTooSmall(uint128 amount, uint128 fee, uint256 charge);
    error FeeAboveCash(uint128 fee, uint128 cash);
    /// @notice Only cash goes to a venue.
    error AssetNotCash(uint32 asset);
    error ReceiverZero();
    error KeyZero();
    /// @notice A session key moves cash between the account's own places, nothing else.
    error SessionCannot(bytes32 account, address key);
    error SessionLossLimit(bytes32 account, address key, uint128 left, uint256 needed);
    error NotWaiting(uint64 source, uint32 index);
    error StillWaiting(uint64 source, uint32 index, WaitReason reason);
    /// @notice A deposit from the hub chain's own vault that would wait is refused, tokens and all.
    error DepositRefused(WaitReason reason);
    error CallerNotVault(address caller);
    error CallerNotSelf(address caller);
    /// @notice Too little gas to do what a credit asks for next; deliver again with more.
    error GasTooLow(uint256 left, uint256 needed);

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

    /// @notice Credits a waiting message, whole, or reverts; its fee goes to `payee`. Anyone may call.
    /// @param body As in the Outbox's `Sent` event; `sender` the vault or venue that sent it.
    function retry(uint64 source, uint32 index, address sender, bytes calldata body, bytes32 payee) external;

    /// @notice The hub chain's own vault hands a deposit over, as it would to an Outbox; it is credited at once or reverts.
    function send(uint64 destination, address recipient, bytes calldata body) external returns (uint32 index);

    /// @notice Adds a chain; only the owner, behind its delay. What is added is never replaced.
    function addPeer(Peer calldata peer) external;

    /// @notice Lists an asset on a chain or replaces its limits and curve; only the owner, behind its delay.
    function setReserve(ReserveConfig calldata config) external;

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

    function cash(bytes32 account) external view returns (int256);
    function collateral(bytes32 account, uint32 asset) external view returns (uint256);

    /// @notice What the vault of `chain` holds for the hub, as far as the hub has heard.
    function reserve(uint64 chain, uint32 asset) external view returns (uint256);
    function reserveConfig(uint64 chain, uint32 asset) external view returns (ReserveConfig memory);

    /// @notice The cash part of S(v): all parcels sent to the venue less all received from it, placed deposits included.
    function venueCash(uint64 chain) external view returns (int256);

    /// @notice Scarcity charges collected and not yet paid out as rewards.
    function pot(uint32 asset) external view returns (uint256);
    function peer(uint64 chain) external view returns (address vault, address venue);
    function entered(bytes32 account, uint64 venue) external view returns (address key, uint32 epoch);
    function session(bytes32 account, address key) external view returns (Session memory);

    /// @notice keccak256(sender ‖ body) of a waiting message; zero if none waits there.
    function waiting(uint64 source, uint32 index) external view returns (bytes32);
}
