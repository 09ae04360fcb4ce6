"""Plain files: read only where they are such, written whole or not at all, and what killed processes left of that."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import stat
import time
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from framecolor.errors import InputError, OutputError, ReadError

# Of another machine's process nobody can tell whether it still runs, but no single file takes an hour to be written.
_OLD_SECONDS = 3600
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Windows renames nothing over a file that another program has open, as a viewer or a scan for viruses for a moment.
_PAUSES_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if os.name == "nt" else ()
_DRAFT = re.compile(r"\..*\.([0-9a-f]{8})-(\d{1,9})-[0-9a-f]{8}\.tmp", re.DOTALL)


def open_file(path: str | Path) -> BinaryIO:
    """Open a file to read its bytes. Raises OSError, also for pipes, sockets and devices, and never waits for one."""
    number = os.open(path, os.O_RDONLY | _NO_WAITING)
    try:
        kind = os.fstat(number).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "not a regular file", path)
    except BaseException:
        os.close(number)
        raise
    return os.fdopen(number, "rb")


def read_file(path: str | Path) -> bytes:
    """All bytes of a file. Raises as `open_file`."""
    with open_file(path) as file:
        return file.read()


def read_small(path: Path, most_bytes: int, what: str, fix: str, kind: type[InputError] = ReadError) -> bytes:
    """All bytes of a file that is small by its nature, such as a palette.

    what  that it is, as in "a palette": for errors, which are of this `kind`. Raises one where the file is missing, no
          regular file, cannot be read or is larger than `most_bytes`, before more than that is read.
    """
    try:
        with open_file(path) as file:
            data = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise kind(path, "there is no such file", "check the name") from None
    except OSError as error:
        raise kind(path, f"the file cannot be read ({error.strerror or error})", fix) from None
    if len(data) > most_bytes:
        raise kind(path, f"this is not {what}: it is larger than {most_bytes >> 20} MiB", fix)
    return data


def read_name(text: str, folder: Path) -> str:
    """The path that a file gives in its text, with the slashes of every system: the file may come from Windows.

    folder  what a relative path begins at; a file of this system whose very name has backslashes is found there
    """
    with suppress(OSError):
        if "\\" not in text or (os.name == "posix" and (folder / text).exists()):
            return text
    return PureWindowsPath(text).as_posix()


def write_text_atomic(path: str | Path, text: str) -> None:
    """`write_bytes_atomic` of UTF-8 text; line ends are written as they are, what no UTF-8 can hold as an escape."""
    write_bytes_atomic(path, text.encode("utf-8", "backslashreplace"))


def write_bytes_atomic(path: str | Path, data: bytes) -> None:
    """Write a file that is there whole or not at all; a missing folder is made, an older file or link is replaced.

    Raises OutputError, and leaves nothing behind, when that fails. What a process leaves that is killed in the middle
    of it is hidden, and `clear_drafts` removes it.
    """
    path = Path(path)
    draft = name_draft(path)
    try:
        try:
            _write(draft, data)
            put_in_place(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        fix = "check that the folder exists, may be written to and has room, or choose another one with -o"
        raise OutputError(path, f"the file cannot be written ({error.strerror or error})", fix) from error


def put_in_place(draft: Path, path: Path) -> None:
    """Rename a finished draft to the file that it is to become; on Windows wait two seconds for who has that one open.

    Raises OSError, also where a device is in the way: a rename would take /dev/null from the whole machine.
    """
    with suppress(FileNotFoundError):
        kind = path.lstat().st_mode
        if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):
            raise OSError(errno.EINVAL, "a device is no file to be replaced", path)
    for pause in _PAUSES_SECONDS:
        with suppress(PermissionError):
            draft.replace(path)
            return
        time.sleep(pause)
    draft.replace(path)


def name_draft(path: Path) -> Path:
    """Where to write what is to become a file: a name that tells whose it is, and that no other draft has.

    Beside the file, because only a rename within one disk is atomic; hidden, so that no sequence takes it in. Forty
    characters are at most 160 bytes: the longest name that a disk takes has a draft as well.
    """
    return path.with_name(f".{path.name[:40]}.{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")


def _write(draft: Path, data: bytes) -> None:
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        draft.write_bytes(data)
    except FileNotFoundError:  # somebody has just removed the folder, as a run does that leaves it empty
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)


def clear_drafts(folder: Path) -> None:
    """Delete the drafts in a folder that nobody works on: of processes of this machine that ended, and hour-old ones.

    What cannot be read or deleted stays.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            draft = _DRAFT.fullmatch(entry.name)
            with suppress(OSError):
                if draft is not None and _is_left(entry, draft[1], int(draft[2])):
                    Path(entry.path).unlink()


def _is_left(entry: os.DirEntry[str], machine: str, process: int) -> bool:
    if machine == _machine() and not _is_alive(process):
        return True
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD_SECONDS


def _is_alive(process: int) -> bool:
    if os.name != "posix":
        return True  # asking would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    try:
        # A killed process that nobody has waited for yet, as in containers without an init, still has its number.
        return Path(f"/proc/{process}/stat").read_text("latin-1").rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return True


@cache
def _machine() -> str:
    """What process numbers mean the same on: a host since it was started and, of containers on it, this one."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()
