// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Deployer} from "../../src/support/Deployer.sol";
import {IDeployer} from "../../src/support/IDeployer.sol";
import {StandInToken} from "../../src/standins/StandInToken.sol";
import {Test} from "../support/Test.sol";

contract DeployerTest is Test {
    bytes32 private constant _NAME = "token:USDX";
    address private constant _OWNER = address(0x0777);

    Deployer private _deployer;

    function setUp() external {
        _deployer = new Deployer(_OWNER);
    }

    function test_deploy__name__stands_where_it_was_foretold() external {
        address foretold = _deployer.addressOf(_NAME);
        vm.expectEmit(address(_deployer));
        emit IDeployer.Deployed(_NAME, foretold, keccak256(_initCode(6)));
        vm.prank(_OWNER);
        vm.assertEq(_deployer.deploy(_NAME, _initCode(6)), foretold);
        vm.assertEq(StandInToken(foretold).decimals(), 6);
        vm.assertEq(_deployer.initCodeHash(_NAME), keccak256(_initCode(6)));
    }

    function test_addressOf__name__does_not_depend_on_code() external {
        address foretold = _deployer.addressOf(_NAME);
        vm.prank(_OWNER);
        vm.assertEq(_deployer.deploy(_NAME, _initCode(18)), foretold);
        vm.assertTrue(_deployer.addressOf("token:OTHER") != foretold);
    }

    function test_deploy__again_with_the_same_code__changes_nothing() external {
        vm.startPrank(_OWNER);
        address deployed = _deployer.deploy(_NAME, _initCode(6));
        vm.assertEq(_deployer.deploy(_NAME, _initCode(6)), deployed);
        vm.stopPrank();
    }

    function test_deploy__again_with_other_code__is_refused() external {
        vm.startPrank(_OWNER);
        _deployer.deploy(_NAME, _initCode(6));
        vm.expectRevert(
            abi.encodeWithSelector(
                IDeployer.NameTaken.selector, _NAME, keccak256(_initCode(18)), keccak256(_initCode(6))
            )
        );
        _deployer.deploy(_NAME, _initCode(18));
        vm.stopPrank();
    }

    function test_deploy__constructor_that_reverts__leaves_the_name_free() external {
        bytes memory refused =
            abi.encodePacked(type(StandInToken).creationCode, abi.encode("Stand-in", "USDX", uint8(6), address(0)));
        vm.startPrank(_OWNER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        _deployer.deploy(_NAME, refused);
        vm.assertEq(_deployer.initCodeHash(_NAME), bytes32(0));
        _deployer.deploy(_NAME, _initCode(6));
        vm.stopPrank();
    }

    function test_deploy__by_stranger__is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        _deployer.deploy(_NAME, _initCode(6));
    }

    function _initCode(uint8 decimals) private pure returns (bytes memory) {
        return abi.encodePacked(type(StandInToken).creationCode, abi.encode("Stand-in", "USDX", decimals, _OWNER));
    }
}
