"""The page's data for corrections: the shot's palette, earlier corrections and the command to run next."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from framecolor.config.cascade import read_levels
from framecolor.config.settings import FILE_SETTINGS, SETTINGS, Settings
from framecolor.core.drawing_number import number_to_json
from framecolor.errors import FramecolorError
from framecolor.media import PALETTES, hash_file, read_palette
from framecolor.output.manifest import MANIFEST_NAME, Manifest
from framecolor.report.view import name_ranges
from framecolor.shot.corrections import CORRECTIONS_NAME, describe_correction
from framecolor.shot.cut import LINE_FOLDER, OUTPUT_ENDING

_OUT_FOLDER = "color"


def describe_shot(manifest: Manifest) -> dict[str, Any]:
    """Describe the shot as data for the page.

    hash   hash of the manifest, so that a browser drops unsaved corrections of another run; "" before the first one
    holds  number of each hold -> number of the frame that it repeats
    """
    return {
        "shot": manifest.shot,
        "hash": hash_file(path) if (path := manifest.out / MANIFEST_NAME).is_file() else "",
        "palette": _describe_palette(manifest),
        "corrections": [describe_correction(correction) for correction in manifest.corrections],
        "holds": {str(held): number_to_json(number) for number, helds in manifest.holds.items() for held in helds},
    }


def describe_command(manifest: Manifest) -> dict[str, Any]:
    """Describe the command that repaints the shot with corrections, as data for the page.

    words   as it is run beside the shot
    folder  name of the output folder, where the page is looked for
    places  index of each word that is a path -> the folder that holds it, from the output folder, forward slashes

    The page is passed on to others, so it holds no folder of this machine. A browser that opens it in the output folder
    knows where that is, and makes the paths absolute.
    """
    words, out = write_command(manifest), manifest.out.resolve()
    options = [SETTINGS[name].option for name in FILE_SETTINGS]
    files = {index: Path(word) for index, word in enumerate(words) if words[index - 1] in options}
    paths = {index: file.parent for index, file in files.items()}
    places: dict[int, str] = {}
    if manifest.line_dir:
        paths[2] = _find_folder(manifest, words)
        if "-o" in words:
            paths[words.index("-o") + 1] = out.parents[1] if "--cel" in words else out.parent
    with suppress(ValueError):  # another drive
        places = {index: Path(os.path.relpath(path, out)).as_posix() for index, path in paths.items()}
    words = [files[index].name if index in files else word for index, word in enumerate(words)]
    return {"words": words, "folder": out.name, "places": places}


def _find_folder(manifest: Manifest, words: Sequence[str]) -> Path:
    """Find the folder that holds what the command names."""
    line = (manifest.out.resolve() / manifest.line_dir).resolve()
    # Drawings are in CUT/line/CEL or SHOT/line, or are themselves what the command names.
    up = 3 if "--cel" in words else 1 if words[2] == line.name else 2
    return line.parents[min(up, len(line.parents)) - 1]


def write_command(manifest: Manifest) -> list[str]:
    """List the words of the command that repaints the shot with corrections, to run beside the shot."""
    places = [part.casefold() for part in PurePosixPath(manifest.line_dir.replace("\\", "/")).parts[-2:]]
    # A cel's drawings are in a folder of their own inside the line folder.
    cut, _, cel = manifest.shot.rpartition("/") if places[:-1] == [LINE_FOLDER] else ("", "", manifest.shot)
    out = manifest.out.resolve()
    words = ["framecolor", "colorize", *([cut, "--cel", cel] if cut else [cel]), "--corrections", CORRECTIONS_NAME]
    if not cut and LINE_FOLDER not in places[-1:]:
        words[2] = PurePosixPath(manifest.line_dir.replace("\\", "/")).name or cel  # a pattern, a movie or one cel
    if not cut and LINE_FOLDER not in places:
        words += ["--keys", "KEYS"]  # a pattern or a movie, whose keys are not in the manifest
    if out.parts[-2:] != (f"{cut}{OUTPUT_ENDING}", cel) if cut else out.name != _OUT_FOLDER:
        words += ["-o", out.parent.name if cut else out.name]
    return [*words, *_list_options(manifest, words), "--report"]


def _list_options(manifest: Manifest, words: Sequence[str]) -> list[str]:
    """List the options of the run as words, without those that the shot's settings files give anyway.

    words  of the command so far, which say where the shot is
    """
    usual, root = Settings(), manifest.out.resolve()
    if manifest.line_dir:
        root = _find_folder(manifest, words) / words[2]
        with suppress(FramecolorError, OSError, RuntimeError, ValueError):  # changed or moved since, or a loop of links
            usual = read_levels(root, {}).settings
    options: list[str] = []
    for name, stated in SETTINGS.items():
        value = manifest.settings.get(name)
        if not stated.option or not stated.decides or name == "engine" or not stated.allows(value):
            continue
        if value in (None, False, *stated.file_only) or value == getattr(usual, name):
            continue
        text = str(root / str(value)) if name in FILE_SETTINGS and value not in stated.words else str(value)
        options += [stated.option] if value is True else [stated.option, text]
    return options


def name_uncorrectable(manifest: Manifest, mapped: Collection[int]) -> str:
    """Format the numbers of the painted frames without a map; "" if all have one or none has."""
    missing = [frame.number for frame in manifest.with_status("key", "painted") if frame.number not in mapped]
    return name_ranges(missing) if mapped else ""


def _describe_palette(manifest: Manifest) -> list[dict[str, str]]:
    """List each color with its name and keyboard key: 1 to 9, then with Shift; paper comes last, with key 0."""
    names = read_names(manifest)
    colors = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue, alpha in manifest.palette if alpha]
    keys = [f"{shift}{digit}" for shift in ("", "\u21e7") for digit in range(1, 10)]
    keys += [""] * len(colors)
    paints = [
        {"color": color, "name": f"{names[color]} {color.upper()}" if color in names else color.upper(), "key": key}
        | ({"swatch": names[color]} if color in names else {})
        for color, key in zip(colors, keys[: len(colors)], strict=True)
    ]
    return [*paints, {"color": "paper", "name": "paper", "key": "0"}]


def read_names(manifest: Manifest) -> dict[str, str]:
    """Read the names of colors, by #rrggbb, from the manifest, else from the run's palette file; empty if missing."""
    if manifest.names:
        rows = zip(manifest.palette, manifest.names, strict=True)
        return {f"#{red:02x}{green:02x}{blue:02x}": name for (red, green, blue, alpha), name in rows if name and alpha}
    file = manifest.settings.get("palette")
    if not isinstance(file, str) or Path(file).suffix.lower() not in PALETTES:
        return {}
    try:
        # A relative path starts at the shot's folder, which holds the drawings or their folder.
        line = (manifest.out / manifest.line_dir).resolve()
        places = [folder / file for folder in (manifest.out.resolve().parent, line.parent, line.parent.parent)]
        palette = read_palette(next((path for path in places if path.is_file()), places[0]))
    except (FramecolorError, OSError, RuntimeError, ValueError):  # a loop of links, an invalid name
        return {}
    rows = zip(palette.colors.tolist(), palette.names, strict=False)
    return {f"#{red:02x}{green:02x}{blue:02x}": name for (red, green, blue, _), name in rows if name}
