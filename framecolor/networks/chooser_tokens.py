"""The chooser's tokens, from what the other networks see of a drawing's regions."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.networks.matcher import Matcher

Float = NDArray[np.float32]


@torch.inference_mode()
def describe(matcher: Matcher, look: Float, shape: Float, contact: Float, crops: NDArray[np.uint8]) -> Float:
    """Compute the chooser's tokens of regions, [T, V]: the matcher's, then the base weights' context.

    look   [T, F + C], features and context of the base weights, pooled over each region
    crops  of `lineart.region_crops`
    The others are as in `Matcher.describe`.
    """
    seen = matcher.crops(torch.from_numpy(crops).float() / 255)
    tokens = matcher.describe(torch.from_numpy(look), torch.from_numpy(shape), torch.from_numpy(contact), seen)
    return np.concatenate([tokens.numpy(), look[:, matcher.features :]], axis=1)
