"""Make the picture of docs/opentoonz.md: what a drawing of a level holds, and what a change of its palette does.

framecolor demo -o DEMO
framecolor colorize DEMO --format tlv -o LEVEL
python scripts/make_level_picture.py LEVEL [--out benchmarks/pictures/level.png]
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from small_png import PICTURES, write_small_png

from framecolor.core.compositing import lay_over, lay_over_color
from framecolor.core.types import Box
from framecolor.media.levels.member import Rgba, lay_ink, lay_paint, list_members, read_packed, unpack

_NUMBER = 1010
_HEIGHT = 420
_MARGIN_PX = 12
_TITLE_PX = 34
_TURNED = 62  # of hue, in OpenCV's units of two degrees


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES / "level.png")
def main(folder: Path, out: Path) -> None:
    """Write the picture from the level in a folder of painted frames of the demo shot."""
    (level,) = folder.glob("*.tlv")
    parts, colors = unpack(read_packed(list_members(level)[_NUMBER]))
    other = _turn_clothes(colors, parts.paint)
    ink, paint = lay_ink(parts, colors), lay_paint(parts, colors)
    box = Box.around(parts.paint.astype(np.uint8), _MARGIN_PX)
    panels = {
        "ink and tone": ink,
        "paint, also below the lines": paint,
        "the drawing": lay_over(ink, paint),
        "one swatch changed": lay_over(ink, lay_paint(parts, other)),
    }
    write_small_png(out, np.hstack([_title(name, box.crop(lay_over_color(panel))) for name, panel in panels.items()]))


def _turn_clothes(colors: Rgba, paint: NDArray[np.uint16]) -> Rgba:
    """Turn the hue of the style with the most pixels among the blue ones."""
    hues = cv2.cvtColor(np.ascontiguousarray(colors[None, :, :3]), cv2.COLOR_RGB2HSV)[0]
    is_blue = (abs(hues[:, 0].astype(int) - 110) < 15) & (hues[:, 1] > 80)
    style = int(np.argmax(np.bincount(paint.ravel(), minlength=len(colors)) * is_blue))
    hue, saturation, value = hues[style].tolist()
    changed = np.array([[[(hue + _TURNED) % 180, saturation, value]]], np.uint8)
    out = colors.copy()
    out[style, :3] = cv2.cvtColor(changed, cv2.COLOR_HSV2RGB)[0, 0]
    return out


def _title(text: str, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    width = round(picture.shape[1] * _HEIGHT / picture.shape[0])
    small = cv2.resize(picture, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
    head = np.full((_TITLE_PX, width, 3), 255, np.uint8)
    cv2.putText(head, text, (8, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
    return np.vstack([head, np.asarray(small, np.uint8)])


if __name__ == "__main__":
    main()
