"""Painted drawings at working size, to fit networks to."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions
from framecolor.networks.view import View

IGNORE = -1
"""The class of pixels that are not fitted: lines, and regions of unknown color."""


@dataclass(frozen=True, eq=False)
class KeySample:
    """One key at working size.

    planes  float32 7xhxw line planes
    target  int64 hxw class, IGNORE on lines and in regions of unknown color
    weight  float32 hxw, 0 on lines
    """

    planes: NDArray[np.float32]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]

    @property
    def told_share(self) -> float:
        """The share of it, by weight, whose color is known; exactly 1 for a whole key."""
        open_weight = float(self.weight[self.target == IGNORE].sum())
        return 1 - open_weight / float(self.weight.sum()) if open_weight else 1.0


def make_sample(view: View, regions: Regions, index: NDArray[np.intp]) -> KeySample:
    """Make a sample of a painted drawing.

    index  class of each region, [count + 1], IGNORE if unknown
    A region's weight is the square root of its area, so that small ones count.
    """
    left, top, right, bottom = view.box
    height, width = view.planes.shape[1:]
    crop = regions.labels[top:bottom, left:right].astype(np.float32)
    labels = cv2.resize(crop, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.intp)
    area = np.bincount(labels.ravel(), minlength=regions.count + 1)
    inside = labels > 0
    weight = np.where(inside, 1 / np.sqrt(np.maximum(area, 1))[labels], 0).astype(np.float32)
    return KeySample(view.planes, np.where(inside, index[labels], IGNORE).astype(np.int64), weight)
