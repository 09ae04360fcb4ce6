"""Keep engine files in one folder, each with a record in JSON.

    KEY.plan   TensorRT's serialized engine
    KEY.json   its SHA-256, the parts of its key, its time of writing, its profile, and names of refittable weights
    KEY.lock   held by the task that compiles it, while others wait

KEY is a hash of everything that an engine file depends on, so that another driver, version or network gets another
file. Files are checked against their hash and key before TensorRT opens them. The hash guards against damage, not
against attacks: anyone who can write to the folder can replace its engine files.
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
    """All that an engine file depends on, as text.

    network, precision  as in `networks.export`
    graph               hash of the exported network with its weights
    shapes              shapes and types of the inputs
    backend, version    the compiler
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
    """An engine file in the cache.

    profile     name of the profile that it was compiled for, empty if it has a shot's own weights
    weights     names of the parameters that `runtime.refit` can change; empty if it cannot be refitted
    built_unix  time of the build, in seconds
    """

    path: Path
    key: EngineKey
    profile: str
    weights: tuple[str, ...]
    built_unix: float
    size_bytes: int
    sha256: str

    def read(self) -> bytes:
        """Read and check its bytes. EngineError if they are damaged."""
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
# A serialized engine, and the names of its refittable weights.
Built = tuple[bytes, tuple[str, ...]]


class EngineCache:
    """The folder of engine files: `folder`, or FRAMECOLOR_ENGINE_DIR, or a folder in the user's cache."""

    def __init__(self, folder: str | Path | None = None) -> None:
        chosen = folder or os.environ.get(FOLDER_VARIABLE)
        self.folder = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("framecolor") / "engines"

    def find(self, key: EngineKey) -> EngineFile | None:
        """Find the engine file of that key; None if there is none. EngineError if its record is damaged."""
        stored = self._open(self.folder / f"{key.name}.json")
        if stored is not None and stored.key != key:
            raise EngineError(stored.path, "is damaged: its record is of another engine file", _REBUILD)
        return stored

    def get_or_build(
        self, key: EngineKey, build: Callable[[], Built], profile: str = "", force: bool = False
    ) -> tuple[EngineFile, bytes, bool]:
        """Find or build an engine file; return it, its checked bytes, and whether it was built now.

        If many tasks need it at once, one builds it and the others wait. A damaged one is built again, with a warning.
        force  build it even if there is one
        Raises OutputError if the folder cannot be written, and the errors of `build`.
        """
        if not force:
            found = self._read(key)
            if found is not None:
                return *found, False
        called_unix = time.time()
        with self._locked(key):
            found = self._read(key)
            # Even if forced, one build is enough for all tasks that began to wait before it was done.
            if found is not None and (not force or found[0].built_unix > called_unix):
                return *found, False
            self._warn_stale(key, profile)
            data, weights = build()
            return self._write(key, data, weights, profile), data, True

    def files(self) -> Iterator[EngineFile]:
        """List the engine files whose records can be read, by name, without checking their bytes."""
        for record in sorted(self.folder.glob("*.json")):
            try:
                stored = self._open(record)
            except EngineError as error:
                _logger.warning("%s", error)
                continue
            if stored is not None:
                yield stored

    def _read(self, key: EngineKey) -> tuple[EngineFile, bytes] | None:
        """Read an engine file and its checked bytes; None if it is missing, or, with a warning, damaged."""
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
        # The record last: an engine file without one is not used, and an older record does not have its hash.
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
        """Log how the key differs from that of the most similar engine file of the same profile, if any."""
        wanted, differences = asdict(key), []
        for stored in self.files():
            other = asdict(stored.key)
            if profile and stored.profile == profile and other["backend"] == wanted["backend"] and other != wanted:
                changed = [name for name in wanted if other[name] != wanted[name]]
                differences.append([f"{name} {other[name]} -> {wanted[name]}" for name in changed])
        if differences:
            _logger.warning("%s: the engine file is out of date (%s)", profile, "; ".join(min(differences, key=len)))
