"""A diffusion model over a small color field: one color for each region of a drawing (the idea of StablePaint).

One color per region keeps the result within the lines by construction, and a variation takes fractions of a second on
a CPU. A convolutional encoder runs once on the lines, and its features of each region become a token. The regions are
first grouped by paint (both boots have the same); then a transformer denoises the colors of all regions together,
optionally conditioned on loose hints and a palette. The architecture is that of diffusion transformers (Peebles & Xie
2023) with one modulation for all layers (PixArt-alpha, Chen et al. 2023), on regions instead of patches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.generator import LINE_PLANES, Block

HINT_VALUES = 5
PALETTE_COLORS = 12
PALETTE_VALUES = 4
# Working pixels per side of a cell in the encoder's finest map.
CELL_PX = 2
_PAIR_VALUES = 5
_PAIR_HIDDEN = 32
# Two regions are compared by the cosine of embeddings of this length, times a scale.
_KIN, _KIN_SCALE = 32, 4.0
_WAVES = 8


@dataclass(frozen=True, eq=False)
class Scene:
    """The conditioning of N drawings of up to T regions each.

    planes    [N, 7, H, W] line planes; H and W are multiples of `Diffusion.size_multiple`
    pool      [N, T, H / CELL_PX * W / CELL_PX] share of each region in each cell; rows sum to 1
    area      [N, T] share of the H x W pixels that each region covers; 0: padding
    hint      [N, T, 5] hinted color in [-1, 1] (0 without a hint), root of mean confidence, highest confidence
    palette   [N, 12, 4] colors in [-1, 1] and the root of the wanted share of each; share 0: padding
    paint     [N, T] int64, the paint of each region: regions of one paint share their noise and their color
    told      [N] 1: conditioned; 0: without lines, hints and palette, for classifier-free guidance
    """

    planes: Tensor
    pool: Tensor
    area: Tensor
    hint: Tensor
    palette: Tensor
    paint: Tensor
    told: Tensor

    @property
    def same(self) -> Tensor:
        """Whether two regions have the same paint, bool [N, T, T]."""
        there = self.area > 0
        return (self.paint[:, :, None] == self.paint[:, None]) & there[:, :, None] & there[:, None]

    def untold(self) -> Scene:
        """Return the same drawings without their conditioning."""
        return replace(self, told=torch.zeros_like(self.told))


@dataclass(frozen=True, eq=False)
class Tokens:
    """The input of the denoiser for N drawings, the same at all steps.

    values  tokens of regions and palette colors, [N, T + 12, D]
    bias    of attention, [N, heads, T + 12, T + 12]
    alike   [N, T, T] log-odds that two regions have the same paint, by their lines
    """

    values: Tensor
    bias: Tensor
    alike: Tensor

    def repeat(self, count: int) -> Tokens:
        """Repeat each drawing `count` times, one after the other."""
        return Tokens(*(t.repeat_interleave(count, 0) for t in (self.values, self.bias, self.alike)))


class Diffusion(nn.Module):
    """The network of the module's text. Call `look` once per drawing, and `forward` once per step.

    widths    channels of the encoder's levels, at CELL_PX, twice that, ... working pixels per cell
    width, layers, heads  of the transformer
    size_px   side of the square training pictures
    palettes  number of stored palettes of paintings, as in `Scene.palette`; one is drawn if no palette is given
    The defaults give 3.4 million weights.
    """

    name = "diffusion"

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 192),
        width: int = 160,
        layers: int = 5,
        heads: int = 5,
        size_px: int = 128,
        palettes: int = 256,
    ) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {"widths": list(widths), "width": width, "layers": layers, "heads": heads}
        self.sizes |= {"size_px": size_px, "palettes": palettes}
        self.size_px = size_px
        self.palettes: Tensor
        self.register_buffer("palettes", torch.zeros(palettes, PALETTE_COLORS, PALETTE_VALUES))
        self.size_multiple = CELL_PX * 2 ** (len(widths) - 1)
        self.encoder = Encoder(tuple(widths))
        region_values = self.encoder.channels + 4 * _WAVES + 6
        self.region = nn.Linear(region_values, width)
        self.kin = _mlp(region_values, width, _KIN)
        self.alike = _mlp(_PAIR_VALUES + 1, _PAIR_HIDDEN, 1)
        self.hint = _mlp(HINT_VALUES, width, width)
        self.palette = _mlp(PALETTE_VALUES, width, width)
        self.color = nn.Linear(3, width)
        self.unseen = nn.Parameter(torch.zeros(width))
        self.pairs = _mlp(_PAIR_VALUES + 2, _PAIR_HIDDEN, heads)
        self.time = _mlp(2 * _WAVES, width, width)
        self.modulate = nn.Linear(width, 6 * width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 3)
        for last in (self.out, self.modulate, self.pairs[-1]):
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def look(self, scene: Scene) -> Tokens:
        """Encode each drawing and its conditioning, once for all steps."""
        conditioned = scene.told[:, None, None]
        place = _places(scene)
        features = torch.cat([self.encoder(scene.planes, scene.pool), _waves(place[..., :2]), place], dim=2)
        hint = self.hint(scene.hint) * (scene.hint[..., 4:] > 0)
        regions = torch.where(conditioned > 0, self.region(features) + hint, self.unseen)
        palette = self.palette(scene.palette)
        alike, bias = self._compare(features, place, scene.same)
        bias = bias.permute(0, 3, 1, 2) * conditioned[..., None]
        there = torch.cat([scene.area > 0, (scene.palette[..., 3] > 0) & (scene.told[:, None] > 0)], dim=1)
        bias = F.pad(bias, (0, PALETTE_COLORS, 0, PALETTE_COLORS)).float()
        bias = bias.masked_fill(~there[:, None, None, :], -1e4)
        return Tokens(torch.cat([regions, palette], dim=1), bias, alike)

    def _compare(self, features: Tensor, place: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
        """Compute `Tokens.alike`, and the attention bias between regions, [N, T, T, heads]."""
        kin = F.normalize(self.kin(features).float(), dim=2)
        pairs = torch.cat([_compare(place), _KIN_SCALE * (kin @ kin.transpose(1, 2))[..., None]], dim=3)
        one_way = self.alike(pairs)[..., 0]
        alike = (one_way + one_way.transpose(1, 2)) / 2
        known = torch.stack([alike.to(pairs.dtype), 2 * same.to(pairs.dtype)], dim=3)
        return alike, self.pairs(torch.cat([pairs[..., :_PAIR_VALUES], known], dim=3))

    def forward(self, colors: Tensor, noise_share: Tensor, tokens: Tokens) -> Tensor:
        """Predict the velocity of colors [N, T, 3] at noise shares [N] in [0, 1], [N, T, 3] (`networks.denoise`)."""
        time = self.time(_waves(noise_share[:, None]))
        modulation = self.modulate(F.silu(time)).view(len(time), 6, 1, -1).unbind(1)
        x = tokens.values + F.pad(self.color(colors), (0, 0, 0, PALETTE_COLORS)) + time[:, None]
        bias = tokens.bias.to(x.dtype)
        for layer in self.layers:
            x = layer(x, bias, modulation)
        return self.out(self.norm(x[:, : colors.shape[1]])).float()


class Encoder(nn.Module):
    """U-Net on the line planes; its last two levels are pooled per region to `channels` values."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(LINE_PLANES, widths[0], 2 * CELL_PX, stride=CELL_PX, padding=CELL_PX // 2)
        self.down = nn.ModuleList(Block(i, o) for i, o in zip((widths[0], *widths[:-1]), widths, strict=True))
        self.up = nn.ModuleList(
            Block(deep + skip, skip) for deep, skip in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.channels = widths[0] + widths[1]

    def forward(self, planes: Tensor, pool: Tensor) -> Tensor:
        """Compute the features of each region, [N, T, channels], from planes [N, 7, H, W] and pool as in `Scene`."""
        x = self.stem(planes.contiguous(memory_format=torch.channels_last))
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        before = x
        for block in self.up:
            before = x
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skips.pop()], dim=1))
        rows, columns = x.shape[2:]
        coarse = pool.unflatten(2, (rows // 2, 2, columns // 2, 2)).sum((3, 5)).flatten(2)
        return torch.cat([_pool(x, pool), _pool(before, coarse)], dim=2)


class Layer(nn.Module):
    """Self-attention and an MLP, scaled, shifted and gated by the time step."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.attend, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))
        # This layer's offset to the shared modulation; the gates begin a little above 0.
        offsets = torch.zeros(6, width)
        offsets[2], offsets[5] = 0.2, 0.2
        self.offsets = nn.Parameter(offsets)

    def forward(self, x: Tensor, bias: Tensor, modulation: tuple[Tensor, ...]) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = (
            m + o for m, o in zip(modulation, self.offsets.unbind(0), strict=True)
        )
        q, k, v = self.attend(self.norms[0](x) * (1 + scale1) + shift1).unflatten(2, (3, self.heads, -1)).unbind(2)
        mixed = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v)), attn_mask=bias.to(q.dtype))
        x = x + gate1 * self.join(mixed.transpose(1, 2).flatten(2))
        return x + gate2 * self.mlp(self.norms[1](x) * (1 + scale2) + shift2)


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))


def _pool(maps: Tensor, pool: Tensor) -> Tensor:
    """Average maps [N, C, h, w] over regions, [N, T, C]."""
    return pool.to(maps.dtype) @ maps.flatten(2).transpose(1, 2)


def _places(scene: Scene) -> Tensor:
    """Measure each region: center x, y and spread x, y in units of the picture, log area, 0 if padding; [N, T, 6]."""
    rows, columns = (n // CELL_PX for n in scene.planes.shape[2:])
    long = max(rows, columns)
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    at = torch.stack([x.flatten() + 0.5, y.flatten() + 0.5], dim=1).to(scene.pool) / long
    center = scene.pool @ at
    spread = (scene.pool @ at.square() - center.square()).clamp_min(0).sqrt()
    there = (scene.area > 0).to(scene.pool)[..., None]
    area = torch.log(scene.area.clamp_min(1e-6))[..., None] / 8
    return torch.cat([center, 4 * spread, area * there, there], dim=2)


def _compare(place: Tensor) -> Tensor:
    """Compute the relative positions of all pairs of regions, [N, T, T, 5], from `_places`."""
    offset = place[:, :, None, :2] - place[:, None, :, :2]
    apart = offset.square().sum(3, keepdim=True).add(1e-6).sqrt()
    larger = place[:, :, None, 4:5] - place[:, None, :, 4:5]
    return torch.cat([4 * offset, 4 * apart, torch.exp(-8 * apart), 4 * larger], dim=3)


def _waves(values: Tensor) -> Tensor:
    """Encode values [..., V] in [0, 1] as sines and cosines, [..., V * 2 * _WAVES]."""
    angle = values[..., None] * (math.pi * 2.0 ** torch.arange(-1, _WAVES - 1).to(values))
    return torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(-2)
