"""Write layered Photoshop files: paint, line, and a hidden group of the regions to check."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.errors import ReadError
from framecolor.media.writers.base import Mark, Picture

if TYPE_CHECKING:
    from psd_tools import PSDImage

PAINT, LINE, MARKS = "paint", "line", "to check"
"""Names of the layers, from the lowest up, and of the group over them."""

_MARK = (255, 0, 255, 255)
_MARK_OPACITY = 153
_MARK_WIDTH_PX = 3


def encode_psd(picture: Picture) -> bytes:
    """Encode a picture as an 8-bit PSD with transparency: its layers in run lengths, and the merged image.

    A picture without layers gets one, `paint`. Half transparent pixels of the merged image, which programs without
    layers show, are laid over white, as in Photoshop's own files.
    """
    from PIL import Image
    from psd_tools import PSDImage
    from psd_tools.constants import Compression

    height, width = picture.rgba.shape[:2]
    psd = PSDImage.new("RGBA", (width, height))
    layers = {PAINT: picture.rgba if picture.paint is None else picture.paint}
    if picture.ink is not None:
        layers[LINE] = picture.ink
    for name, rgba in layers.items():
        psd.create_pixel_layer(Image.fromarray(rgba), name=name, compression=Compression.RLE)
    if picture.marks:
        group = psd.create_group(name=MARKS, open_folder=False)
        for mark in picture.marks:
            left, top, shape = _draw_mark(mark, (height, width))
            image = Image.fromarray(shape)
            group.create_pixel_layer(image, name=mark.name, top=top, left=left, compression=Compression.RLE)
        group.opacity = _MARK_OPACITY
        group.visible = False
    return _write(psd, np.dstack([lay_over_color(picture.rgba), picture.rgba[..., 3]]))


def read_paint_layer(path: Path) -> NDArray[np.uint8] | None:
    """Read the layer `paint` of a file by `encode_psd`, uint8 HxWx4; None if a painter merged or renamed it.

    Raises ReadError if the file cannot be read.
    """
    from psd_tools import PSDImage

    try:
        psd = PSDImage.open(path)
        layer = next((layer for layer in psd if layer.name == PAINT and layer.kind == "pixel"), None)
        if layer is None or (layer.left, layer.top, layer.width, layer.height) != (0, 0, psd.width, psd.height):
            return None
        image = layer.topil(apply_icc=False)
        return None if image is None or image.mode != "RGBA" else np.array(image)
    except Exception as error:  # psd-tools raises many kinds of errors for a damaged file
        raise ReadError(path, "the layers cannot be read", "paint the frame again with --overwrite") from error


def _draw_mark(mark: Mark, size: tuple[int, int]) -> tuple[int, int, NDArray[np.uint8]]:
    """Draw a region's filled outline with a border, clipped to the picture: its left, top and pixels."""
    points = np.array(mark.outline, np.int32).reshape(-1, 2)
    low = np.maximum(points.min(axis=0) - _MARK_WIDTH_PX, 0)
    high = np.minimum(points.max(axis=0) + _MARK_WIDTH_PX + 1, (size[1], size[0]))
    shape = np.zeros((int(high[1] - low[1]), int(high[0] - low[0]), 4), np.uint8)
    shape[..., :3] = _MARK[:3]
    alpha = np.zeros(shape.shape[:2], np.uint8)
    cv2.fillPoly(alpha, [points - low], (128,))
    cv2.polylines(alpha, [points - low], True, (255,), _MARK_WIDTH_PX)
    shape[..., 3] = alpha
    return int(low[0]), int(low[1]), shape


def _write(psd: PSDImage, merged: NDArray[np.uint8]) -> bytes:
    """Serialize the file with `merged` as its merged image; psd-tools would compose one slowly, with floats."""
    from psd_tools.constants import Compression

    record = psd._record
    info = record.layer_and_mask_information.layer_info
    assert info is not None
    info.layer_count = -abs(info.layer_count)  # the fourth channel of the merged image is its transparency
    record.image_data.compression = Compression.RLE
    record.image_data.set_data([np.ascontiguousarray(merged[..., i]).tobytes() for i in range(4)], record.header)
    file = BytesIO()
    record.write(file)
    return file.getvalue()
