"""Writing framecolor.json, and what it decides: which frames a second run has to paint again.

Tasks that paint one shot at once, on several machines, must not write one file: each notes what it did in a part of its
own, and the next run that has the folder for itself gathers the parts.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from framecolor.core.files import read_file, write_bytes_atomic, write_text_atomic
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import (
    CACHE_FOLDER,
    FORMAT,
    LINE_FOLDER,
    MANIFEST_NAME,
    PARTS_FOLDER,
    SEAL,
    parse_palette,
    parse_table,
)
from framecolor.output.mattes import MATTE_FOLDER, matte_name

_WRITE_EVERY_SECONDS = 2.0
# ... and so rarely that writing it takes a twentieth of the time, however long the shot is.
_WRITE_SHARE = 20
# What names a file is looked at twice: a manifest may have been written by anybody.
_HASH = re.compile("[0-9a-f]{1,64}")


class ManifestWriter:
    """The manifest of one output folder while a run paints into it, written now and then and at the end.

    A frame's `source` is the hash of all that decides it, its `paint` the hash of the written file, `layer` and `matte`
    those of the line layer's and the matte's, where there is one: a frame is up to date while all of them still hold.
    Nothing in it differs between two runs that come to the same frames.

    part  frames of a task that paints beside others: only they are written, into a file of their own. Without it the
          parts that tasks have left are gathered, and deleted once framecolor.json holds what they say.

    damaged  earlier manifests that say nothing any more: their frames are painted again
    """

    def __init__(self, out: Path, part: Collection[int] | None = None) -> None:
        self.path = out / MANIFEST_NAME if part is None else _part_path(out, part)
        self.out = out
        self.head: dict[str, Any] = {}
        # Entries as they are written: as objects, the outlines of doubtful regions take ten times the memory.
        self._lines: dict[int, str] = {}
        self._part = None if part is None else frozenset(part)
        self._gathered: list[Path] = []
        self.damaged: list[Path] = []
        self._written = time.monotonic()
        self._pause = _WRITE_EVERY_SECONDS
        self._content = ""
        self._read()

    def has(self, number: int) -> bool:
        """Whether anything is noted of a frame."""
        return number in self._lines

    def entry(self, number: int) -> FrameEntry | None:
        """What is noted of a frame."""
        return self._parse(self._lines[number]) if number in self._lines else None

    def entries(self) -> Iterator[FrameEntry]:
        """What is noted of all frames, one after the other, by number."""
        for number in sorted(self._lines):
            yield self._parse(self._lines[number])

    @property
    def last_fit(self) -> str | None:
        """Hash of the fit that the frames were last painted with."""
        fit = self.head.get("fit")
        found = fit.get("hash") if isinstance(fit, dict) else None
        return found if isinstance(found, str) and _HASH.fullmatch(found) else None

    def is_current(self, number: int, source: str, file: str, *, matte: bool = False) -> bool:
        """Whether a frame was painted from exactly this source into this file, which is still as it was written.

        matte  it has to have a matte, too
        """
        entry = self.entry(number)
        return (
            entry is not None
            and entry.status != "failed"
            and (entry.source, entry.file) == (source, file)
            and self._holds(file, entry.paint)
            and (entry.layer is None or self._holds(f"{LINE_FOLDER}/{file}", entry.layer))
            and (not matte or self._holds(f"{MATTE_FOLDER}/{matte_name(file)}", entry.matte))
        )

    def find_strays(self, names: Mapping[int, str]) -> list[str]:
        """Files of frames that are noted under another name than today's, `names` by number, and are still there."""
        return [
            entry.file
            for entry in self.entries()
            if entry.file != names.get(entry.number, entry.file) and (self.out / entry.file).is_file()
        ]

    def begin(self, head: dict[str, Any], numbers: Collection[int]) -> None:
        """Start a run: what is true of the whole shot, and the frames that it still has.

        Frames that this run leaves alone name their colors by the palette of their own time: they get today's indices.
        """
        known = frozenset(numbers)
        self._lines = {number: line for number, line in self._lines.items() if number in known}
        self._take_head(head)

    def write_frame(
        self,
        entry: FrameEntry,
        data: bytes,
        layer: bytes | None = None,
        matte: bytes | None = None,
        *,
        force: bool = False,
    ) -> bool:
        """Note a painted frame and write its files unless the same are there; tells whether any was written.

        layer  the line layer's file, which goes below `line/` under the same name.
        matte  the matte's, which goes below `matte/`.
        """
        files = {"paint": (entry.file, data)}
        if layer is not None:
            files["layer"] = f"{LINE_FOLDER}/{entry.file}", layer
        if matte is not None:
            files["matte"] = f"{MATTE_FOLDER}/{matte_name(entry.file)}", matte
        hashes = {role: digest(content) for role, (_, content) in files.items()}
        changed = [
            (name, content) for role, (name, content) in files.items() if force or not self._holds(name, hashes[role])
        ]
        for name, content in changed:
            write_bytes_atomic(self.out / name, content)
        self.note(replace(entry, **hashes))
        return bool(changed)

    def note_failure(self, number: int, file: str, error: str) -> None:
        """Note a frame that could not be painted; a file that an earlier run wrote for it stays."""
        self.note(FrameEntry(number, file, status="failed", error=error))

    def note(self, entry: FrameEntry) -> None:
        """Note a frame without writing one."""
        self._lines[entry.number] = entry.format()
        if time.monotonic() - self._written > self._pause:
            self.save()

    def save(self) -> None:
        """Write framecolor.json whole or not at all, unless it says the same already; OutputError when that fails."""
        begin = time.monotonic()
        # One line a frame: compact, and several times as fast as an indented table.
        head = json.dumps({"format": FORMAT, **self.head}, indent=1).removesuffix("\n}")
        own = self._lines if self._part is None else self._part.intersection(self._lines)
        frames = ",\n".join(self._lines[number] for number in sorted(own))
        text = head + ',\n "frames": [\n' + frames + "\n ]"
        text += f'{SEAL}{digest(text)}"\n}}\n'
        if (content := digest(text)) != self._content:
            write_text_atomic(self.path, text)
        if self._gathered:
            self._drop_gathered()
        self._content, self._written = content, time.monotonic()
        self._pause = max(_WRITE_EVERY_SECONDS, _WRITE_SHARE * (self._written - begin))

    def _drop_gathered(self) -> None:
        with suppress(OSError):  # what stays is gathered again, and says nothing new
            while self._gathered:
                self._gathered.pop().unlink(missing_ok=True)
            _part_folder(self.out).rmdir()

    def _holds(self, file: str, paint: object) -> bool:
        try:
            return digest(read_file(self.out / file)) == paint
        except OSError:
            return False

    def _read(self) -> None:
        """Take over an earlier manifest, and parts of it; a missing or damaged one is as good as none."""
        self._take_over(self.out / MANIFEST_NAME)
        parts = [self.path] if self._part is not None else sorted(_part_folder(self.out).glob("*.json"), key=_age)
        for path in parts:
            if self._take_over(path) and self._part is None:
                self._gathered.append(path)

    def _take_over(self, path: Path) -> bool:
        """Add what a file says to what is known already; tells whether there was one."""
        try:
            text = read_file(path).decode()
            table = parse_table(text)
            colors = len(parse_palette(table["palette"]))
            lines = {FrameEntry.parse(entry, colors).number: json.dumps(entry) for entry in table.pop("frames")}
            head = {key: value for key, value in table.items() if key != "format"}
        except FileNotFoundError:
            return False
        except (OSError, *MISSHAPEN):
            self.damaged.append(path)
            return False
        self._take_head(head)
        self._lines |= lines
        if path == self.path:
            self._content = digest(text)
        return True

    def _take_head(self, head: dict[str, Any]) -> None:
        """Take over what is true of the whole shot, and name the colors of all entries by its palette."""
        before, today = self.head.get("palette"), head["palette"]
        if before is not None and before != today:
            rows = _find_rows(before, today)
            self._lines |= {e.number: e.translate(rows).format() for e in self.entries() if e.unsure}
        self.head = head

    def _parse(self, line: str) -> FrameEntry:
        return FrameEntry.parse(json.loads(line), len(self.head.get("palette", ())))


def _find_rows(before: Sequence[Sequence[int]], today: Sequence[Sequence[int]]) -> list[int | None]:
    """The place in today's palette of each color of an earlier one; None if it is gone."""
    row = {tuple(color): index for index, color in enumerate(today)}
    return [row.get(tuple(color)) for color in before]


def _part_folder(out: Path) -> Path:
    return out / CACHE_FOLDER / PARTS_FOLDER


def _part_path(out: Path, numbers: Collection[int]) -> Path:
    """Told from that of other frames by its name, and the same for a task that is tried again."""
    frames = sorted(numbers)
    return _part_folder(out) / f"{frames[0]}-{frames[-1]}-{digest(*map(str, frames))[:8]}.json"


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name
