// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMessageRecipient} from "../messaging/IMessageRecipient.sol";
import {IOutbox} from "../messaging/IOutbox.sol";
import {Leg, Messages, Parcel} from "../messaging/Messages.sol";
import {Accounts} from "../support/Accounts.sol";
import {Intent} from "../support/IIntents.sol";
import {Intents} from "../support/Intents.sol";
import {Next} from "../support/Next.sol";
import {IVenue} from "./IVenue.sol";

contract Venue is IVenue, Intents {
    using SafeCast for int256;
    using SafeCast for uint256;

    struct Key {
        address key;
        uint32 epoch;
    }

    bytes32 private constant SEND_TYPE = keccak256(
        "Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,uint128 nextFee,uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip)"
    );

    IOutbox private immutable OUTBOX;
    address private immutable INBOX;
    address private immutable VAULT;
    uint64 private immutable HUB_CHAIN;
    address private immutable HUB;

    /// @inheritdoc IVenue
    mapping(bytes32 account => int256) public cash;
    /// @inheritdoc IVenue
    mapping(bytes32 account => Key) public keyOf;

    constructor(IOutbox outbox, address inbox, address vault, uint64 hubChain, address hub) {
        OUTBOX = outbox;
        INBOX = inbox;
        VAULT = vault;
        HUB_CHAIN = hubChain;
        HUB = hub;
    }

    /// @inheritdoc IVenue
    function send(bytes32 account, uint128 amount, uint128 fee, Next calldata next) external returns (uint32) {
        // a contract never acts here: the owner's address may be a stranger's contract on this chain
        address actor = msg.sender == tx.origin ? msg.sender : address(0);
        if (!_mayAct(account, actor)) revert NotAuthorised(account, msg.sender);
        return _send(account, amount, fee, next);
    }

    /// @inheritdoc IVenue
    function sendBySig(
        bytes32 account,
        uint128 amount,
        uint128 fee,
        Next calldata next,
        Intent calldata intent,
        bytes32 payee
    ) external returns (uint32) {
        _requireInTime(intent);
        address signer = _recover(_digest(account, amount, fee, next, intent), intent.signature);
        if (!_mayAct(account, signer)) revert SignatureInvalid(account, signer);
        _useNonce(signer, intent.nonce);
        if (intent.tip != 0) {
            _debit(account, intent.tip);
            cash[payee] += int256(uint256(intent.tip));
            emit TipPaid(account, payee, intent.tip);
        }
        return _send(account, amount, fee, next);
    }

    /// @inheritdoc IVenue
    function creditDeposit(bytes32 account, uint128 amount) external {
        if (msg.sender != VAULT) revert CallerNotVault(msg.sender);
        cash[account] += int256(uint256(amount));
        emit DepositPlaced(account, amount);
    }

    /// @inheritdoc IMessageRecipient
    function onMessages(uint64 source, uint32 first, bytes32 payee, bytes calldata items) external {
        if (msg.sender != INBOX) revert CallerNotInbox(msg.sender);
        uint256 fees;
        uint256 offset;
        for (uint32 index = first; offset < items.length; ++index) {
            (address sender,, bytes calldata body, uint256 end) = Messages.item(items, offset);
            if (source != HUB_CHAIN || sender != HUB) revert MessageSenderUnknown(source, sender);
            fees += _credit(source, index, body);
            offset = end;
        }
        if (fees != 0) cash[payee] += fees.toInt256();
    }

    function _credit(uint64 source, uint32 index, bytes calldata body) private returns (uint256 fee) {
        Parcel memory parcel = Messages.decodeParcel(body);
        if (parcel.next.mode != Messages.STAY) revert BodyMalformed(source, index);
        if (parcel.legs.length != 0) revert LegsNotListed(index);
        if (parcel.cash < 0) revert CashNegative(index);
        if (parcel.keyEpoch != 0 && parcel.keyEpoch > keyOf[parcel.account].epoch) {
            keyOf[parcel.account] = Key(parcel.key, parcel.keyEpoch);
            emit KeySet(parcel.account, parcel.key, parcel.keyEpoch);
        }
        if (parcel.cash != 0) cash[parcel.account] += parcel.cash;
        emit ParcelCredited(index, parcel.account, parcel.cash);
        return parcel.fee;
    }

    function _send(bytes32 account, uint128 amount, uint128 fee, Next calldata next) private returns (uint32 index) {
        _debit(account, uint256(amount) + fee);
        Parcel memory parcel = Parcel({
            account: account,
            cash: uint256(amount).toInt256().toInt128(),
            fee: fee,
            key: address(0),
            keyEpoch: 0,
            next: next,
            legs: new Leg[](0)
        });
        index = OUTBOX.send(HUB_CHAIN, HUB, Messages.encode(parcel));
        emit ParcelSent(account, index, amount, fee);
    }

    function _debit(bytes32 account, uint256 amount) private {
        int256 left = cash[account] - amount.toInt256();
        if (left < 0) revert CashShort(account, cash[account], amount);
        cash[account] = left;
    }

    /// @dev Nothing that a key could be kept from doing would keep the cash safe from it: fees and tips alone can take all of it.
    function _mayAct(bytes32 account, address actor) private view returns (bool) {
        if (actor == address(0)) return false;
        return actor == Accounts.ownerOf(account) || actor == keyOf[account].key;
    }

    function _digest(bytes32 account, uint128 amount, uint128 fee, Next calldata next, Intent calldata intent)
        private
        view
        returns (bytes32)
    {
        bytes memory action = abi.encode(SEND_TYPE, account, amount, fee, next);
        return _hashTypedDataV4(keccak256(bytes.concat(action, abi.encode(intent.nonce, intent.deadline, intent.tip))));
    }
}
