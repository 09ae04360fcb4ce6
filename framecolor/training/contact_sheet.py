"""Write a grid of pictures as one PNG, to judge a training by eye."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_GAP_PX = 4
# Side of a value's square, and squares shown per side.
_CELL_PX, _CELLS = 6, 48


def write_contact_sheet(rows: Sequence[Sequence[NDArray[np.uint8]]], path: Path) -> None:
    """Write rows of uint8 HxWx3 pictures, all of one size, as one RGB PNG."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    sheet = np.full((len(rows) * (height + _GAP_PX) - _GAP_PX, columns * (width + _GAP_PX) - _GAP_PX, 3), 128, np.uint8)
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            top, left = r * (height + _GAP_PX), c * (width + _GAP_PX)
            sheet[top : top + height, left : left + width] = picture
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = sheet.shape[1], sheet.shape[0], "rgb24"
    encoder.framerate = Fraction(1)
    frame = av.VideoFrame.from_ndarray(sheet, format="rgb24")
    path.write_bytes(b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode(None)]))


def show_values(values: Tensor) -> NDArray[np.uint8]:
    """Show up to 48 x 48 values in [0, 1] as squares of gray, uint8 HxWx3, on a canvas of one size."""
    canvas = np.zeros((_CELLS * _CELL_PX, _CELLS * _CELL_PX, 3), np.uint8)
    gray = (255 * values.clamp(0, 1)).byte().cpu().numpy().repeat(_CELL_PX, 0).repeat(_CELL_PX, 1)
    canvas[: gray.shape[0], : gray.shape[1]] = gray[..., None]
    return canvas
