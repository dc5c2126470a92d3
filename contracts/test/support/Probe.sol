// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Probe: does on demand each thing that a node has to report: logs, storage, reverts of every kind, the block's surroundings.
contract Probe {
    event Noted(address indexed who, uint256 indexed key, bytes data);

    error Refused(uint256 code, string why);

    uint256 public value;
    mapping(uint256 key => uint256) public values;

    constructor() payable {}

    receive() external payable {}

    function note(uint256 key, bytes calldata data) external {
        emit Noted(msg.sender, key, data);
    }

    function noteMany(uint256 key, uint256 count) external {
        for (uint256 i = 0; i < count; ++i) {
            emit Noted(msg.sender, key + i, "");
        }
    }

    function set(uint256 newValue) external payable {
        value = newValue;
    }

    function put(uint256 key, uint256 newValue) external {
        values[key] = newValue;
    }

    function failWithReason(string calldata reason) external pure {
        revert(reason);
    }

    function failWithError(uint256 code) external pure {
        revert Refused(code, "probe");
    }

    function failWithPanic(uint256 a, uint256 b) external pure returns (uint256) {
        return a / b;
    }

    function failWithoutData() external pure {
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }

    function burn() external pure {
        assembly ("memory-safe") {
            invalid()
        }
    }

    /// @dev Leaves most gas unspent inside a nested call, so that what is used is far less than what has to be given.
    function nested(uint256 depth) external returns (uint256) {
        if (depth != 0) return this.nested(depth - 1);
        require(gasleft() > 200_000, "starved");
        value = gasleft();
        return value;
    }

    function surroundings()
        external
        view
        returns (
            uint256 number,
            uint256 time,
            uint256 chain,
            address coinbase,
            uint256 limit,
            bytes32 parent,
            address origin
        )
    {
        number = block.number;
        return
            (number, block.timestamp, block.chainid, block.coinbase, block.gaslimit, blockhash(number - 1), tx.origin);
    }

    function fees() external view returns (uint256 base, uint256 price) {
        return (block.basefee, tx.gasprice);
    }
}
