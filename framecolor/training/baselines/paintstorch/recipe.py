"""Recipe `paintstorch`: line art and a few brush strokes to color, with a critic and a second generator.

After PaintsTorch (Hati et al. 2019): strokes of 1 to 4 px in the true color, lines drawn or by xDoG at several sigmas,
WGAN-GP with a content loss, and a second generator that must recover the lines from the painting, so that regions
stay apart. A painting has from zero to many strokes, so that the network also paints without any.

Unlike the paper, the content loss is our own (`content`), and the distance of the colors, of pixels and of regions, is
added, because our features are small, and because framecolor paints region by region. For the paper's size: --size 512,
its widths and blocks in `network`, critic widths (64, 128, 256, 512).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.core.precision import autocast
from framecolor.training.baselines.adversary import critic_loss, gradient_penalty, painter_loss
from framecolor.training.baselines.paintstorch.content import content_loss
from framecolor.training.baselines.paintstorch.marks import shrink_marks
from framecolor.training.baselines.paintstorch.network import (
    HINT_STRIDE,
    SLOPE,
    PaintsTorch,
    ResNeXt,
    start_convolutions,
)
from framecolor.training.loop import Batch, Turn
from framecolor.training.paintings import Painting
from framecolor.training.region_loss import region_loss, take_regions
from framecolor.training.simulate_hints import draw_strokes
from framecolor.training.system_recipe import ColoristRecipe, to_planes

_PENALTY_WEIGHT = 10.0
# A Wasserstein critic has a gradient of 1 for each picture; a mean over 128 px squared one of 0.005.
_ADVERSARY_WEIGHT = 1e-3
_COLOR_WEIGHT = 1.0
_CONTENT_WEIGHT = 1.0
# Of the mean colors of regions, and of which color of the painting each is: what region-wise painting uses.
_REGION_WEIGHT, _PALETTE_WEIGHT = 1.0, 0.1
_WITHOUT_STROKES = 0.2
_MOST_STROKES = 60


class Critic(nn.Module):
    """Scores a painting, [N, 3, H, W], of a drawing, [N, 1, H, W], by patches.

    There is no normalization, because the gradient penalty applies to single pictures.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for above, below in zip((4, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(above, below, 4, 2, 1), nn.LeakyReLU(SLOPE), ResNeXt(below), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))
        start_convolutions(self)

    def forward(self, rgb: Tensor, line: Tensor) -> Tensor:
        """Average the scores of each picture's patches: [N]."""
        return self.layers(torch.cat([rgb, line], dim=1)).flatten(1).mean(dim=1)


