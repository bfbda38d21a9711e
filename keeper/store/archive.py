"""Everything in a store as one file of JSON lines, and back: a header with counts and a checksum, then one record a line.

The same records give the same bytes, whichever back end they come from. A file that was cut or changed is refused
before anything of it is used.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from keeper import __version__
from keeper.core.archive import IMPORT_NOTE, INSTALLATION_NOTE, KINDS, Row, Unreadable
from keeper.errors import BadInput
from keeper.ports import Store
from keeper.store.faults import fault_of
from keeper.store.records import FORM, to_json

ARCHIVE_FORM: Final = 1
"""Form of the file; a change of its lines needs a new one."""
MOST_LINE_BYTES: Final = 16 * 1024 * 1024
_BATCH: Final = 500
Progress = Callable[[int, int | None], None]
"""Told how many records are done, and of how many when that is known."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    counts: Mapping[str, int]
    sha256: str
    """Of everything after the header's line, as hex."""

    @property
    def records(self) -> int:
        """How many records follow."""
        return sum(self.counts.values())

    def line(self) -> bytes:
        """Return the header's line."""
        body = {"keeper_export": ARCHIVE_FORM, "keeper": __version__, "records": FORM}
        return f"{to_json({**body, 'counts': dict(self.counts), 'sha256': self.sha256})}\n".encode()


async def write_archive(
    store: Store, path: Path, progress: Progress, *, leave_out: Callable[[str], None] | None = None
) -> Header:
    """Write all of a store to `path`, which is there wholly or not at all.

    A damaged record, which no store would take, is left out and `leave_out` told of it in a sentence. Raises BadInput for a
    damaged record where `leave_out` is None, and when the file cannot be written or something has that name already;
    StoreUnavailable.
    """
    _require_free(path)
    lines, counts, digest = path.with_name(f".{path.name}.lines"), Counter[str](), hashlib.sha256()
    try:
        with _private(lines) as out:
            async for row in store.dump():
                if fault := fault_of(row):
                    _left_out(f"{row.kind} {row.where}: {fault}", leave_out)
                if fault or isinstance(row, Unreadable):
                    continue
                line = f"{to_json(_line(row))}\n".encode()
                digest.update(line)
                out.write(line)
                counts[row.kind] += 1
                progress(counts.total(), None)
            header = Header({kind: counts[kind] for kind in KINDS}, digest.hexdigest())
            _put_together(header, out, path)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as exc:
        message = f"{path} cannot be written: {exc.strerror}; choose another place"
        raise BadInput(message, field="file") from None
    finally:
        lines.unlink(missing_ok=True)
    return header


async def read_archive(store: Store, path: Path, progress: Progress) -> Header | None:
    """Fill a store from a file. None when it was filled from this file before, which is left as it is.

    Raises BadInput for a file that was cut or changed or has a damaged record in it, or a store that has something else in it, StoreUnavailable.
    """
    header = check_archive(path)
    mark = await store.note(IMPORT_NOTE)
    if mark is not None and mark.get("sha256") == header.sha256 and mark.get("done") is True:
        return None
    if (mark is None or mark.get("sha256") != header.sha256) and await _has_something(store):
        message = "the store has something in it already; name an empty one (another file, or another database)"
        raise BadInput(message, field="store")
    await store.put_note(IMPORT_NOTE, {"sha256": header.sha256, "done": False})
    done, batch = 0, list[Row]()
    for row in _rows(path):
        batch.append(row)
        if len(batch) == _BATCH:
            await store.restore(batch)
            done += len(batch)
            batch.clear()
            progress(done, header.records)
    await store.restore(batch)
    progress(done + len(batch), header.records)
    await store.put_note(IMPORT_NOTE, {"sha256": header.sha256, "done": True})
    return header


