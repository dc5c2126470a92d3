// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {IHubEvents, Peer, ReserveConfig} from "./IHubEvents.sol";

/// @title The ledger itself: what comes in, who the peers are, within which limits, and what stands.
interface IHubLedger is IHubEvents, IMessageRecipient {
    /// @notice Credits a waiting message, whole, or reverts; its fee goes to `payee`. Anyone may call.
    /// @param body As in the Outbox's `Sent` event; `sender` the vault or venue that sent it.
    function retry(uint64 source, uint32 index, address sender, bytes calldata body, bytes32 payee) external;

    /// @notice The hub chain's own vault hands a deposit over, as it would to an Outbox; it is credited at once or reverts.
    function send(uint64 destination, address recipient, bytes calldata body) external returns (uint32 index);

    /// @notice Adds a chain; only the owner, behind its delay. What is added is never replaced.
    function addPeer(Peer calldata peer) external;

    /// @notice Lists an asset on a chain or replaces its limits and curve; only the owner, behind its delay.
    function setReserve(ReserveConfig calldata config) external;

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

    /// @notice keccak256(sender ‖ body) of a waiting message; zero if none waits there.
    function waiting(uint64 source, uint32 index) external view returns (bytes32);
}
