"""Recipe `diffusion`: after StablePaint, diffusion over a small color field, from lines and optional hints.

The field has one color for each region of the drawing (`framecolor.networks.diffusion`). Hints and palettes are left
out of most examples, and the lines of some, so that guidance can weigh them. Each step adds noise to a picture several
times, because the encoder of the lines, which takes most of the time, then runs only once.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.core.histogram import color_histogram
from framecolor.core.precision import autocast
from framecolor.networks.denoise import add_noise, clean, guide, loss_weight, sample, velocity
from framecolor.networks.diffusion import Diffusion, Scene, Tokens
from framecolor.networks.scene import describe_hint, describe_palette, group_paints, mean_of_paints, pool_pixels
from framecolor.training.loop import Batch, average, to_device
from framecolor.training.painting_folders import open_paintings
from framecolor.training.paintings import Painting
from framecolor.training.region_paint import REGIONS, fill_up, find_colors, find_paints, is_rich, take_palette
from framecolor.training.simulate_hints import simulate_hint
from framecolor.training.system_recipe import ColoristRecipe, to_picture, to_planes

Float = NDArray[np.float32]

_NOISED = 3
_WITHOUT_HINT, _WITHOUT_PALETTE, _UNTOLD = 0.6, 0.3, 0.1
_HINTS = ("propagated", "strokes", "strokes", "exact", "blocks")
# Colors in [-1, 1] whose channels all differ by less than this are one paint.
_SAME_PAINT, _ALIKE_WEIGHT = 0.06, 0.15
_MOST_TRIES, _PALETTE_SEED = 8, 99
_VAL_BATCHES = 3
_VAL_SHARES = (0.25, 0.5, 0.75, 1.0)
_STEPS, _GUIDANCE = 10, 1.5
_VARIATIONS = 3


class DiffusionRecipe(ColoristRecipe):
    """Trains `Diffusion`.

    Lines are mostly drawn along the fills; the extracted ones are those of other kinds of folders.
    """

    network_type = Diffusion
    methods = ("drawn", "drawn", "drawn", "xdog")

    def __init__(self, data: Path, *args: Any, **options: Any) -> None:
        super().__init__(data, *args, **options)
        # Palettes are taken from paintings in their original colors.
        self.own_colors = open_paintings(data, "train", self.size_px, self.methods, recolored=0)

    def build_network(self) -> nn.Module:
        network = Diffusion(**self.sizes)
        network.palettes.copy_(torch.from_numpy(self.gather_palettes(len(network.palettes))))
        return network

    def gather_palettes(self, count: int) -> Float:
        """Read the palettes of `count` training paintings, rich ones first: [count, 12, 4]."""
        rng = np.random.default_rng([self.seed, _PALETTE_SEED])
        paintings, found = self.own_colors, []
        for tries in range(_MOST_TRIES * count):
            painting = paintings.read(int(rng.integers(len(paintings))), rng)
            palette = take_palette(*find_colors(painting, rng))
            if is_rich(palette) or tries >= (_MOST_TRIES - 1) * count:
                found.append(palette)
            if len(found) == count:
                break
        return np.stack(found)

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, Float]:
        """Make lines, regions and their colors, hints and palette, and noise.

        labels [H, W]: 0, or the region 1..48 of each pixel; colors [48, 3] in [-1, 1]; the others as in `Scene`.
        """
        labels, colors = find_colors(painting, rng)
        count, area = len(colors), np.bincount(labels.ravel(), minlength=len(colors) + 1)[1:]
        # All random numbers are drawn, so that leaving something out changes nothing else.
        lottery, kind = rng.random(3), str(rng.choice(_HINTS))
        hint = np.zeros((REGIONS, 5), np.float32)
        loose = simulate_hint(painting.rgb, painting.flats, rng, kind)
        if lottery[0] >= _WITHOUT_HINT:
            rgb = loose[:3] / np.maximum(loose[3], 1e-3)
            hint[:count] = describe_hint(rgb.reshape(3, -1).T, loose[3].ravel(), labels.ravel(), count)
        # The colors of a reference have other shares than in the drawing.
        wanted = (area * np.exp(rng.normal(0, 0.5, count))).astype(np.float32)
        tinted = (colors + rng.normal(0, 0.03, (1, 3))).clip(0, 1)
        palette = color_histogram((tinted * 255).round().astype(np.uint8), wanted) if count else None
        told = lottery[2] >= _UNTOLD
        paint = find_paints(colors, rng)
        noise = rng.normal(0, 1, (_NOISED, REGIONS, 3)).astype(np.float32)
        return {
            "rgb": to_planes(painting.rgb),
            "line": painting.lines[None],
            "planes": painting.planes,
            "labels": labels.astype(np.float32),
            "colors": fill_up(2 * colors - 1),
            "area": fill_up((area / labels.size).astype(np.float32)),
            "hint": hint,
            "palette": describe_palette(palette if lottery[1] >= _WITHOUT_PALETTE else None),
            "told": np.array(told, np.float32),
            "paint": paint.astype(np.float32),
            "noise": noise,
            "noise_share": ((np.arange(_NOISED) + rng.random(_NOISED)) / _NOISED).astype(np.float32),
        }

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the squared error of the predicted velocity, with regions weighted by the root of their area.

        Added is the loss of whether two regions have the same paint, which is learned slowly from colors alone.
        """
        diffusion, scene = cast(Diffusion, network), make_scene(batch)
        most = scene.area.shape[1]
        colors = batch["colors"][:, :most].repeat_interleave(_NOISED, 0)
        noise = _share_noise(batch["noise"], scene.paint[:, None].expand(-1, _NOISED, -1)).flatten(0, 1)
        share = batch["noise_share"].flatten()
        with autocast(colors.device):
            known = diffusion.look(scene)
            predicted = diffusion(add_noise(colors, noise, share), share, known.repeat(_NOISED))
        error = (predicted.float() - velocity(colors, noise, share)).square().mean(2)
        weight = _region_weight(scene.area).repeat_interleave(_NOISED, 0)
        each = (error * weight).sum(1)
        alike = _alike_loss(known.alike.float(), batch["colors"][:, :most], scene.area)
        with torch.no_grad():
            numbers = {f"part_{i}": float(p) for i, p in enumerate(each.view(-1, _NOISED).mean(0))}
        numbers["alike"] = float(alike.detach())
        return (each * loss_weight(share)).mean() + _ALIKE_WEIGHT * alike, numbers

    @torch.no_grad()
    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        return draw(sample_colors(cast(Diffusion, network), batch, batch["noise"][:, 0]), batch)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure the error of predicted colors at fixed noise shares, and distances of samples, per channel in [0, 1].

        told_*  the L1 of samples from the truth with a hint, a palette, or the lines alone
        apart   the distance of two samples from lines alone
        """
        diffusion = cast(Diffusion, network)
        rows = []
        for index in range(_VAL_BATCHES):
            batch = to_device(self.held_out[index], network)
            batch["told"] = torch.ones_like(batch["told"])
            rows.append(self._measure(diffusion, batch))
        return average(rows)

    def _measure(self, diffusion: Diffusion, batch: Batch) -> dict[str, float]:
        scene = make_scene(batch)
        most = scene.area.shape[1]
        truth, weight = batch["colors"][:, :most], _region_weight(scene.area)
        noise = _share_noise(batch["noise"][:, 0], scene.paint)
        tokens = diffusion.look(scene)
        numbers = {}
        numbers["alike"] = float(_alike_loss(tokens.alike, truth, scene.area))
        for level in _VAL_SHARES:
            share = truth.new_full((len(truth),), level)
            noisy = add_noise(truth, noise, share)
            color = clean(noisy, diffusion(noisy, share, tokens), share)
            numbers[f"error_{round(100 * level)}"] = float(((color - truth).square().mean(2) * weight).sum(1).mean())
        painted = sample_colors(diffusion, batch, batch["noise"][:, 0])
        hinted, palette = (scene.hint[..., 4] > 0).any(1), (scene.palette[..., 3] > 0).any(1)
        apart = ((painted - truth).abs().mean(2) * weight).sum(1) / 2
        for name, rows in (("hint", hinted), ("palette", palette & ~hinted), ("lines", ~palette & ~hinted)):
            numbers |= {f"told_{name}": float(apart[rows].mean())} if rows.any() else {}
        lines = ~palette & ~hinted
        other = sample_colors(diffusion, batch, batch["noise"][:, 1])
        apart = ((painted - other).abs().mean(2) * weight).sum(1) / 2
        return numbers | ({"apart": float(apart[lines].mean())} if lines.any() else {})

    def show(self, network: nn.Module, batch: Batch) -> list[list[NDArray[np.uint8]]]:
        """Make rows of line art | hint | palette | three variations | truth, painted per region."""
        batch = batch | {"told": torch.ones_like(batch["told"])}
        variations = [
            draw(sample_colors(cast(Diffusion, network), batch, batch["noise"][:, v]), batch)
            for v in range(_VARIATIONS)
        ]
        known, truth = draw(batch["hint"][..., :3], batch), draw(batch["colors"], batch)
        rows = []
        for i, ink in enumerate(batch["line"]):
            line = (1 - 2 * ink).expand(3, -1, -1)
            painted = [torch.where(line < 0, -1.0, p[i]) for p in (*variations, truth)]
            rows.append([to_picture(p) for p in (line, known[i], show_palette(batch["palette"][i], line), *painted)])
        return rows

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "methods": list(self.methods)}


def make_scene(batch: Batch) -> Scene:
    """Make the network's input of a batch, cut to the regions of its fullest drawing."""
    labels = batch["labels"].long()
    most = max(1, int(labels.max()))
    images = torch.arange(len(labels), device=labels.device)[:, None, None] * most
    image, row, column = torch.nonzero(labels > 0, as_tuple=True)
    region = (labels - 1 + images)[image, row, column]
    pool = pool_pixels(row, column, region, most * len(labels), labels.shape[1])
    return Scene(
        batch["planes"],
        pool.view(len(labels), most, -1),
        batch["area"][:, :most],
        batch["hint"][:, :most],
        batch["palette"],
        batch["paint"][:, :most].long(),
        batch["told"],
    )


