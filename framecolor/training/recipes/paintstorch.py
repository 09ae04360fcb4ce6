"""Recipe `paintstorch`: line art and a few brush strokes to color, with a critic and a second generator.

After PaintsTorch (Hati et al. 2019): strokes of 1 to 4 px of the true color, lines by xDoG at several sigmas and drawn,
WGAN-GP beside a content loss, and a second generator that must recover the lines from the painting, so that regions
stay apart. A painting has from no stroke to many, so that the network paints without any, too.

Unlike the paper: the content loss is our own (`framecolor.training.content`), and the distance of the colors themselves
counts as well, as our features are small. At the paper's size: --size 512, its widths and blocks in
`framecolor.networks.paintstorch`, critic widths (64, 128, 256, 512).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.colorists.marks import shrink_marks
from framecolor.networks.checkpoint import SizedNetwork
from framecolor.networks.paintstorch import HINT_STRIDE, SLOPE, PaintsTorch, ResNeXt, start_convolutions
from framecolor.training.adversary import critic_loss, gradient_penalty, painter_loss
from framecolor.training.colorist_recipe import ColoristRecipe, to_planes
from framecolor.training.content import Kind as ContentKind
from framecolor.training.content import content_kind, content_loss
from framecolor.training.loop import Batch, Turn
from framecolor.training.paintings import Painting
from framecolor.training.simulate_hints import draw_strokes

PENALTY_WEIGHT = 10.0
# A Wasserstein critic pulls each picture with a force of 1, a mean over 128 px squared with one of 0.005.
ADVERSARY_WEIGHT = 1e-3
COLOR_WEIGHT = 1.0
CONTENT_WEIGHT = 1.0
_LINE_WEIGHT = 0.3
_WITHOUT_STROKES = 0.2
_MOST_STROKES = 60


class Critic(nn.Module):
    """Scores of a painting, [N, 3, H, W], of what was drawn, [N, 1, H, W]: one for each patch. No normalization, as the
    gradient penalty is about single pictures."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for above, below in zip((4, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(above, below, 4, 2, 1), nn.LeakyReLU(SLOPE), ResNeXt(below), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))
        start_convolutions(self)

    def forward(self, rgb: Tensor, line: Tensor) -> Tensor:
        """[N]: the mean over the picture's patches."""
        return self.layers(torch.cat([rgb, line], dim=1)).flatten(1).mean(dim=1)


class LineReader(nn.Module):
    """The second generator: the lines, [N, 1, H, W] in [0, 1], from a painting, [N, 3, H, W]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(SLOPE), ResNeXt(width), ResNeXt(width, 2))
        self.up = nn.Sequential(nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.LeakyReLU(SLOPE))
        self.leave = nn.Conv2d(width + 3, 1, 3, padding=1)
        start_convolutions(self)

    def forward(self, rgb: Tensor) -> Tensor:
        return torch.sigmoid(self.leave(torch.cat([self.up(self.down(rgb)), rgb], dim=1)))


class PaintsTorchParts(nn.Module):
    """All that learns; only the generator is exported."""

    def __init__(self, generator: PaintsTorch, critic: Critic, reader: LineReader) -> None:
        super().__init__()
        self.generator, self.critic, self.reader = generator, critic, reader


class WassersteinRecipe(ColoristRecipe):
    """What PaintsTorch and StencilTorch share: their lines, the sizes of their networks, the content loss."""

    methods = ("drawn", "drawn", "xdog")

    def __init__(
        self,
        *args: Any,
        widths: Sequence[int] = (16, 32, 64, 96, 128),
        blocks: Sequence[int] = (2, 3, 4, 4),
        critic_widths: Sequence[int] = (16, 32, 64, 96),
        **kwargs: Any,
    ) -> None:
        """As `ColoristRecipe`, and sizes of the networks."""
        super().__init__(*args, **kwargs)
        self.widths, self.blocks, self.critic_widths = widths, blocks, critic_widths
        self.content: ContentKind = content_kind()

    def describe(self) -> dict[str, Any]:
        """Also the networks' sizes and what the content loss compares."""
        sizes = {"widths": list(self.widths), "blocks": list(self.blocks), "critic_widths": list(self.critic_widths)}
        return super().describe() | sizes | {"content": self.content}


