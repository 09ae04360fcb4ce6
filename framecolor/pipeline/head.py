"""The head of framecolor.json: the part about the whole shot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framecolor.config.settings import Settings
from framecolor.core.drawing_number import number_to_json
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS, read_swatches
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.output.mattes import MatteIds
from framecolor.output.paint_names import PaintNames
from framecolor.shot.corrections import describe_correction
from framecolor.shot.shot import Shot
from framecolor.version import VERSION


def describe_run(
    shot: Shot,
    out: Path,
    keyframes: Keyframes,
    fit: dict[str, object] | None,
    engine: str,
    settings: Settings,
    warnings: tuple[str, ...],
) -> dict[str, object]:
    """Make the head of framecolor.json.

    fit  facts about the fit; None without one
    """
    height, width = shot.size
    head: dict[str, object] = {
        "framecolor": VERSION,
        "shot": shot.name,
        "line_dir": _point_to(shot.line_source, out),
        "size": [width, height],
        "engine": engine,
        "settings": settings.list_deciding(),
        "palette": keyframes.shown.colors.tolist(),
        "fit": fit,
    }
    if keyframes.shown.names:
        head["names"] = list(keyframes.shown.names)
    if keyframes.lines is not None:
        head["line_colors"] = keyframes.paints.colors[len(keyframes.fills) :].tolist()
    if keyframes.proposed:
        head["proposed"] = [number_to_json(number) for number in sorted(keyframes.proposed)]
    if keyframes.compared:
        paths = [shot.references[position].painted for position in dict.fromkeys(keyframes.compared)]
        head["references"] = [_point_to(path, out) for path in paths]
    if shot.corrections:
        head["corrections"] = [describe_correction(correction) for correction in shot.corrections]
    if warnings:
        head["warnings"] = list(warnings)
    return note_shot(head, shot)


def note_shot(head: Mapping[str, object], shot: Shot) -> dict[str, object]:
    """Return the head with what the shot says now and that changes no frame: memos of its sheet, warnings of files."""
    memos = () if shot.timing is None else shot.timing.memos
    noted = {**head, "memos": list(memos), "files": list(shot.warnings)}
    return {name: value for name, value in noted.items() if value or name not in ("memos", "files")}


def _point_to(path: Path, out: Path) -> str:
    """Make a path relative to `out`, with forward slashes; absolute if it is on another drive."""
    try:
        return Path(os.path.relpath(path, out)).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def number_paints(
    manifest: ManifestWriter, head: dict[str, object], keyframes: Keyframes, settings: Settings, root: Path
) -> PaintNames | None:
    """Number and name the paints for mattes or layers, and note that in `head`. Returns None if none are wanted.

    root  folder of the shot, to which the path of the palette is relative
    Without mattes the ids of earlier runs are still kept in `head`.
    """
    image = FORMATS[settings.format]
    wanted = settings.mattes or settings.cryptomatte or image.by_part
    before = MatteIds.read(manifest.head.get("mattes"))
    ids = before.extend(keyframes.paints) if wanted or image.level else before
    if ids.paints:
        head["mattes"] = [list(paint) for paint in ids.paints]
    if not wanted:
        return None
    swatches = [] if settings.palette is None else read_swatches(root / settings.palette)
    lines = {(row[0], row[1], row[2]) for row in keyframes.line_fills.tolist()}
    fills = {(row[0], row[1], row[2]) for row in keyframes.fills.colors.tolist() if row[3]}
    sources = {shown[:3]: color[:3] for color, shown in reversed(list(keyframes.recolors.colors.items()))}
    names = PaintNames.make(ids, swatches, lines, lines - fills, sources)
    if image.by_part:
        head["parts"] = list(names.parts[1:])
    return names


def name_lines(head: Mapping[str, Any]) -> dict[tuple[int, int, int], str]:
    """Name the colors that only lines have, as 'line #4F2A10', by a manifest's head."""
    rows = head.get("line_colors") or []
    return {(red, green, blue): f"line #{red:02X}{green:02X}{blue:02X}" for red, green, blue, _ in rows}


def name_shown(head: Mapping[str, Any]) -> dict[tuple[int, int, int], str]:
    """Name the colors of a manifest's palette by its names, which a recolored one has from the color before."""
    rows = zip(head.get("palette") or [], head.get("names") or [], strict=False)
    return {(red, green, blue): name for (red, green, blue, alpha), name in rows if alpha and name}
