"""Describe the trace lines of a shot by hue: what they mean, which side takes their pixels, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.config.trace_map import HUES, Meaning
from framecolor.core.types import Frame
from framecolor.lineart.trace_hues import HueVotes

Pixels = NDArray[np.uint8]

# Okabe and Ito, Color Universal Design: the colors of meanings are told apart by all eyes.
_COLORS: dict[Meaning, tuple[int, int, int]] = {
    "highlight": (230, 159, 0),
    "shadow": (0, 114, 178),
    "second shadow": (0, 158, 115),
}
# A shot has lines of a hue if so many pixels are of it. Keys say something of them if this share of so many agree.
_FEWEST_PX, _FEWEST_SHOWN_PX, _AGREE_SHARE = 30, 24, 0.85


@dataclass(frozen=True)
class TraceHue:
    """The trace lines of one hue.

    meaning  highlight, shadow or second shadow; "" if it is not known
    source   who says so: "the settings", "the keys", or ""
    side     which of the two fills takes their pixels
    color    in which they are drawn, "#RRGGBB"
    pixels   in all drawings
    """

    name: str
    meaning: str
    source: str
    side: str
    color: str
    pixels: int


def count_hues(frame: Frame) -> NDArray[np.int64]:
    """Count the pixels of a drawing's trace lines by hue, int64 [12]."""
    if frame.hues is None or not frame.trace.any():
        return np.zeros(len(HUES), np.int64)
    hues = np.bincount(frame.hues[frame.trace] & 15, minlength=len(HUES) + 1)
    return hues[1 : len(HUES) + 1].astype(np.int64)


def list_hues(pixels: NDArray[np.int64], votes: Mapping[int, HueVotes], settings: Settings) -> list[TraceHue]:
    """List the trace lines of a shot by hue, of which there are so many pixels, int64 [12]."""
    colors = make_hue_colors(pixels, votes, settings)
    found = []
    for hue in np.flatnonzero(pixels >= _FEWEST_PX).tolist():
        meaning, source = _find_meaning(HUES[hue], votes.get(hue), settings)
        color = "#{:02X}{:02X}{:02X}".format(*colors[hue].tolist())
        side = _describe_side(votes.get(hue))
        found.append(TraceHue(HUES[hue], meaning, source, side, color, int(pixels[hue])))
    return found


def make_hue_colors(pixels: NDArray[np.int64], votes: Mapping[int, HueVotes], settings: Settings) -> Pixels:
    """Make the colors of trace lines by hue, uint8 [12, 3]: that of a known meaning, or the hue itself."""
    degrees = 180 // len(HUES)
    hsv = np.array([[(degrees * hue, 235, 210) for hue in range(len(HUES))]], np.uint8)
    colors = np.ascontiguousarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0])
    for hue in np.flatnonzero(pixels).tolist():
        meaning = _find_meaning(HUES[hue], votes.get(hue), settings)[0]
        if meaning:
            colors[hue] = _COLORS[meaning]
    return colors


def suggest_trace(hues: Iterable[TraceHue], settings: Settings) -> str:
    """Suggest the text of --trace that names what is not known; "" if all is."""
    unknown = [one.name for one in hues if not one.meaning]
    if not unknown:
        return ""
    named = dict(settings.hue_meanings) | dict.fromkeys(unknown, "MEANING")
    return ", ".join(f"{hue}={meaning}" for hue, meaning in named.items())


def _find_meaning(name: str, votes: HueVotes | None, settings: Settings) -> tuple[Meaning | Literal[""], str]:
    meaning = settings.hue_meanings.get(name)
    if meaning in _COLORS:
        return meaning, "the settings"
    if votes is None:
        return "", ""
    total, best = votes.shadow + votes.highlight, max(votes.shadow, votes.highlight)
    word = "shadow" if votes.shadow == best else "highlight"
    return (word, "the keys") if total >= _FEWEST_SHOWN_PX and best >= _AGREE_SHARE * total else ("", "")


def _describe_side(votes: HueVotes | None) -> str:
    total = 0 if votes is None else votes.darker + votes.lighter
    if votes is None or total < _FEWEST_SHOWN_PX:
        return "its pixels go to the darker side, as no key shows a side"
    for count, side in ((votes.darker, "darker"), (votes.lighter, "lighter")):
        if count >= _AGREE_SHARE * total:
            return f"its pixels go to the {side} side, as in the keys"
    return "its pixels go to the side that the keys show between the same fills"
