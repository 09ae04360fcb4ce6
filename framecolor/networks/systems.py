"""The table of systems that can be trained: colorists of single drawings, the chooser, and the perception network.

A row names classes without importing them. `train` finds a system by its name, `--model` by the name in the weights
file. Each system of the literature is a folder of `training/baselines/`, imported only when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, kw_only=True)
class System:
    """A system's classes, each as "module:class", and the defaults of its training options.

    summary   one sentence for --help
    recipe    class that trains it
    network   class of its network; None if it has no weights
    colorist  class that paints with it; None if it does not paint
    """

    summary: str
    recipe: str
    network: str | None
    colorist: str | None
    steps: int
    rate: float
    size_px: int = 128
    batch: int | None = 8
    cooldown: float = 0.3


def load_class(path: str) -> Any:
    """Import the class at "module:class"."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _baseline(folder: str, stem: str, summary: str, **training: Any) -> System:
    """Make the row of a system of the literature whose class names begin with `stem`."""
    home = f"framecolor.training.baselines.{folder}"
    places = {"network": f"{home}.network:{stem}", "colorist": f"{home}.colorist:{stem}Colorist"}
    return System(**{"summary": summary, "recipe": f"{home}.recipe:{stem}Recipe", **places, **training})


SYSTEMS: Mapping[str, System] = {
    "diffusion": System(
        summary="Diffusion after StablePaint: samples the colors of a drawing's regions from lines and optional hints.",
        network="framecolor.networks.diffusion:Diffusion",
        colorist="framecolor.colorists.diffusion:DiffusionColorist",
        recipe="framecolor.training.recipes.diffusion:DiffusionRecipe",
        steps=6000, rate=1e-3, batch=16,
    ),
    "perception": System(
        summary="Features of painted pictures, for content losses and for the distance between sets of pictures.",
        network="framecolor.networks.perception:Perception",
        colorist=None,
        recipe="framecolor.training.recipes.perception:PerceptionRecipe",
        steps=6000, rate=2e-3, size_px=96, batch=64,
    ),
    "chooser": System(
        summary="Chooses one of the given colors, of strokes or of a palette, for each region.",
        network="framecolor.networks.chooser:Chooser",
        colorist="framecolor.colorists.chooser:ChooserColorist",
        recipe="framecolor.training.recipes.chooser:ChooserRecipe",
        steps=20000, rate=2e-3, size_px=288, cooldown=0.5,
    ),
    "deepcolor": _baseline(
        "deepcolor", "DeepColor",
        "deepcolor: a U-Net with an adversary, from lines and blurred, whited-out color.",
        steps=8000, rate=2e-4,
    ),
    "histogram": _baseline(
        "histogram", "Histogram",
        "Automatic colorization for line arts: from lines and the color histogram of a reference.",
        steps=8000, rate=2e-4,
    ),
    "paintstorch": _baseline(
        "paintstorch", "PaintsTorch",
        "PaintsTorch: from lines and a few brush strokes, with a second generator that recovers the lines.",
        steps=8000, rate=5e-4,
    ),
    "stencil": _baseline(
        "stencil", "StencilTorch",
        "StencilTorch: from a painted picture and a mask; only pixels inside the mask change.",
        steps=8000, rate=5e-4,
    ),
    "cyclegan": _baseline(
        "cyclegan", "CycleGan",
        "CycleGAN: from sketches to color without pairs; a hundred pictures of each are enough.",
        steps=20000, rate=2e-4, batch=1, cooldown=0.5,
    ),
    "style": _baseline(
        "style", "Style",
        "Style transfer by Gatys et al.: one picture in the style of another, written to styled.png. A baseline.",
        steps=300, rate=3e-2, size_px=256, batch=None, network=None,
    ),
}  # fmt: skip
