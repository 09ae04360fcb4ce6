"""Painted drawings at working size, as networks are fitted to them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions
from framecolor.networks.view import View

IGNORE = -1
"""The class of pixels that say nothing: lines, and regions whose color is not known."""


@dataclass(frozen=True, eq=False)
class KeySample:
    """One key at working size.

    planes  float32 7xhxw line planes; target int64 hxw palette index, IGNORE on lines and where nobody told it; weight
            float32 hxw, 0 on lines.
    """

    planes: NDArray[np.float32]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]

    @property
    def told_share(self) -> float:
        """The share of it, by weight, of which the color is known; exactly 1 for a key that was painted as a whole."""
        open_weight = float(self.weight[self.target == IGNORE].sum())
        return 1 - open_weight / float(self.weight.sum()) if open_weight else 1.0


def make_sample(view: View, regions: Regions, index: NDArray[np.intp]) -> KeySample:
    """A painted drawing at working size.

    index  what each region is, [count + 1], IGNORE where it is not known. A region counts by the square root of its
           area, so that small ones do.
    """
    left, top, right, bottom = view.box
    height, width = view.planes.shape[1:]
    crop = regions.labels[top:bottom, left:right].astype(np.float32)
    labels = cv2.resize(crop, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.intp)
    area = np.bincount(labels.ravel(), minlength=regions.count + 1)
    inside = labels > 0
    weight = np.where(inside, 1 / np.sqrt(np.maximum(area, 1))[labels], 0).astype(np.float32)
    return KeySample(view.planes, np.where(inside, index[labels], IGNORE).astype(np.int64), weight)
