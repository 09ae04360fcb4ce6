"""Propose a key for a shot without one: a colorist paints one drawing, guided by strokes, palette and reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.colorists.propose import propose_painting
from framecolor.config.settings import Settings
from framecolor.core.files import write_bytes_atomic
from framecolor.core.hashing import digest
from framecolor.core.types import Frame, Hint, Palette, Regions
from framecolor.engines.registry import load_shipped
from framecolor.errors import ReadError, ShotError
from framecolor.keys.key_drawing import WORKING_AREA_PX
from framecolor.keys.key_gallery import describe_regions
from framecolor.keys.keyframes import ask_for_key
from framecolor.keys.references.prior import measure_picture
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.region_colors import Rgba, as_color, nearest_entries
from framecolor.lineart.sampling import sample_points
from framecolor.matching.tokens import Tokens
from framecolor.media import hash_file, read_image, read_palette
from framecolor.networks.kept import pack_arrays, unpack_arrays
from framecolor.networks.shipped import colorist_weights_path, find_model, list_model_files
from framecolor.networks.view import figure_box, look, working_scale
from framecolor.shot.annotations import RegionLabels, hash_labels
from framecolor.shot.shot import Shot

# Increased when the same colorist, drawings and settings no longer give the same proposal.
_RECIPE = "proposal 7"
# At most this many drawings, evenly over the shot, are compared to choose the one to paint.
_MOST_LOOKED = 24
# Labels of at most this many other drawings are carried over to it.
_MOST_CARRIED = 8


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposed colors: a drawing's number, and the color of each of its regions, uint8 [count + 1, 4]."""

    number: int
    color: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Anchor:
    """The drawing that the colorist paints."""

    frame: Frame
    regions: Regions


def propose_key(shot: Shot, settings: Settings, labels: Mapping[int, RegionLabels], cache: Path) -> Proposal:
    """Propose colors for a shot without a key, from the folder `cache` or made now. Deterministic.

    The drawing with most labeled regions is painted, or else the one with most regions; labels of other drawings are
    carried over to it if the matcher is sure. Raises ShotError if there is no colorist, ReadError if the colorist, the
    reference picture or all drawings cannot be read.
    """
    if settings.model is None and not colorist_weights_path().exists():
        raise ShotError(shot.root / "keys", "there is no painted key", ask_for_key(shot))
    if (kept := find_proposal(shot, settings, cache)) is not None:
        return kept
    anchor = choose_anchor(shot, settings, labels, choose_candidates(shot, labels))
    number = anchor.frame.number
    known = _gather_labels(anchor, shot, settings, labels)
    palette = None if settings.palette is None else read_palette(shot.root / settings.palette)
    if palette is not None and known:
        rows = nearest_entries(np.array(list(known.values()), np.uint8), palette)
        known = dict(zip(known, map(as_color, palette.colors[rows]), strict=True))
    conditioning = _condition(anchor, shot, settings, known, palette)
    colorist = open_colorist(_find_model(shot, settings))
    options = SamplingOptions(seed=settings.seed)
    proposal = Proposal(
        number, propose_painting(anchor.frame, anchor.regions, conditioning, options, colorist, palette, known)
    )
    _write(_place(shot, settings, cache), proposal)
    return proposal


def find_proposal(shot: Shot, settings: Settings, cache: Path) -> Proposal | None:
    """Find what `propose_key` kept in the folder `cache` for the same files and settings; None if missing.

    Reads no pictures. Raises ReadError if a file that the proposal depends on cannot be read.
    """
    return _read(_place(shot, settings, cache))


def choose_candidates(shot: Shot, labeled: Collection[int]) -> Sequence[int]:
    """List the numbers of drawings to choose from: the labeled ones, or else some evenly over the shot."""
    if labeled:
        return sorted(labeled)
    positions = np.unique(np.linspace(0, len(shot.numbers) - 1, _MOST_LOOKED).round().astype(int))
    return [shot.numbers[position] for position in positions]


def choose_anchor(
    shot: Shot, settings: Settings, labels: Mapping[int, RegionLabels], candidates: Sequence[int]
) -> _Anchor:
    """Choose the candidate with most labeled regions, then most regions, then nearest to the middle of the shot.

    Raises ReadError if no candidate can be read.
    """
    middle = (shot.numbers[0] + shot.numbers[-1]) / 2
    best: tuple[tuple[float, ...], _Anchor] | None = None
    broken: ReadError | None = None
    for number in candidates:
        try:
            frame = read_lines(number, shot.read_line(number), settings)
        except ReadError as error:
            broken = broken or error
            continue
        regions = segment(frame, settings)
        own = labels.get(number)
        rank = (0 if own is None else len(own.rows), regions.count, -abs(number - middle), -number)
        if best is None or rank > best[0]:
            best = rank, _Anchor(frame, regions)
    if best is None:
        assert broken is not None
        raise broken
    return best[1]


