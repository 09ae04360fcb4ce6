"""framecolor train: one command per recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import PATH, Command, add_options
from framecolor.errors import EngineError

if TYPE_CHECKING:
    from framecolor.training.loop import Recipe


@click.group()
def train() -> None:
    """Train a network; one command per recipe.

    --data is a folder of `framecolor dataset build`, or any folder of colored pictures. A run folder gets
    checkpoint.safetensors, log.jsonl, samples/ and the weights; --resume goes on where a stopped run left off.
    """


def data_option(command: Command) -> Command:
    """--data, for recipes that learn from one folder."""
    help_text = "Folder of `framecolor dataset build`, or of pictures."
    return click.option("--data", type=PATH, required=True, help=help_text)(command)


def loop_options(
    steps: int, rate: float, size: int = 128, batch: int | None = 8, cooldown: float = 0.3
) -> Callable[[Command], Command]:
    """Options of every training, with a recipe's own defaults."""
    options = [
        click.option("--size", type=click.IntRange(32), default=size, show_default=True, help="Side, px."),
        click.option("-o", "--output", type=PATH, required=True, help="Run folder."),
        click.option("--steps", type=click.IntRange(1), default=steps, show_default=True, help="Steps in all."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
        click.option("--rate", type=click.FloatRange(0, min_open=True), default=rate, show_default=True,
                     help="Of learning."),
        click.option("--cooldown", type=click.FloatRange(0, 1), default=cooldown, show_default=True,
                     help="Share of steps in which the rate falls."),
        click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="That make batches."),
        click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch."),
        click.option("--device", default="cpu", show_default=True, help="Where it learns: cpu, cuda, cuda:1."),
        click.option("--resume", is_flag=True, help="Go on with the run in the folder."),
    ]  # fmt: skip
    if batch is not None:
        form = {"type": click.IntRange(1), "default": batch, "show_default": True, "help": "Pictures a step."}
        options.insert(0, click.option("--batch", **form))
    return lambda command: add_options(command, *options)


def run(recipe: Recipe, loop: dict[str, Any]) -> None:
    """Train with what `loop_options` collected."""
    from framecolor.training.loop import LoopSettings
    from framecolor.training.loop import train as train_recipe

    _check_device(loop["device"])
    settings = LoopSettings(
        loop["steps"],
        loop["seed"],
        rate=loop["rate"],
        cooldown_share=loop["cooldown"],
        threads=loop["threads"],
        workers=loop["workers"],
        device=loop["device"],
    )
    train_recipe(recipe, loop["output"], settings, resume=loop["resume"], report=click.echo)


def _check_device(name: str) -> None:
    """Raise EngineError for a device that PyTorch does not know or find here."""
    import torch

    from framecolor.engines.nvidia import find_gpu_problem

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:  # the latter from a build without CUDA
        gpu = find_gpu_problem() if name.startswith("cuda") else None
        problem = str(error).splitlines()[0] if gpu is None else gpu[0]
        raise EngineError(f"--device {name}", problem, "use --device cpu, or another one that is here") from error


