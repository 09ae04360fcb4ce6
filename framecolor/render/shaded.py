"""Painted mode: the generator's own soft color, kept crisp at the regions' edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.clock import stage
from framecolor.core.types import Hint
from framecolor.engines.base import Runner
from framecolor.networks.view import View


def soften(paint: NDArray[np.uint8], hint: Hint, view: View, runner: Runner) -> NDArray[np.uint8]:
    """Shade flat paint, uint8 HxWx4, by the color head; alpha is unchanged.

    The network works at a smaller size. Only its change (its color less the flat color at that size) is enlarged and
    added, so that edges stay sharp.
    """
    left, top, right, bottom = view.box
    crop = (slice(top, bottom), slice(left, right))
    height, width = view.planes.shape[1:]
    small = Hint(hint.rgb[crop], hint.confidence[crop]).resized(height, width)
    flat = small.rgb.astype(np.float32).transpose(2, 0, 1) / 255
    planes = np.concatenate([flat * small.confidence, small.confidence[None]])
    with stage("generator"):
        change = runner.color(view.planes, planes.astype(np.float32)) - flat
    change = cv2.resize(255 * change.transpose(1, 2, 0), (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    out = paint.copy()
    soft = paint[crop][..., :3].astype(np.float32) + change
    out[crop][..., :3] = np.where(paint[crop][..., 3:] > 0, np.clip(np.rint(soft), 0, 255), paint[crop][..., :3])
    return out
