"""A signer elsewhere, asked over HTTP with the whole transaction. What it answers is checked before anybody uses it."""

import ssl
from typing import Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from keeper.bounded_http import Answer, ask
from keeper.chain.auth import signer_hash
from keeper.chain.transactions import Network, decode_transaction
from keeper.errors import BadInput, BadSettings, SignerRefused, SignerUnavailable
from keeper.ports import Signable
from keeper.retry import READ, Retry
from keeper.signers.local import address_of
from keeper.signers.protocol import IDENTITY_PATH, MOST_ANSWER, SIGN_PATH, Identity, No, Signature, SignRequest
from keeper.signers.secret import Secret

_OK: Final = 200
_WRONG_TOKEN: Final = 401
_REFUSALS: Final = frozenset({400, 403, 409, 413})
Said = TypeVar("Said", bound=BaseModel)


class RemoteSigner:
    """Has the public key pinned and the private one nowhere near.

    Asking again for the same transaction is harmless (the signature is the same), so silence is asked
    through a short retry; what has not arrived by then counts as not signed.
    """

    __slots__ = (
        "_address",
        "_checked",
        "_network",
        "_public_key",
        "_retry",
        "_session",
        "_ssl",
        "_timeout",
        "_token",
        "_url",
    )

    def __init__(  # noqa: PLR0913 - one address, one pinned key, one token, three bounds
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        public_key: bytes,
        network: Network,
        token: Secret,
        seconds: float = 5.0,
        authorities: ssl.SSLContext | None = None,
        retry: Retry = READ,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._public_key = public_key
        self._address = address_of(public_key, network)
        self._network = network
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._ssl: ssl.SSLContext | bool = True if authorities is None else authorities
        self._retry = retry
        self._checked = False

    @property
    def address(self) -> str:
        """The principal that the pinned key spends for."""
        return self._address

    @property
    def public_key(self) -> bytes:
        """The pinned key, compressed, 33 bytes."""
        return self._public_key

    async def check(self) -> None:
        """Require that the server holds the pinned key, on our network. Raises BadSettings, SignerUnavailable."""
        said = self._read(Identity, await self._retry(self._ask, "GET", IDENTITY_PATH, None))
        ours = (self._public_key.hex(), self._network.name.lower())
        if (said.public_key, said.network) != ours:
            message = (
                f"the signer at {self._host} holds the key of {said.address} ({said.network}), the settings pin "
                f"{self._address}; correct signer.url or signer.public_key"
            )
            raise BadSettings(message, setting="signer.public_key")
        self._checked = True

    async def sign(self, transaction: Signable) -> bytes:
        """Return the 65-byte signature, which recovers to the pinned key.

        Raises SignerUnavailable (nothing counts as signed), SignerRefused with the signer's `rule` and, for a
        nonce that another transaction has, `least_fee_ustx`; BadSettings for a wrong token or another key.
        """
        raw = transaction.encode()
        if decode_transaction(raw).origin.signer != signer_hash(self._public_key):
            message = f"this transaction does not belong to {self._address}"
            raise SignerRefused(message, rule="origin")
        if not self._checked:
            await self.check()
        request = SignRequest(
            network="mainnet" if self._network is Network.MAINNET else "testnet",
            transaction=raw.hex(),
            digest=transaction.presign_hash().hex(),
        )
        return self._fitting(await self._retry(self._ask, "POST", SIGN_PATH, request), raw)

    def _fitting(self, answer: Answer, raw: bytes) -> bytes:
        """Return the signature that came back, which has to be the pinned key's under exactly these bytes."""
        signature = bytes.fromhex(self._read(Signature, answer).signature)
        try:
            decode_transaction(raw).with_signature(signature).verify()
        except BadInput as exc:
            # Not chained: a wrong signature has no place in a report.
            message = f"the signer at {self._host} answered a signature that does not fit: {exc.facts.get('reason')}"
            raise SignerUnavailable(message, reason="bad signature") from None
        return signature

    async def _ask(self, method: str, path: str, body: SignRequest | None) -> Answer:
        sends = {} if body is None else {"json": body.model_dump()}
        answer = await ask(
            self._session,
            method,
            self._url + path,
            most=MOST_ANSWER,
            headers=self._headers(),
            timeout=self._timeout,
            ssl=self._ssl,
            **sends,
        )
        if answer.trouble or answer.status != _OK:
            self._give_up(answer)
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token.reveal().decode('ascii', 'replace')}"}

    def _give_up(self, answer: Answer) -> NoReturn:
        if not answer.trouble and answer.status == _WRONG_TOKEN:
            message = f"the signer at {self._host} does not take our token; correct what signer.token_file names"
            raise BadSettings(message, setting="signer.token_file")
        if not answer.trouble and answer.status in _REFUSALS:
            said = self._read(No, answer)
            more = {} if said.least_fee_ustx is None else {"least_fee_ustx": said.least_fee_ustx}
            reason = "".join(letter if letter.isprintable() else "?" for letter in said.reason)
            message = f"the signer will not sign: {reason}"
            raise SignerRefused(message, rule=said.rule, **more)
        message = f"the signer at {self._host} {answer.trouble or f'answered HTTP {answer.status}'}"
        raise SignerUnavailable(message, status=answer.status)

    def _read(self, shape: type[Said], answer: Answer) -> Said:
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError:
            message = f"the signer at {self._host} answered something that is no {shape.__name__.lower()}"
            raise SignerUnavailable(message, status=answer.status) from None

    @property
    def _host(self) -> str:
        return urlsplit(self._url).netloc

    @override
    def __repr__(self) -> str:
        return f"RemoteSigner({self._address} at {self._host})"

    @override
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a signer cannot be pickled or copied"
        raise TypeError(message)
