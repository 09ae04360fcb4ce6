"""Write framecolor.json, and decide by it which frames are up to date.

Tasks that paint one shot at once, on several machines, cannot write one file: each writes its part, and the next run
that has the folder to itself gathers the parts.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from framecolor.config.settings import Settings
from framecolor.core.files import read_file, write_bytes_atomic, write_text_atomic
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN
from framecolor.errors import OutputError
from framecolor.media.levels.member import find_frame, is_there
from framecolor.media.writers.tlv import hash_part
from framecolor.output.cryptomatte import CRYPTOMATTE_FOLDER, cryptomatte_name
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.level import hash_frame, is_part, write_part
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
from framecolor.output.mattes import LINE_MATTE_FOLDER, MATTE_FOLDER, matte_name
from framecolor.output.remarks import Remark

BESIDE: Mapping[str, Callable[[str], str]] = {
    "layer": lambda file: f"{LINE_FOLDER}/{file}",
    "matte": lambda file: f"{MATTE_FOLDER}/{matte_name(file)}",
    "line_matte": lambda file: f"{LINE_MATTE_FOLDER}/{matte_name(file)}",
    "cryptomatte": lambda file: f"{CRYPTOMATTE_FOLDER}/{cryptomatte_name(file)}",
}
"""The files beside a frame's own: the field of `FrameEntry` with the hash -> makes the name from that of the frame."""

_MATTES = frozenset(("matte", "cryptomatte"))
_WRITE_EVERY_SECONDS = 2.0
# The pause grows to this many times the time of writing, so that writing takes a twentieth of a long run.
_WRITE_SHARE = 20
# The fit's hash is used as a file name, and a manifest from elsewhere may hold any text.
_HASH = re.compile("[0-9a-f]{1,64}")


def list_wanted(settings: Settings) -> list[str]:
    """List the mattes that settings want beside each frame, of `BESIDE`."""
    return [role for role, wanted in (("matte", settings.mattes), ("cryptomatte", settings.cryptomatte)) if wanted]


