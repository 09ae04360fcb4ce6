"""A key that nobody painted: where a shot has none, a colorist paints one drawing, told all that is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions, open_colorist
from framecolor.colorists.propose import propose_painting
from framecolor.config.settings import Settings
from framecolor.core.files import write_bytes_atomic
from framecolor.core.hashing import digest
from framecolor.core.types import Frame, Hint, Palette, Regions
from framecolor.engines.registry import load_shipped
from framecolor.errors import ReadError, ShotError
from framecolor.keys.keyframes import WORKING_AREA_PX, ask_for_key, describe_regions
from framecolor.keys.reference_prior import measure_picture
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.region_colors import Rgba, as_color, nearest_entries
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import sample_points
from framecolor.matching.tokens import Tokens
from framecolor.media import hash_file, read_image, read_palette
from framecolor.networks.kept import pack_arrays, unpack_arrays
from framecolor.networks.shipped import colorist_weights_path
from framecolor.networks.view import figure_box, look, working_scale
from framecolor.shot.annotations import RegionLabels, hash_labels
from framecolor.shot.shot import Shot

# Raised when the same colorist, drawings and words no longer give the same proposal.
_RECIPE = "proposal 3"
# So many drawings, evenly over the shot, are looked at in search of the one to paint ...
_MOST_LOOKED = 24
# ... and so many of those with strokes are carried over to it.
_MOST_CARRIED = 8


@dataclass(frozen=True, eq=False)
class Proposal:
    """A drawing's number, and the color of each of its regions, uint8 [count + 1, 4]."""

    number: int
    color: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Anchor:
    """The drawing that is painted."""

    frame: Frame
    regions: Regions


def propose_key(shot: Shot, settings: Settings, said: Mapping[int, RegionLabels], cache: Path) -> Proposal:
    """The proposal for a shot without a key, from the folder `cache` or made now. Same arguments, same colors.

    The drawing with most strokes and corrections is painted, or else the one with most regions; what was said of others
    is carried over to it where the matcher is sure. Raises ShotError where there is no colorist to ask, ReadError where
    the colorist, the reference picture or every drawing cannot be read.
    """
    if settings.model is None and not colorist_weights_path().exists():
        raise ShotError(shot.root / "keys", "there is no painted key", ask_for_key(shot))
    if (kept := find_proposal(shot, settings, cache)) is not None:
        return kept
    anchor = choose_anchor(shot, settings, said, choose_candidates(shot, said))
    number = anchor.frame.number
    told = _tell(anchor, shot, settings, said)
    palette = None if settings.palette is None else read_palette(shot.root / settings.palette)
    if palette is not None and told:
        rows = nearest_entries(np.array(list(told.values()), np.uint8), palette)
        told = dict(zip(told, map(as_color, palette.colors[rows]), strict=True))
    conditioning = _condition(anchor, shot, settings, told, palette)
    colorist = open_colorist(_find_model(shot, settings))
    options = SamplingOptions(seed=settings.seed)
    proposal = Proposal(
        number, propose_painting(anchor.frame, anchor.regions, conditioning, options, colorist, palette, told)
    )
    _write(_place(shot, settings, cache), proposal)
    return proposal


def find_proposal(shot: Shot, settings: Settings, cache: Path) -> Proposal | None:
    """The proposal that `propose_key` made of the same files and settings, from the folder `cache`; None without one.

    No pixel is looked at. Raises ReadError where a file that decides it cannot be read.
    """
    return _read(_place(shot, settings, cache))


def choose_candidates(shot: Shot, said: Collection[int]) -> Sequence[int]:
    """The numbers of the drawings to choose from: those of which anything was said, or some from all over the shot."""
    if said:
        return sorted(said)
    places = np.unique(np.linspace(0, len(shot.numbers) - 1, _MOST_LOOKED).round().astype(int))
    return [shot.numbers[place] for place in places]


def choose_anchor(shot: Shot, settings: Settings, said: Mapping[int, RegionLabels], asked: Sequence[int]) -> _Anchor:
    """Of these drawings the one with most told regions, then with most regions, then the nearest to the middle."""
    middle = (shot.numbers[0] + shot.numbers[-1]) / 2
    best: tuple[tuple[float, ...], _Anchor] | None = None
    broken: ReadError | None = None
    for number in asked:
        try:
            frame = read_drawing(number, shot.read_line(number))
        except ReadError as error:
            broken = broken or error
            continue
        regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
        told = said.get(number)
        rank = (0 if told is None else len(told.rows), regions.count, -abs(number - middle), -number)
        if best is None or rank > best[0]:
            best = rank, _Anchor(frame, regions)
    if best is None:
        assert broken is not None
        raise broken
    return best[1]


