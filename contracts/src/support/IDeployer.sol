// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Deployer: puts contracts at addresses that are known before anything is deployed, the same on every chain.
/// @notice An address follows from this contract and a name only, never from code or constructor arguments, so contracts can name
///         one another as immutables. The Deployer itself stands at one address for one owner, by CREATE2 from the common
///         deployment proxy with salt zero.
interface IDeployer {
    event Deployed(bytes32 indexed name, address deployed, bytes32 initCodeHash);

    /// @notice The name is taken by other code or other constructor arguments: a resumed deployment must not go on as if it were its own.
    error NameTaken(bytes32 name, bytes32 given, bytes32 held);

    /// @notice Deploys `initCode` (arguments appended) under `name` and returns its address; with the same code again, just returns it. Only the owner.
    /// @param name ASCII, padded with zeros on the right.
    function deploy(bytes32 name, bytes calldata initCode) external returns (address deployed);

    /// @notice Where `name` stands or will stand.
    function addressOf(bytes32 name) external view returns (address);

    /// @notice keccak256 of the init code deployed under `name`; zero if nothing was.
    function initCodeHash(bytes32 name) external view returns (bytes32);
}
