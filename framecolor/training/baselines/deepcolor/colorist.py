"""deepcolor as a colorist: follows loose colors, which are thinned with white and blurred."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.types import Hint
from framecolor.training.baselines.colorist import BaselineColorist

Float = NDArray[np.float32]
# The author's share of the user's color; the rest is white. In training, his white blocks leave about this share.
_COLOR_SHARE = 0.3
# Side of the box that blurs the hint, as a share of the drawing's shorter side (`simulate_hints.white_out`).
_BLUR_SHARE = 100 / 256
# How far strokes grow, as a share of the shorter side; and the share of hinted pixels in that box that gives full
# confidence. The author's brush is thick; thin strokes would have almost no effect after the blur. Measured on held-out
# figures, Lab error: 24.9 without a hint, 24.0 with strokes, 15.4 with grown strokes; a full hint loses 0.6 of 13.2.
_GROWTH_SHARE = 0.3
_LEAST_KNOWN = 0.03


class DeepColorColorist(BaselineColorist):
    """Uses `Conditioning.hint`, placed loosely; without one, the VAE proposes a hint by the seed.

    `SamplingOptions.guidance` is the weight of the hint: 1 is the author's, at 0 the lines alone count.
    """

    name = "deepcolor"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        size = line.shape[2], line.shape[3]
        if conditioning.hint is not None and conditioning.hint.confidence.any():
            color, confidence = grow(conditioning.hint, size)
        else:
            color, confidence = self._propose(line, options.seed), np.ones(size, np.float32)
        hint = soften(color, confidence, _COLOR_SHARE * options.guidance)
        return self.network(line, torch.from_numpy(hint.transpose(2, 0, 1) * 2 - 1)[None])

    def _propose(self, line: Tensor, seed: int) -> Float:
        """Propose colors for a drawing without a hint, float32 HxWx3 in [0, 1]."""
        height, width = line.shape[2:]
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        square = line.new_zeros(1, 1, side, side)
        square[:, :, top : top + height, left : left + width] = line
        latent = torch.randn(1, self.network.vae.latent, generator=torch.Generator().manual_seed(seed))
        field = self.network.vae.propose(square, latent)[0]
        small = (field.permute(1, 2, 0).numpy() + 1) / 2
        whole = cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)
        return np.asarray(whole[top : top + height, left : left + width], dtype=np.float32)


def soften(color: Float, confidence: Float, share: float) -> Float:
    """Turn a hint into the network's input: colors thinned with white, white elsewhere, and a large box blur.

    color       float32 HxWx3 in [0, 1]
    confidence  float32 HxW in [0, 1], 0 without a hint
    share       weight of the color at full confidence
    """
    weight = np.clip(confidence * share, 0, 1)[..., None]
    reach = max(3, round(_BLUR_SHARE * min(confidence.shape))) | 1
    return np.asarray(cv2.blur(1 - weight * (1 - color), (reach, reach)), dtype=np.float32)


def grow(hint: Hint, size: tuple[int, int]) -> tuple[Float, Float]:
    """Grow a hint around its strokes: colors, float32 HxWx3 in [0, 1], and confidence, at the working size.

    Colors near to each other are averaged; where none is near, the confidence is 0.
    """
    weight = hint.confidence[..., None]
    color = hint.rgb.astype(np.float32) / np.float32(255) * weight
    planes = np.concatenate([color, weight], axis=2)
    small = cv2.resize(planes, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    reach = max(3, round(_GROWTH_SHARE * min(size))) | 1
    around = cv2.blur(small, (reach, reach), borderType=cv2.BORDER_CONSTANT).clip(0, 1)
    known = np.asarray(around[..., 3], dtype=np.float32)
    color = np.asarray(around[..., :3] / np.maximum(known[..., None], 1e-6), dtype=np.float32).clip(0, 1)
    return color, np.maximum(small[..., 3], np.minimum(known / np.float32(_LEAST_KNOWN), 1)).astype(np.float32)
