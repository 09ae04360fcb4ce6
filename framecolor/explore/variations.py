"""Variations of one drawing's colors, and the folder that keeps them: pictures, a contact sheet, explore.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.flats import to_lab
from framecolor.colorists.propose import propose_painting
from framecolor.core.compositing import fill_paper, lay_over
from framecolor.core.files import read_file
from framecolor.core.hashing import digest, hash_pixels
from framecolor.core.histogram import color_histogram
from framecolor.core.parsing import MISSHAPEN, is_file_name, parse_json
from framecolor.core.types import Hint, Palette
from framecolor.errors import InputError
from framecolor.explore.sheet import draw_sheet
from framecolor.explore.subject import Subject
from framecolor.lineart.region_colors import PAPER, Rgba, as_color
from framecolor.media import hash_file, read_image, write_image, write_text_atomic
from framecolor.render.flat import paint_flat
from framecolor.shot.strokes import read_strokes

_FORMAT = "framecolor explore 1"
RECORD, SHEET = "explore.json", "contact.png"
# Brighter than this all over, in an opaque reference, is paper.
_PAPER_LEVEL = 250


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the variations are to look like, beside the drawing.

    palette    only its colors are used
    reference  uint8 HxWx4: its colors are wanted
    hints      uint8 HxWx4 of the drawing's size: strokes on transparent paper, whose colors are kept to the bit
    mask       bool HxW of the drawing's size: where a painted key may change; outside of it not one pixel does
    """

    palette: Palette | None = None
    reference: NDArray[np.uint8] | None = None
    hints: NDArray[np.uint8] | None = None
    mask: NDArray[np.bool_] | None = None

    @property
    def hash(self) -> str:
        mask = None if self.mask is None else self.mask.view(np.uint8)
        parts = (None if self.palette is None else self.palette.colors, self.reference, self.hints, mask)
        return digest(*("" if part is None else hash_pixels(part) for part in parts))


@dataclass(frozen=True)
class Exploration:
    """What lies in a folder of variations.

    settings  digest of all that decides them
    seeds     one for each
    files     names of the pictures, and the hash of each
    apart     mean distance of their colors from one another (`spread`)
    """

    settings: str
    seeds: tuple[int, ...]
    files: tuple[tuple[str, str], ...]
    apart: float

    def find(self, folder: Path, number: int) -> Path | None:
        """The picture of variation 1..N where it lies in the folder as it was written, else None."""
        if not 1 <= number <= len(self.files):
            return None
        name, made = self.files[number - 1]
        path = folder / name
        return path if path.is_file() and hash_file(path) == made else None


