"""framecolor train: one command per recipe; the rows of `networks.systems` become commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import PATH, Command, add_options
from framecolor.errors import EngineError
from framecolor.networks.systems import SYSTEMS, load_class

if TYPE_CHECKING:
    from framecolor.training.loop import Recipe

_LOOP = ("resume", "device", "threads", "workers", "cooldown", "rate", "seed", "steps", "output")


@click.group()
def train() -> None:
    """Train a network; one command per recipe.

    --data is a folder that `framecolor dataset build` wrote, or any folder of colored pictures. A run folder gets
    checkpoint.safetensors, log.jsonl, samples/ and the weights; --resume continues a stopped run.
    """


def data_option(command: Command) -> Command:
    """Add --data, for recipes that are trained on one folder."""
    help_text = "Folder that `framecolor dataset build` wrote, or folder of pictures."
    return click.option("--data", type=PATH, required=True, help=help_text)(command)


def episode_options(command: Command) -> Command:
    """Add the options of recipes that learn from kept episodes of one or more data sets."""
    help_text = "Folder of a data set; can be given several times. Half of the episodes are of the first."
    return add_options(
        command,
        click.option("--data", type=PATH, required=True, multiple=True, help=help_text),
        click.option("--looks", type=PATH, help="Folder where the episodes are kept; OUTPUT-looks if not given."),
        click.option("--episodes", type=click.IntRange(1), default=6000, show_default=True,
                     help="Episodes of each data set."),
    )  # fmt: skip


def _looks_folder(looks: Path | None, output: Path) -> Path:
    return output.with_name(f"{output.name}-looks") if looks is None else looks


def loop_options(
    steps: int, rate: float, size: int, batch: int | None = None, cooldown: float = 0.3
) -> Callable[[Command], Command]:
    """Make the options that every recipe has, with this recipe's defaults."""
    options = [
        click.option("--size", type=click.IntRange(32), default=size, show_default=True, help="Picture side, px."),
        click.option("-o", "--output", type=PATH, required=True, help="Run folder."),
        click.option("--steps", type=click.IntRange(1), default=steps, show_default=True, help="Number of steps."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
        click.option("--rate", type=click.FloatRange(0, min_open=True), default=rate, show_default=True,
                     help="Learning rate."),
        click.option("--cooldown", type=click.FloatRange(0, 1), default=cooldown, show_default=True,
                     help="Share of the steps, at the end, in which the rate falls."),
        click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes for batches."),
        click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of PyTorch."),
        click.option("--device", default="cpu", show_default=True, help="Device to train on: cpu, cuda, cuda:1."),
        click.option("--resume", is_flag=True, help="Continue the run in the run folder."),
    ]  # fmt: skip
    if batch is not None:
        form = {"type": click.IntRange(1), "default": batch, "show_default": True, "help": "Pictures in a step."}
        options.insert(0, click.option("--batch", **form))
    return lambda command: add_options(command, *options)


def run(recipe: Recipe, loop: dict[str, Any]) -> None:
    """Train a recipe with the values of the options of `loop_options`."""
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
    """Raise EngineError if PyTorch cannot use a device on this machine."""
    import torch

    from framecolor.engines.nvidia import find_gpu_problem

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:  # the latter from a build without CUDA
        gpu = find_gpu_problem() if name.startswith("cuda") else None
        problem = str(error).splitlines()[0] if gpu is None else gpu[0]
        raise EngineError(f"--device {name}", problem, "use --device cpu, or another one of this machine") from error


@train.command()
@data_option
@click.option("--start", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Run to start from.")
@loop_options(steps=4000, rate=3e-3, size=224)
def generator(data: Path, size: int, start: Path | None, **loop: Any) -> None:
    """Train the base weights of the generator, and the matcher, on episodes of animated characters.

    \b
    Example:
      framecolor train generator --data data/moving -o runs/generator
    """
    from framecolor.training.dataset import Dataset
    from framecolor.training.episodes import EpisodeSettings
    from framecolor.training.recipes.generator import GeneratorRecipe

    run(GeneratorRecipe(Dataset(data), loop["seed"], EpisodeSettings(size_px=size), start=start), loop)


@train.command()
@episode_options
@click.option("--start", type=PATH, help="Folder of an earlier run to start from; the shipped weights if not given.")
@loop_options(steps=20000, rate=1e-3, size=288, batch=4, cooldown=0.5)
def painter(
    data: tuple[Path, ...], looks: Path | None, episodes: int, start: Path | None, size: int, batch: int, **loop: Any
) -> None:
    """Train the matcher and the painter together, on features of the base weights that are computed once.

    \b
    Example:
      framecolor train painter --data data/moving --data data/rigged -o runs/painter
    """
    from framecolor.training.dataset import Dataset
    from framecolor.training.recipes.painter import PainterRecipe

    folder = _looks_folder(looks, loop["output"])
    run(PainterRecipe([Dataset(one) for one in data], loop["seed"], folder, episodes, size, batch, start), loop)


@train.command()
@episode_options
@loop_options(
    SYSTEMS["chooser"].steps,
    SYSTEMS["chooser"].rate,
    SYSTEMS["chooser"].size_px,
    SYSTEMS["chooser"].batch,
    SYSTEMS["chooser"].cooldown,
)
def chooser(
    data: tuple[Path, ...], looks: Path | None, episodes: int, size: int, batch: int, **loop: Any
) -> None:  # fmt: skip
    """Train the chooser: which of the given colors, of strokes or of a palette, each region gets.

    \b
    Example:
      framecolor train chooser --data data/moving --data data/rigged -o runs/chooser
    """
    from framecolor.training.dataset import Dataset
    from framecolor.training.recipes.chooser import ChooserRecipe

    folder = _looks_folder(looks, loop["output"])
    run(ChooserRecipe([Dataset(one) for one in data], loop["seed"], folder, episodes, size, batch), loop)


# System -> example in its help, and options beside those of `loop_options`; systems without a row take --data.
_OWN_OPTIONS: dict[str, tuple[str, list[Callable[..., Any]]]] = {
    "histogram": (
        "--data data/show --network cnn",
        [data_option, click.option("--network", type=click.Choice(["cnn", "cgan"]), default="cgan", show_default=True)],
    ),
    "cyclegan": (
        "--sketches sketches --colors paintings",
        [
            click.option("--data", type=PATH,
                         help="One folder instead of both: lines of half of its figures, paint of the others."),
            click.option("--sketches", type=PATH, help="Folder of sketches, black on white or on transparent."),
            click.option("--colors", type=PATH, help="Folder of color pictures; they need not match the sketches."),
            click.option("--width", type=click.IntRange(4), default=16, show_default=True,
                         help="Filters of the first layer; the authors use 64."),
            click.option("--blocks", type=click.IntRange(1), default=9, show_default=True, help="Residual blocks."),
        ],
    ),
    "style": (
        "--content drawing.png --reference image.png",
        [
            click.option("--content", type=PATH, required=True, help="Drawing to restyle."),
            click.option("--reference", type=PATH, required=True, help="Picture whose style the drawing gets."),
            click.option("--style-weight", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True,
                         help="Weight of the style, where the drawing has 1."),
        ],
    ),
}  # fmt: skip


def _add_system(name: str) -> None:
    """Add `framecolor train NAME`; options that are not of the loop go to the recipe."""
    system = SYSTEMS[name]
    example, options = _OWN_OPTIONS.get(name, ("--data data/show", [data_option]))

    def command(size: int, **given: Any) -> None:
        loop = {option: given.pop(option) for option in _LOOP}
        if name == "cyclegan":
            _choose_folders(given)
        if name == "style":
            loop["workers"] = 0  # its batches are empty, so no process is needed to make them
        run(load_class(system.recipe)(seed=loop["seed"], size_px=size, **given), loop)

    command.__doc__ = f"{system.summary}\n\n\b\nExample:\n  framecolor train {name} {example} -o runs/{name}\n"
    command = loop_options(system.steps, system.rate, system.size_px, system.batch, system.cooldown)(command)
    for option in reversed(options):
        command = option(command)
    train.command(name)(command)


def _choose_folders(given: dict[str, Any]) -> None:
    """Set `data` to the folder of sketches if it is given. Raises UsageError unless data or both other folders are."""
    data, sketches = given["data"], given.pop("sketches")
    if (data is None) == (sketches is None) or (sketches is None) != (given["colors"] is None):
        raise click.UsageError("give either --data, or both --sketches and --colors")
    given["data"] = data if data is not None else sketches


for _name in SYSTEMS:
    if _name not in train.commands:
        _add_system(_name)