def _gather_labels(
    anchor: _Anchor, shot: Shot, settings: Settings, labels: Mapping[int, RegionLabels]
) -> dict[int, Rgba]:
    """Gather the known colors of the anchor by region: its own labels, and those of counterparts in other drawings."""
    number = anchor.frame.number
    known: dict[int, Rgba] = {}
    others = sorted((n for n in labels if n != number), key=lambda n: (abs(n - number), n))[:_MOST_CARRIED]
    for region, color in _carry(anchor, others, shot, settings, labels):
        known.setdefault(region, color)
    if (own := labels.get(number)) is not None:
        known |= {int(region): as_color(own.color[region]) for region in own.rows}
    return known


def _carry(
    anchor: _Anchor, others: Sequence[int], shot: Shot, settings: Settings, labels: Mapping[int, RegionLabels]
) -> list[tuple[int, Rgba]]:
    """Carry labels of other drawings over to the anchor, as (region, color), the nearest drawing first."""
    if not others or not anchor.regions.count:
        return []
    runner = load_shipped(settings.engine, settings.lanes, settings.precision, settings.count_cores())[0]
    scale = working_scale([figure_box(anchor.frame)], WORKING_AREA_PX)

    def describe(frame: Frame, regions: Regions) -> Tokens:
        pending = runner.infer(look(frame, regions, scale), sample_points(regions), votes=False)
        return describe_regions(frame, regions, scale, pending, runner)

    here = describe(anchor.frame, anchor.regions)
    carried = []
    for number in others:
        frame = read_lines(number, shot.read_line(number), settings)
        regions = segment(frame, settings)
        there = describe(frame, regions)
        ahead, back, _, unmatched = runner.compare(here.values, there.values, here.contact, there.contact)
        carried += _pair(labels[number], here, there, ahead, back, unmatched)
    return carried


def _pair(
    labels: RegionLabels,
    here: Tokens,
    there: Tokens,
    ahead: NDArray[np.float32],
    back: NDArray[np.float32],
    unmatched: NDArray[np.float32],
) -> list[tuple[int, Rgba]]:
    """Match labeled regions `there` with regions `here`: pairs that are each other's best, and better than no match.

    ahead, back  scores [here, there] and [there, here]
    unmatched    [there]
    Returns (region here, color).
    """
    pairs = []
    for column, region in enumerate(there.rows.tolist()):
        row = int(back[column].argmax())
        if labels.by[region] and back[column, row] > unmatched[column] and int(ahead[row].argmax()) == column:
            pairs.append((int(here.rows[row]), as_color(labels.color[region])))
    return pairs


def _condition(
    anchor: _Anchor, shot: Shot, settings: Settings, known: dict[int, Rgba], palette: Palette | None
) -> Conditioning:
    """Make the colorist's conditioning; a palette counts as a reference with equal amounts of its colors."""
    hint = None
    if known:
        colors = np.zeros((anchor.regions.count + 1, 4), np.uint8)
        for region, color in known.items():
            colors[region] = color
        painted = colors[anchor.regions.labels]
        hint = Hint(np.ascontiguousarray(painted[..., :3]), (painted[..., 3] > 0).astype(np.float32))
    if settings.reference is None:
        return Conditioning(hint=hint, histogram=None if palette is None else measure_picture(palette.colors[None]))
    picture = read_image(shot.root / settings.reference)
    return Conditioning(hint=hint, histogram=measure_picture(picture), reference=np.ascontiguousarray(picture[..., :3]))


def _find_model(shot: Shot, settings: Settings) -> Path:
    return colorist_weights_path() if settings.model is None else find_model(settings.model, shot.root)


def _place(shot: Shot, settings: Settings, cache: Path) -> Path:
    files = list_model_files(_find_model(shot, settings))
    files += [shot.root / name for name in (settings.palette, settings.reference) if name is not None]
    labels = hash_labels(shot)
    # Labels may match no region: then the proposal depends on drawings all over the shot.
    numbers = sorted({*choose_candidates(shot, labels), *choose_candidates(shot, ())})
    lines = [f"{n} {_hash_line(shot, n)} {labels.get(n, '')}" for n in numbers]
    given = f"{settings.palette is None} {settings.reference is None}"
    made_by = f"{settings.seed} {settings.closed_gap_px} {settings.min_region_px} {given}"
    others = settings.list_changed("proposal", ("seed", "gap_px", "min_region_px"))
    return cache / f"proposed-{digest(_RECIPE, made_by, *others, *map(hash_file, files), *lines)[:16]}.safetensors"


def _hash_line(shot: Shot, number: int) -> str:
    try:
        return shot.line_hash(number)
    except ReadError as error:
        return str(error)


def _read(path: Path) -> Proposal | None:
    """Read a kept proposal; None if it is missing or damaged."""
    if (content := unpack_arrays(path)) is None:
        return None
    color, number = content[0].get("color"), content[1].get("number")
    if color is None or color.dtype != np.uint8 or color.ndim != 2 or color.shape[1] != 4 or type(number) is not int:
        return None
    return Proposal(number, color)


def _write(path: Path, proposal: Proposal) -> None:
    write_bytes_atomic(path, pack_arrays({"color": proposal.color}, {"number": proposal.number}))
