"""framecolor train: one command per recipe."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def train() -> None:
    """Train a network; one command per recipe."""


@train.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of `framecolor dataset build`.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Run folder.")
@click.option("--steps", type=click.IntRange(1), default=4000, show_default=True, help="Steps in all.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--size", type=click.IntRange(64), default=224, show_default=True, help="Side of the drawings, px.")
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch; a worker process feeds it."
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=3e-3, show_default=True, help="Of learning.")
@click.option(
    "--cooldown", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share of steps in which it falls."
)
@click.option("--start", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Run to begin with.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
def generator(
    data: Path,
    output: Path,
    steps: int,
    seed: int,
    size: int,
    threads: int,
    rate: float,
    cooldown: float,
    start: Path | None,
    resume: bool,
) -> None:
    """Train the base weights of the generator, and the matcher, on episodes of animated characters."""
    from framecolor.training.dataset import Dataset
    from framecolor.training.episodes import EpisodeSettings
    from framecolor.training.loop import LoopSettings
    from framecolor.training.loop import train as run
    from framecolor.training.recipes.generator import GeneratorRecipe

    recipe = GeneratorRecipe(Dataset(data), seed, EpisodeSettings(size_px=size), start=start)
    run(
        recipe,
        output,
        LoopSettings(steps, seed, rate=rate, cooldown_share=cooldown, threads=threads),
        resume=resume,
        report=click.echo,
    )
