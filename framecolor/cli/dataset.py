"""framecolor dataset: build training data."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def dataset() -> None:
    """Build the data that the networks are trained on."""


@dataset.command()
@click.option("--glitch", type=click.Path(path_type=Path), required=True, help="Folder of the glitch id maps.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--long-side", type=click.IntRange(64, 4096), default=512, show_default=True, help="Largest side, px.")
@click.option("--val", type=click.IntRange(0), default=10, show_default=True, help="Characters held out.")
def build(glitch: Path, output: Path, long_side: int, val: int) -> None:
    """Write a compact, repeatable data set with source, license, split and a hash of every item."""
    from framecolor.training.dataset import write_dataset
    from framecolor.training.sources.glitch import PROVENANCE, read_sequences

    table = write_dataset(read_sequences(glitch, long_side), output, PROVENANCE, long_side, val)
    items = table["items"]
    assert isinstance(items, list)
    click.echo(f"{output}: {len(items)} sequences, {sum(item['frames'] for item in items)} frames")
