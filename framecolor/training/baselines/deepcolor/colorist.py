"""deepcolor at use: loose colors, thinned with white and blurred, say roughly what goes where."""

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
# The author's share of the user's color; the rest is white. In training, his white blocks leave about as much.
_COLOR_SHARE = 0.3
# Side of the box that blurs the hint, of the drawing's shorter side: 100 px at 256 (`simulate_hints.white_out`).
_BLUR_SHARE = 100 / 256
# How far strokes grow, as a share of the shorter side, and the share of known pixels within that box that makes a place
# fully known. The author's brush is thick; thin strokes, blurred as they are, would say next to nothing (measured on
# held-out figures: Lab error 24.0 of 24.9 without any hint, and 15.4 grown; a hint all over loses 0.6 of 13.2).
_GROWTH_SHARE = 0.3
_LEAST_KNOWN = 0.03


class DeepColorColorist(BaselineColorist):
    """Colors as the hint says, wherever it was put loosely; without a hint the VAE proposes one, by the seed.

    `SamplingOptions.guidance` is the weight of the hint: the author's at 1, none at 0, when all is guessed from lines.
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
        """Colors for a drawing that nobody told anything about, float32 HxWx3 in [0, 1]."""
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
    """The hint as the network takes it: colors thinned with white, white where nothing is said, and a large box blur.

    color       float32 HxWx3 in [0, 1]
    confidence  float32 HxW in [0, 1], 0 where nothing is said
    share       of the color, where it is surest
    """
    weight = np.clip(confidence * share, 0, 1)[..., None]
    reach = max(3, round(_BLUR_SHARE * min(confidence.shape))) | 1
    return np.asarray(cv2.blur(1 - weight * (1 - color), (reach, reach)), dtype=np.float32)


def grow(hint: Hint, size: tuple[int, int]) -> tuple[Float, Float]:
    """A hint's colors, float32 HxWx3 in [0, 1], and confidence at the working size, grown to what lies around strokes.

    Where several colors are near, their mean comes out; where none is, the confidence is 0.
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
