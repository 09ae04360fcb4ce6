"""framecolor palette: show the colors of a shot's keys or of a palette file, and write them in another format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import PATH, cel_option, json_option, setting_option

if TYPE_CHECKING:
    from framecolor.media import Swatch, SwatchList


@click.command()
@click.argument("source", metavar="SHOT|FILE", type=PATH)
@click.option("-o", "--out", type=PATH, metavar="FILE",
              help="File to write: .gpl .plt .tpl .kpl .ase .aco .pal or .toml, as its ending says.")  # fmt: skip
@click.option("--keys", type=PATH, help="Folder of painted keys; SHOT/keys if not given.")
@setting_option("palette", help="A palette file: the keys' colors within one level of its colors get their names.")
@cel_option
@json_option
def palette(
    source: Path, out: Path | None, keys: Path | None, palette: str | None, cels: tuple[str, ...], as_json: bool
) -> None:
    """Show the colors of a shot's keys or of a palette file with names, ids and tones, or write them with -o.

    SHOT is a shot with painted keys: the most used color comes first. FILE is a palette of GIMP (.gpl), Harmony (.plt),
    OpenToonz (.tpl), Krita (.kpl), Adobe (.ase, .aco), Paint Shop Pro (.pal), or of parts with tones (.toml). Names,
    ids and groups are kept as far as the other format has them; what it cannot keep is said.

    \b
    Examples:
      framecolor palette cut_012
      framecolor palette cut_012 -o cut_012.ase
      framecolor palette show.gpl -o show.plt
    """
    from framecolor.core.text import count_of
    from framecolor.errors import on_one_line
    from framecolor.media import PALETTES, read_swatch_list, write_swatches

    is_file = source.suffix.lower() in PALETTES
    if is_file and (keys is not None or palette is not None or cels):
        raise click.UsageError("--keys, --palette and --cel are for shots, and this is a palette file")
    found = read_swatch_list(source) if is_file else _read_shot(source, keys, palette, cels)
    notes = list(found.notes)
    if out is not None:
        _check_target(out)
        notes += write_swatches(out, found)
    elif as_json:
        click.echo(json.dumps(_describe(found), indent=1))
    else:
        _print(found)
    for note in notes:
        click.echo(on_one_line(f"note: {source.name}: {note}"), err=True)
    if out is not None:
        click.echo(on_one_line(f"{count_of(len(found.swatches), 'color')}: {out}"))


def _check_target(out: Path) -> None:
    """Raise OutputError if a palette would take the place or the name of another file, such as of settings."""
    from framecolor.config.settings_file import SETTINGS_FILE
    from framecolor.errors import OutputError, PaletteError
    from framecolor.media import read_swatch_list

    fix = "choose another name with -o"
    if out.name.casefold() == SETTINGS_FILE:
        raise OutputError(out, "is the name of settings, and would be read as such", fix)
    if out.is_file():
        try:
            read_swatch_list(out)
        except PaletteError:
            raise OutputError(out, "exists, and is no palette that can be read", fix) from None


def _read_shot(source: Path, keys: Path | None, palette: str | None, cels: tuple[str, ...]) -> SwatchList:
    from framecolor.cli.options import gather_settings
    from framecolor.cli.shots import list_shots, open_shot
    from framecolor.keys.key_palette import read_key_palette

    chosen = list_shots([source], cels)
    shots = [open_shot(one, keys=keys) for one in chosen]
    pairs = [(shot, gather_settings(shot.root, {"palette": palette})) for shot in shots]
    return read_key_palette(pairs, source.resolve().name)


def _describe(found: SwatchList) -> dict[str, Any]:
    tones = _find_tones(found)
    rows = []
    for place, one in enumerate(found.swatches):
        row: dict[str, Any] = {"name": one.name, "rgba": list(one.color)}
        row |= {key: text for key, text in (("id", one.id), ("group", one.group)) if text}
        rows.append(row | ({"part": tones[place][0], "tone": tones[place][1]} if place in tones else {}))
    return {"title": found.title, "colors": rows}


def _print(found: SwatchList) -> None:
    from framecolor.errors import on_one_line

    tones = _find_tones(found)
    for place, one in enumerate(found.swatches):
        tone = f"{tones[place][1]} of {tones[place][0]}" if place in tones else ""
        more = ", ".join(text for text in (one.group, one.id, tone) if text)
        click.echo(on_one_line(f"{_format_color(one)}  {one.name}{f'  ({more})' if more else ''}").rstrip())


def _format_color(one: Swatch) -> str:
    red, green, blue, alpha = one.color
    return f"#{red:02x}{green:02x}{blue:02x}" + ("" if alpha == 255 else f"{alpha:02x}")


def _find_tones(found: SwatchList) -> dict[int, tuple[str, str]]:
    from framecolor.media.palettes import find_tuples

    tuples, _ = find_tuples(found.swatches)
    return {place: (one.part, tone) for one in tuples for tone, place in one.places.items()}
