"""Folders that are written to: room, permissions, whole writes, clocks and locks. What is tried is taken away again."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from framecolor.doctor.finding import Finding, Target
from framecolor.engines.tensorrt.cache import EngineCache

_LEAST_GIB, _LITTLE_GIB = 0.1, 2.0
_LEAST_FILES = 1000
_CLOCK_SECONDS = 60.0


def check_folders(target: Target) -> Iterator[Finding]:
    """The folders of frames, engine files and temporary files; a good place for frames is no news without a shot."""
    folders = {
        "frames": target.outs[0],
        "engine files": EngineCache().folder,
        "temporary files": Path(tempfile.gettempdir()),
    }
    fixes = {
        "frames": "change its permissions, or choose another folder with -o",
        "engine files": "change its permissions, or choose another folder with FRAMECOLOR_ENGINE_DIR",
        "temporary files": "change its permissions, or choose another folder with TMPDIR",
    }
    for role, folder in folders.items():
        finding = _check_folder(role, folder, fixes[role])
        if role != "frames" or finding.status != "ok" or target.shots or folder.exists():
            yield finding


def check_locks(target: Target) -> Iterator[Finding]:
    """Whether a file that one task holds is closed to another, where frames go."""
    place = _find_existing(target.outs[0])
    path = place / f".framecolor-doctor-{uuid.uuid4().hex[:12]}.lock"
    fix = "see that no two runs paint into one folder at once, or paint on a disk that has locks"
    first, second = FileLock(path), FileLock(path)
    try:
        first.acquire(timeout=5)
        try:
            second.acquire(timeout=0)
        except Timeout:
            yield Finding("locks", "ok", f"hold in {place}", data={"folder": str(place)})
        else:
            yield Finding("locks", "warn", f"hold nobody off in {place}", fix, {"folder": str(place)})
    except (OSError, NotImplementedError) as error:
        yield Finding("locks", "warn", f"do not work in {place} ({error})", fix, {"folder": str(place)})
    finally:
        for lock in (second, first):
            lock.release(force=True)
        path.unlink(missing_ok=True)


def _check_folder(role: str, folder: Path, fix: str) -> Finding:
    """One folder, or the one above it that is there."""
    place = _find_existing(folder)
    if not place.is_dir():
        return Finding("disk", "fail", f"{role}: {place} is a file, not a folder", "move it away", {"role": role})
    shown = str(folder) if place == folder else f"{folder} (to be made)"
    try:
        skew_seconds = _try_writing(place)
    except OSError as error:
        what = f"{role}: {shown} cannot be written to ({error.strerror or error})"
        return Finding("disk", "fail", what, fix, {"role": role, "folder": str(folder)})
    free_gib, free_files = shutil.disk_usage(place).free / 2**30, _count_free_files(place)
    data = {"role": role, "folder": str(folder), "free_gib": round(free_gib, 1), "skew_seconds": skew_seconds}
    what = f"{role}: {shown}, {free_gib:.1f} GiB free"
    room = "make room there, or " + fix.split(", or ")[1]
    if free_gib < _LEAST_GIB or (free_files is not None and free_files < _LEAST_FILES):
        counted = "" if free_files is None or free_files >= _LEAST_FILES else f", room for {free_files} files"
        return Finding("disk", "fail", what + counted, room, data)
    if free_gib < _LITTLE_GIB:
        return Finding("disk", "warn", what, room, data)
    if abs(skew_seconds) > _CLOCK_SECONDS:
        late = f"{what}; its clock is {skew_seconds:+.0f} seconds off this machine's"
        return Finding("disk", "warn", late, "set both clocks by the network (NTP)", data)
    return Finding("disk", "ok", what, data=data)


def _try_writing(folder: Path) -> float:
    """Write a file as frames are written, and by how much its time is ahead of this machine's. Raises OSError."""
    draft = folder / f".framecolor-doctor-{uuid.uuid4().hex[:12]}.tmp"
    target = draft.with_suffix(".done")
    content = os.urandom(4096)
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        if target.read_bytes() != content:
            raise OSError("what was written is not what is read again")
        return round(target.stat().st_mtime - time.time(), 1)
    finally:
        for path in (draft, target):
            path.unlink(missing_ok=True)


def _find_existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())


def _count_free_files(folder: Path) -> int | None:
    """How many more files the disk takes; None where it does not count them."""
    if not hasattr(os, "statvfs"):
        return None
    facts = os.statvfs(folder)
    return facts.f_favail if facts.f_files else None