class ManifestWriter:
    """The manifest of an output folder during a run, written at intervals and at the end.

    A frame is up to date while its `source`, the hash of all its inputs, and the hashes of its files are unchanged. Two
    runs with the same frames write the same manifest.

    part     numbers of a task that paints a part of the shot: only they are written, to a file of their own. None for a
             run on the whole shot, which gathers the parts of tasks and deletes them when framecolor.json is written.
    damaged  earlier manifests that cannot be used: their frames are painted again
    """

    def __init__(self, out: Path, part: Collection[int] | None = None) -> None:
        self.path = out / MANIFEST_NAME if part is None else _part_path(out, part)
        self.out = out
        self.head: dict[str, Any] = {}
        # Entries as JSON: as objects, the outlines of unsure regions take ten times the memory.
        self._lines: dict[int, str] = {}
        # The same without unsure regions, and how many of these there are: what most callers need.
        self._briefs: dict[int, FrameEntry] = {}
        self._unsure: dict[int, int] = {}
        self._part = None if part is None else frozenset(part)
        self._gathered: list[Path] = []
        self.damaged: list[Path] = []
        self._written = time.monotonic()
        self._pause = _WRITE_EVERY_SECONDS
        self._content = ""
        self._read()

    def has(self, number: int) -> bool:
        """Check whether a frame has an entry."""
        return number in self._lines

    def entry(self, number: int) -> FrameEntry | None:
        """Return the entry of a frame, None if missing."""
        return self._parse(self._lines[number]) if number in self._lines else None

    def entries(self) -> Iterator[FrameEntry]:
        """Iterate over all entries, by number."""
        for number in sorted(self._lines):
            yield self._parse(self._lines[number])

    def list_remarks(self, numbers: Collection[int]) -> dict[int, Remark | None]:
        """List the remarks of some frames, by number."""
        return {n: entry.remark for n in numbers if (entry := self._briefs.get(n)) is not None}

    def count_unsure(self, numbers: Collection[int]) -> int:
        """Count the unsure regions of some frames."""
        return sum(self._unsure.get(number, 0) for number in numbers)

    @property
    def last_fit(self) -> str | None:
        """Hash of the fit of the last run; None without one."""
        fit = self.head.get("fit")
        found = fit.get("hash") if isinstance(fit, dict) else None
        return found if isinstance(found, str) and _HASH.fullmatch(found) else None

    def is_current(self, number: int, source: str, file: str, wanted: Collection[str] = ()) -> bool:
        """Check whether a frame is up to date: painted from `source` into `file`, and its files are unchanged.

        wanted  files that it must have beside, of `BESIDE`; mattes that are not wanted may be missing
        """
        entry = self._briefs.get(number)
        return (
            entry is not None
            and entry.status != "failed"
            and (entry.source, entry.file) == (source, file)
            and all(getattr(entry, role) is not None for role in wanted)
            and self.has_files(replace(entry, **dict.fromkeys(_MATTES.difference(wanted))))
        )

    def has_files(self, entry: FrameEntry) -> bool:
        """Check whether the files of an entry are there and unchanged."""
        hashes = {role: getattr(entry, role) for role in BESIDE}
        return self._holds(entry.file, entry.paint) and all(
            hashes[role] is None or self._holds(name(entry.file), hashes[role]) for role, name in BESIDE.items()
        )

    def find_strays(self, names: Mapping[int, str]) -> list[str]:
        """Find existing files of frames whose name in an earlier run differs from that in `names`, by number."""
        return [
            entry.file
            for _, entry in sorted(self._briefs.items())
            if entry.file != names.get(entry.number, entry.file) and is_there(find_frame(self.out, entry.file))
        ]

    def find_old_mattes(self, numbers: Collection[int]) -> list[str]:
        """Find mattes of earlier runs that are not those of their frames any more: painted again without mattes."""
        entries = [entry for n in numbers if (entry := self._briefs.get(n)) is not None and entry.status != "failed"]
        files = [BESIDE[role](one.file) for role in _MATTES for one in entries if getattr(one, role) is None]
        return sorted(file for file in files if (self.out / file).is_file())

    def begin(self, head: dict[str, Any], numbers: Collection[int]) -> None:
        """Start a run with its head, and drop the entries of frames that the shot no longer has.

        The color indices of entries that this run keeps are translated to the new palette.
        """
        for number in self._lines.keys() - set(numbers):
            del self._lines[number], self._briefs[number], self._unsure[number]
        self._take_head(head)

    def write_frame(
        self,
        entry: FrameEntry,
        data: bytes,
        beside: Mapping[str, bytes] = MappingProxyType({}),
        *,
        force: bool = False,
    ) -> bool:
        """Note a painted frame and write its files, if they changed. Returns whether any was written.

        beside  bytes of the files beside it, of `BESIDE`
        force   write files that did not change, too
        """
        files = {"paint": (entry.file, data)}
        files |= {role: (BESIDE[role](entry.file), content) for role, content in beside.items()}
        hashes = {role: self._hash(name, content) for role, (name, content) in files.items()}
        changed = [
            (name, content) for role, (name, content) in files.items() if force or not self._holds(name, hashes[role])
        ]
        for name, content in changed:
            if is_part(self.out, name):
                write_part(self.out / CACHE_FOLDER, name, content)
            else:
                write_bytes_atomic(self.out / name, content)
        self.note(replace(entry, **hashes))
        return bool(changed)

    def keep_frame(self, entry: FrameEntry, kept: str) -> bool:
        """Note a frame whose picture an earlier run wrote to the file `kept` and those that belong to it.

        Returns whether any file was written: a hold may lack its copies. Raises OutputError.
        """
        if self.has_files(entry):
            self.note(entry)
            return False
        try:
            data = read_file(self.out / kept)
            files = {role: name(kept) for role, name in BESIDE.items() if getattr(entry, role) is not None}
            beside = {role: read_file(self.out / name) for role, name in files.items()}
        except OSError as error:
            problem = f"was changed during the run ({error.strerror or error})"
            raise OutputError(self.out / kept, problem, "run again") from error
        return self.write_frame(entry, data, beside)

    def note_failure(self, number: int, file: str, error: str) -> None:
        """Note a frame that could not be painted; its file from an earlier run stays."""
        self.note(FrameEntry(number, file, status="failed", error=error))

    def note(self, entry: FrameEntry) -> None:
        """Note a frame without writing its files."""
        self._keep(entry, entry.format())
        if time.monotonic() - self._written > self._pause:
            self.save()

    def save(self) -> None:
        """Write framecolor.json atomically, if it changed. Raises OutputError."""
        begin = time.monotonic()
        # One line per frame: compact, and several times as fast as an indented table.
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
        with suppress(OSError):  # a part that stays is gathered again, to no effect
            while self._gathered:
                self._gathered.pop().unlink(missing_ok=True)
            _part_folder(self.out).rmdir()

    def _hash(self, file: str, content: bytes) -> str:
        return hash_part(content) if is_part(self.out, file) else digest(content)

    def _holds(self, file: str, paint: object) -> bool:
        if is_part(self.out, file):
            return paint is not None and hash_frame(self.out, self.out / CACHE_FOLDER, file) == paint
        try:
            return digest(read_file(self.out / file)) == paint
        except OSError:
            return False

    def _read(self) -> None:
        """Read the earlier manifest and its parts; missing and damaged ones are ignored."""
        self._take_over(self.out / MANIFEST_NAME)
        parts = [self.path] if self._part is not None else sorted(_part_folder(self.out).glob("*.json"), key=_age)
        for path in parts:
            if self._take_over(path) and self._part is None:
                self._gathered.append(path)

    def _take_over(self, path: Path) -> bool:
        """Add the head and entries of a file. Returns False if it is missing or damaged."""
        try:
            text = read_file(path).decode()
            table = parse_table(text)
            colors = len(parse_palette(table["palette"]))
            entries = [(FrameEntry.parse(entry, colors), json.dumps(entry)) for entry in table.pop("frames")]
            head = {key: value for key, value in table.items() if key != "format"}
        except FileNotFoundError:
            return False
        except (OSError, *MISSHAPEN):
            self.damaged.append(path)
            return False
        self._take_head(head)
        for entry, line in entries:
            self._keep(entry, line)
        if path == self.path:
            self._content = digest(text)
        return True

    def _take_head(self, head: dict[str, Any]) -> None:
        """Replace the head, and translate the color indices of all entries to its palette."""
        before, after = self.head.get("palette"), head["palette"]
        if before is not None and before != after:
            rows = _find_rows(before, after)
            for entry in [entry.translate(rows) for entry in self.entries() if entry.unsure]:
                self._keep(entry, entry.format())
        self.head = head

    def _keep(self, entry: FrameEntry, line: str) -> None:
        number = entry.number
        self._lines[number], self._briefs[number] = line, replace(entry, unsure=())
        self._unsure[number] = len(entry.to_check)

    def _parse(self, line: str) -> FrameEntry:
        return FrameEntry.parse(json.loads(line), len(self.head.get("palette", ())))


def _find_rows(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int | None]:
    """Find the index of each color of an earlier palette in the new one; None if it is gone."""
    row = {tuple(color): index for index, color in enumerate(after)}
    return [row.get(tuple(color)) for color in before]


def _part_folder(out: Path) -> Path:
    return out / CACHE_FOLDER / PARTS_FOLDER


def _part_path(out: Path, numbers: Collection[int]) -> Path:
    """Name the file of a part: unique to its frames, and the same when a task is repeated."""
    frames = sorted(numbers)
    return _part_folder(out) / f"{frames[0]}-{frames[-1]}-{digest(*map(str, frames))[:8]}.json"


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name
