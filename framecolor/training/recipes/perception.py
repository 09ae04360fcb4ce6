"""Recipe `perception`: features of painted pictures, learned from right and wrong paint, in place of a VGG net.

A batch has four pictures of each figure: two in its own paint (another frame, framing, with or without lines over the
paint) and two in one wrong paint. Pictures of one figure in one paint are pulled together, all others pushed apart,
including the same figure in the other paint (Khosla et al. 2020, "Supervised contrastive learning"), so that color and
its place matter. The kind of paint is predicted from the embedding, and the picture's coarse color from the maps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.histogram import mean_by_label
from framecolor.core.precision import autocast
from framecolor.networks.perception import Perception
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.loop import Batch, to_device
from framecolor.training.painting_folders import open_paintings
from framecolor.training.paintings import Painting, Paintings
from framecolor.training.system_recipe import VAL_SEED, SystemRecipe, to_picture, to_planes

# Kinds of paint; 0 is the painter's own, the others are wrong.
KINDS = ("own", "swapped", "recolored", "washed", "blurred", "ragged", "noisy")
VIEWS = 4
_TEMPERATURE = 0.1
_KIND_WEIGHT = 1.5
_COLOR_WEIGHT = 2.0
_LINES_SHARE = 0.5
# Number of colors that wrong paints exchange: the largest of a picture; each pixel follows the nearest.
_PALETTE = 12
_VAL_FIGURES = 64
_SAMPLES = 10

Float = NDArray[np.float32]


class Learner(nn.Module):
    """The features, and the heads that only their training needs."""

    def __init__(self, perception: Perception) -> None:
        super().__init__()
        self.perception = perception
        embed = perception.embed_channels
        self.compare = nn.Sequential(nn.Linear(embed, 2 * embed), nn.SiLU(), nn.Linear(2 * embed, embed))
        self.kind = nn.Linear(embed, len(KINDS))
        self.color = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in perception.widths[2:])


class PerceptionRecipe(SystemRecipe):
    """Trains `Perception`."""

    network_type = Perception
    shipped = "perception"

    def __init__(self, data: Path, seed: int = 0, *, size_px: int = 96, batch: int = 64, **sizes: Any) -> None:
        """batch: pictures per step, four of each figure. Raises what `open_paintings` raises."""
        paintings = open_paintings(data, "train", size_px, recolored=0)
        held_out = open_paintings(data, "val", size_px, recolored=0)
        super().__init__(paintings.facts, seed, size_px, batch, sizes)
        self.batches: TorchDataset[Batch] = Views(paintings, max(2, batch // VIEWS), seed)
        self.held_out = Views(held_out, min(len(held_out), _VAL_FIGURES), VAL_SEED)

    def build_network(self) -> nn.Module:
        """Build a Learner."""
        return Learner(Perception(**self.sizes))

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the losses of contrast between figures and paints, of the kind of paint, and of coarse color."""
        learner = cast(Learner, network)
        rgb = batch["rgb"].contiguous(memory_format=torch.channels_last)
        with autocast(rgb.device):
            maps = learner.perception.features(rgb)
        vectors = learner.perception.pool([level.float() for level in maps])
        contrast = contrast_paints(F.normalize(learner.compare(vectors), dim=1), batch["paint"])
        kind = F.cross_entropy(learner.kind(vectors), batch["kind"])
        colors = [
            F.l1_loss(head(level.float()), F.adaptive_avg_pool2d(rgb, (level.shape[2], level.shape[3])))
            for head, level in zip(learner.color, maps[2:], strict=True)
        ]
        color = torch.stack(colors).mean()
        loss = contrast + _KIND_WEIGHT * kind + _COLOR_WEIGHT * color
        return loss, {
            "contrast": float(contrast.detach()),
            "kind": float(kind.detach()),
            "color": float(color.detach()),
        }

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure three shares on held-out figures.

        found  the nearest picture in its own paint shows the same figure
        apart  it is nearer than the same figure in a wrong paint
        kind   the predicted kind of paint is right
        """
        learner = cast(Learner, network)
        batch = to_device(self.held_out[0], network)
        vectors = learner.perception.embed(batch["rgb"])
        first, second, wrong, _ = F.normalize(vectors, dim=1).unflatten(0, (-1, VIEWS)).unbind(1)
        alike = second @ first.T
        found = alike.argmax(1) == torch.arange(len(first), device=alike.device)
        apart = alike.diagonal() > (second * wrong).sum(1)
        right_kind = learner.kind(vectors).argmax(1) == batch["kind"]
        return {"found": float(found.float().mean()), "apart": float(apart.float().mean())} | {
            "kind": float(right_kind.float().mean())
        }

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write rows of held-out figures: a picture | the five nearest of all others."""
        batch = to_device(self.held_out[0], network)
        vectors = F.normalize(cast(Learner, network).perception.embed(batch["rgb"]), dim=1)
        alike = vectors @ vectors.T
        alike.fill_diagonal_(-1)
        rows = []
        for n in range(0, min(len(vectors), VIEWS * _SAMPLES), VIEWS):
            nearest = alike[n].topk(min(5, len(vectors))).indices.tolist()
            rows.append([to_picture(batch["rgb"][i]) for i in (n, *nearest)])
        write_contact_sheet(rows, path)


def contrast_paints(vectors: Tensor, paint: Tensor) -> Tensor:
    """Compute the supervised contrastive loss of unit vectors [N, D]; equal `paint` [N] belongs together."""
    alike = vectors @ vectors.T / _TEMPERATURE
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    share = F.log_softmax(alike.masked_fill(itself, -1e4), dim=1)
    same = (paint[:, None] == paint[None]) & ~itself
    return -(share * same).sum() / same.sum().clamp_min(1)


