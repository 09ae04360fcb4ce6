"""A drawing with its beliefs -> its files as bytes, and what framecolor.json says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.clock import stage
from framecolor.core.hashing import digest, hash_pixels
from framecolor.engines.base import Runner
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS, Mark, Picture, encode_image
from framecolor.output.mattes import MatteIds
from framecolor.propagation.smoothing import FramePosterior
from framecolor.render.frame import Painted, find_unsure, paint_frame
from framecolor.render.stencils import Before, apply_stencil

Pixel = TypeVar("Pixel", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Finished:
    """One frame ready to be written: its entry in framecolor.json, its file, its line layer's and its matte's.

    data is None for a hold whose drawing was painted just before it; key: the frame as a key, where a stencil made one.
    """

    entry: dict[str, Any]
    data: bytes | None
    layer: bytes | None = None
    matte: bytes | None = None
    key: bytes | None = None


def finish_frame(
    item: FramePosterior,
    entry: Mapping[str, Any],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    ids: MatteIds | None = None,
) -> Finished:
    """Paint and encode. entry: what is known of the frame already (file, source); ids: where a matte is wanted."""
    painted = paint_frame(item.features, item.belief, item.confidence, keyframes, runner, settings, ids)
    return encode_painted(item, entry, keyframes, settings, painted, ids)


def finish_stenciled(
    item: FramePosterior,
    entry: Mapping[str, Any],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    before: Before,
    mask: NDArray[np.bool_],
    ids: MatteIds | None = None,
) -> Finished:
    """Paint inside of a mask, bool HxW, what is painted there today, and leave the old frame around it as it was.

    The entry's source becomes one that no whole painting of the frame has: without its key it would be painted again.
    """
    features = item.features if item.features.number == item.number else replace(item.features, number=item.number)
    painted = paint_frame(features, item.belief, item.confidence, keyframes, runner, settings, ids)
    colors = keyframes.palette.colors[item.belief.argmax(axis=1)]
    palette = keyframes.palette if settings.mode == "painted" else None
    done = apply_stencil(
        before.rgba, painted.rgba, mask, features.drawing.frame(), features.drawing.regions(), colors, palette
    )
    entry = {**entry, "source": digest("stencil", entry["source"], hash_pixels(done.frame))}
    alone = replace(item, hold_of=None)
    painted = replace(
        painted,
        rgba=done.frame,
        paint=_merge(before.paint, painted.paint, mask),
        matte=_merge(before.matte, painted.matte, mask),
    )
    finished = encode_painted(alone, entry, keyframes, settings, painted, ids)
    return replace(finished, entry={**finished.entry, "status": "key"}, key=encode_image(done.key))


def _merge(old: NDArray[Pixel] | None, new: NDArray[Pixel] | None, mask: NDArray[np.bool_]) -> NDArray[Pixel] | None:
    """The new picture inside of a mask, the old one outside; None where one of them is missing."""
    if old is None or new is None:
        return None
    merged = old.copy()
    merged[mask] = new[mask]
    return merged


def encode_painted(
    item: FramePosterior,
    entry: Mapping[str, Any],
    keyframes: Keyframes,
    settings: Settings,
    painted: Painted,
    ids: MatteIds | None,
) -> Finished:
    """A painted frame's files as bytes, and its entry."""
    entry = {
        **_begin(item, entry, is_key=item.number in keyframes.whole.difference(keyframes.proposed)),
        **_judge(item),
        **_count_told(item, keyframes),
    }
    image = FORMATS[settings.format]
    picture = make_picture(painted.rgba, painted.paint, painted.ink, entry["unsure"])
    layer = None
    with stage("encode"):
        if settings.line == "layer" and painted.ink is not None:
            layer = image.encode(Picture(painted.ink))
        matte = None if ids is None or painted.matte is None else ids.encode(painted.matte)
        return Finished(entry, image.encode(picture), layer, matte)


def make_picture(
    rgba: NDArray[np.uint8],
    paint: NDArray[np.uint8] | None,
    ink: NDArray[np.uint8] | None,
    unsure: Iterable[Mapping[str, Any]],
) -> Picture:
    """A frame to be encoded, with its parts where there is paint apart from lines; unsure: as in framecolor.json."""
    marks = tuple(Mark(f"{i}: {r['confidence']:.0%} sure", r["outline"]) for i, r in enumerate(unsure, start=1))
    return Picture(rgba, paint, None if paint is None else ink, marks)


def finish_hold(item: FramePosterior, entry: Mapping[str, Any]) -> Finished:
    """A frame that repeats the one painted before it: `repeat_holds` adds the rest."""
    return Finished(_begin(item, entry, is_key=False), None)


def repeat_holds(frames: Iterable[Finished]) -> Iterator[Finished]:
    """Give each hold what is told of the frame that it repeats, the last one that was painted, and its files."""
    painted: Finished | None = None
    for frame in frames:
        if frame.data is None:
            assert painted is not None
            yield replace(painted, entry={**painted.entry, **frame.entry})
        else:
            painted = frame
            yield frame


def _begin(item: FramePosterior, entry: Mapping[str, Any], *, is_key: bool) -> dict[str, Any]:
    status = "key" if is_key else "painted" if item.hold_of is None else "hold"
    begun = {
        "number": item.number,
        **entry,
        "status": status,
        "flicker": round(item.flicker, 5),
    }
    return begun if item.hold_of is None else {**begun, "hold_of": item.hold_of}


def _judge(item: FramePosterior) -> dict[str, Any]:
    """What the entry says of the frame's regions."""
    regions = item.features.drawing.regions()
    unsure = find_unsure(regions, item.belief, item.confidence)
    return {
        "regions": regions.count,
        "confidence": round(_mean_confidence(item), 4),
        "unsure": [dict(vars(region)) for region in unsure],
    }


def _mean_confidence(item: FramePosterior) -> float:
    """Mean over the figure's regions by area; the background is sure anyway and would hide them."""
    weight = item.features.area * ~item.features.outside
    weight[0] = 0
    total = weight.sum()
    return float((item.confidence * weight).sum() / total) if total else 1.0


def _count_told(item: FramePosterior, keyframes: Keyframes) -> dict[str, int]:
    """How many of the frame's regions somebody spoke of, and how many of these are corrected; nothing if none is."""
    labels = keyframes.labels.get(item.number)
    if labels is None:
        return {}
    return {"told": len(labels.rows)} | ({"corrected": labels.corrected} if labels.corrected else {})
