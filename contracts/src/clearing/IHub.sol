// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHubActions} from "./IHubActions.sol";
import {IHubLedger} from "./IHubLedger.sol";

/// @title Hub: the clearing house's ledger, as callers see it at one address.
/// @notice Keeps cash and collateral of accounts, one sum for each venue, and what each vault holds for it. All amounts have 18
///         decimals. Asset 0 is the quote asset, in which cash is kept.
/// @dev    `Hub` has the ledger's code; calls of the actions go on to `HubActions` by delegatecall, over the same storage.
interface IHub is IHubLedger, IHubActions {}
