"""What became of a transaction, as API (v3, v1) and node each tell it."""

import re
from dataclasses import dataclass
from typing import Final

from keeper.chain import clarity
from keeper.chain.hashing import sha512_256
from keeper.chain.http import Answer
from keeper.chain.shapes import Fields
from keeper.errors import NodeUnavailable

_BYTES: Final = re.compile(r"(?:0x)?(?:[0-9a-fA-F]{2})+")
_ERROR_CODE: Final = re.compile(r"\(err u(\d{1,38})\)")
_MINED: Final = frozenset({"success", "abort_by_response", "abort_by_post_condition", "problematic_skipped"})


@dataclass(frozen=True, slots=True)
class TxInfo:
    """A transaction as the chain reports it; see `keeper.ports.TxStatus`."""

    txid: str
    status: str
    block_height: int | None = None
    result_hex: str | None = None
    vm_error: str | None = None


def _status(answer: Answer, status: str) -> str:
    if status not in _MINED and status != "pending" and not status.startswith("dropped_"):
        answer.reject(f"unknown status {status[:60]!r}")
    return status


def _same(answer: Answer, fields: Fields, txid: str) -> None:
    if fields.hash("tx_id") != txid:
        answer.reject("answers about another transaction")


def from_v3(answer: Answer, txid: str) -> TxInfo:
    """Read `/extended/v3/transactions/{txid}`. Raises NodeUnavailable for anything else."""
    fields = Fields.of(answer)
    _same(answer, fields, txid)
    status = _status(answer, fields.text("status"))
    if status not in _MINED:
        return TxInfo(txid, status)
    height = fields.inner("block").whole("height")
    result = fields.inner("result").hex_bytes("hex") if fields.has("result") else None
    vm_error = fields.text("vm_error", longest=1 << 20)[:300] if fields.has("vm_error") else None
    return TxInfo(txid, status, height, result, vm_error)


def from_v1(answer: Answer, txid: str) -> TxInfo:
    """Read `/extended/v1/tx/{txid}`. Raises NodeUnavailable for anything else."""
    fields = Fields.of(answer)
    _same(answer, fields, txid)
    status = _status(answer, fields.text("tx_status"))
    if status not in _MINED:
        return TxInfo(txid, status)
    if fields.raw("canonical") is False:  # its block was orphaned; it may be mined again
        return TxInfo(txid, "pending")
    result = fields.inner("tx_result").hex_bytes("hex") if fields.has("tx_result") else None
    return TxInfo(txid, status, fields.whole("block_height"), result)


def from_node(answer: Answer, txid: str) -> TxInfo:
    """Read the node's own index, which gives a result but not whether a post-condition undid it.

    Raises NodeUnavailable, with reason `not indexed` where only an API could tell.
    """
    fields = Fields.of(answer)
    try:
        raw = bytes.fromhex(fields.text("tx", longest=1 << 22).removeprefix("0x"))
    except ValueError:
        answer.reject("tx is not hex")
    if sha512_256(raw).hex() != txid:
        answer.reject("answers about another transaction")
    if fields.raw("is_canonical") is False:
        return TxInfo(txid, "pending")
    result = fields.text("result", longest=1 << 22)
    if not result.startswith(("(err ", "0x08", "08")):
        message = f"{answer.asked}: mined, but only an API can tell success from a failed post-condition"
        raise NodeUnavailable(message, reason="not indexed")
    height = fields.whole("block_height") if fields.has("block_height") else None
    return TxInfo(txid, "abort_by_response", height, _error_hex(result))


def _error_hex(result: str) -> str | None:
    """Return the serialised form of an error result, which a node writes as hex or as `(err uN)`."""
    if _BYTES.fullmatch(result):
        return f"0x{result.removeprefix('0x')}"
    written = _ERROR_CODE.fullmatch(result)
    return f"0x{clarity.err(clarity.uint(int(written[1]))).hex()}" if written else None
