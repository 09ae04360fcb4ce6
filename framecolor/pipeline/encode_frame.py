"""Encode a frame: paint a drawing by its beliefs into file bytes and an entry of framecolor.json."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.clock import stage
from framecolor.core.hashing import digest, hash_pixels
from framecolor.core.types import Regions
from framecolor.engines.base import Runner
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS, Mark, Parts, Picture, encode_image
from framecolor.output.frame_entry import FrameEntry, UnsureRegion
from framecolor.output.manifest_writer import BESIDE
from framecolor.output.paint_names import PaintNames
from framecolor.pipeline.frame_mattes import FrameMattes, draw_mattes, merge
from framecolor.pipeline.origin import Origin
from framecolor.pipeline.paint import Choice, choose_for, paint_frame, repeat_key
from framecolor.pipeline.stencils import Before
from framecolor.pipeline.unsure import list_unsure
from framecolor.propagation.smoothing import FramePosterior, is_empty
from framecolor.render.frame import Painted
from framecolor.render.stencil import apply_stencil

# The hashes of a frame's files, which are known before it is written if the files are kept.
_OF_PICTURE = ("paint", *BESIDE)


@dataclass(frozen=True, eq=False)
class Finished:
    """One frame, ready to be written.

    entry  its entry in framecolor.json
    data   bytes of its file; None for a hold of the frame painted before it
    beside  bytes of the files beside it, of `output.manifest_writer.BESIDE`
    key    bytes of the frame as a key, if a stencil made one
    empty  whether its drawing is empty: the next hold does not repeat it
    origin  what it follows from, for a session
    kept   file of a frame whose files are up to date, and are not encoded again; "" if this one was encoded
    """

    entry: FrameEntry
    data: bytes | None
    beside: Mapping[str, bytes] = field(default_factory=dict)
    key: bytes | None = None
    empty: bool = False
    origin: Origin | None = None
    kept: str = ""


def finish_frame(
    item: FramePosterior,
    entry: FrameEntry,
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    names: PaintNames | None = None,
    key: NDArray[np.uint8] | None = None,
) -> Finished:
    """Paint and encode a frame.

    entry  has number, file and source
    names  of the paints; None if neither mattes nor layers need them
    key    the painted key of the drawing, uint8 HxWx4 as in its file; None if it has none
    """
    frame, regions = item.features.drawing.frame(), item.features.drawing.regions()
    choice = choose_for(item, frame, regions, keyframes, runner, settings)
    painted = paint_frame(choice, regions, item.confidence, keyframes, runner, settings)
    if key is not None:
        painted, likeness = repeat_key(painted, key, item, choice, regions, keyframes, settings)
        entry = replace(entry, as_key=math.floor(likeness.share * 1e4) / 1e4, note=likeness.note or None)
    mattes = None if names is None else draw_mattes(choice, regions, keyframes, names, settings)
    return _encode(item, entry, regions, keyframes, settings, painted, choice, mattes)


def finish_kept(
    item: FramePosterior,
    entry: FrameEntry,
    before: FrameEntry,
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
) -> Finished:
    """Finish a frame whose picture is written already and right: only its doubts may be new.

    entry   has number, file and source
    before  entry of the written picture
    """
    frame, regions = item.features.drawing.frame(), item.features.drawing.regions()
    if keyframes.lines is None:
        choice = Choice(frame, frame, np.zeros((0, 4), np.uint8))
    else:
        choice = choose_for(item, frame, regions, keyframes, runner, settings)
    entry = _complete(item, entry, regions, choice, keyframes, settings)
    entry = replace(entry, **{name: getattr(before, name) for name in (*_OF_PICTURE, "as_key", "note")})
    return Finished(entry, None, empty=is_empty(item.features), kept=before.file)


def finish_stenciled(
    item: FramePosterior,
    entry: FrameEntry,
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    before: Before,
    mask: NDArray[np.bool_],
    names: PaintNames | None = None,
) -> Finished:
    """Paint a frame inside a mask, bool HxW, and keep the old frame outside of it.

    The entry's source becomes one that no normal run gives, so that the frame is painted again if its key is deleted.
    """
    frame, regions = replace(item.features.drawing.frame(), number=item.number), item.features.drawing.regions()
    choice = choose_for(item, frame, regions, keyframes, runner, settings)
    painted = paint_frame(choice, regions, item.confidence, keyframes, runner, settings)
    flat = keyframes.recolors.apply(keyframes.palette.colors[item.belief.argmax(axis=1)])
    palette = keyframes.fills if settings.mode == "painted" else None
    done = apply_stencil(before.rgba, painted.rgba, mask, frame, regions, flat, palette)
    entry = replace(entry, source=digest("stencil", str(entry.source), hash_pixels(done.frame)))
    painted = replace(painted, rgba=done.frame, paint=merge(before.paint, painted.paint, mask))
    mattes = None
    if names is not None:
        mattes = draw_mattes(choice, regions, keyframes, names, settings).merge(before, mask)
    item = replace(item, hold_of=None)
    finished = _encode(item, entry, regions, keyframes, settings, painted, choice, mattes)
    # Keys have the colors from before they are recolored.
    key = keyframes.recolors.restore(done.key, keyframes.known)
    return replace(finished, entry=replace(finished.entry, status="key"), key=encode_image(key))


def _encode(
    item: FramePosterior,
    entry: FrameEntry,
    regions: Regions,
    keyframes: Keyframes,
    settings: Settings,
    painted: Painted,
    choice: Choice,
    mattes: FrameMattes | None,
) -> Finished:
    """Encode a painted frame's files, and complete its entry."""
    entry = _complete(item, entry, regions, choice, keyframes, settings)
    image = FORMATS[settings.format]
    names = keyframes.shown.names
    parts = None if mattes is None else mattes.parts
    picture = make_picture(painted.rgba, painted.paint, painted.ink, entry.to_check, names, parts)
    with stage("encode"):
        beside = {} if mattes is None else mattes.encode(settings)
        if settings.line == "layer" and painted.ink is not None:
            beside["layer"] = image.encode(Picture(painted.ink))
        return Finished(entry, image.encode(picture), beside, empty=is_empty(item.features))


