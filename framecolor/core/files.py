"""Read regular files only, write files atomically, and delete the drafts that killed processes left."""

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

# Whether another machine's process still runs is unknown, but no file takes an hour to be written.
_OLD_SECONDS = 3600
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Windows cannot replace a file that another program has open; viewers and virus scanners close it soon.
_PAUSES_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if os.name == "nt" else ()
_DRAFT = re.compile(r"\..*\.([0-9a-f]{8})-(\d{1,9})-[0-9a-f]{8}\.tmp", re.DOTALL)


def open_file(path: str | Path) -> BinaryIO:
    """Open a file to read its bytes. Raises OSError, also for pipes, sockets and devices, without blocking on them."""
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
    """Read all bytes of a file. Raises as `open_file`."""
    with open_file(path) as file:
        return file.read()


def read_small(path: Path, most_bytes: int, what: str, fix: str, kind: type[InputError] = ReadError) -> bytes:
    """Read all bytes of a file that must be small, such as a palette.

    what  names the content in errors, such as "a palette"
    Raises `kind` if the file is missing, not a regular file, unreadable or larger than `most_bytes`; never reads more
    than one byte beyond that.
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
    """Convert a path that stands in a file to forward slashes: the file may come from Windows.

    folder  where relative paths begin; on POSIX a path with backslashes is kept if such a file exists there
    """
    with suppress(OSError):
        if "\\" not in text or (os.name == "posix" and (folder / text).exists()):
            return text
    return PureWindowsPath(text).as_posix()


def write_text_atomic(path: str | Path, text: str) -> None:
    """Write text as UTF-8 by `write_bytes_atomic`: line ends as they are, lone surrogates as escapes."""
    write_bytes_atomic(path, text.encode("utf-8", "backslashreplace"))


def write_bytes_atomic(path: str | Path, data: bytes) -> None:
    """Write a file completely or not at all; make a missing folder, and replace an older file or link.

    Raises OutputError if writing fails, and leaves no draft. A process that is killed leaves a hidden draft, which
    `clear_drafts` deletes.
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
    """Rename a finished draft to its final path; on Windows wait up to two seconds for programs that have it open.

    Raises OSError, also if the path is a device: replacing /dev/null would break the whole machine.
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
    """Make a unique path for a file's draft; it names the machine and the process that write it.

    The draft is beside the file, because only a rename within one file system is atomic, and hidden, so that no image
    sequence includes it. It has at most 40 characters (160 bytes) of the file's name, so that it is never too long.
    """
    return path.with_name(f".{path.name[:40]}.{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")


def _write(draft: Path, data: bytes) -> None:
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        draft.write_bytes(data)
    except FileNotFoundError:  # another run has just removed the empty folder
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)


def clear_drafts(folder: Path) -> None:
    """Delete abandoned drafts in a folder: those of ended processes of this machine, and those older than an hour.

    Drafts that cannot be read or deleted stay.
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
        return True  # os.kill would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    try:
        # A zombie keeps its number: a killed process that its parent has not waited for, as in containers without init.
        return Path(f"/proc/{process}/stat").read_text("latin-1").rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return True


@cache
def _machine() -> str:
    """Hash the scope in which process numbers are unique: the host, its boot and the container."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()