class PaintsTorchRecipe(WassersteinRecipe):
    """`critic` and `generator` take turns; the second generator learns with the first."""

    name = "paintstorch"
    turns: Mapping[str, Turn] = {
        "critic": Turn(("critic",), weight_decay=0.0, betas=(0.5, 0.9)),
        "generator": Turn(("generator", "reader"), weight_decay=0.0, betas=(0.5, 0.9)),
    }

    def build_network(self) -> PaintsTorchParts:
        """Generator, critic and second generator with random weights."""
        generator = PaintsTorch(self.widths, self.blocks, self.size_px)
        return PaintsTorchParts(generator, Critic(self.critic_widths), LineReader(self.widths[0]))

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """`hint` as the generator takes it; `share`, where the gradient penalty looks."""
        height, width = painting.flats.shape
        mask = np.zeros((height, width), np.float32)
        if rng.random() >= _WITHOUT_STROKES:
            # Few strokes more often than many.
            count = 1 + round(_MOST_STROKES * float(rng.uniform(0, 1)) ** 2)
            mask = draw_strokes(height, width, rng, fewest=count, most=count + 1)
        return {
            "rgb": to_planes(painting.rgb),
            "line": painting.lines[None],
            "hint": shrink_marks(painting.rgb, mask, (height // HINT_STRIDE, width // HINT_STRIDE)),
            "shown": show_marks(painting.rgb, mask, painting.lines),
            "share": np.array(rng.random(), np.float32),
        }

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """The critic's loss, or the generator's: what it paints should be like the truth, true to the critic, and
        show where the lines were."""
        parts = cast(PaintsTorchParts, network)
        if turn == "critic":
            with torch.no_grad():
                painted = self.paint(network, batch)
            return judge_critic(parts.critic, batch, painted)
        painted = self.paint(network, batch)
        loss, numbers = judge_painting(parts.critic, self.content, batch, painted)
        lost = F.mse_loss(parts.reader(painted), batch["line"])
        return loss + _LINE_WEIGHT * lost, numbers | {"line": float(lost.detach())}

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        return cast(PaintsTorchParts, network).generator(batch["line"], batch["hint"])

    def shipped(self, network: nn.Module) -> SizedNetwork:
        return cast(PaintsTorchParts, network).generator


def judge_critic(critic: Critic, batch: Batch, painted: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The critic's loss on paintings that carry no gradient, and how far apart it sees them from true ones."""
    line, truth = batch["line"], batch["rgb"]
    apart = critic_loss("wgan", critic(truth, line), critic(painted, line))
    penalty = gradient_penalty(lambda rgb: critic(rgb, line), truth, painted, batch["share"])
    return apart + PENALTY_WEIGHT * penalty, {"apart": -float(apart.detach()), "penalty": float(penalty.detach())}


def judge_painting(
    critic: Critic, content: ContentKind, batch: Batch, painted: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """How unlike the truth paintings are, and how untrue the critic thinks they are."""
    color = F.l1_loss(painted, batch["rgb"])
    look = content_loss(content, painted, batch["rgb"])
    fooled = painter_loss("wgan", critic(painted, batch["line"]))
    loss = COLOR_WEIGHT * color + CONTENT_WEIGHT * look + ADVERSARY_WEIGHT * fooled
    return loss, {"color": float(color.detach()), "content": float(look.detach())}


def show_marks(rgb: NDArray[np.float32], mask: NDArray[np.float32], lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Marks over faint lines, planes [3, H, W] in [-1, 1], for samples."""
    wide = cv2.dilate(mask, np.ones((2, 2), np.uint8))[..., None]
    color = cv2.dilate(rgb * mask[..., None], np.ones((2, 2), np.uint8)) if mask.any() else rgb
    return to_planes((1 - 0.35 * lines[..., None]) * (1 - wide) + color * wide)
