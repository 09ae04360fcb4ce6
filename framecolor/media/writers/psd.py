"""Write layered Photoshop files: paint, by part if asked, line, and a hidden group of the regions to check."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Box
from framecolor.errors import ReadError
from framecolor.media.writers.base import Mark, Parts, Picture

if TYPE_CHECKING:
    from psd_tools import PSDImage
    from psd_tools.api.layers import Group

PAINT, LINE, MARKS = "paint", "line", "to check"
"""Names of the layers, from the lowest up, and of the group over them. Paint by part is a group, too."""
PAPER = "paper"
"""Name of the layer for what is painted on paper, in a group of parts."""

_NO_PAINT = (255, 255, 255, 0)
_MARK = (255, 0, 255, 255)
_MARK_OPACITY = 153
_MARK_WIDTH_PX = 3


def encode_psd(picture: Picture) -> bytes:
    """Encode a picture as an 8-bit PSD with transparency: its layers in run lengths, and the merged image.

    A picture without layers gets one, `paint`. If its parts are known, that is a group with a layer for each of them;
    no two layers of it overlap. Half transparent pixels of the merged image, which programs without layers show, are
    laid over white, as in Photoshop's own files.
    """
    from PIL import Image
    from psd_tools import PSDImage
    from psd_tools.constants import Compression

    height, width = picture.rgba.shape[:2]
    psd = PSDImage.new("RGBA", (width, height))
    paint = picture.rgba if picture.paint is None else picture.paint
    if picture.parts is None:
        psd.create_pixel_layer(Image.fromarray(paint), name=PAINT, compression=Compression.RLE)
    else:
        group = psd.create_group(name=PAINT)
        for name, left, top, rgba in _cut_out(paint, picture.parts):
            image = Image.fromarray(rgba)
            group.create_pixel_layer(image, name=name, top=top, left=left, compression=Compression.RLE)
    if picture.ink is not None:
        psd.create_pixel_layer(Image.fromarray(picture.ink), name=LINE, compression=Compression.RLE)
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
    """Read the paint of a file by `encode_psd`, uint8 HxWx4; None if a painter merged or renamed its layer or group.

    Raises ReadError if the file cannot be read.
    """
    return _read_paint(path)[0]


def read_parts(path: Path) -> Parts | None:
    """Read the parts of the paint of a file by `encode_psd`; None if it has none, as `read_paint_layer` otherwise."""
    return _read_paint(path)[1]


def _read_paint(path: Path) -> tuple[NDArray[np.uint8] | None, Parts | None]:
    from psd_tools import PSDImage
    from psd_tools.api.layers import Group

    try:
        psd = PSDImage.open(path)
        layer = next((layer for layer in psd if layer.name == PAINT), None)
        if isinstance(layer, Group):
            return _put_together(layer, (psd.height, psd.width))
        if layer is None or (layer.left, layer.top, layer.width, layer.height) != (0, 0, psd.width, psd.height):
            return None, None
        image = layer.topil(apply_icc=False)
        return None if image is None or image.mode != "RGBA" else np.array(image), None
    except Exception as error:  # psd-tools raises many kinds of errors for a damaged file
        raise ReadError(path, "the layers cannot be read", "paint the frame again with --overwrite") from error


def _cut_out(paint: NDArray[np.uint8], parts: Parts) -> Iterator[tuple[str, int, int, NDArray[np.uint8]]]:
    """Cut paint, uint8 HxWx4, into its parts, in the order of their indices: name, left, top and pixels of each."""
    names = list(dict.fromkeys((PAPER, *parts.names[1:])))
    place = {name: k for k, name in enumerate(names)}
    layer = np.array([place[name] for name in (PAPER, *parts.names[1:])], np.int32)[parts.index]
    layer[paint[..., 3] == 0] = -1
    for k, name in enumerate(names):
        mask = layer == k
        if mask.any():
            box = Box.around(mask.view(np.uint8))
            yield name, box.left, box.top, np.where(box.crop(mask)[..., None], box.crop(paint), np.uint8(0))


def _put_together(group: Group, size: tuple[int, int]) -> tuple[NDArray[np.uint8] | None, Parts | None]:
    """Put the layers of parts together, HxW of `size`; None if a painter changed them so that they overlap."""
    paint, index = np.full((*size, 4), _NO_PAINT, np.uint8), np.zeros(size, np.uint16)
    for k, layer in enumerate(group, start=1):
        image = layer.topil(apply_icc=False)
        box = np.s_[max(layer.top, 0) : layer.bottom, max(layer.left, 0) : layer.right]
        pixels = None if image is None or image.mode != "RGBA" else np.array(image)
        if pixels is None or paint[box].shape != pixels.shape or (index[box][pixels[..., 3] > 0] > 0).any():
            return None, None
        shown = pixels[..., 3] > 0
        paint[box][shown], index[box][shown] = pixels[shown], k
    return paint, Parts(("", *(layer.name for layer in group)), index)


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