def check_archive(path: Path) -> Header:
    """Read a file wholly and return its header.

    Raises BadInput when anything in it is not as it was written, or is a record that no store would take.
    """
    counts, digest, faults = Counter[str](), hashlib.sha256(), list[str]()
    with _opened(path) as lines:
        header = _header(path, _next(path, lines, 1))
        number = 1
        while line := _next(path, lines, number := number + 1):
            digest.update(line)
            row = _row(path, number, line)
            counts[row.kind] += 1
            if fault := fault_of(row):
                faults.append(f"{path}, line {number}: {fault.replace('the store holds', 'it holds')}")
    if digest.hexdigest() != header.sha256 or {k: n for k, n in header.counts.items() if n} != dict(counts):
        message = f"{path} was cut or changed since it was written: its checksum or counts differ; export it again"
        raise BadInput(message, field="file")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        message = f"{faults[0]}{more}; export it again with --leave-out-damaged, or mend the record in the old store"
        raise BadInput(message, field="file")
    return header


def _left_out(damaged: str, leave_out: Callable[[str], None] | None) -> None:
    if leave_out is None:
        message = f"{damaged}; no store would take it: --leave-out-damaged exports everything else"
        raise BadInput(message, field="store")
    leave_out(damaged)


async def _has_something(store: Store) -> bool:
    """Return whether a store holds anything besides the note that says whose it is, which comes with the file anew."""
    async for row in store.dump():
        if isinstance(row, Unreadable) or row.key != INSTALLATION_NOTE:
            return True
    return False


def _rows(path: Path) -> Iterator[Row]:
    with _opened(path) as lines:
        number = 1
        _next(path, lines, number)
        while line := _next(path, lines, number := number + 1):
            yield _row(path, number, line)


def _line(row: Row) -> dict[str, Any]:
    placed = {name: value for name, value in (("seq", row.seq), ("key", row.key)) if value is not None}
    return {"kind": row.kind, **placed, "body": row.body}


def _row(path: Path, number: int, line: bytes) -> Row:
    match _json(line):
        case {"kind": str(kind), "body": dict(body), **rest} if kind in KINDS:
            seq, key = rest.get("seq"), rest.get("key")
            place = seq if isinstance(seq, int) else None
            name = key if isinstance(key, str) else None
            placed, named = kind in {"decision", "intent", "alert"}, kind == "note"
            if (place is not None) is placed and (name is not None) is named:
                return Row(kind, body, place, name)
        case _:
            pass
    message = f"{path}, line {number}: not a record of a store; the file was cut or changed, export it again"
    raise BadInput(message, field=f"line {number}")


def _header(path: Path, line: bytes) -> Header:
    match _json(line):
        case {"keeper_export": int(form), "counts": dict(counts), "sha256": str(sha256), "records": int(records)}:
            if form > ARCHIVE_FORM or records > FORM:
                message = f"{path} was written by a newer keeper (form {form}, records {records}); upgrade this one"
                raise BadInput(message, field="file")
            if all(isinstance(count, int) for count in counts.values()):
                return Header(counts, sha256)
        case _:
            pass
    message = f"{path} is not a file of `keeper db export`: it lacks the header; name another one"
    raise BadInput(message, field="file")


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _next(path: Path, lines: BinaryIO, number: int) -> bytes:
    line = lines.readline(MOST_LINE_BYTES + 1)
    if len(line) > MOST_LINE_BYTES:
        message = f"{path}, line {number}: longer than {MOST_LINE_BYTES} bytes; this is no file of `keeper db export`"
        raise BadInput(message, field=f"line {number}")
    return line


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as lines:
            yield lines
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror}"
        raise BadInput(message, field="file") from None


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        raise _there_already(path)


def _there_already(path: Path) -> BadInput:
    message = f"{path} is there already and is not overwritten; choose another place"
    return BadInput(message, field="file")


def _private(path: Path) -> BinaryIO:
    """Open a new file that nobody else may read: signed transactions go into it."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _put_together(header: Header, lines: BinaryIO, path: Path) -> None:
    whole = path.with_name(f".{path.name}.part")
    try:
        with _private(whole) as out:
            out.write(header.line())
            lines.seek(0)
            while part := lines.read(1024 * 1024):
                out.write(part)
            out.flush()
            os.fsync(out.fileno())
        os.link(whole, path)  # unlike a rename, this never takes the place of what came meanwhile
    finally:
        whole.unlink(missing_ok=True)
