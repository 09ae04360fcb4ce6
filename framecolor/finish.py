"""A drawing with its beliefs -> its files as bytes, and what framecolor.json says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.beliefs import Believed
from framecolor.datatypes import Color
from framecolor.digest import digest, hash_pixels
from framecolor.engines.base import Runner
from framecolor.keyframes import Keyframes
from framecolor.media import encode_image
from framecolor.paint.painter import find_unsure, paint_frame
from framecolor.settings import Settings
from framecolor.stencils import apply_stencil


@dataclass(frozen=True, eq=False)
class Finished:
    """One frame ready to be written: its entry in framecolor.json, its file, and its line layer's.

    data is None for a hold whose drawing was painted just before it; key: the frame as a key, where a stencil made one.
    """

    entry: dict[str, Any]
    data: bytes | None
    layer: bytes | None = None
    key: bytes | None = None


def finish_frame(
    item: Believed, entry: Mapping[str, Any], keyframes: Keyframes, runner: Runner, settings: Settings
) -> Finished:
    """Paint and encode. entry: what is known of the frame already (file, source)."""
    color, layer = paint_frame(item.study, item.belief, item.confidence, keyframes, runner, settings)
    return _pack(item, entry, keyframes, color.rgba, layer)


def finish_stenciled(
    item: Believed,
    entry: Mapping[str, Any],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    old: NDArray[np.uint8],
    mask: NDArray[np.bool_],
) -> Finished:
    """Paint inside of a mask, bool HxW, what is painted there today, and leave the old frame around it as it was.

    The entry's source becomes one that no whole painting of the frame has: without its key it would be painted again.
    """
    study = item.study if item.study.number == item.number else replace(item.study, number=item.number)
    color, layer = paint_frame(study, item.belief, item.confidence, keyframes, runner, settings)
    colors = keyframes.palette.colors[item.belief.argmax(axis=1)]
    palette = keyframes.palette if settings.mode == "painted" else None
    done = apply_stencil(old, color.rgba, mask, study.frame(), study.regions(), colors, palette)
    entry = {**entry, "source": digest("stencil", entry["source"], hash_pixels(done.frame))}
    alone = replace(item, hold_of=None)
    finished = _pack(alone, entry, keyframes, done.frame, layer)
    return replace(finished, entry={**finished.entry, "status": "key"}, key=encode_image(done.key))


def _pack(
    item: Believed, entry: Mapping[str, Any], keyframes: Keyframes, rgba: NDArray[np.uint8], layer: Color | None
) -> Finished:
    entry = {
        **_begin(item, entry, is_key=item.number in keyframes.whole.difference(keyframes.proposed)),
        **_judge(item),
        **_count_told(item, keyframes),
    }
    return Finished(entry, encode_image(rgba), None if layer is None else encode_image(layer.rgba))


def finish_hold(item: Believed, entry: Mapping[str, Any]) -> Finished:
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


def _begin(item: Believed, entry: Mapping[str, Any], *, is_key: bool) -> dict[str, Any]:
    status = "key" if is_key else "painted" if item.hold_of is None else "hold"
    begun = {
        "number": item.number,
        **entry,
        "status": status,
        "flicker": round(item.flicker, 5),
    }
    return begun if item.hold_of is None else {**begun, "hold_of": item.hold_of}


def _judge(item: Believed) -> dict[str, Any]:
    """What the entry says of the frame's regions."""
    regions = item.study.regions()
    unsure = find_unsure(regions, item.belief, item.confidence)
    return {
        "regions": regions.count,
        "confidence": round(_mean_confidence(item), 4),
        "unsure": [dict(vars(region)) for region in unsure],
    }


def _mean_confidence(item: Believed) -> float:
    """Mean over the figure's regions by area; the background is sure anyway and would hide them."""
    weight = item.study.area * ~item.study.outside
    weight[0] = 0
    total = weight.sum()
    return float((item.confidence * weight).sum() / total) if total else 1.0


def _count_told(item: Believed, keyframes: Keyframes) -> dict[str, int]:
    """How many of the frame's regions somebody spoke of, and how many of these are corrected; nothing if none is."""
    told = keyframes.sayings.by_number.get(item.number)
    if told is None:
        return {}
    return {"told": len(told.rows)} | ({"corrected": told.corrected} if told.corrected else {})