def _complete(
    item: FramePosterior,
    entry: FrameEntry,
    regions: Regions,
    choice: Choice,
    keyframes: Keyframes,
    settings: Settings,
) -> FrameEntry:
    """Complete the entry of a frame, but for what its picture shows."""
    # A hold that is painted alone has the labels of the drawing that it repeats.
    labels = keyframes.labels.get(item.number if item.hold_of is None else item.hold_of)
    return replace(
        _begin(item, entry, is_key=item.number in keyframes.whole.difference(keyframes.proposed)),
        regions=regions.count,
        confidence=round(item.mean_confidence(), 4),
        before=item.before,
        origins=None if item.origins is None else tuple(item.origins[1:].tolist()),
        unsure=list_unsure(item, choice, regions, keyframes, settings),
        told=None if labels is None else len(labels.rows),
        corrected=None if labels is None else labels.corrected or None,
    )


def make_picture(
    rgba: NDArray[np.uint8],
    paint: NDArray[np.uint8] | None,
    ink: NDArray[np.uint8] | None,
    unsure: Iterable[UnsureRegion],
    names: Sequence[str] = (),
    parts: Parts | None = None,
) -> Picture:
    """Make the picture to encode, with paint and ink as layers if they are separate.

    names  of the palette's colors, for the names of the marks; empty if they have none
    parts  of the paint, for a layer of each
    """
    marks = tuple(Mark(f"{i}: {_describe_mark(region, names)}", region.outline) for i, region in enumerate(unsure, 1))
    return Picture(rgba, paint, None if paint is None else ink, marks, parts)


def _describe_mark(region: UnsureRegion, names: Sequence[str]) -> str:
    name = names[region.color] if names else ""
    kinds = ((region.line, "line, "), (region.unseen, "no key shows this, "), (region.paper, "paper or figure, "))
    kind = next((text for is_so, text in kinds if is_so), "")
    return f"{name + ', ' if name else ''}{kind}{region.confidence:.0%} sure"


def finish_hold(item: FramePosterior, entry: FrameEntry) -> Finished:
    """Make a hold without files, which `repeat_holds` adds."""
    return Finished(_begin(item, entry, is_key=False), None)


def repeat_holds(frames: Iterable[Finished]) -> Iterator[Finished]:
    """Give each hold the files and results of the frame that it repeats, the last one that is not empty."""
    painted: Finished | None = None
    for frame in frames:
        if frame.data is None and not frame.kept:
            assert painted is not None
            yield replace(painted, entry=_repeat(painted.entry, frame.entry))
        else:
            painted = painted if frame.empty else frame
            yield frame


def _begin(item: FramePosterior, entry: FrameEntry, *, is_key: bool) -> FrameEntry:
    status = "key" if is_key else "painted" if item.hold_of is None else "hold"
    return replace(entry, status=status, flicker=round(item.flicker, 5), hold_of=item.hold_of)


def _repeat(painted: FrameEntry, hold: FrameEntry) -> FrameEntry:
    names = ("regions", "confidence", "unsure", "told", "corrected", "as_key", "note", *_OF_PICTURE)
    return replace(hold, **{name: getattr(painted, name) for name in names})