def explore(
    subject: Subject,
    colorist: Colorist,
    inputs: Inputs,
    options: SamplingOptions,
    count: int,
    folder: Path,
    *,
    model: str,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Exploration:
    """Paint `count` variations, from seed `options.seed` on, and write them with their sheet and record into `folder`.

    model     names the weights, with whatever else decides what the colorist does
    progress  is told how many are done, and of how many
    Raises InputError when hints or mask do not fit the drawing, OutputError when something cannot be written.
    """
    conditioning, told = _make_conditioning(subject, inputs)
    kept = None if inputs.mask is None or subject.key is None else read_image(subject.key)
    # Where nothing may change, each variation is what it starts from, whichever colorist is asked.
    fixed = subject.start if options.strength == 0 else None
    seeds, colors, pictures, files = [], [], [], []
    for i in range(count):
        own = replace(options, seed=options.seed + i)
        found = fixed
        if found is None:
            found = propose_painting(subject.frame, subject.regions, conditioning, own, colorist, inputs.palette, told)
        picture = lay_over(subject.frame.ink, paint_flat(subject.regions, found))
        if kept is not None and inputs.mask is not None:
            picture = np.where(inputs.mask[..., None], picture, kept)
        name = f"variation-{i + 1:02d}.png"
        write_image(folder / name, picture)
        seeds.append(own.seed)
        colors.append(found)
        pictures.append(picture)
        files.append((name, hash_file(folder / name)))
        progress(i + 1, count)
    apart = spread(colors, subject)
    write_image(folder / SHEET, draw_sheet(subject, pictures, [palette_of(c) for c in colors]))
    result = Exploration(digest_settings(subject, inputs, options, count, model), tuple(seeds), tuple(files), apart)
    _write_record(folder / RECORD, result, subject, options, model, colors)
    return result


def read_exploration(folder: Path, settings: str) -> Exploration | None:
    """What lies in a folder, where it was made with these settings (`digest_settings`); else None."""
    try:
        table = parse_json(read_file(folder / RECORD))
        if table["format"] != _FORMAT or table["settings"] != settings:
            return None
        rows = table["variations"]
        files = tuple((str(row["file"]), str(row["hash"])) for row in rows)
        if not all(is_file_name(name) for name, _ in files):
            return None
        return Exploration(settings, tuple(int(row["seed"]) for row in rows), files, float(table["apart"]))
    except (OSError, *MISSHAPEN):
        return None


def digest_settings(subject: Subject, inputs: Inputs, options: SamplingOptions, count: int, model: str) -> str:
    """Digest of all that decides the variations."""
    return digest(_FORMAT, subject.hash, inputs.hash, json.dumps(asdict(options)), str(count), model)


def spread(colors: Sequence[NDArray[np.uint8]], subject: Subject) -> float:
    """How far variations are from one another: the mean distance in CIELAB of a region's colors in each two of them.

    Regions count by the root of their area. 0 where there is only one variation.
    """
    figure = subject.figure
    if len(colors) < 2:
        return 0.0
    weight = np.sqrt(subject.regions.area[figure])
    lab = np.stack([to_lab(c[figure, :3] / np.float32(255)) for c in colors])
    first, second = np.triu_indices(len(colors), 1)
    apart = np.linalg.norm(lab[first] - lab[second], axis=2)
    return float((apart @ weight).mean() / weight.sum())


def palette_of(colors: NDArray[np.uint8]) -> list[Rgba]:
    """The paints of a variation, each once, in the order of regions; paper is none."""
    rows = colors[1:][colors[1:, 3] > 0]
    return list(dict.fromkeys(tuple(row) for row in rows.tolist()))


def _make_conditioning(subject: Subject, inputs: Inputs) -> tuple[Conditioning, dict[int, Rgba]]:
    """What the colorist is told, and the regions whose colors are final: strokes, and paper of the key."""
    told: dict[int, Rgba] = {}
    image = hint = None
    if subject.start is not None:
        image = np.ascontiguousarray(fill_paper(paint_flat(subject.regions, subject.start))[..., :3])
        told = {int(region): PAPER for region in np.flatnonzero(subject.start[1:, 3] == 0) + 1}
    if inputs.mask is not None:
        if subject.start is None:
            raise InputError("mask", "says where a painted key may change, and there is none", "name a painted key")
        _check_size("mask", inputs.mask.shape, subject, "draw it")
        inside = np.bincount(subject.regions.labels.ravel(), inputs.mask.ravel(), subject.regions.count + 1)
        held = np.flatnonzero(2 * inside[1:] < subject.regions.area[1:]) + 1
        told |= {int(region): as_color(subject.start[region]) for region in held}
    if inputs.hints is not None:
        _check_size("hints", inputs.hints.shape, subject, "paint them")
        if inputs.hints[..., 3].min() == 255:
            raise InputError("hints", "are opaque all over", "save them with transparent paper")
        strokes = read_strokes(inputs.hints, subject.regions)
        told |= {int(region): as_color(strokes.color[region]) for region in np.flatnonzero(strokes.meant)}
        confidence = inputs.hints[..., 3].astype(np.float32) / np.float32(255)
        hint = Hint(np.ascontiguousarray(inputs.hints[..., :3]), confidence)
    histogram = reference = None
    if inputs.reference is not None:
        reference = np.ascontiguousarray(fill_paper(inputs.reference)[..., :3])
        shown = (inputs.reference[..., 3] > 127) & (reference.min(axis=2) < _PAPER_LEVEL)
        histogram = color_histogram(reference, shown.astype(np.float32)) if shown.any() else None
    elif inputs.palette is not None:
        histogram = color_histogram(inputs.palette.colors[inputs.palette.colors[:, 3] > 0][:, :3])
    return Conditioning(hint, histogram, reference, image, inputs.mask), told


def _check_size(what: str, size: tuple[int, ...], subject: Subject, verb: str) -> None:
    height, width = subject.frame.size
    if size[:2] != (height, width):
        problem = f"{size[1]}x{size[0]} is not the drawing's size, which is {width}x{height}"
        raise InputError(what, problem, f"{verb} at the size of the drawing")


def _to_hex(color: Rgba) -> str:
    return "#" + bytes(color[:3]).hex()


def _write_record(
    path: Path,
    made: Exploration,
    subject: Subject,
    options: SamplingOptions,
    model: str,
    colors: Sequence[NDArray[np.uint8]],
) -> None:
    rows = [
        {"file": name, "hash": made_hash, "seed": seed, "palette": [_to_hex(c) for c in palette_of(own)]}
        for (name, made_hash), seed, own in zip(made.files, made.seeds, colors, strict=True)
    ]
    table: dict[str, Any] = {
        "format": _FORMAT,
        "settings": made.settings,
        "drawing": subject.line.name,
        "key": None if subject.key is None else subject.key.name,
        "model": model,
        "knobs": asdict(options),
        "regions": len(subject.figure),
        "apart": round(made.apart, 3),
        "variations": rows,
    }
    write_text_atomic(path, json.dumps(table, indent=1) + "\n")
