"""Where secrets lie: files that nobody else may read, and credentials that systemd hands over."""

import os
import re
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from keeper.errors import BadSettings
from keeper.signers.secret import Secret

CREDENTIAL: Final = "credential:"
"""`credential:NAME` stands for the file NAME under $CREDENTIALS_DIRECTORY."""
_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
_CREDENTIAL_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")
_LONGEST: Final = 8 * 1024
_READ: Final = 4
_ACL: Final = "system.posix_acl_access"
_ACL_ENTRY: Final = struct.Struct("<HHI")
_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP, _ACL_MASK, _ACL_OTHER = 0x02, 0x04, 0x08, 0x10, 0x20


def locate(place: str, environ: Mapping[str, str]) -> Path:
    """Return the file that a path or `credential:NAME` stands for. Raises BadSettings."""
    if not place.startswith(CREDENTIAL):
        return Path(place)
    name, folder = place.removeprefix(CREDENTIAL), environ.get(_DIRECTORY)
    if not _CREDENTIAL_NAME.fullmatch(name):
        message = f"{place[:60]!r} does not name a credential; write credential: and the name given to LoadCredential="
        raise BadSettings(message)
    if not folder:
        message = f"{place} was asked for, but systemd handed nothing over; add LoadCredential={name}:/path to the unit"
        raise BadSettings(message, credential=name)
    return Path(folder) / name


def read_private(path: Path, what: str) -> Secret:
    """Return what a private file holds. `what` names it in errors: "signer key file".

    Raises BadSettings when it is missing, no plain file, longer than 8 KiB, or readable by anyone but its user.
    """
    try:
        # Without waiting: a pipe without a writer would hold up the start for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _require_private(descriptor, path, what)
            read = Secret(os.read(descriptor, _LONGEST + 1))
        finally:
            os.close(descriptor)
    except FileNotFoundError as exc:
        message = f"{what} {path} is not there; correct the setting, or write the file for the keeper's user alone"
        raise BadSettings(message, path=str(path)) from exc
    except OSError as exc:
        message = f"{what} {path} cannot be read by user id {os.geteuid()}: {exc.strerror}"
        raise BadSettings(message, path=str(path)) from exc
    if len(read.reveal()) > _LONGEST:
        message = f"{what} {path} is longer than {_LONGEST} bytes; is it the right file?"
        raise BadSettings(message, path=str(path))
    return read


def read_line(path: Path, what: str) -> Secret:
    """Return the one line of a private file, without its line end. Raises BadSettings, also when there is none."""
    read = read_private(path, what)
    line = Secret(read.reveal().removesuffix(b"\n").removesuffix(b"\r"))
    read.forget()
    if not line.reveal() or b"\n" in line.reveal():
        message = f"{what} {path} has to hold one line; write the secret alone into it"
        raise BadSettings(message, path=str(path))
    return line


def readable_by_others(mode: int, acl: bytes | None, uid: int) -> bool:
    """Tell whether someone besides the owner and `uid` may read a file.

    With an access list, the group bits of the mode are only its mask (systemd grants credentials to a
    service user that way), so the list itself is judged: acl(5), xattr layout of Linux.
    """
    if acl is None:
        return bool(mode & 0o077)
    entries = list(_ACL_ENTRY.iter_unpack(acl[4 : 4 + (len(acl) - 4) // _ACL_ENTRY.size * _ACL_ENTRY.size]))
    mask = next((rights for tag, rights, _ in entries if tag == _ACL_MASK), 7)
    for tag, rights, who in entries:
        if tag == _ACL_OTHER and rights:
            return True
        stranger = tag in {_ACL_GROUP_OBJ, _ACL_GROUP} or (tag == _ACL_USER and who != uid)
        if stranger and rights & mask & _READ:
            return True
    return False


def _require_private(descriptor: int, path: Path, what: str) -> None:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        message = f"{what} {path} is not a plain file; name the file itself"
        raise BadSettings(message, path=str(path))
    if readable_by_others(mode, _access_list(descriptor), os.geteuid()):
        message = f"{what} {path} can be read by others; run: chmod 600 {path}"
        raise BadSettings(message, path=str(path))


def _access_list(descriptor: int) -> bytes | None:
    try:
        return os.getxattr(descriptor, _ACL)
    except OSError:
        return None  # no list, or a file system without them: the mode says it all
