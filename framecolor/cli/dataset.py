"""framecolor dataset: build training data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import PATH

if TYPE_CHECKING:
    from framecolor.training.curate.build import ArtFolder
    from framecolor.training.dataset import IdSequence, Provenance


@click.group()
def dataset() -> None:
    """Build the data that the networks are trained on."""


@dataset.command()
@click.option("--glitch", type=PATH, help="Folder of the Glitch id maps.")
@click.option("--art", type=PATH, help="Folder of vector art that scripts/fetch_art wrote.")
@click.option("--rigged", type=PATH, help="Folder of rigged 3D characters (GLB, VRM) with manifest.json.")
@click.option(
    "--from",
    "folders",
    type=PATH,
    multiple=True,
    help="Folder of your own paintings and movies; can be given several times. Writes paintings instead of id maps.",
)
@click.option("-o", "--output", type=PATH, required=True, help="Folder to write.")
@click.option("--name", help="Name of the source, with one --from; the folder's name if not given.")
@click.option("--source", help="Where the pictures of --from come from.")
@click.option("--license", "license_", help="License of these pictures, as an SPDX identifier.")
@click.option("--attribution", help="Attribution that the license requires.")
@click.option("--long-side", type=click.IntRange(64, 4096), default=512, show_default=True, help="Longest side, px.")
@click.option("--val", type=click.FloatRange(0, 0.9), default=0.08, show_default=True, help="Share held out.")
@click.option(
    "--limit", type=click.IntRange(1), help="Most drawings or characters of a source, or pictures of a --from."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the motion or the lines.")
def build(
    glitch: Path | None,
    art: Path | None,
    rigged: Path | None,
    folders: tuple[Path, ...],
    output: Path,
    name: str | None,
    source: str | None,
    license_: str | None,
    attribution: str | None,
    long_side: int,
    val: float,
    limit: int | None,
    seed: int,
) -> None:
    """Write a compact, repeatable data set with sources, licenses, split and a hash of every item.

    --glitch, --art and --rigged give id maps of animated characters. --from gives your own paintings, filtered, with
    flat fills and line art. Source, license and attribution come from provenance.toml or LICENSE and ATTRIBUTION in the
    folder; --source, --license and --attribution override them.

    \b
    Examples:
      framecolor dataset build --from footage -o data/show
      framecolor dataset build --art art -o data/moving
      framecolor dataset build --rigged characters -o data/rigged
    """
    origin = {"name": name, "source": source, "license": license_, "attribution": attribution}
    if folders:
        if glitch is not None or art is not None or rigged is not None:
            raise click.UsageError("--from writes paintings, the other sources write id maps: call build for each")
        if name is not None and len(folders) > 1:
            raise click.UsageError("--name names one source: give one --from, or a provenance.toml in each folder")
        _build_art(folders, origin, output, long_side, val, limit, seed)
        return
    if glitch is None and art is None and rigged is None:
        raise click.UsageError("give some of --glitch, --art and --rigged, or --from")
    if any(value is not None for value in origin.values()):
        raise click.UsageError("--name, --source, --license and --attribution go with --from")
    _build_characters(glitch, art, rigged, output, long_side, val, limit, seed)


def _build_characters(
    glitch: Path | None,
    art: Path | None,
    rigged: Path | None,
    output: Path,
    long_side: int,
    val: float,
    limit: int | None,
    seed: int,
) -> None:
    from framecolor.training.dataset import write_sources
    from framecolor.training.sources import rigged as rigged_source
    from framecolor.training.sources.art import animate_art, read_sources, read_things
    from framecolor.training.sources.glitch import PROVENANCE, read_sequences

    sources: list[tuple[Provenance, Iterable[IdSequence]]] = []
    if glitch is not None:
        sources.append((PROVENANCE, read_sequences(glitch, long_side)))
    if art is not None:
        drawings = read_sources(art)
        things = read_things(drawings, seed)
        sources += [(s.provenance, animate_art(s, things, limit, long_side, seed)) for s in drawings]
    if rigged is not None:
        sources += [
            (s.provenance, rigged_source.animate_rigged(s, limit, long_side, seed))
            for s in rigged_source.read_sources(rigged)
        ]
    table = write_sources(sources, output, long_side, val)
    items = table["items"]
    assert isinstance(items, list)
    for name in dict.fromkeys(item["source"] for item in items):
        own = [item for item in items if item["source"] == name]
        click.echo(f"{name}: {len({item['character'] for item in own})} characters, {len(own)} sequences")
    click.echo(f"{output}: {len(items)} sequences, {sum(item['frames'] for item in items)} frames")


def _build_art(
    folders: tuple[Path, ...],
    origin: dict[str, str | None],
    output: Path,
    long_side: int,
    val: float,
    limit: int | None,
    seed: int,
) -> None:
    from tqdm import tqdm

    from framecolor.training.curate.build import ArtFolder, build_art
    from framecolor.training.curate.provenance import UNKNOWN, read_provenance

    sources = [ArtFolder(folder, read_provenance(folder, **origin)) for folder in folders]
    for one in sources:
        if one.provenance.license == UNKNOWN:
            click.echo(
                f"warning: {one.path}: has no license, which is written as {UNKNOWN}; give --license, "
                "or a provenance.toml in the folder",
                err=True,
            )
    with tqdm(unit=" pictures", disable=None, leave=False) as bar:
        table = build_art(
            sources, output, long_side=long_side, val_share=val, limit=limit, seed=seed, report=lambda _: bar.update()
        )
    _print_art(table, sources, output, val)


def _print_art(table: dict[str, Any], sources: list[ArtFolder], output: Path, val: float) -> None:
    items = table["items"]
    for one in sources:
        own = [item for item in items if item["source"] == one.provenance.name]
        held_out = sum(item["split"] == "val" for item in own)
        groups = len({item["group"] for item in own})
        click.echo(f"{one.provenance.name}: {len(own)} pictures of {groups} groups, {held_out} held out")
        if own and val > 0 and not held_out:
            click.echo(
                f"warning: {one.path}: nothing is held out: all pictures are one {own[0]['kind'].removesuffix('s')}",
                err=True,
            )
    for reason, about in table["dropped"].items():
        named = ", ".join(ascii(name)[1:-1] for name in about["first"][:3])
        click.echo(f"left out as {reason}: {about['count']} ({named}{', ...' if about['count'] > 3 else ''})")
    click.echo(f"{output}: {len(items)} pictures in {len({item['shard'] for item in items})} shards")


@dataset.command()
@click.argument("data", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="PNG file to write.")
@click.option("--source", help="Only this source.")
@click.option("--rows", type=click.IntRange(1, 64), default=8, show_default=True, help="Episodes or pictures.")
@click.option("--columns", type=click.IntRange(1, 16), default=6, show_default=True, help="Frames of each episode.")
@click.option("--size", type=click.IntRange(64, 1024), default=224, show_default=True, help="Side of a frame, px.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the episodes or hints.")
def sheet(data: Path, output: Path, source: str | None, rows: int, columns: int, size: int, seed: int) -> None:
    """Draw samples of a data set as training gets them, to judge them by eye.

    Characters: frames, lines beside colors. Paintings: color, flats, lines by each method, hints of each kind.

    \b
    Example:
      framecolor dataset sheet data/show -o sheet.png
    """
    if (data / "art.json").is_file():
        from framecolor.training.curate.sheet import write_art_sheet

        write_art_sheet(data, output, source=source, rows=rows, size_px=size, seed=seed)
        click.echo(f"{output}: pictures of {data}")
        return
    from framecolor.training.sheet import write_sheet

    write_sheet(data, output, source=source, rows=rows, columns=columns, size_px=size, seed=seed)
    click.echo(f"{output}: {rows} characters of {data}")
