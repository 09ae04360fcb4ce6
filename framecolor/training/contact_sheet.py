"""Write a grid of pictures as one PNG, to judge a training by eye."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

_GAP_PX = 4


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
