// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {IIntents, Intent} from "../support/IIntents.sol";
import {Next} from "../support/Next.sol";

/// @notice How the vault keeps one asset. Amounts have 18 decimals and are below 2^104.
struct VaultAsset {
    uint32 asset;
    address token;
    uint8 decimals; // must be what the token says, at most 18
    uint16 outflowBps; // share of what the vault holds, late flows aside, by which more may leave lately than came in
    uint32 outflowWindow; // seconds in which the whole budget comes back, and in which a deposit's credit fades; above zero
    uint104 ceiling; // deposits that would bring `held` above it are refused
    uint104 maxDeposit; // one deposit at most; never above the hub's inflow burst, or it would wait there for good
    uint104 outflowFloor; // the budget is never less than this, above zero: so the last claim is paid too
}

/// @notice Why a release was not pushed to its receiver at once.
enum ClaimReason {
    TransferFailed,
    OutflowLimited
}

/// @notice An ERC-2612 permit of amount + tip; `deadline` zero means that none is given and the allowance stands already.
struct Permit {
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title Vault: the tokens of one chain.
/// @notice Takes deposits for accounts at the hub and pays out what the hub releases. Amounts have 18 decimals, but for those named
///         "token units". On the hub's own chain the hub itself stands in the place of both Outbox and Inbox.
///         Signed type: Deposit(address from,uint32 asset,uint256 amount,bytes32 account,uint128 fee,uint8 mode,uint64 chain,
///         bytes32 to,uint128 nextFee,uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip), the fields of `next` between fee
///         and nonce; ECDSA only.
interface IVault is IMessageRecipient, IIntents {
    /// @notice `amount` (the fee included) arrived; `index` is the message's place in this chain's lane to the hub.
    event Deposited(
        bytes32 indexed account, uint32 indexed asset, uint128 amount, uint128 fee, uint8 mode, uint32 index
    );
    /// @notice Release number `index` of the hub's lane to here was paid.
    event Released(bytes32 indexed account, uint32 indexed asset, address indexed to, uint128 amount, uint32 index);
    /// @notice Release number `index` could not be pushed: it is kept for `to`. For a deliverer's fee `account` is the payee.
    event Claimable(
        bytes32 indexed account,
        uint32 indexed asset,
        address indexed to,
        uint128 amount,
        uint32 index,
        ClaimReason reason
    );
    /// @notice Fees of a run of releases, in one asset, were paid to the deliverer's payee.
    event FeesPaid(bytes32 indexed payee, uint32 indexed asset, uint128 amount);
    event Claimed(bytes32 indexed account, uint32 indexed asset, address indexed to, uint128 amount);
    event ClaimRedirected(
        bytes32 indexed account, uint32 indexed asset, address indexed to, address newTo, uint128 amount
    );
    event AssetAdded(uint32 indexed asset, address token, uint8 decimals);
    event LimitsSet(
        uint32 indexed asset,
        uint104 ceiling,
        uint104 maxDeposit,
        uint16 outflowBps,
        uint32 outflowWindow,
        uint104 outflowFloor
    );

    error AssetUnknown(uint32 asset);
    error AssetAlreadyKnown(uint32 asset);
    /// @notice Decimals above 18 or not those of the token, a zero window or floor, a share above 10,000 bps, or no token.
    error AssetMisconfigured(uint32 asset);
    /// @notice The token was asked for `asked` token units but nothing, or more than 128 bits of wads, arrived.
    error DepositUnusable(uint32 asset, uint256 asked, uint256 received);
    error DepositTooLarge(uint32 asset, uint256 amount, uint256 maxDeposit);
    error CeilingReached(uint32 asset, uint256 held, uint256 amount, uint256 ceiling);
    /// @notice Only the quote asset can be placed, and only on a chain with a venue.
    error NotPlaceable(uint32 asset);
    /// @notice A release beyond what the vault holds: no honest hub sends one. It stays undelivered.
    error HoldingShort(uint32 asset, uint256 held, uint256 needed);
    /// @notice Too little gas to give every push its full bounded share; deliver again with more.
    error GasTooLow(uint256 left, uint256 needed);
    error NothingClaimable(bytes32 account, address to, uint32 asset);
    /// @notice The outflow budget is used up for now; it refills with time, and deposits add to it.
    error OutflowLimited(uint32 asset, uint256 available);
    /// @notice The token refused the transfer; the claim stands. Its receiver or its account's owner can redirect it.
    error TransferRefused(uint32 asset, address to);

    /// @notice Takes `amount` token units from the caller for `account` and tells the hub; what arrived counts, not what was asked.
    /// @param fee In wads, out of the amount, to whoever delivers the message at the hub; none is due on the hub's own chain.
    /// @param next What happens then: stay at the hub, forward as cash to a venue, release as tokens, or placed: cash here at once.
    function deposit(uint32 asset, uint256 amount, bytes32 account, uint128 fee, Next calldata next)
        external
        returns (uint32 index);

    /// @notice `deposit` for a depositor without gas: `from` signs the intent and, if needed, a permit; `intent.tip` token units
    ///         beside the amount go to `payee`.
    function depositBySig(
        address from,
        uint32 asset,
        uint256 amount,
        bytes32 account,
        uint128 fee,
        Next calldata next,
        Intent calldata intent,
        address payee,
        Permit calldata permit
    ) external returns (uint32 index);

    /// @notice Pays a claim, or the part of it that the outflow budget and the token's decimals allow. Anyone may call.
    /// @return paid In wads.
    function retryClaim(bytes32 account, address to, uint32 asset) external returns (uint128 paid);

    /// @notice Lets a claim be paid to another address; by `to`, or by the account's owner, who must be an
    ///         externally owned address on any chain but the hub's.
    function redirectClaim(bytes32 account, address to, uint32 asset, address newTo) external;

    /// @notice Lists another asset; only the owner, behind its delay.
    function addAsset(VaultAsset calldata config) external;

    /// @notice Replaces an asset's limits (not its token); only the owner, behind its delay.
    function setLimits(VaultAsset calldata config) external;

    function assetConfig(uint32 asset) external view returns (VaultAsset memory);

    /// @notice What backs the hub's reserve of this chain: deposits less releases taken, paid or claimable.
    function held(uint32 asset) external view returns (uint256);

    /// @notice What is owed to claims; the vault's token balance is never below held + owed.
    function owed(uint32 asset) external view returns (uint256);

    function claims(bytes32 account, address to, uint32 asset) external view returns (uint128);

    /// @notice How much could leave at this moment: what of the budget is left, and the credit of late deposits. See `Outflow`.
    function outflowAvailable(uint32 asset) external view returns (uint256);
}
