"""The true and the painted colors of a drawing's regions, read at few pixels, to compare many paintings of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.evaluation.metrics.regions import Codes, near, pack_rgb

# Odd, so that of two colors one has more.
_PIXELS_EACH = 99
_TOLERANCE = 8

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RegionTruth:
    """The regions of a drawing and their true colors.

    labels  int32 HxW, 0 on lines, 1..N in regions
    area    int64 [N], pixels of regions 1..N
    true    int32 [N], true color of each, packed RGB
    """

    labels: NDArray[np.int32]
    area: NDArray[np.int64]
    true: Codes
    _region: NDArray[np.int32]
    _pixel: NDArray[np.intp]

    @classmethod
    def read(cls, labels: NDArray[np.int32], truth: Pixels) -> RegionTruth:
        """Read the true colors from a picture, uint8 HxWx4."""
        count = int(labels.max(initial=0))
        area = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        order = np.argsort(labels.ravel(), kind="stable")
        starts = np.concatenate([[0], np.cumsum(area)]) + (labels.size - int(area.sum()))
        steps = [np.linspace(a, b - 1, min(b - a, _PIXELS_EACH)).astype(np.intp) for a, b in pairwise(starts)]
        pixel = order[np.concatenate(steps)] if steps else np.zeros(0, np.intp)
        region = np.repeat(np.arange(count, dtype=np.int32), [len(step) for step in steps])
        empty = cls(labels, area, np.zeros(count, np.int32), region, pixel)
        return cls(labels, area, empty.find_colors(truth), region, pixel)

    def find_colors(self, picture: Pixels) -> Codes:
        """Find the most frequent color of each region in a picture over white, int32 [N], packed RGB; -1 if empty."""
        rows = picture.reshape(-1, picture.shape[2])[self._pixel]
        codes = pack_rgb(lay_over_color(rows[None]))[0]
        known, index = np.unique(codes, return_inverse=True)
        votes = np.zeros((len(self.area), max(1, len(known))), np.int32)
        np.add.at(votes, (self._region, index), 1)
        return np.where(self.area > 0, known[votes.argmax(axis=1)] if len(known) else -1, -1).astype(np.int32)

    def compare(self, picture: Pixels) -> NDArray[np.bool_]:
        """Tell which regions have their true color in a picture, bool [N], within 8 levels."""
        return near(self.find_colors(picture), self.true, _TOLERANCE)

    def find_inmost(self, region: int) -> tuple[int, int]:
        """Find the pixel (x, y) of region `region` (1..N) that is farthest from its border."""
        mask = np.asarray(self.labels == region, np.uint8)
        left, top, width, height = cv2.boundingRect(mask)
        part = np.pad(mask[top : top + height, left : left + width], 1)
        depth = cv2.distanceTransform(part, cv2.DIST_L2, 3)
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        return left + int(x) - 1, top + int(y) - 1
