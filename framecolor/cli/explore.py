"""framecolor explore: paint color variations of one drawing, and make one of them a key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecolor.cli.options import DRAWING_NUMBER, PATH, gather_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from framecolor.colorists.base import Colorist


@click.command()
@click.argument("key", type=PATH)
@click.option("--line", type=PATH, metavar="DRAWING", help="The drawing of a painted KEY that is not in SHOT/keys.")
@click.option("--variations", "count", type=click.IntRange(1, 99), default=8, show_default=True, metavar="N",
              help="Number of variations.")  # fmt: skip
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="How far variations may differ from a painted KEY: 0 (not at all) to 1 (it is ignored).",
)
@click.option(
    "--guidance",
    type=click.FloatRange(0, 50),
    metavar="G",
    help="How closely variations follow hints, reference and palette; higher is less varied.  [default: 1.5]",
)
@click.option("--steps", type=click.IntRange(1, 1000), metavar="K", help="Sampling steps; more are slower.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Seed of variation 1.")
@click.option("--palette", type=PATH, metavar="FILE", help="Use only the colors of this palette.")
@click.option("--reference", type=PATH, metavar="IMAGE", help="Prefer the colors of this picture.")
@click.option("--hints", type=PATH, metavar="IMAGE", help="Strokes on transparent; their colors are kept exactly.")
@click.option("--mask", type=PATH, metavar="IMAGE", help="Where a painted KEY may change: white on black.")
@click.option("--model", type=click.Path(), metavar="PATH",
              help="A colorist that ships, weights of another, or a Stable Diffusion: folder or hub id.")  # fmt: skip
@click.option("--prompt", metavar="TEXT", help="Prompt for a Stable Diffusion.")
@click.option("-o", "--output", type=PATH, metavar="DIR", help="Folder to write to.  [default: KEY-variations]")
@click.option("--choose", type=click.IntRange(1), metavar="N", help="Make variation N a key of its shot.")
@click.option("--shot", type=PATH, help="Shot that gets the key, if the drawing is not in SHOT/line.")
@click.option("--frame", type=DRAWING_NUMBER, metavar="NUMBER", help="Number of the drawing in --shot.")
@click.option("--overwrite", is_flag=True, help="Replace a key that exists already.")
def explore(
    key: Path, line: Path | None, count: int, strength: float, guidance: float | None, steps: int | None, seed: int,
    palette: Path | None, reference: Path | None, hints: Path | None, mask: Path | None, model: str | None,
    prompt: str | None,
    output: Path | None, choose: int | None, shot: Path | None, frame: int | None, overwrite: bool,
) -> None:  # fmt: skip
    """Paint color variations of one drawing to choose from.

    KEY is a line drawing, for which colors are invented, or a painted key, whose colors are varied. It writes
    variation-NN.png, contact.png and explore.json. --choose N then makes variation N a key without painting again.

    Palette, reference, model and gap closing come from the shot's settings (framecolor config show SHOT), unless an
    option overrides them.

    \b
    Examples:
      framecolor explore cut_012/line/0001.png
      framecolor explore cut_012/line/0001.png --choose 3
      framecolor explore cut_012/keys/0024.png --strength 0.4
    """
    from framecolor.colorists.base import SamplingOptions
    from framecolor.errors import InputError
    from framecolor.explore import add_key, find_home, find_place, open_subject, read_exploration
    from framecolor.explore import explore as paint_variations
    from framecolor.explore.variations import SHEET, Inputs, digest_settings
    from framecolor.media import read_image, read_palette
    from framecolor.networks.shipped import find_model
    from framecolor.render.stencil import read_mask

    if choose is None and (shot is not None or frame is not None):
        raise click.UsageError("--shot and --frame need --choose N: they name the key that it makes")
    if choose is not None and choose > count:
        raise click.UsageError(f"--choose {choose}: there are only {count} variations")
    home = find_home(key)
    settings = gather_settings(home, {})
    palette, reference = palette or _find(home, settings.palette), reference or _find(home, settings.reference)
    if model is None and prompt is None and settings.model is not None:
        model = str(find_model(settings.model, home))
    subject = open_subject(key, line, settings)
    place = find_place(subject, shot, frame) if choose is not None else None
    inputs = Inputs(
        None if palette is None else read_palette(palette),
        None if reference is None else read_image(reference),
        None if hints is None else read_image(hints),
        None if mask is None else read_mask(read_image(mask)),
    )
    if place is not None and place.there is not None and not overwrite:
        raise InputError(place.there, "is a key already", "replace it with --overwrite")
    name, guided, open_model = _find_model(model, prompt)
    options = SamplingOptions(
        seed=seed, strength=strength, guidance=guided if guidance is None else guidance, steps=steps
    )
    folder = output or Path(f"{key.stem}-variations")
    made = read_exploration(folder, digest_settings(subject, inputs, options, count, name))
    chosen = made.find(folder, choose) if made is not None and choose is not None else None
    if chosen is None:
        made = paint_variations(subject, open_model(), inputs, options, count, folder, model=name, progress=_count)
        click.echo(f"{count} variations in {folder}, mean color difference {made.apart:.0f} (CIELAB)")
        click.echo(f"  at a glance  {folder / SHEET}")
    if place is not None and choose is not None and made is not None:
        found = chosen or made.find(folder, choose)
        assert found is not None, "it was just written"
        click.echo(f"  key          {add_key(found, place, overwrite=overwrite)}")


def _count(done: int, count: int) -> None:
    """Print one line that counts the variations, if stderr is a terminal."""
    if sys.stderr is not None and sys.stderr.isatty():
        click.echo(f"\rvariation {done} of {count}", err=True, nl=done == count)


def _find(home: Path, name: str | None) -> Path | None:
    """Return the path of a file that the settings name."""
    return None if name is None else home / name


def _find_model(model: str | None, prompt: str | None) -> tuple[str, float, Callable[[], Colorist]]:
    """Find the colorist of --model: a name that changes with its weights, its usual guidance, and what opens it."""
    from framecolor.colorists import stable_diffusion
    from framecolor.colorists.base import SamplingOptions
    from framecolor.colorists.open import open_colorist
    from framecolor.media import hash_file
    from framecolor.networks.checkpoint import colorist_weights_path
    from framecolor.networks.shipped import find_model, list_model_files

    if model is not None and stable_diffusion.is_stable_diffusion(model):
        text = prompt or stable_diffusion.PROMPT
        name = f"{model}: {text}"
        return name, stable_diffusion.GUIDANCE, lambda: stable_diffusion.open_stable_diffusion(model, text)
    if prompt is not None:
        raise click.UsageError("--prompt needs a Stable Diffusion; give its folder or hub id with --model")
    path = colorist_weights_path() if model is None else find_model(model, Path())
    colorist = open_colorist(path)
    name = ", ".join(f"{file.name} {hash_file(file)}" for file in list_model_files(path))
    return name, SamplingOptions().guidance, lambda: colorist
