"""Makes the bytes: a draft of an order, signed, or signed again at another fee."""

from dataclasses import replace

from keeper.chain.auth import NO_SIGNATURE, Condition, signer_hash
from keeper.chain.c32 import parse_principal
from keeper.chain.payloads import DeployPayload, Payload
from keeper.chain.transactions import Network, Transaction, call
from keeper.core.units import MicroStx
from keeper.execution.journal import Signed
from keeper.execution.orders import Order
from keeper.points import reached
from keeper.ports import Signer


class Maker:
    """Knows the key's address and the network, and nothing of the chain's state."""

    def __init__(self, signer: Signer, network: Network) -> None:
        self._signer = signer
        self._network = network

    @property
    def address(self) -> str:
        """The principal that pays and signs."""
        return self._signer.address

    def draft(self, order: Order, *, nonce: int = 0, fee: MicroStx = MicroStx(0)) -> Transaction:
        """Return the unsigned transaction of an order."""
        wanted = order.call
        if isinstance(wanted, DeployPayload):
            payload: Payload = wanted
        else:
            payload = call(parse_principal(wanted.contract), wanted.function, wanted.args)
        version, chain_id = self._network.value
        condition = Condition(signer=signer_hash(self._signer.public_key), nonce=nonce, fee=fee)
        return Transaction(version, chain_id, condition, payload, order.conditions, order.mode)

    def at_fee(self, transaction: Transaction, fee: MicroStx) -> Transaction:
        """Return it at another fee, unsigned; nonce and all that it does stay."""
        return replace(transaction, origin=replace(transaction.origin, fee=fee, signature=NO_SIGNATURE))

    async def signed(self, draft: Transaction) -> Signed:
        """Return the draft's signed bytes. Raises what the signer raises."""
        reached("signing.before")
        transaction = draft.with_signature(await self._signer.sign(draft))
        reached("signing.after")
        return Signed(draft.origin.nonce, MicroStx(draft.origin.fee), transaction.txid, transaction.encode())
