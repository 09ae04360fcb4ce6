"""Engine files in one folder, and beside each in JSON what it was compiled from.

    KEY.plan   what TensorRT wrote
    KEY.json   its SHA-256, its key in clear, when it was written, by which profile, and the weights it can be given
    KEY.lock   held by the one task that compiles it, while others wait

KEY is the hash of everything that an engine file depends on, so that a changed driver, version or network is another
one. What is read is checked against its hash and key first: a damaged file is never handed to TensorRT. The hash is a
guard against accidents; a folder that others may write to is as trustworthy as they are.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import EngineError, OutputError
from framecolor.media import write_bytes_atomic, write_text_atomic

FOLDER_VARIABLE = "FRAMECOLOR_ENGINE_DIR"
_FORMAT = "framecolor plan 1"
_SILENT_SECONDS = 2.0
_logger = logging.getLogger("framecolor")


@dataclass(frozen=True)
class EngineKey:
    """All that an engine file depends on, in words.

    network, precision  as in `networks.export`; graph is the hash of the exported network with its weights
    shapes              of all inputs, and types of pixels
    backend, version    what compiled it
    target              the GPU and driver that it runs on (`Backend.target`)
    flags               options of the build
    """

    network: str
    precision: str
    graph: str
    shapes: str
    backend: str
    version: str
    target: str
    flags: str

    @property
    def name(self) -> str:
        """The name of the engine file without its ending."""
        return f"{self.network}-{digest(*(f'{k}={v}' for k, v in asdict(self).items()))[:24]}"


@dataclass(frozen=True, eq=False)
class EngineFile:
    """An engine file as the cache holds it.

    profile     name of the profile that it was compiled for, empty where it holds a shot's own weights
    weights     names of the parameters that `runtime.refit` can change; none where it was compiled without
    built_unix  when, in seconds
    """

    path: Path
    key: EngineKey
    profile: str
    weights: tuple[str, ...]
    built_unix: float
    size_bytes: int
    sha256: str

    def read(self) -> bytes:
        """Its bytes. EngineError when they are not those that were written."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise EngineError(self.path, f"cannot be read ({error.strerror})", _REBUILD) from None
        if len(data) < self.size_bytes:
            raise EngineError(self.path, f"is cut short ({len(data)} of {self.size_bytes} bytes)", _REBUILD)
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise EngineError(self.path, "is damaged: it is not what was written", _REBUILD)
        return data


_REBUILD = "framecolor engine build --force"
# An engine as a builder hands it over, and the names of its weights.
Built = tuple[bytes, tuple[str, ...]]


class EngineCache:
    """The folder of engine files: `folder`, or what FRAMECOLOR_ENGINE_DIR says, or in the user's cache."""

    def __init__(self, folder: str | Path | None = None) -> None:
        chosen = folder or os.environ.get(FOLDER_VARIABLE)
        self.folder = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("framecolor") / "engines"

    def find(self, key: EngineKey) -> EngineFile | None:
        """The engine file of that key; None when there is none. EngineError when its record is damaged."""
        stored = self._open(self.folder / f"{key.name}.json")
        if stored is not None and stored.key != key:
            raise EngineError(stored.path, "is damaged: its record is of another engine file", _REBUILD)
        return stored

    def get_or_build(
        self, key: EngineKey, build: Callable[[], Built], profile: str = "", force: bool = False
    ) -> tuple[EngineFile, bytes, bool]:
        """The engine file, its bytes, checked, and whether it was built now.

        Of many tasks that want it at once, one builds it and the others wait. What is damaged is built again, with a
        warning.
        force builds it whatever is there. Raises OutputError when the folder cannot be written, and what build raises.
        """
        if not force:
            found = self._read(key)
            if found is not None:
                return *found, False
        asked_unix = time.time()
        with self._locked(key):
            found = self._read(key)
            # Even when forced, one build is enough for all that asked before it was done.
            if found is not None and (not force or found[0].built_unix > asked_unix):
                return *found, False
            self._warn_stale(key, profile)
            data, weights = build()
            return self._write(key, data, weights, profile), data, True

    def files(self) -> Iterator[EngineFile]:
        """All engine files whose records can be read, by name; their bytes are not checked."""
        for record in sorted(self.folder.glob("*.json")):
            try:
                stored = self._open(record)
            except EngineError as error:
                _logger.warning("%s", error)
                continue
            if stored is not None:
                yield stored

    def _read(self, key: EngineKey) -> tuple[EngineFile, bytes] | None:
        """The engine file and its checked bytes; None, with a warning, when it is damaged."""
        try:
            stored = self.find(key)
            return None if stored is None else (stored, stored.read())
        except EngineError as error:
            _logger.warning("%s: %s; it is compiled again", error.subject, error.problem)
            return None

    def _open(self, record: Path) -> EngineFile | None:
        try:
            table: dict[str, Any] = parse_json(record.read_text("utf-8"))
            if table["format"] != _FORMAT:
                return None
            key = EngineKey(**table["key"])
            if not all(isinstance(part, str) for part in vars(key).values()) or key.name != record.stem:
                raise ValueError("its key is not that of its name")
            stored = EngineFile(
                record.with_suffix(".plan"),
                key,
                str(table["profile"]),
                tuple(map(str, table["weights"])),
                float(table["built_unix"]),
                int(table["size_bytes"]),
                str(table["sha256"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, *MISSHAPEN) as error:
            raise EngineError(record, f"is damaged ({type(error).__name__}: {error})", _REBUILD) from None
        return stored

    def _write(self, key: EngineKey, data: bytes, weights: tuple[str, ...], profile: str) -> EngineFile:
        path, now_unix = self.folder / f"{key.name}.plan", time.time()
        stored = EngineFile(path, key, profile, weights, now_unix, len(data), hashlib.sha256(data).hexdigest())
        table = {
            "format": _FORMAT,
            "profile": profile,
            "key": asdict(key),
            "sha256": stored.sha256,
            "size_bytes": stored.size_bytes,
            "built_unix": now_unix,
            "weights": list(weights),
        }
        # The record last: a file without one does not exist yet, and one beside an older record does not fit its hash.
        write_bytes_atomic(path, data)
        write_text_atomic(path.with_suffix(".json"), json.dumps(table, indent=1) + "\n")
        return stored

    @contextmanager
    def _locked(self, key: EngineKey) -> Iterator[None]:
        lock = FileLock(self.folder / f"{key.name}.lock", poll_interval=0.1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=_SILENT_SECONDS)
            except Timeout:
                _logger.warning("%s: another task is compiling this engine file; waiting for it", key.name)
                lock.acquire()
        except OSError as error:
            fix = "choose another folder with --engine-dir"
            raise OutputError(self.folder, f"engine files cannot be kept there ({error.strerror})", fix) from error
        try:
            yield
        finally:
            lock.release()

    def _warn_stale(self, key: EngineKey, profile: str) -> None:
        """Log why files that are there do not serve: what the nearest of the same kind was compiled from otherwise."""
        wanted, differences = asdict(key), []
        for stored in self.files():
            other = asdict(stored.key)
            if profile and stored.profile == profile and other["backend"] == wanted["backend"] and other != wanted:
                changed = [name for name in wanted if other[name] != wanted[name]]
                differences.append([f"{name} {other[name]} -> {wanted[name]}" for name in changed])
        if differences:
            _logger.warning("%s: the engine file is out of date (%s)", profile, "; ".join(min(differences, key=len)))
