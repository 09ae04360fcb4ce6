"""framecolor dataset: build training data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from framecolor.training.dataset import IdSequence, Provenance


@click.group()
def dataset() -> None:
    """Build the data that the networks are trained on."""


@dataset.command()
@click.option("--glitch", type=click.Path(path_type=Path), help="Folder of the glitch id maps.")
@click.option("--art", type=click.Path(path_type=Path), help="Folder of vector art, as scripts/fetch_art writes it.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--long-side", type=click.IntRange(64, 4096), default=512, show_default=True, help="Largest side, px.")
@click.option("--val", type=click.FloatRange(0, 0.9), default=0.08, show_default=True, help="Share held out.")
@click.option("--limit", type=click.IntRange(1), help="Most drawings of each source of art.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the motion.")
def build(
    glitch: Path | None, art: Path | None, output: Path, long_side: int, val: float, limit: int | None, seed: int
) -> None:
    """Write a compact, repeatable data set with sources, licenses, split and a hash of every item."""
    from framecolor.training.dataset import write_sources
    from framecolor.training.sources.art import animate_art, read_sources, read_things
    from framecolor.training.sources.glitch import PROVENANCE, read_sequences

    if glitch is None and art is None:
        raise click.UsageError("give --glitch, --art or both")
    sources: list[tuple[Provenance, Iterable[IdSequence]]] = []
    if glitch is not None:
        sources.append((PROVENANCE, read_sequences(glitch, long_side)))
    if art is not None:
        drawings = read_sources(art)
        things = read_things(drawings, seed)
        sources += [(s.provenance, animate_art(s, things, limit, long_side, seed)) for s in drawings]
    table = write_sources(sources, output, long_side, val)
    items = table["items"]
    assert isinstance(items, list)
    for name in dict.fromkeys(item["source"] for item in items):
        own = [item for item in items if item["source"] == name]
        click.echo(f"{name}: {len({item['character'] for item in own})} characters, {len(own)} sequences")
    click.echo(f"{output}: {len(items)} sequences, {sum(item['frames'] for item in items)} frames")


@dataset.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="PNG file to write.")
@click.option("--source", help="Only this source.")
@click.option("--rows", type=click.IntRange(1, 64), default=8, show_default=True, help="Episodes.")
@click.option("--columns", type=click.IntRange(1, 16), default=6, show_default=True, help="Frames of each.")
@click.option("--size", type=click.IntRange(64, 1024), default=224, show_default=True, help="Side of a frame, px.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the episodes.")
def sheet(data: Path, output: Path, source: str | None, rows: int, columns: int, size: int, seed: int) -> None:
    """Draw frames of random characters as a training sees them, lines beside colors, to judge them by eye."""
    from framecolor.training.sheet import write_sheet

    write_sheet(data, output, source=source, rows=rows, columns=columns, size_px=size, seed=seed)
    click.echo(f"{output}: {rows} characters of {data}")
