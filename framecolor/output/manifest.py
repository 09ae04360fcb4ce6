"""framecolor.json, as all read it: what was painted, from what, and how sure. `output.manifest_writer` writes it.

Whether it is damaged is one question with one answer: runs leave a damaged one out, and whoever asks what was painted
gets an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from framecolor.core.files import read_file
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import InputError, ReadError
from framecolor.media.palettes import Rgba
from framecolor.output.frame_entry import FrameEntry, Status
from framecolor.output.mattes import MatteIds
from framecolor.shot.corrections import Correction, parse_correction

MANIFEST_NAME = "framecolor.json"
CACHE_FOLDER = ".framecolor"
"""In the output folder: what later runs and other tasks take up, such as the fit, and may be deleted at any time."""
PARTS_FOLDER = "parts"
"""In CACHE_FOLDER: what tasks have noted that painted beside each other."""
LINE_FOLDER = "line"
KEY_FOLDER = "keys"
"""In the output folder: line layers, and the keys that stencils made."""
FORMAT = 1
SEAL = ',\n "seal": "'
"""Before the hash of everything before it, which finds a flipped bit in a file that still parses."""


@dataclass(frozen=True)
class Manifest:
    """A painted shot.

    out            folder of the painted frames, which the manifest lies in
    shot           its name
    line_dir       where its drawings are, from `out` on: a folder, a sequence pattern or a movie; "" if not noted
    width, height  of its frames, in pixels
    settings       those of the run that may change a frame
    palette        its colors, straight RGBA
    fit            how a fit came about; None without one
    frames         by number
    corrections    those that the run was given
    mattes         the paints that have an id
    """

    out: Path
    shot: str
    line_dir: str
    width: int
    height: int
    settings: Mapping[str, Any]
    palette: tuple[Rgba, ...]
    fit: Mapping[str, Any] | None
    frames: tuple[FrameEntry, ...]
    corrections: tuple[Correction, ...] = ()
    mattes: MatteIds = field(default_factory=MatteIds)

    @classmethod
    def read(cls, out: Path) -> Manifest:
        """The manifest of the painted frames in a folder.

        Raises InputError if there is none, ReadError if it is damaged, changed by hand or of another version.
        """
        path = out / MANIFEST_NAME
        if not path.is_file():
            raise InputError(out, f"holds no {MANIFEST_NAME}", "run `framecolor colorize` on the shot first")
        try:
            return cls._parse(out, parse_table(read_file(path).decode()))
        except (OSError, *MISSHAPEN) as error:
            problem = f"is no manifest of a painted shot ({type(error).__name__}: {error})"
            fix = "paint the shot again with `framecolor colorize --overwrite`"
            raise ReadError(path, problem, fix) from error

    @classmethod
    def _parse(cls, out: Path, table: dict[str, Any]) -> Manifest:
        width, height = table["size"]
        if type(width) is not int or type(height) is not int or min(width, height) < 1:
            raise ValueError(f"size {width}x{height}")
        palette = parse_palette(table["palette"])
        entries = (FrameEntry.parse(entry, len(palette)) for entry in table["frames"])
        frames = {entry.number: entry for entry in entries}
        return cls(
            out=out,
            shot=str(table["shot"]),
            line_dir=str(table.get("line_dir") or ""),
            width=width,
            height=height,
            settings=dict(table.get("settings") or {}),
            palette=palette,
            fit=dict(table["fit"]) if table.get("fit") else None,
            frames=tuple(frames[number] for number in sorted(frames)),
            corrections=tuple(_parse_corrections(table.get("corrections"))),
            mattes=MatteIds.read(table.get("mattes")),
        )

    def with_status(self, *statuses: Status) -> tuple[FrameEntry, ...]:
        """The frames of these statuses, by number."""
        return tuple(frame for frame in self.frames if frame.status in statuses)

    @cached_property
    def holds(self) -> dict[int, list[int]]:
        """Numbers of the frames that show the same drawing, by the number of the frame that was painted for them."""
        found: dict[int, list[int]] = {}
        for frame in self.with_status("hold"):
            if frame.hold_of is not None:
                found.setdefault(frame.hold_of, []).append(frame.number)
        return found


def parse_table(text: str) -> dict[str, Any]:
    """The table of a manifest, or of a part of one. Raises one of MISSHAPEN unless it is as it was written.

    One that was written by hand has no seal.
    """
    table = parse_json(text)
    if table["format"] != FORMAT:
        raise ValueError(f"it has format {table['format']!r:.20}, this version reads {FORMAT}")
    if table.pop("seal", "") not in ("", digest(text.rpartition(SEAL)[0])):
        raise ValueError("it is not as it was written")
    return table


def parse_palette(rows: Any) -> tuple[Rgba, ...]:
    """The palette of a manifest. Raises one of MISSHAPEN."""
    palette = tuple((red, green, blue, alpha) for red, green, blue, alpha in rows)
    if not all(type(value) is int and 0 <= value <= 255 for color in palette for value in color):
        raise ValueError("a color of the palette is none")
    return palette


def _parse_corrections(entries: Any) -> Iterator[Correction]:
    """Those that can be used: they only say what was done already."""
    for entry in entries if isinstance(entries, list) else ():
        with suppress(InputError):
            yield parse_correction(entry, MANIFEST_NAME)
