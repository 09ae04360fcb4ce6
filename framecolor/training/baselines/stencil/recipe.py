"""Recipe `stencil`: repaint a painting inside of a mask.

After StencilTorch (Hati et al. 2022) with a human in the loop: the output is the next pass's input. The critic and
the losses are those of `paintstorch`; in place of its second generator, a guide decoder must predict the flat colors
from the deepest maps, and is dropped on export. Hints are dots and strokes in the flats' colors.

Masks are regions or blobs of any size, up to the whole picture. Inside, the painting so far is blank, wrong or
recolored, so that the network does not rely on what it replaces. Outside it is the truth, which shows what fits.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.core.histogram import mean_by_label
from framecolor.core.precision import autocast
from framecolor.training.baselines.paintstorch.marks import shrink_marks
from framecolor.training.baselines.paintstorch.network import HINT_STRIDE, Tunnel, start_convolutions
from framecolor.training.baselines.paintstorch.recipe import Critic, WassersteinRecipe, show_marks, take_turns
from framecolor.training.baselines.stencil.network import StencilTorch
from framecolor.training.loop import Batch
from framecolor.training.paintings import Painting, turn_hue
from framecolor.training.region_loss import take_regions
from framecolor.training.simulate_hints import sample_flats
from framecolor.training.system_recipe import to_planes

Float = NDArray[np.float32]

_WITHOUT_MARKS = 0.25
_MASKS = ("all", "regions", "blobs")
_MASK_SHARES = (0.25, 0.4, 0.35)
_STATES = ("blank", "wrong", "recolored")
_WITH_LINES = 0.2
_MASK_COLOR = (0.9, 0.1, 0.7)


class GuideDecoder(nn.Sequential):
    """Predicts flat colors, [N, 3, H / 4, W / 4], from the deepest maps, [N, C, H / `stride`, W / `stride`]."""

    def __init__(self, channels: int, stride: int) -> None:
        layers: list[nn.Module] = []
        for _ in range(int(math.log2(stride // HINT_STRIDE))):
            layers.append(Tunnel(channels, max(8, channels // 2), ()))
            channels = max(8, channels // 2)
        super().__init__(*layers, nn.Conv2d(channels, 3, 3, padding=1))
        start_convolutions(self)


class StencilTorchRecipe(WassersteinRecipe):
    """Trains `StencilTorch` with a critic and a guide decoder. For full size see `paintstorch.recipe`."""

    network_type = StencilTorch
    helper_weight = 0.5
    turns = take_turns("guide")

    def build_network(self) -> nn.Module:
        """Build generator, critic and guide decoder with random weights."""
        generator = StencilTorch(**self.sizes)
        guide = GuideDecoder(self.sizes["widths"][-1], generator.size_multiple)
        return nn.ModuleDict({"generator": generator, "critic": Critic(self.critic_widths), "guide": guide})

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, Float]:
        """Make lines and color; `image`, `mask` and `hint` for the generator, `flat` for the guide decoder, `share` for
        the gradient penalty. Outside of the mask, the truth is the image."""
        height, width = painting.flats.shape
        small = width // HINT_STRIDE, height // HINT_STRIDE
        palette = mean_by_label(painting.rgb, painting.flats).astype(np.float32)
        flat = palette[painting.flats]
        mask = draw_mask(painting.flats, rng)
        image = draw_state(painting, palette, rng)
        image = np.where(mask[..., None] > 0, image, painting.rgb)
        if rng.random() < _WITH_LINES:
            image = image * (1 - painting.lines[..., None])
        marks, confidence = np.zeros_like(painting.rgb), np.zeros_like(mask)
        if rng.random() >= _WITHOUT_MARKS:
            marks, confidence = sample_flats(painting.flats, np.rint(255 * palette).astype(np.uint8), rng)
        return {
            "rgb": to_planes(np.where(mask[..., None] > 0, painting.rgb, image)),
            "line": painting.lines[None],
            "labels": take_regions(painting.flats, painting.lines),
            "image": to_planes(image),
            "mask": mask[None],
            "hint": shrink_marks(marks, confidence, small[::-1]),
            "flat": to_planes(np.asarray(cv2.resize(flat, small, interpolation=cv2.INTER_AREA), dtype=np.float32)),
            "shown": _show_state(image, mask, marks, confidence, painting.lines),
            "share": np.array(rng.random(), np.float32),
        }

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        with autocast(batch["line"].device):
            painted = network.get_submodule("generator")(batch["line"], batch["image"], batch["mask"], batch["hint"])
        return painted.float()

    def paint_with_helper(self, network: nn.Module, batch: Batch) -> tuple[Tensor, str, Tensor]:
        """See the base; the guide decoder's loss is its error in the flat colors."""
        generator, image, mask = cast(StencilTorch, network.get_submodule("generator")), batch["image"], batch["mask"]
        with autocast(image.device):
            maps = generator.look(batch["line"], image, mask, batch["hint"])
            color, flat = generator.decode(maps), network.get_submodule("guide")(maps[-1])
        return generator.compose(color.float(), image, mask), "flat", F.l1_loss(flat.float(), batch["flat"])


def draw_mask(flats: NDArray[np.int32], rng: np.random.Generator) -> Float:
    """Draw the mask to repaint, float32 HxW, 1 inside and 0 outside: everything, some regions, or blobs."""
    height, width = flats.shape
    kind = str(rng.choice(_MASKS, p=_MASK_SHARES))
    if kind == "all":
        return np.ones((height, width), np.float32)
    if kind == "regions":
        count = int(flats.max()) + 1
        chosen = rng.random(count) < rng.uniform(0.1, 0.9)
        chosen[rng.integers(count)] = True
        return chosen[flats].astype(np.float32)
    cells = int(rng.integers(2, 7))
    noise = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    field = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return (field >= np.quantile(field, rng.uniform(0.1, 0.9))).astype(np.float32)


def draw_state(painting: Painting, palette: Float, rng: np.random.Generator) -> Float:
    """Draw a painting to be replaced, float32 HxWx3 in [0, 1]: blank paper, or wrong colors, perhaps faded.

    wrong      each flat region has a random color
    recolored  all colors are turned the same way
    """
    kind = str(rng.choice(_STATES))
    if kind == "blank":
        return np.ones_like(painting.rgb)
    if kind == "wrong":
        image = rng.uniform(0, 1, palette.shape).astype(np.float32)[painting.flats]
    else:
        image = turn_hue(painting.rgb[..., rng.permutation(3)], float(rng.uniform(0, 360)))
    faded = rng.uniform(0, 1) if rng.random() < 0.3 else 0.0
    return (image + faded * (1 - image)).astype(np.float32)


def _show_state(image: Float, mask: Float, marks: Float, confidence: Float, lines: Float) -> Float:
    """Show the painting so far with its marks and the mask's border, planes [3, H, W] in [-1, 1], for samples."""
    border = (cv2.erode(mask, np.ones((3, 3), np.uint8)) < mask)[..., None]
    shown = np.where(border, np.array(_MASK_COLOR, np.float32), image * (1 - 0.35 * lines[..., None]))
    colored = (show_marks(marks, confidence, np.zeros_like(lines)).transpose(1, 2, 0) + 1) / 2
    wide = cv2.dilate(confidence, np.ones((2, 2), np.uint8))[..., None]
    return to_planes((shown * (1 - wide) + colored * wide).astype(np.float32))
