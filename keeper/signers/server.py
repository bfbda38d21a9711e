"""The other end: holds a key, reads every transaction, and signs what its policy names. Says so in the log, each time."""

import asyncio
import hmac
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from keeper.chain.transactions import CallPayload, Transaction, decode_transaction
from keeper.errors import BadInput, BadSettings, SignerRefused, SignerUnavailable
from keeper.signers.ledger import Ledger
from keeper.signers.local import KeySigner
from keeper.signers.policy import Policy
from keeper.signers.protocol import (
    IDENTITY_PATH,
    MOST_REQUEST,
    SHORTEST_TOKEN,
    SIGN_PATH,
    Identity,
    No,
    Signature,
    SignRequest,
)
from keeper.signers.secret import Secret

log = structlog.get_logger("keeper.signer")

_BODY_SECONDS: Final = 10.0
_CONFLICT: Final = "nonce"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers need."""

    signer: KeySigner
    policy: Policy
    ledger: Ledger
    token: Secret
    one_at_a_time: asyncio.Lock


DESK: Final = web.AppKey("desk", Desk)


def make_signer_app(signer: KeySigner, policy: Policy, ledger: Ledger, token: Secret) -> web.Application:
    """Build the server; nothing is opened yet. Raises BadSettings for a token that could be guessed."""
    if len(token.reveal()) < SHORTEST_TOKEN or not token.reveal().isascii():
        message = f"the token needs {SHORTEST_TOKEN} or more ASCII characters; make one with: openssl rand -hex 32"
        raise BadSettings(message)
    app = web.Application(middlewares=[_only_who_knows_the_token], client_max_size=MOST_REQUEST)
    app[DESK] = Desk(signer, policy, ledger, token, asyncio.Lock())
    app.add_routes([web.get(IDENTITY_PATH, identity), web.post(SIGN_PATH, sign)])
    return app


@asynccontextmanager
async def serve_signer(
    app: web.Application, host: str, port: int, certificate: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve while the block runs; yields the address. Raises BadSettings when it cannot listen there."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port, ssl_context=certificate).start()
        except OSError as exc:
            message = f"cannot listen on {host}:{port}: {exc.strerror}; choose another --host or --port"
            raise BadSettings(message) from exc
        scheme = "http" if certificate is None else "https"
        yield f"{scheme}://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def identity(request: web.Request) -> web.Response:
    """Answer whose signatures these are."""
    desk = request.app[DESK]
    return _said(
        Identity(
            address=desk.signer.address,
            public_key=desk.signer.public_key.hex(),
            network=desk.policy.network,
        )
    )


async def sign(request: web.Request) -> web.Response:
    """Answer a signature, or why there is none."""
    try:
        transaction = await _transaction(request)
    except SignerRefused as exc:
        log.warning("not_signed", caller=request.remote, **exc.facts, reason=str(exc))
        return _no(exc, 400)
    about = {"caller": request.remote, **_facts(transaction)}
    try:
        signature = await _signed(request.app[DESK], transaction)
    except SignerRefused as exc:
        log.warning("not_signed", **about, **exc.facts, reason=str(exc))
        return _no(exc, 409 if exc.facts.get("rule") == _CONFLICT else 403)
    except SignerUnavailable as exc:
        log.error("cannot_sign", **about, reason=str(exc))  # noqa: TRY400 - the sentence says it all
        return _said(No(rule="state", reason="the signer cannot write down what it signs"), 503)
    log.info("signed", **about)
    return _said(Signature(signature=signature.hex()))


async def _signed(desk: Desk, transaction: Transaction) -> bytes:
    """Return the signature once policy and ledger agree; the ledger is on the disk before."""
    desk.policy.judge(transaction, desk.signer.public_key)
    digest, origin = transaction.presign_hash(), transaction.origin
    async with desk.one_at_a_time:
        await asyncio.to_thread(desk.ledger.admit, origin.nonce, origin.fee, digest)
    return desk.signer.sign_digest(digest)


async def _transaction(request: web.Request) -> Transaction:
    """Return what is to be signed; the digest is made here, and the asker's has to be the same."""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            body = await request.read()
        asked = SignRequest.model_validate_json(body)
        raw = bytes.fromhex(asked.transaction)
        transaction = decode_transaction(raw)
    except web.HTTPRequestEntityTooLarge:
        _refuse(f"the request is longer than {MOST_REQUEST} bytes")
    except TimeoutError:
        _refuse("the request took too long")
    except ValidationError as exc:
        where = ".".join(map(str, exc.errors(include_input=False)[0]["loc"])) or "body"
        _refuse(f"the request's {where} is not what docs/signers.md describes")
    except BadInput as exc:
        _refuse(f"not a transaction this signer reads: {exc}")
    if transaction.encode() != raw:
        _refuse("the transaction has a second spelling")
    if transaction.presign_hash().hex() != asked.digest:
        _refuse("the digest is not that of the transaction")
    if asked.network != request.app[DESK].policy.network:
        _refuse(f"this signer is for {request.app[DESK].policy.network}")
    return transaction


def _refuse(why: str) -> NoReturn:
    raise SignerRefused(why[:400], rule="malformed") from None


def _facts(transaction: Transaction) -> dict[str, object]:
    payload, origin = transaction.payload, transaction.origin
    what: dict[str, object] = {"payload": type(payload).__name__}
    if isinstance(payload, CallPayload):
        what = {"contract": str(payload.contract), "function": payload.function}
    return {"nonce": origin.nonce, "fee_ustx": origin.fee, "digest": transaction.presign_hash().hex(), **what}


@web.middleware
async def _only_who_knows_the_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, b"Bearer " + request.app[DESK].token.reveal()):
        log.warning("wrong_token", caller=request.remote, path=request.path[:100])
        return _said(No(rule="token", reason="this is not the token"), 401)
    return await handler(request)


def _no(exc: SignerRefused, status: int) -> web.Response:
    least = exc.facts.get("least_fee_ustx")
    rule = str(exc.facts.get("rule", "policy"))
    return _said(No(rule=rule, reason=str(exc)[:500], least_fee_ustx=least if isinstance(least, int) else None), status)


def _said(body: BaseModel, status: int = 200) -> web.Response:
    return web.json_response(text=body.model_dump_json(exclude_none=True), status=status)
