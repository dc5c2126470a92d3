// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {IDeployer} from "./IDeployer.sol";

contract Deployer is IDeployer, Ownable {
    mapping(bytes32 name => bytes32) public override initCodeHash;

    constructor(address owner) Ownable(owner) {}

    function deploy(bytes32 name, bytes calldata initCode) external override onlyOwner returns (address deployed) {
        bytes32 given = keccak256(initCode);
        bytes32 held = initCodeHash[name];
        if (held == given) return addressOf(name);
        if (held != 0) revert NameTaken(name, given, held);
        initCodeHash[name] = given;
        emit Deployed(name, addressOf(name), given);
        return Create3.deploy(0, name, initCode);
    }

    function addressOf(bytes32 name) public view override returns (address) {
        return Create3.computeAddress(name);
    }
}
