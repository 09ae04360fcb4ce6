"""Put the painted frames of a shot into its level, with the names that its palettes have."""

from __future__ import annotations

from contextlib import suppress

from framecolor.errors import PaletteError, ReadError
from framecolor.media import read_swatch_list
from framecolor.media.levels.member import find_palette, is_member
from framecolor.output.level import finish_level, is_part
from framecolor.output.manifest import CACHE_FOLDER
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.output.mattes import MatteIds, Rgb, name_paints
from framecolor.shot.shot import Shot


def put_into_level(shot: Shot, manifest: ManifestWriter) -> None:
    """Put the parts that runs and tasks have painted into the shot's level, if its frames are drawings of one.

    Raises OutputError if the level cannot be written.
    """
    entries = (entry for entry in manifest.entries() if entry.status != "failed")
    hashes = {entry.file: entry.paint for entry in entries if is_part(manifest.out, entry.file)}
    if not hashes:
        return
    paints = MatteIds.read(manifest.head.get("mattes")).paints
    first = None if shot.movie is not None else shot.lines[shot.numbers[0]]
    source = first if first is not None and is_member(first) else None
    level, cache = manifest.out / shot.level_name, manifest.out / CACHE_FOLDER
    finish_level(level, cache, hashes, paints, _read_names(shot, manifest), source)


def _read_names(shot: Shot, manifest: ManifestWriter) -> dict[Rgb, str]:
    """Read the names of colors: of the palette of the settings, and of the palettes of keys that are levels."""
    settings = manifest.head.get("settings")
    given = settings.get("palette") if isinstance(settings, dict) else None
    paths = [shot.root / given] if isinstance(given, str) else []
    names: dict[Rgb, str] = {}
    for level in dict.fromkeys(path.parent for path in shot.keys.values() if is_member(path)):
        with suppress(ReadError):
            paths.append(find_palette(level))
    for path in paths:
        with suppress(PaletteError):  # its colors were read when the run began
            names = name_paints(read_swatch_list(path).swatches) | names
    return names
