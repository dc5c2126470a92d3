// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev What every token here shares: anyone mints, 18 decimals.
abstract contract MintableToken is ERC20("Hostile", "HOST") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev Burns one percent of every transfer, so that less arrives than was sent.
contract FeeOnTransferToken is MintableToken {
    function _update(address from, address to, uint256 amount) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : amount / 100;
        if (fee != 0) super._update(from, address(0), fee);
        super._update(from, to, amount - fee);
    }
}

/// @dev Refuses every transfer from or to a listed address, as some stablecoins do.
contract BlacklistingToken is MintableToken {
    error Blacklisted(address account);

    mapping(address account => bool) public isBlacklisted;

    function setBlacklisted(address account, bool listed) external {
        isBlacklisted[account] = listed;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isBlacklisted[from]) revert Blacklisted(from);
        if (isBlacklisted[to]) revert Blacklisted(to);
        super._update(from, to, amount);
    }
}

/// @dev Makes one prepared call in the middle of each transfer, as a token with hooks lets its holders do.
contract ReentrantToken is MintableToken {
    address public target;
    bytes public data;
    bool public lastSucceeded;
    bytes public lastResult;

    function prepare(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (target == address(0)) return;
        address called = target;
        target = address(0);
        (lastSucceeded, lastResult) = called.call(data);
    }
}

/// @dev Answers a transfer with far more data than a caller could afford to copy; `fails` says whether it reverts with it.
contract ReturnBombToken is MintableToken {
    uint256 public size;
    bool public fails;

    function arm(uint256 size_, bool fails_) external {
        (size, fails) = (size_, fails_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (size == 0) return super.transfer(to, amount);
        _transfer(msg.sender, to, amount);
        (uint256 length, bool isRevert) = (size, fails);
        assembly ("memory-safe") {
            mstore(0, 1)
            if isRevert { revert(0, length) }
            return(0, length)
        }
    }
}

/// @dev Burns all gas that a transfer gets.
contract GasBurningToken is MintableToken {
    bool public isArmed;

    function arm(bool armed) external {
        isArmed = armed;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isArmed) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        super._update(from, to, amount);
    }
}

/// @dev Returns nothing from transfer, transferFrom and approve, as the oldest tokens do.
contract NonReturningToken {
    error BalanceTooLow(address account, uint256 balance, uint256 needed);
    error AllowanceTooLow(address owner, address spender);

    uint8 public constant decimals = 6;

    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        if (allowance[from][msg.sender] < amount) revert AllowanceTooLow(from, msg.sender);
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        if (balanceOf[from] < amount) revert BalanceTooLow(from, balanceOf[from], amount);
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
