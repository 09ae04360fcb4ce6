"""Fit the generator to a shot's own keys before it paints.

Few-shot training in the spirit of Texler et al. 2020 ("Interactive video stylization using few-shot patch-based
training"), for paint-bucket coloring: from line planes to a palette color per pixel, with strong augmentation and more
weight on small regions. The palette head starts from a regression on the keys' features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from framecolor.core.precision import Precision, autocast
from framecolor.networks.generator import LINE_PLANES
from framecolor.networks.palette_head import PaletteNetwork, empty_planes, without_hint
from framecolor.networks.samples import IGNORE, KeySample

# Standard deviations of the augmentation: rotation in radians, log scale, shift and bends (grid cells, amount) in half
# canvases.
_TURN, _ZOOM, _SHIFT = 0.3, 0.15, 0.12
_BENDS = ((4, 0.08), (8, 0.035))

AUTO_STEPS = 40
"""Steps of `--fit auto`: 10 to 25 seconds for 1080p keys on two processor cores without bf16."""


@dataclass(frozen=True, kw_only=True)
class FitSchedule:
    """The schedule of a fit: AdamW, one cycle of the learning rate, `batch` augmented keys per step.

    rate, head_rate  highest learning rates of the generator and of the palette head
    warm_up          share of the steps in which the rate rises
    coarse           share of the steps, at the beginning, with keys at `coarse_size` of the working size: they cost a
                     quarter of the time and learn most of the palette
    calm             strength of the augmentation at the last step, falling from 1: the drawings to paint look more like
                     the keys than like strongly augmented copies
    """

    steps: int
    seed: int = 0
    batch: int = 3
    rate: float = 6e-3
    head_rate: float = 6e-2
    warm_up: float = 0.2
    weight_decay: float = 1e-2
    coarse: float = 0.9
    coarse_size: float = 0.5
    calm: float = 0.4

    def size_share(self, step: int) -> float:
        """Compute the share of the working size at a step."""
        return self.coarse_size if step < self.coarse * self.steps else 1.0

    def strength(self, step: int) -> float:
        """Compute the strength of the augmentation at a step."""
        return 1 + (self.calm - 1) * step / self.steps

    def rate_share(self, step: int) -> float:
        """Compute the share of the highest rate at a step: up along a cosine, then down to 0."""
        rise = max(1.0, self.warm_up * self.steps)
        if step < rise:
            return 0.5 - 0.46 * math.cos(math.pi * step / rise)
        return 0.5 + 0.5 * math.cos(math.pi * (step - rise) / max(1.0, self.steps - rise))


class Fit:
    """A fit in progress: call `step` until `done`; its `state` can be saved and restored after any step.

    Deterministic on one machine: the same network, samples and schedule give the same weights, also after a restore.
    """

    def __init__(
        self,
        network: PaletteNetwork,
        samples: Sequence[KeySample],
        schedule: FitSchedule,
        colors: NDArray[np.uint8] | None = None,
        device: str = "cpu",
        precision: Precision = "f32",
    ) -> None:
        """Prepare to fit a network to samples.

        colors     RGBA of each class, uint8 [P, 4], to train the color head on one copy per batch, too; None: not
        device     of network, samples and augmentation, as PyTorch names it
        precision  of the convolutions, as `core.precision.choose_training_precision` chooses it
        """
        if not samples:
            raise ValueError("a fit needs at least one painted key")
        self._device = torch.device(device)
        self._precision: Precision = precision
        # torch's stubs lack the call with a memory format alone.
        network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.network = network.to(self._device)
        self._samples = [Sample.load(sample, self._device) for sample in samples]
        self._whole = [i for i, sample in enumerate(samples) if sample.told_share == 1] or list(range(len(samples)))
        self._partial = [i for i in range(len(samples)) if i not in self._whole]
        self.schedule = schedule
        rgb = None if colors is None else torch.from_numpy(colors[:, :3].astype(np.float32) / 255)
        self.colors = None if rgb is None else rgb.to(self._device)
        self.taken = 0
        self.size = window_size([(s.planes.shape[1], s.planes.shape[2]) for s in samples])
        groups = [{"params": network.generator.parameters()}, {"params": network.head.parameters()}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=schedule.weight_decay)

    @property
    def done(self) -> bool:
        return self.taken >= self.schedule.steps

    def step(self) -> float:
        """Take one step, and return its loss."""
        # Seeded by the step, so that a restored fit continues identically.
        rng = torch.Generator().manual_seed(self.schedule.seed * 1_000_003 + self.taken)
        picks = self._pick_keys()
        canvas = self._canvas(self.schedule.size_share(self.taken))
        strength = self.schedule.strength(self.taken)
        copies = [augment(self._samples[i], self.size, canvas, rng, strength) for i in picks]
        planes, target, weight = (torch.stack(parts) for parts in zip(*copies, strict=True))
        rates = (self.schedule.rate, self.schedule.head_rate)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * self.schedule.rate_share(self.taken)
        self.network.train()
        inputs = without_hint(planes)
        if self.colors is not None:
            inputs[-1, LINE_PLANES:] = hint_in_blocks(self.colors[target[-1].clamp_min(0)], target[-1] != IGNORE, rng)
        with autocast(self._device, self._precision):
            features = self.network.generator(inputs.contiguous(memory_format=torch.channels_last))
            logits = self.network.head(features)
        # One copy at a time: with 30 colors, buffers for all copies are so large that the allocator returns them to the
        # system and maps them again in every step, a quarter of its time.
        losses = torch.cat(
            [
                F.cross_entropy(copy[None].float(), true[None], reduction="none", ignore_index=IGNORE)
                for copy, true in zip(logits, target, strict=True)
            ]
        )
        loss = (losses * weight).sum() / weight.sum().clamp_min(1e-6)
        if self.colors is not None:
            loss = loss + self._color_loss(features[-1:], inputs[-1:], target[-1])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.taken += 1
        self.network.eval()
        return float(loss.detach())

    def _color_loss(self, features: Tensor, inputs: Tensor, target: Tensor) -> Tensor:
        assert self.colors is not None
        painted = target != IGNORE
        if not painted.any():
            return features.new_zeros(())
        color = self.network.generator.color(features.float(), inputs)[0][0]
        truth = self.colors[target.clamp_min(0)].permute(2, 0, 1)
        return F.l1_loss(color[:, painted], truth[:, painted])

    def _canvas(self, share: float) -> tuple[int, int]:
        """Compute the input size (height, width): a share of the working size, rounded up to the network's multiple."""
        multiple = self.network.generator.size_multiple
        height, width = (multiple * math.ceil(share * side / multiple) for side in self.size)
        return height, width

    def _pick_keys(self) -> list[int]:
        """Pick the samples of a step: all keys in turn, in a new random order each round.

        One partial key takes part in each step, if there are any: many of them would displace the whole keys.
        """
        batch = self.schedule.batch - bool(self._partial)
        picks = self._take_turns(self._partial, 1) if self._partial else []
        return picks + self._take_turns(self._whole, batch)

    def _take_turns(self, samples: Sequence[int], batch: int) -> list[int]:
        picks = []
        for position in range(self.taken * batch, (self.taken + 1) * batch):
            order = np.random.default_rng([self.schedule.seed, position // len(samples)]).permutation(len(samples))
            picks.append(samples[int(order[position % len(samples)])])
        return picks

    def state(self) -> dict[str, Tensor]:
        """Collect all tensors that the rest of the fit depends on."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        for i, parameter in enumerate(p for g in self.optimizer.param_groups for p in g["params"]):
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{i}.{key}"] = torch.as_tensor(value)
        tensors["taken"] = torch.tensor(self.taken)
        return {k: v.cpu().contiguous() for k, v in tensors.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Restore a saved state of the same fit."""
        prefix = "network."
        self.network.load_state_dict({k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)})
        for i, parameter in enumerate(p for g in self.optimizer.param_groups for p in g["params"]):
            names = [k for k in tensors if k.startswith(f"optimizer.{i}.")]
            self.optimizer.state[parameter] = {
                # Adam keeps its step count on the processor.
                name: tensors[k].clone().to("cpu" if name == "step" else self._device)
                for k in names
                for name in (k.rsplit(".", 1)[1],)
            }
        self.taken = int(tensors["taken"])


def hint_in_blocks(rgb: Tensor, painted: Tensor, rng: torch.Generator) -> Tensor:
    """Make hint planes [4, H, W] of true colors [H, W, 3], empty outside the paint and in a third of 8 x 8 blocks."""
    height, width = painted.shape
    blocks = (torch.rand(1, 1, 8, 8, generator=rng) < 2 / 3).to(rgb.device)
    known = painted & F.interpolate(blocks.float(), (height, width), mode="nearest")[0, 0].bool()
    return torch.cat([rgb.permute(2, 0, 1) * known, known[None].float()])


def window_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Compute the window of a step, (height, width) in working pixels, with the area of the largest key.

    Keys of different shapes (one high, one wide) together need a window larger than any of them; it is reduced to the
    area of the largest, and copies are shifted to show all parts.
    """
    height, width = max(h for h, _ in sizes), max(w for _, w in sizes)
    share = math.sqrt(max(h * w for h, w in sizes) / (height * width))
    return max(1, round(height * share)), max(1, round(width * share))


@dataclass(frozen=True, eq=False)
class Sample:
    """A key on the device of the fit; values are shifted so that 0 is the padding outside of the drawing.

    planes  [1, 7, H, W], less those of empty paper
    both    [1, 2, H, W], target less IGNORE, and weight
    """

    planes: Tensor
    both: Tensor

    @classmethod
    def load(cls, sample: KeySample, device: torch.device) -> Sample:
        """Load a sample's arrays onto the device."""
        planes = torch.from_numpy(sample.planes)[None]
        both = torch.stack([torch.from_numpy(sample.target - IGNORE).float(), torch.from_numpy(sample.weight)])[None]
        return cls((planes - empty_planes(planes)).to(device), both.to(device))


def augment(
    sample: Sample,
    extent: tuple[int, int],
    canvas: tuple[int, int],
    rng: torch.Generator,
    strength: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Make a rotated, scaled, shifted and bent copy of a key: planes [7, H, W], target [H, W], weight [H, W].

    Computed on the sample's device; random numbers come from the processor, the same for all devices.

    extent    (height, width) in working pixels of the window that the copy shows
    canvas    (H, W), its size in pixels
    strength  of the augmentation; 0 leaves the key unchanged
    """
    grid = _random_grid(sample.planes.shape[2:], extent, canvas, rng, strength, sample.planes.device)
    planes = F.grid_sample(sample.planes, grid, align_corners=False) + empty_planes(sample.planes)
    target, weight = F.grid_sample(sample.both, grid, mode="nearest", align_corners=False)[0]
    return planes[0], target.long() + IGNORE, weight


def _random_grid(
    size: tuple[int, ...],
    extent: tuple[int, int],
    canvas: tuple[int, int],
    rng: torch.Generator,
    strength: float,
    device: torch.device,
) -> Tensor:
    """Make a random grid for `grid_sample` from a drawing of `size` (height, width) to the canvas, [1, H, W, 2]."""
    angle = strength * _TURN * float(torch.randn(1, generator=rng))
    zoom = math.exp(strength * _ZOOM * float(torch.randn(1, generator=rng)))
    shift = (strength * _SHIFT * torch.randn(2, generator=rng)).to(device)
    rows, columns = (torch.linspace(-1, 1, side, device=device) for side in canvas)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    cosine, sine, aspect = math.cos(angle) / zoom, math.sin(angle) / zoom, extent[0] / extent[1]
    position = torch.stack([cosine * x - sine * y * aspect + shift[0], sine * x / aspect + cosine * y + shift[1]])
    for cells, amount in _BENDS:
        bend = (strength * amount * torch.randn(1, 2, cells, cells, generator=rng)).to(device)
        position = position + F.interpolate(bend, canvas, mode="bicubic", align_corners=True)[0]
    stretch = torch.tensor([extent[1] / size[1], extent[0] / size[0]], device=device).view(2, 1, 1)
    position = position * stretch
    if (stretch < 1).any():  # the window is smaller than the drawing and slides over all of it
        slide = (2 * torch.rand(2, 1, 1, generator=rng) - 1).to(device)
        position = position + (1 - stretch).clamp_min(0) * slide
    return position.permute(1, 2, 0)[None]
