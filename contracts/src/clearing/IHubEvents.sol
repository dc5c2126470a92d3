// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

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
    uint104 inflowBurst; // deposits less withdrawals that come in at once at most; never lowered, so that no honest deposit waits for good
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

/// @title What the hub tells: the events and errors of its ledger and its actions.
interface IHubEvents {
    /// @notice Deposit `index` of the lane from `source` was credited: `amount` less its fee, which went to the deliverer's payee. A
    ///         placed deposit is at the venue of `source`, all others at the hub.
    event DepositCredited(uint64 indexed source, uint32 indexed index, bytes32 account, uint32 asset, uint128 amount);
    /// @notice A deposit that stands in the event before this one earned `reward` out of the scarcity pot.
    event RewardPaid(bytes32 indexed account, uint32 indexed asset, uint128 reward);
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
}
