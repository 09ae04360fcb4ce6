"""Paint variations of one drawing's colors into a folder: pictures, a contact sheet and explore.json."""

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
# Increased when the same colorist, drawing and inputs no longer give the same variations.
_RECIPE = "variations 4"
RECORD, SHEET = "explore.json", "contact.png"
# Pixels of a reference whose channels are all at least this are paper.
_PAPER_LEVEL = 250


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of variations beside the drawing.

    palette    limits colors to its own, those of `hints`, and those of a painted key outside of `mask`
    reference  picture with the wanted colors, uint8 HxWx4
    hints      strokes on transparent, uint8 HxWx4 of the drawing's size, whose colors are used exactly
    mask       bool HxW of the drawing's size; a painted key changes only inside it
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
    """The content of a folder of variations.

    settings  digest of all their inputs (`digest_settings`)
    seeds     seed of each
    files     name and hash of each picture
    apart     mean distance of their colors from each other (`spread`)
    """

    settings: str
    seeds: tuple[int, ...]
    files: tuple[tuple[str, str], ...]
    apart: float

    def find(self, folder: Path, number: int) -> Path | None:
        """Find the picture of variation 1..N; None if it is missing or was changed."""
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
    """Paint `count` variations, from seed `options.seed` on, and write them to `folder` with their sheet and record.

    model     name of the weights and other inputs of the colorist
    progress  is called with the number of finished variations, and `count`

    Raises InputError if hints or mask do not fit the drawing, OutputError if a file cannot be written.
    """
    conditioning, final = _make_conditioning(subject, inputs)
    kept = None if inputs.mask is None or subject.key is None else read_image(subject.key)
    # At strength 0 each variation is its start, whatever the colorist.
    fixed = subject.start if options.strength == 0 else None
    seeds, colors, pictures, files = [], [], [], []
    for i in range(count):
        own = replace(options, seed=options.seed + i)
        color = fixed
        if color is None:
            color = propose_painting(subject.frame, subject.regions, conditioning, own, colorist, inputs.palette, final)
        picture = lay_over(subject.frame.ink, paint_flat(subject.regions, color))
        if kept is not None and inputs.mask is not None:
            picture = np.where(inputs.mask[..., None], picture, kept)
        name = f"variation-{i + 1:02d}.png"
        write_image(folder / name, picture)
        seeds.append(own.seed)
        colors.append(color)
        pictures.append(picture)
        files.append((name, hash_file(folder / name)))
        progress(i + 1, count)
    apart = spread(colors, subject)
    write_image(folder / SHEET, draw_sheet(subject, pictures, [palette_of(c) for c in colors]))
    result = Exploration(digest_settings(subject, inputs, options, count, model), tuple(seeds), tuple(files), apart)
    _write_record(folder / RECORD, result, subject, options, model, colors)
    return result


def read_exploration(folder: Path, settings: str) -> Exploration | None:
    """Read the record of a folder; None if it is missing or has other settings (`digest_settings`)."""
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
    """Hash all inputs of the variations."""
    return digest(_FORMAT, _RECIPE, subject.hash, inputs.hash, json.dumps(asdict(options)), str(count), model)


def spread(colors: Sequence[NDArray[np.uint8]], subject: Subject) -> float:
    """Measure the mean distance of variations from each other: that of a region's colors in CIELAB, over all pairs.

    Regions are weighted by the root of their area. 0 for a single variation.
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
    """List the distinct paints of a variation in the order of regions, without paper."""
    rows = colors[1:][colors[1:, 3] > 0]
    return list(dict.fromkeys(tuple(row) for row in rows.tolist()))


def _make_conditioning(subject: Subject, inputs: Inputs) -> tuple[Conditioning, dict[int, Rgba]]:
    """Make the colorist's conditioning, and region -> color of the final regions: strokes and paper of the key."""
    final: dict[int, Rgba] = {}
    image = hint = None
    if subject.start is not None:
        image = np.ascontiguousarray(fill_paper(paint_flat(subject.regions, subject.start))[..., :3])
        final = {int(region): PAPER for region in np.flatnonzero(subject.start[1:, 3] == 0) + 1}
    if inputs.mask is not None:
        if subject.start is None:
            raise InputError("mask", "limits the change of a painted key, and there is none", "name a painted key")
        _check_size("mask", inputs.mask.shape, subject, "draw it")
        inside = np.bincount(subject.regions.labels.ravel(), inputs.mask.ravel(), subject.regions.count + 1)
        held = np.flatnonzero(2 * inside[1:] < subject.regions.area[1:]) + 1
        final |= {int(region): as_color(subject.start[region]) for region in held}
    if inputs.hints is not None:
        _check_size("hints", inputs.hints.shape, subject, "paint them")
        if inputs.hints[..., 3].min() == 255:
            raise InputError("hints", "are fully opaque", "save them on transparent")
        strokes = read_strokes(inputs.hints, subject.regions)
        final |= {int(region): as_color(strokes.color[region]) for region in np.flatnonzero(strokes.meant)}
        confidence = inputs.hints[..., 3].astype(np.float32) / np.float32(255)
        hint = Hint(np.ascontiguousarray(inputs.hints[..., :3]), confidence)
    histogram = reference = None
    if inputs.reference is not None:
        reference = np.ascontiguousarray(fill_paper(inputs.reference)[..., :3])
        shown = (inputs.reference[..., 3] > 127) & (reference.min(axis=2) < _PAPER_LEVEL)
        histogram = color_histogram(reference, shown.astype(np.float32)) if shown.any() else None
    elif inputs.palette is not None:
        histogram = color_histogram(inputs.palette.colors[inputs.palette.colors[:, 3] > 0][:, :3])
    return Conditioning(hint, histogram, reference, image, inputs.mask), final


def _check_size(what: str, size: tuple[int, ...], subject: Subject, verb: str) -> None:
    height, width = subject.frame.size
    if size[:2] != (height, width):
        problem = f"size {size[1]}x{size[0]} is not the drawing's, {width}x{height}"
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
