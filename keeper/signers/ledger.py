"""Which transaction a signer signed for which nonce, so that it never signs two that pay the same.

Written down, and on the disk, before the signature leaves: a crash in between forgets a signature, not a promise.
"""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Annotated, Final, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keeper.errors import BadSettings, SignerRefused, SignerUnavailable

KEPT: Final = 1_000
"""Nonces remembered one by one; below the lowest of them nothing is signed any more."""
AHEAD: Final = 100
"""How far a nonce may lie above the highest signed; more would let an asker push the lowest out of sight."""
_LONGEST_FILE: Final = 1024 * 1024
_U64: Final = Field(ge=0, lt=2**64)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    fee_ustx: Annotated[int, _U64]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Book(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["whale-keeper signer ledger"] = "whale-keeper signer ledger"
    version: Literal[1] = 1
    address: str
    floor: Annotated[int, _U64] = 0
    nonces: Annotated[dict[Annotated[str, Field(pattern=r"^\d{1,20}$")], _Entry], Field(max_length=KEPT)]


class Ledger:
    """One file and one writer; a second one is refused while the first has it open."""

    def __init__(self, path: Path, address: str) -> None:
        self._path = path
        self._lock = _locked(path)
        try:
            book = _read(path, address)
        except BadSettings:
            os.close(self._lock)
            raise
        self._address = address
        self._floor = book.floor
        self._nonces = {int(nonce): entry for nonce, entry in book.nonces.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._lock)

    def admit(self, nonce: int, fee_ustx: int, digest: bytes) -> None:
        """Promise a nonce to a transaction, durably: to the same again, or to another that pays more.

        Raises SignerRefused with `least_fee_ustx` when another has it, SignerUnavailable when nothing can be written.
        """
        known = self._nonces.get(nonce)
        if known is not None and known.digest == digest.hex():
            return
        if known is not None and fee_ustx <= known.fee_ustx:
            reason = (
                f"nonce {nonce} belongs to another transaction, which pays {known.fee_ustx} µSTX; only more replaces it"
            )
            _refuse(reason, least_fee_ustx=known.fee_ustx + 1)
        if nonce < self._floor:
            _refuse(f"nonce {nonce} is long past; the lowest that is still signed is {self._floor}")
        if self._nonces and nonce > max(self._nonces) + AHEAD:
            reason = f"nonce {nonce} is more than {AHEAD} above {max(self._nonces)}, the highest signed; is the key used elsewhere?"
            _refuse(reason)
        nonces = {**self._nonces, nonce: _Entry(fee_ustx=fee_ustx, digest=digest.hex())}
        floor = self._floor
        while len(nonces) > KEPT:
            floor = min(nonces) + 1
            del nonces[min(nonces)]
        self._write(floor, nonces)
        self._floor, self._nonces = floor, nonces

    def _write(self, floor: int, nonces: dict[int, _Entry]) -> None:
        book = _Book(address=self._address, floor=floor, nonces={str(n): entry for n, entry in sorted(nonces.items())})
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
                file.write(book.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as exc:
            message = f"the signer cannot write {self._path}: {exc.strerror}; nothing is signed until it can"
            raise SignerUnavailable(message) from exc


def _refuse(why: str, **facts: object) -> NoReturn:
    raise SignerRefused(why, rule="nonce", **facts)


def _read(path: Path, address: str) -> _Book:
    """Return the book. A file that cannot be read is never taken for an empty one."""
    try:
        with path.open("rb") as file:
            book = _Book.model_validate(json.loads(file.read(_LONGEST_FILE)))
    except FileNotFoundError:
        return _Book(address=address, nonces={})
    except (OSError, ValueError, RecursionError, ValidationError) as exc:
        message = f"signer state {path} cannot be read ({type(exc).__name__}); restore it from a copy, do not delete it"
        raise BadSettings(message, path=str(path)) from None
    if book.address != address:
        message = f"signer state {path} belongs to {book.address}, the key to {address}; name another file"
        raise BadSettings(message, path=str(path))
    return book


def _locked(path: Path) -> int:
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        message = f"signer state {lock}: {exc.strerror}; name a file in a folder that can be written"
        raise BadSettings(message, path=str(path)) from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        message = f"signer state {path} is in use by another signer; stop that one"
        raise BadSettings(message, path=str(path)) from None
    return descriptor
