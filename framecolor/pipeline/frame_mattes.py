"""The mattes of a frame: which paint and which line color each pixel has, by number and by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LINES_OVER, Settings
from framecolor.core.types import Regions
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS, Parts
from framecolor.output.cryptomatte import draw_layers, encode_layers
from framecolor.output.paint_names import PaintNames
from framecolor.pipeline.paint import Choice
from framecolor.pipeline.stencils import Before
from framecolor.render.flat import spread

Pixel = TypeVar("Pixel", bound=np.generic)


@dataclass(frozen=True, eq=False)
class FrameMattes:
    """The mattes of a frame, as far as the settings want them.

    names   of the paints
    paint   id of each pixel's paint, uint16 HxW
    line    id of the color of each pixel's line, uint16 HxW; None if all lines are as drawn
    layers  mattes by name, float32 HxWx8
    parts   the part of each pixel's paint
    """

    names: PaintNames
    paint: NDArray[np.uint16] | None
    line: NDArray[np.uint16] | None
    layers: NDArray[np.float32] | None
    parts: Parts | None

    def merge(self, before: Before, mask: NDArray[np.bool_]) -> FrameMattes:
        """Take the mattes of the old frame outside of a mask, bool HxW. What that lacks is left out."""
        parts = self.parts
        return replace(
            self,
            paint=merge(before.matte, self.paint, mask),
            line=merge(before.line_matte, self.line, mask),
            layers=merge(before.cryptomatte, self.layers, mask),
            parts=None if before.parts is None or parts is None else before.parts.change(parts, mask),
        )

    def encode(self, settings: Settings) -> dict[str, bytes]:
        """Encode the files of mattes that the settings want, by their names in `output.manifest_writer.BESIDE`."""
        numbers = {"matte": self.paint, "line_matte": self.line} if settings.mattes else {}
        files = {role: self.names.ids.encode(matte) for role, matte in numbers.items() if matte is not None}
        return files if self.layers is None else files | {"cryptomatte": encode_layers(self.names, self.layers)}


def draw_mattes(
    choice: Choice, regions: Regions, keyframes: Keyframes, names: PaintNames, settings: Settings
) -> FrameMattes:
    """Draw the mattes of a frame that is painted by a choice."""
    paint, line = spread(regions, names.ids.find(choice.colors), choice.taken), None
    if choice.lines is not None and keyframes.lines is not None:
        line = np.zeros(regions.size, np.uint16)
        own = np.zeros((1, 4), np.uint8)  # lines as drawn have no id
        of_color = names.ids.find(np.concatenate([own, keyframes.line_fills]))
        line.reshape(-1)[choice.lines.place] = of_color[choice.lines.color]
    cover = choice.frame.ink[..., 3] if settings.line in LINES_OVER else None
    layers = draw_layers(names, paint, line, cover) if settings.cryptomatte else None
    parts = Parts(names.parts, paint) if FORMATS[settings.format].by_part else None
    return FrameMattes(names, paint, line, layers, parts)


def merge(old: NDArray[Pixel] | None, new: NDArray[Pixel] | None, mask: NDArray[np.bool_]) -> NDArray[Pixel] | None:
    """Merge the new picture inside a mask with the old one outside. Returns None if one of them is None."""
    if old is None or new is None:
        return None
    merged = old.copy()
    merged[mask] = new[mask]
    return merged
