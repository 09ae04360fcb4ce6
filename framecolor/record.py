"""framecolor.json: what was painted, from what, and how sure; it decides what a second run has to paint again."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from framecolor.digest import digest
from framecolor.media import write_bytes_atomic, write_text_atomic

RECORD_NAME = "framecolor.json"
LINE_FOLDER = "line"
_FORMAT = 1
_WRITE_EVERY_SECONDS = 2.0


class Record:
    """The record of one output folder, one entry per frame, written now and then and at the end.

    A frame's `source` is the hash of all that decides it, its `paint` the hash of the written file: a frame is up to
    date while both still hold.
    """

    def __init__(self, out: Path) -> None:
        self.path = out / RECORD_NAME
        self.out = out
        self.head: dict[str, Any] = {}
        self.frames: dict[int, dict[str, Any]] = {}
        self._written = time.monotonic()
        self._read()

    @property
    def last_fit(self) -> str | None:
        """Hash of the fit that the frames were last painted with."""
        fit = self.head.get("fit")
        return fit.get("hash") if isinstance(fit, dict) else None

    def is_current(self, number: int, source: str) -> bool:
        """Whether a frame was painted from exactly this source and its file is still the one that was written."""
        entry = self.frames.get(number)
        return (
            entry is not None
            and entry.get("source") == source
            and entry.get("status") != "failed"
            and self._holds(str(entry.get("file")), entry.get("paint"))
        )

    def begin(self, head: dict[str, Any], numbers: Collection[int]) -> None:
        """Start a run: what is true of the whole shot, and the frames that it still has."""
        self.head = head
        self.frames = {number: entry for number, entry in self.frames.items() if number in numbers}

    def write_frame(
        self, entry: dict[str, Any], data: bytes, layer: bytes | None = None, *, force: bool = False
    ) -> bool:
        """Note a painted frame and write its files unless the same are there; tells whether any was written.

        layer  the line layer's file, which goes below `line/` under the same name.
        """
        files = {entry["file"]: data} | ({f"{LINE_FOLDER}/{entry['file']}": layer} if layer is not None else {})
        changed = {name: content for name, content in files.items() if force or not self._holds(name, digest(content))}
        for name, content in changed.items():
            write_bytes_atomic(self.out / name, content)
        self.note({**entry, "paint": digest(data)})
        return bool(changed)

    def note_failure(self, number: int, file: str, error: str) -> None:
        """Note a frame that could not be painted; a file that an earlier run wrote for it stays."""
        self.note({"number": number, "file": file, "status": "failed", "error": error})

    def note(self, entry: dict[str, Any]) -> None:
        """Note a frame without writing one."""
        self.frames[int(entry["number"])] = entry
        if time.monotonic() - self._written > _WRITE_EVERY_SECONDS:
            self.save()

    def save(self) -> None:
        """Write framecolor.json whole or not at all; OutputError when that fails."""
        table = {"format": _FORMAT, **self.head, "frames": [self.frames[n] for n in sorted(self.frames)]}
        write_text_atomic(self.path, json.dumps(table, indent=1) + "\n")
        self._written = time.monotonic()

    def _holds(self, file: str, paint: object) -> bool:
        try:
            return digest((self.out / file).read_bytes()) == paint
        except OSError:
            return False

    def _read(self) -> None:
        """Take over an earlier record; a missing or damaged one is as good as none."""
        try:
            table = json.loads(self.path.read_text("utf-8"))
            if table["format"] == _FORMAT:
                self.frames = {int(entry["number"]): entry for entry in table.pop("frames")}
                self.head = {key: value for key, value in table.items() if key != "format"}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.frames, self.head = {}, {}
