"""The systems that color single drawings, and the features that pictures are compared by: one row for each.

A row names classes, it does not import them: `train` and `--model` find a system by its name, which its weights carry.
Those that ship lie in the package's layers; a system of the literature lies beside them, all of it in one folder of
`training/baselines/`, and is imported for its own weights alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, kw_only=True)
class System:
    """Where a system's classes are, each as "module:class", and how it is trained unless options say otherwise.

    summary   what it is, in a sentence
    recipe    how it is trained
    network   what its weights are of; None: it has none
    colorist  what paints with it; None: it paints nothing by itself
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


def load_class(place: str) -> Any:
    """The class at "module:class"."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def _baseline(folder: str, stem: str, summary: str, **training: Any) -> System:
    """A system of the literature; `stem` is how the names of its classes begin."""
    home = f"framecolor.training.baselines.{folder}"
    places = {"network": f"{home}.network:{stem}", "colorist": f"{home}.colorist:{stem}Colorist"}
    return System(**{"summary": summary, "recipe": f"{home}.recipe:{stem}Recipe", **places, **training})


SYSTEMS: Mapping[str, System] = {
    "diffusion": System(
        summary="StablePaint's idea: a diffusion model over a small color field, told the lines and perhaps hints.",
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
        "StencilTorch: a picture so far and a mask; only inside of the mask anything changes.",
        steps=8000, rate=5e-4,
    ),
    "cyclegan": _baseline(
        "cyclegan", "CycleGan",
        "CycleGAN: from sketches to color without pairs; a hundred pictures of each do.",
        steps=20000, rate=2e-4, batch=1, cooldown=0.5,
    ),
    "style": _baseline(
        "style", "Style",
        "Style transfer by Gatys et al.: one picture in the style of another, written to styled.png. A baseline.",
        steps=300, rate=3e-2, size_px=256, batch=None, network=None,
    ),
}  # fmt: skip