class LineReader(nn.Module):
    """The second generator: finds the lines, [N, 1, H, W] in [0, 1], of a painting, [N, 3, H, W]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(SLOPE), ResNeXt(width), ResNeXt(width, 2))
        self.up = nn.Sequential(nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.LeakyReLU(SLOPE))
        self.leave = nn.Conv2d(width + 3, 1, 3, padding=1)
        start_convolutions(self)

    def forward(self, rgb: Tensor) -> Tensor:
        return torch.sigmoid(self.leave(torch.cat([self.up(self.down(rgb)), rgb], dim=1)))


def take_turns(helper: str) -> Mapping[str, Turn]:
    """Define the critic's turn, then the generator's, which also trains a helper that is not exported."""
    parts = {"critic": ("critic",), "generator": ("generator", helper)}
    return {name: Turn(own, weight_decay=0.0, betas=(0.5, 0.9)) for name, own in parts.items()}


class WassersteinRecipe(ColoristRecipe):
    """The recipe that PaintsTorch and StencilTorch share: lines, critic, and losses."""

    shipped = "generator"
    methods = ("drawn", "drawn", "xdog")
    helper_weight: float

    def __init__(self, *args: Any, critic_widths: Sequence[int] = (16, 32, 64, 96), **options: Any) -> None:
        """As `ColoristRecipe`; critic_widths: channels of the critic's levels."""
        super().__init__(*args, **options)
        self.critic_widths = list(critic_widths)

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the critic's loss, or the generator's: distance from the truth, the critic's score, and the helper's
        loss."""
        critic = network.get_submodule("critic")
        line, truth = batch["line"], batch["rgb"]
        if turn == "critic":
            with torch.no_grad():
                painted = self.paint(network, batch)
            apart = critic_loss("wgan", critic(truth, line), critic(painted, line))
            penalty = gradient_penalty(lambda rgb: critic(rgb, line), truth, painted, batch["share"])
            numbers = {"apart": -float(apart.detach()), "penalty": float(penalty.detach())}
            return apart + _PENALTY_WEIGHT * penalty, numbers
        painted, name, helped = self.paint_with_helper(network, batch)
        color, look = F.l1_loss(painted, truth), content_loss(painted, truth)
        loss = _COLOR_WEIGHT * color + _CONTENT_WEIGHT * look
        loss = loss + _ADVERSARY_WEIGHT * painter_loss("wgan", critic(painted, line))
        generator = cast(PaintsTorch, network.get_submodule("generator"))
        region, palette = region_loss(painted, truth, batch["labels"], generator.certainty)
        loss = loss + _REGION_WEIGHT * region + _PALETTE_WEIGHT * palette
        numbers = {"color": color, "content": look, "region": region, "palette": palette, name: helped}
        return loss + self.helper_weight * helped, {name: float(part.detach()) for name, part in numbers.items()}

    @abstractmethod
    def paint_with_helper(self, network: nn.Module, batch: Batch) -> tuple[Tensor, str, Tensor]:
        """Paint the batch, and return also the name of the helper's loss in the log, and that loss."""

    def describe(self) -> dict[str, Any]:
        """Add the critic's size."""
        return super().describe() | {"critic_widths": self.critic_widths}


class PaintsTorchRecipe(WassersteinRecipe):
    """Trains `PaintsTorch` with a critic and a second generator."""

    network_type = PaintsTorch
    helper_weight = 0.3
    turns = take_turns("reader")

    def build_network(self) -> nn.Module:
        """Build generator, critic and second generator with random weights."""
        generator, critic = PaintsTorch(**self.sizes), Critic(self.critic_widths)
        return nn.ModuleDict({"generator": generator, "critic": critic, "reader": LineReader(self.sizes["widths"][0])})

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """Make lines, color, `hint` for the generator, and `share` for the gradient penalty."""
        height, width = painting.flats.shape
        mask = np.zeros((height, width), np.float32)
        if rng.random() >= _WITHOUT_STROKES:
            # Few strokes are more frequent than many.
            count = 1 + round(_MOST_STROKES * float(rng.uniform(0, 1)) ** 2)
            mask = draw_strokes(height, width, rng, fewest=count, most=count + 1)
        return {
            "rgb": to_planes(painting.rgb),
            "line": painting.lines[None],
            "labels": take_regions(painting.flats, painting.lines),
            "hint": shrink_marks(painting.rgb, mask, (height // HINT_STRIDE, width // HINT_STRIDE)),
            "shown": show_marks(painting.rgb, mask, painting.lines),
            "share": np.array(rng.random(), np.float32),
        }

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        with autocast(batch["line"].device):
            return network.get_submodule("generator")(batch["line"], batch["hint"]).float()

    def paint_with_helper(self, network: nn.Module, batch: Batch) -> tuple[Tensor, str, Tensor]:
        """See the base; the second generator's loss is its error in the lines."""
        painted = self.paint(network, batch)
        with autocast(painted.device):
            lines = network.get_submodule("reader")(painted).float()
        return painted, "line", F.mse_loss(lines, batch["line"])


def show_marks(rgb: NDArray[np.float32], mask: NDArray[np.float32], lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Show marks over faint lines, planes [3, H, W] in [-1, 1], for samples."""
    wide = cv2.dilate(mask, np.ones((2, 2), np.uint8))[..., None]
    color = cv2.dilate(rgb * mask[..., None], np.ones((2, 2), np.uint8)) if mask.any() else rgb
    return to_planes((1 - 0.35 * lines[..., None]) * (1 - wide) + color * wide)