@torch.no_grad()
def sample_colors(diffusion: Diffusion, batch: Batch, noise: Tensor) -> Tensor:
    """Sample colors [N, T, 3] in [-1, 1] from noise [N, 48, 3] and all of the batch but which paints are the same."""
    scene = make_scene(batch)
    with autocast(noise.device):
        alike = diffusion.look(scene).alike.float().cpu().numpy()
        groups = [
            group_paints(*one) for one in zip(alike, scene.area.cpu().numpy(), scene.hint.cpu().numpy(), strict=True)
        ]
        scene = replace(scene, paint=torch.from_numpy(np.stack(groups)).to(noise.device))
        told, untold = diffusion.look(scene), diffusion.look(scene.untold())

        def bind(tokens: Tokens) -> Any:
            return lambda noisy, share: diffusion(noisy, share, tokens)

        denoise = guide(bind(told), bind(untold), _GUIDANCE)
        mean = mean_of_paints(scene.same, scene.area)
        return sample(denoise, _share_noise(noise, scene.paint), _STEPS, mean=mean)


def draw(colors: Tensor, batch: Batch) -> Tensor:
    """Draw colors [N, T, 3] as pictures [N, 3, H, W], white outside of regions."""
    table = torch.cat([torch.ones_like(colors[:, :1]), colors], dim=1)
    index = batch["labels"].long().flatten(1)[..., None].expand(-1, -1, 3)
    return table.gather(1, index).transpose(1, 2).unflatten(2, batch["labels"].shape[1:])


