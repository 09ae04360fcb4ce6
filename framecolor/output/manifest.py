"""Read framecolor.json: what was painted, from what, and with which confidence. `output.manifest_writer` writes it.

Runs ignore a damaged manifest and paint its frames again; all other readers raise an error.
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
from framecolor.output.remarks import name_remarks
from framecolor.shot.corrections import Correction, parse_correction

MANIFEST_NAME = "framecolor.json"
CACHE_FOLDER = ".framecolor"
"""In the output folder: data for later runs and other tasks, such as the fit; may be deleted at any time."""
PARTS_FOLDER = "parts"
"""In CACHE_FOLDER: the manifests of tasks that paint parts of a shot."""
LINE_FOLDER = "line"
KEY_FOLDER = "keys"
"""In the output folder: line layers, and the keys made by stencils."""
FORMAT = 1
SEAL = ',\n "seal": "'
"""Precedes the hash of the text before it, which detects a flipped bit in a file that still parses."""


@dataclass(frozen=True)
class Manifest:
    """A painted shot.

    out            folder of the manifest and the painted frames
    shot           name of the shot
    line_dir       folder, sequence pattern or movie of the drawings, relative to `out`; "" if not noted
    width, height  size of the frames, in pixels
    settings       settings of the run that may change a frame
    palette        colors, straight RGBA
    fit            facts about the fit; None without one
    frames         entries by number
    corrections    corrections used by the run
    mattes         ids of the paints
    warnings       warnings of the run, such as faults of its keys
    files          what the shot warned of its files, such as those that are not used
    notes          how its drawings were read, if they are not clean digital ones
    memos          notes, dialogue and camera work of the exposure sheet, a line each
    names          names of the palette's colors, "" if missing; empty if the run had no palette with names
    parts          names of the parts that `mattes` belong to; empty if the run wrote no layers of parts
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
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    memos: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @classmethod
    def read(cls, out: Path) -> Manifest:
        """Read the manifest of a folder of painted frames.

        Raises InputError if missing, ReadError if it is damaged, edited by hand or of another version.
        """
        path = out / MANIFEST_NAME
        if not path.is_file():
            raise InputError(out, f"holds no {MANIFEST_NAME}", "run `framecolor colorize` on the shot first")
        try:
            return cls._parse(out, parse_table(read_file(path).decode()))
        except (OSError, *MISSHAPEN) as error:
            problem = f"is not a manifest of a painted shot ({type(error).__name__}: {error})"
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
        mattes = MatteIds.read(table.get("mattes"))
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
            mattes=mattes,
            warnings=_parse_texts(table.get("warnings")),
            files=_parse_texts(table.get("files")),
            notes=_parse_texts(drawings.get("notes") if isinstance(drawings := table.get("drawings"), dict) else None),
            memos=_parse_texts(table.get("memos")),
            names=_parse_names(table.get("names"), len(palette)),
            parts=_parse_names(table.get("parts"), len(mattes.paints)),
        )

    def list_warnings(self) -> list[str]:
        """List all that the run warned of: files, keys, and drawings that it remarked on while it painted them."""
        remarks = name_remarks({frame.number: frame.remark for frame in self.frames})
        return [*self.files, *self.warnings, *remarks]

    def with_status(self, *statuses: Status) -> tuple[FrameEntry, ...]:
        """List the frames with one of these statuses, by number."""
        return tuple(frame for frame in self.frames if frame.status in statuses)

    @cached_property
    def holds(self) -> dict[int, list[int]]:
        """Numbers of the holds of each painted frame, by its number."""
        found: dict[int, list[int]] = {}
        for frame in self.with_status("hold"):
            if frame.hold_of is not None:
                found.setdefault(frame.hold_of, []).append(frame.number)
        return found


def parse_table(text: str) -> dict[str, Any]:
    """Parse a manifest, or a part of one. Raises one of MISSHAPEN if it is damaged.

    The seal is optional, so that a manifest can be written by hand.
    """
    table = parse_json(text)
    if table["format"] != FORMAT:
        raise ValueError(f"it has format {table['format']!r:.20}, this version reads {FORMAT}")
    if table.pop("seal", "") not in ("", digest(text.rpartition(SEAL)[0])):
        raise ValueError("its seal does not match")
    return table


def _parse_names(names: Any, count: int) -> tuple[str, ...]:
    """Parse the names of `count` colors; empty if they are missing or damaged."""
    right = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    return tuple(names) if right else ()


def parse_palette(rows: Any) -> tuple[Rgba, ...]:
    """Parse the palette of a manifest. Raises one of MISSHAPEN."""
    palette = tuple((red, green, blue, alpha) for red, green, blue, alpha in rows)
    if not all(type(value) is int and 0 <= value <= 255 for color in palette for value in color):
        raise ValueError("the palette has an invalid color")
    return palette


def _parse_texts(entries: Any) -> tuple[str, ...]:
    return tuple(text for text in entries if isinstance(text, str)) if isinstance(entries, list) else ()


def _parse_corrections(entries: Any) -> Iterator[Correction]:
    """Parse the valid corrections; they only document the run, so that an invalid one is no error."""
    for entry in entries if isinstance(entries, list) else ():
        with suppress(InputError):
            yield parse_correction(entry, MANIFEST_NAME)