class Views(TorchDataset[Batch]):
    """Batch n of a seed: `figures` paintings, VIEWS pictures of each, half in its own paint, half in a wrong one.

    rgb float32 [N, 3, H, W] in [-1, 1], paint int64 [N] (one number per figure and paint), kind int64 [N].
    """

    def __init__(self, paintings: Paintings, figures: int, seed: int) -> None:
        self.paintings, self.figures, self.seed = paintings, figures, seed

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        chosen = rng.choice(len(self.paintings), self.figures, replace=len(self.paintings) < self.figures)
        rgb: list[Float] = []
        kinds: list[int] = []
        for number in chosen:
            kind = int(rng.integers(1, len(KINDS)))
            views = [self.paintings.read(int(number), rng) for _ in range(VIEWS)]
            change = draw_change(KINDS[kind], views[-1], rng)
            rgb += [_show(view, None if n < VIEWS // 2 else change, rng) for n, view in enumerate(views)]
            kinds += [0] * (VIEWS // 2) + [kind] * (VIEWS // 2)
        paint = np.repeat(np.arange(2 * self.figures), VIEWS // 2)
        return {
            "rgb": torch.from_numpy(np.stack(rgb)),
            "paint": torch.from_numpy(paint),
            "kind": torch.tensor(kinds),
        }


class Change:
    """One kind of wrong paint, the same for all pictures of a figure."""

    def __init__(self, kind: str, colors: Float, other: Float, amount: float, whole: bool) -> None:
        """colors, other: [K, 3], colors of the figure and their replacements; amount: from 0 to 1; whole: includes the
        paper."""
        self.kind, self.colors, self.other, self.amount, self.whole = kind, colors, other, amount, whole

    def apply(self, painting: Painting, rng: np.random.Generator) -> Float:
        """Change the painting's color: HxWx3 in [0, 1]."""
        changed = self._change(painting, rng)
        kept = changed if self.whole else np.where(_background(painting)[..., None], painting.rgb, changed)
        return np.asarray(kept, dtype=np.float32)

    def _change(self, painting: Painting, rng: np.random.Generator) -> NDArray[Any]:
        rgb = painting.rgb
        height, width = painting.flats.shape
        if self.kind in ("swapped", "recolored"):
            apart = np.square(rgb.reshape(-1, 1, 3) - self.colors).sum(axis=2)
            return rgb + (self.other - self.colors)[apart.argmin(axis=1)].reshape(rgb.shape)
        if self.kind == "washed":
            gray = rgb.mean(axis=2, keepdims=True) * 0.6 + 0.4 * self.other[0]
            return rgb + (0.3 + 0.5 * self.amount) * (gray - rgb)
        if self.kind == "blurred":
            return cv2.GaussianBlur(rgb, (0, 0), width / 96 * (1.2 + 3 * self.amount))
        if self.kind == "ragged":
            cells = 8 + int(12 * self.amount)
            stray = rng.normal(0, width / 96 * (1.5 + 2 * self.amount), (cells, cells, 2)).astype(np.float32)
            stray = cv2.resize(stray, (width, height), interpolation=cv2.INTER_LINEAR)
            x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
            x, y = x + stray[..., 0], y + stray[..., 1]
            return cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cells = int(rng.choice([6, 16, width]))
        noise = rng.normal(0, 0.06 + 0.14 * self.amount, (cells, cells, 3)).astype(np.float32)
        return rgb + cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)


def draw_change(kind: str, painting: Painting, rng: np.random.Generator) -> Change:
    """Draw a random change of a kind for a figure, from one painting of it."""
    colors = _main_colors(painting)
    other = rng.uniform(0, 1, colors.shape).astype(np.float32)
    if kind == "swapped" and len(colors) > 1:
        other = np.roll(colors, int(rng.integers(1, len(colors))), axis=0)
    whole = kind in ("blurred", "ragged") or (kind in ("washed", "noisy") and bool(rng.random() < 0.5))
    return Change(kind, colors, other, float(rng.random()), whole)


def _main_colors(painting: Painting) -> Float:
    """Find the colors of a painting's largest fills, float32 Kx3."""
    inside = ~_background(painting)
    fill = painting.flats[inside]
    if not len(fill):
        return np.zeros((1, 3), np.float32)
    area = np.bincount(fill)
    mean = mean_by_label(painting.rgb[inside], fill)
    largest = np.argsort(-area, kind="stable")[:_PALETTE]
    chosen: list[NDArray[np.floating]] = []
    for color in mean[largest[area[largest] > 0]]:
        if all(np.abs(color - known).max() > 0.08 for known in chosen):
            chosen.append(color)
    return np.stack(chosen).astype(np.float32)


def _background(painting: Painting) -> NDArray[np.bool_]:
    height, width = painting.flats.shape
    return cv2.resize(painting.outside.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _show(painting: Painting, change: Change | None, rng: np.random.Generator) -> Float:
    """Show a painting as planes [3, H, W] in [-1, 1]: changed, perhaps with its lines, with jittered brightness."""
    rgb = painting.rgb if change is None else change.apply(painting, rng)
    rgb = rgb * rng.uniform(0.96, 1.04, 3) + rng.uniform(-0.02, 0.02)
    rgb = np.clip(rgb + rng.normal(0, 0.004, rgb.shape), 0, 1)
    if rng.random() < _LINES_SHARE:
        rgb = rgb * (1 - painting.lines[..., None])
    return to_planes(rgb.astype(np.float32))