def _share_noise(noise: Tensor, paint: Tensor) -> Tensor:
    """Take the noise [..., 48, 3] of each region's paint [..., T]: [..., T, 3]."""
    return noise.gather(-2, paint[..., None].expand(*paint.shape, 3))


def _region_weight(area: Tensor) -> Tensor:
    """Compute weights [N, T] that sum to 1 over a drawing's regions."""
    root = area.sqrt()
    return root / root.sum(1, keepdim=True).clamp_min(1e-6)


def _alike_loss(alike: Tensor, colors: Tensor, area: Tensor) -> Tensor:
    """Compute the cross-entropy of the log-odds [N, T, T] that two regions have one paint, from colors [N, T, 3]."""
    same = (colors[:, :, None] - colors[:, None]).abs().amax(3) < _SAME_PAINT
    weight = _region_weight(area)
    pairs = weight[:, :, None] * weight[:, None] * (1 - torch.eye(area.shape[1], device=area.device))
    loss = F.binary_cross_entropy_with_logits(alike, same.to(alike), reduction="none")
    return (loss * pairs).sum() / pairs.sum().clamp_min(1e-6)


def show_palette(palette: Tensor, like: Tensor) -> Tensor:
    """Show a palette's colors as columns in a picture of the size of `like`."""
    picture = torch.ones_like(like)
    there = palette[palette[:, 3] > 0]
    edges = torch.linspace(0, like.shape[2], len(there) + 1).long().tolist()
    for color, left, right in zip(there, edges, edges[1:], strict=False):
        picture[:, :, left:right] = color[:3, None, None]
    return picture