@train.command()
@data_option
@click.option("--start", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Run to begin with.")
@loop_options(steps=4000, rate=3e-3, size=224, batch=None)
def generator(data: Path, size: int, start: Path | None, **loop: Any) -> None:
    """The base weights of the generator, and the matcher, on episodes of animated characters.

    \b
    Example:
      framecolor train generator --data data/moving -o runs/generator
    """
    from framecolor.training.dataset import Dataset
    from framecolor.training.episodes import EpisodeSettings
    from framecolor.training.recipes.generator import GeneratorRecipe

    run(GeneratorRecipe(Dataset(data), loop["seed"], EpisodeSettings(size_px=size), start=start), loop)


@train.command()
@data_option
@click.option("--looks", type=PATH, help="Folder that episodes are kept in; beside the run if not given.")
@click.option("--episodes", type=click.IntRange(1), default=12000, show_default=True, help="Different ones.")
@click.option("--start", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Matcher to begin with.")
@loop_options(steps=40000, rate=1e-3, size=288, batch=None, cooldown=0.5)
def matcher(data: Path, looks: Path | None, episodes: int, start: Path | None, size: int, **loop: Any) -> None:
    """The matcher alone, on the base weights as they are: cheap steps, many of them.

    \b
    Example:
      framecolor train matcher --data data/moving -o runs/matcher
    """
    from framecolor.training.dataset import Dataset
    from framecolor.training.recipes.matcher import MatcherRecipe

    folder = loop["output"].with_name(f"{loop['output'].name}-looks") if looks is None else looks
    run(MatcherRecipe(Dataset(data), loop["seed"], folder, episodes, size, start), loop)


@train.command()
@data_option
@loop_options(steps=8000, rate=2e-4)
def deepcolor(data: Path, size: int, batch: int, **loop: Any) -> None:
    """deepcolor: a U-Net with an adversary, from lines and blurred, whited-out color.

    \b
    Example:
      framecolor train deepcolor --data data/show -o runs/deepcolor
    """
    from framecolor.training.recipes.deepcolor import DeepColorRecipe

    run(DeepColorRecipe(data, loop["seed"], size_px=size, batch=batch), loop)


@train.command()
@data_option
@click.option("--network", type=click.Choice(["cnn", "cgan"]), default="cgan", show_default=True)
@loop_options(steps=8000, rate=2e-4)
def histogram(data: Path, network: str, size: int, batch: int, **loop: Any) -> None:
    """Automatic colorization for line arts: from lines and the color histogram of a reference.

    \b
    Example:
      framecolor train histogram --data data/show --network cnn -o runs/histogram
    """
    from framecolor.training.recipes.histogram import HistogramRecipe

    run(HistogramRecipe(data, loop["seed"], size_px=size, batch=batch, adversary=network == "cgan"), loop)


@train.command()
@data_option
@loop_options(steps=8000, rate=5e-4)
def paintstorch(data: Path, size: int, batch: int, **loop: Any) -> None:
    """PaintsTorch: from lines and a few brush strokes, with a second generator that recovers the lines.

    \b
    Example:
      framecolor train paintstorch --data data/show -o runs/paintstorch
    """
    from framecolor.training.recipes.paintstorch import PaintsTorchRecipe

    run(PaintsTorchRecipe(data, loop["seed"], size_px=size, batch=batch), loop)


@train.command()
@data_option
@loop_options(steps=8000, rate=5e-4)
def stencil(data: Path, size: int, batch: int, **loop: Any) -> None:
    """StencilTorch: a picture so far and a mask; only inside of the mask anything changes.

    \b
    Example:
      framecolor train stencil --data data/show -o runs/stencil
    """
    from framecolor.training.recipes.stencil import StencilRecipe

    run(StencilRecipe(data, loop["seed"], size_px=size, batch=batch), loop)


@train.command()
@data_option
@loop_options(steps=6000, rate=1e-3, batch=16)
def diffusion(data: Path, size: int, batch: int, **loop: Any) -> None:
    """StablePaint's idea: a diffusion model over a small color field, told the lines and perhaps hints.

    \b
    Example:
      framecolor train diffusion --data data/show -o runs/diffusion --resume
    """
    from framecolor.training.recipes.diffusion import DiffusionRecipe

    run(DiffusionRecipe(data, loop["seed"], size_px=size, batch=batch), loop)


@train.command()
@data_option
@loop_options(steps=6000, rate=2e-3, size=96, batch=64)
def perception(data: Path, size: int, batch: int, **loop: Any) -> None:
    """Features of painted pictures, for content losses and for the distance between sets of pictures.

    \b
    Example:
      framecolor train perception --data data/show -o runs/perception
    """
    from framecolor.training.recipes.perception import PerceptionRecipe

    run(PerceptionRecipe(data, loop["seed"], size_px=size, batch=batch), loop)


@train.command()
@click.option("--data", type=PATH, help="One folder for both: lines of half of its figures, paint of the others.")
@click.option("--sketches", type=PATH, help="Folder of sketches, black on white or on transparent.")
@click.option("--colors", type=PATH, help="Folder of color pictures, not of the same drawings.")
@click.option("--width", type=click.IntRange(4), default=16, show_default=True, help="Filters; the authors' 64.")
@click.option("--blocks", type=click.IntRange(1), default=9, show_default=True, help="Residual blocks.")
@loop_options(steps=20000, rate=2e-4, batch=1, cooldown=0.5)
def cyclegan(
    data: Path | None, sketches: Path | None, colors: Path | None, width: int, blocks: int, size: int, batch: int,
    **loop: Any,
) -> None:  # fmt: skip
    """CycleGAN: from sketches to color without pairs; a hundred pictures of each do.

    \b
    Example:
      framecolor train cyclegan --sketches sketches --colors paintings -o runs/cyclegan
    """
    from framecolor.training.recipes.cyclegan import CycleGanRecipe

    folder = data if data is not None else sketches
    if folder is None or (data is None) == (sketches is None) or (sketches is None) != (colors is None):
        raise click.UsageError("give either --data, or both --sketches and --colors")
    sizes = {"size_px": size, "batch": batch, "width": width, "blocks": blocks}
    run(CycleGanRecipe(folder, loop["seed"], colors=colors, **sizes), loop)


@train.command()
@click.option("--content", type=PATH, required=True, help="The picture to restyle: a drawing.")
@click.option("--reference", type=PATH, required=True, help="The picture whose style it gets.")
@loop_options(steps=300, rate=3e-2, size=256, batch=None)
def style(content: Path, reference: Path, size: int, **loop: Any) -> None:
    """Style transfer by Gatys et al.: one picture in the style of another, written to styled.png. A baseline.

    \b
    Example:
      framecolor train style --content drawing.png --reference image.png -o runs/style
    """
    from framecolor.training.recipes.style import StyleRecipe

    run(StyleRecipe(content, reference, size_px=size), loop | {"workers": 0})