def _tell(anchor: _Anchor, shot: Shot, settings: Settings, said: Mapping[int, RegionLabels]) -> dict[int, Rgba]:
    """Region of the anchor -> its color: what was said of it, and what was said of its counterparts elsewhere."""
    number = anchor.frame.number
    told: dict[int, Rgba] = {}
    others = sorted((n for n in said if n != number), key=lambda n: (abs(n - number), n))[:_MOST_CARRIED]
    for region, color in _carry(anchor, others, shot, settings, said):
        told.setdefault(region, color)
    if (own := said.get(number)) is not None:
        told |= {int(region): as_color(own.color[region]) for region in own.rows}
    return told


def _carry(
    anchor: _Anchor, others: Sequence[int], shot: Shot, settings: Settings, said: Mapping[int, RegionLabels]
) -> list[tuple[int, Rgba]]:
    """(region of the anchor, color) of the told regions of other drawings, the nearest drawing first."""
    if not others or not anchor.regions.count:
        return []
    runner = load_shipped(settings.engine, settings.lanes, settings.precision, settings.count_cores())[0]
    scale = working_scale([figure_box(anchor.frame)], WORKING_AREA_PX)

    def describe(frame: Frame, regions: Regions) -> Tokens:
        pending = runner.infer(look(frame, regions, scale), sample_points(regions), votes=False)
        return describe_regions(regions, pending, runner)

    here = describe(anchor.frame, anchor.regions)
    carried = []
    for number in others:
        frame = read_drawing(number, shot.read_line(number))
        regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
        there = describe(frame, regions)
        ahead, back, _, unmatched = runner.compare(here.values, there.values, here.contact, there.contact)
        carried += _pair(said[number], here, there, ahead, back, unmatched)
    return carried


def _pair(
    labels: RegionLabels,
    here: Tokens,
    there: Tokens,
    ahead: NDArray[np.float32],
    back: NDArray[np.float32],
    unmatched: NDArray[np.float32],
) -> list[tuple[int, Rgba]]:
    """Each told region with its counterpart, where both take each other for the best, and that for likelier than none.

    ahead, back  scores [here, there] and [there, here]; unmatched [there]
    """
    pairs = []
    for column, region in enumerate(there.rows.tolist()):
        row = int(back[column].argmax())
        if labels.by[region] and back[column, row] > unmatched[column] and int(ahead[row].argmax()) == column:
            pairs.append((int(here.rows[row]), as_color(labels.color[region])))
    return pairs


def _condition(
    anchor: _Anchor, shot: Shot, settings: Settings, told: dict[int, Rgba], palette: Palette | None
) -> Conditioning:
    """All that the colorist can be told; a palette stands for a reference that has as much of each of its colors."""
    hint = None
    if told:
        colors = np.zeros((anchor.regions.count + 1, 4), np.uint8)
        for region, color in told.items():
            colors[region] = color
        painted = colors[anchor.regions.labels]
        hint = Hint(np.ascontiguousarray(painted[..., :3]), (painted[..., 3] > 0).astype(np.float32))
    if settings.reference is None:
        return Conditioning(hint=hint, histogram=None if palette is None else measure_picture(palette.colors[None]))
    picture = read_image(shot.root / settings.reference)
    return Conditioning(hint=hint, histogram=measure_picture(picture), reference=np.ascontiguousarray(picture[..., :3]))


def _find_model(shot: Shot, settings: Settings) -> Path:
    return colorist_weights_path() if settings.model is None else shot.root / settings.model


def _place(shot: Shot, settings: Settings, cache: Path) -> Path:
    files = [_find_model(shot, settings)]
    files += [shot.root / name for name in (settings.palette, settings.reference) if name is not None]
    labels = hash_labels(shot)
    # Labels may match no region: then drawings all over the shot decide.
    numbers = sorted({*choose_candidates(shot, labels), *choose_candidates(shot, ())})
    lines = [f"{n} {_hash_line(shot, n)} {labels.get(n, '')}" for n in numbers]
    given = f"{settings.palette is None} {settings.reference is None}"
    made_by = f"{settings.seed} {settings.gap_px} {settings.min_region_px} {given}"
    others = settings.list_changed("proposal", ("seed", "gap_px", "min_region_px"))
    return cache / f"proposed-{digest(_RECIPE, made_by, *others, *map(hash_file, files), *lines)[:16]}.safetensors"


def _hash_line(shot: Shot, number: int) -> str:
    try:
        return shot.line_hash(number)
    except ReadError as error:
        return str(error)


def _read(path: Path) -> Proposal | None:
    """A kept proposal; None when there is none or it is damaged."""
    if (content := unpack_arrays(path)) is None:
        return None
    color, number = content[0].get("color"), content[1].get("number")
    if color is None or color.dtype != np.uint8 or color.ndim != 2 or color.shape[1] != 4 or type(number) is not int:
        return None
    return Proposal(number, color)


def _write(path: Path, proposal: Proposal) -> None:
    write_bytes_atomic(path, pack_arrays({"color": proposal.color}, {"number": proposal.number}))
