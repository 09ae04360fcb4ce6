"""A palette with names: its tuples, what becomes of the keys' colors, and what keys show across trace lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawings import COAT, SCARF, SKIN, make_shot
from toned_shot import COLORS, SHADED_IN_KEY, draw_toned, make_toned_shot, write_toned_palette

from framecolor import Settings, Shot
from framecolor.core.types import Palette
from framecolor.keys.key_palette import read_key_palette
from framecolor.keys.keyframes import Keyframes, read_keyframes
from framecolor.keys.named_palette import apply_palette, describe_use
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.trace_contact import find_trace_contacts
from framecolor.media import read_image, write_image
from framecolor.media.palettes import Swatch, SwatchList, find_tuples, read_swatches


def named(*pairs: tuple[str, tuple[int, int, int]]) -> list[Swatch]:
    return [Swatch((*color, 255), name) for name, color in pairs]


@pytest.mark.parametrize(
    ("names", "tones"),
    [
        (("skin", "skin shadow", "skin highlight"), {"base": 0, "shadow": 1, "highlight": 2}),
        (("Skin", "SKIN_sh", "skin-hl"), {"base": 0, "shadow": 1, "highlight": 2}),
        (("skin base", "skin shadow 1", "skin 2nd shadow"), {"base": 0, "shadow": 1, "shadow2": 2}),
        (("clothes_back", "clothes_back_d"), {"base": 0, "shadow": 1}),
        (("肌", "肌影", "肌 2号影"), {"base": 0, "shadow": 1, "shadow2": 2}),
        (("skin", "skin dark", "skin shadow"), {"base": 0, "shadow": 1}),
    ],
)
def test_names_say_the_tones_of_a_part(names: tuple[str, ...], tones: dict[str, int]) -> None:
    levels = {"base": 150, "highlight": 220, "shadow": 90, "shadow2": 40}
    tone_of = {place: tone for tone, place in tones.items()}
    swatches = named(*((name, (levels[tone_of.get(k, "shadow")] - k,) * 3) for k, name in enumerate(names)))
    found, notes = find_tuples(swatches)
    assert [dict(one.places) for one in found] == [tones] and not notes


def test_what_is_no_tuple() -> None:
    assert find_tuples(named(("skin", (9, 9, 9)), ("hair", (1, 1, 1)), ("shadow", (0, 0, 0)))) == ([], [])
    assert find_tuples(named(("coat shadow", (1, 1, 1)), ("skin", (9, 9, 9)))) == ([], []), "there is no coat"
    found, notes = find_tuples(named(("skin", (9, 9, 9)), ("skin shadow", (90, 90, 90))))
    assert not found and notes == ['"skin shadow" is not darker than "skin": it is not taken for its shadow']


def test_the_tones_of_used_parts_join_the_palette() -> None:
    painted = Palette(np.array([COLORS["skin"], COLORS["boots"], (255, 255, 255, 0)], np.uint8))
    swatches = [Swatch(color, name) for name, color in COLORS.items()]
    palette, entries = apply_palette(painted, swatches)
    assert palette.names == ("skin", "boots", "", "skin shadow")
    assert entries.tolist() == [[0, -1, 3, -1]]
    palette, entries = apply_palette(painted, [Swatch(one.color) for one in swatches])
    assert len(palette) == 3 and palette.names == () and not len(entries)


def test_white_paper_stays_white(tmp_path: Path) -> None:
    white = Palette(np.array([(255, 255, 255, 255), SKIN], np.uint8))
    kept, _ = apply_palette(white, [Swatch(SKIN, "skin")], [(255, 255, 255, 255)])
    assert kept.colors.tolist() == white.colors.tolist() and kept.names == ("", "skin")
    changed, _ = apply_palette(white, [Swatch(SKIN, "skin")])
    assert changed.colors.tolist() == [list(SKIN)]
    folder = make_shot(tmp_path / "cut")
    for path in (folder / "keys").iterdir():
        picture = read_image(path)
        picture[picture[..., 3] == 0] = (252, 252, 250, 255)
        write_image(path, picture)
    (folder / "show.gpl").write_text("GIMP Palette\n250 214 180 skin\n60 90 160 coat\n")
    assert (252, 252, 250, 255) in map(tuple, read(folder, "show.gpl").palette.colors.tolist())


def test_it_is_said_which_colors_become_others() -> None:
    painted = Palette(np.array([SKIN, COAT, SCARF, (255, 255, 255, 0)], np.uint8))
    near = (SKIN[0] - 1, SKIN[1] + 1, SKIN[2], 255)
    swatches = (Swatch(near, "skin"), Swatch(COAT, "coat"), Swatch((0, 0, 0, 255), "ink"))
    kept, _ = apply_palette(painted, swatches)
    assert describe_use(painted, kept, SwatchList(swatches, notes=("1 color left out",)), "show.plt") == [
        "show.plt: 1 color left out",
        "1 color of the keys is one level off show.plt: #fad6b4 is skin",
        "1 color of the keys is not in show.plt: #c82832 becomes coat (140 levels off)",
    ]
    kept, _ = apply_palette(painted, [Swatch(color) for color in (SKIN, COAT, SCARF)])
    assert describe_use(painted, kept, SwatchList(tuple(map(Swatch, (SKIN, COAT, SCARF)))), "a.gpl") == []


def test_tones_are_found_on_both_sides_of_a_trace_line() -> None:
    line, truth = draw_toned(2, ("skin", "hair", "coat"))
    frame = read_drawing(2, line)
    regions = find_regions(frame)
    flat = {tuple(truth[regions.labels == region][0].tolist()): region for region in range(1, regions.count + 1)}
    names = {region: name for name, color in COLORS.items() for one, region in flat.items() if one == color}
    pairs = {frozenset((names[a], names[b])) for a, b in find_trace_contacts(frame, regions).pairs.tolist()
             if a in names and b in names}  # fmt: skip
    assert pairs == {frozenset((part, f"{part} shadow")) for part in ("skin", "hair", "coat")}


def read(folder: Path, palette: str | None) -> Keyframes:
    return read_keyframes(Shot.open(folder), Settings(palette=palette))


def test_keyframes_know_the_tuples_and_what_the_key_shows(tmp_path: Path) -> None:
    make_toned_shot(tmp_path, 2)
    keyframes = read(tmp_path, "film.gpl")
    assert keyframes.tuples is not None and keyframes.tuples.entries.shape == (3, 4)
    names = keyframes.palette.names
    shown = {frozenset((names[a], names[b])) for a, b in np.argwhere(keyframes.tuples.seen).tolist()}
    assert shown == {frozenset((part, f"{part} shadow")) for part in SHADED_IN_KEY}
    write_toned_palette(tmp_path / "bare.gpl", named=False)
    assert read(tmp_path, "bare.gpl").tuples is None and read(tmp_path, None).tuples is None


def test_the_palette_of_keys_has_the_names_of_a_file(tmp_path: Path) -> None:
    shot = Shot.open(make_shot(tmp_path / "cut"))
    near = (SKIN[0], SKIN[1] - 1, SKIN[2], 255)
    (tmp_path / "cut/show.gpl").write_text("GIMP Palette\n{} {} {} skin\n{} {} {} coat\n".format(*near[:3], *COAT[:3]))
    found = read_key_palette([(shot, Settings(palette="show.gpl"))], "cut")
    assert {(one.name, one.color) for one in found.swatches} == {("skin", near), ("coat", COAT), ("", SCARF)}
    assert found.notes == (
        "#fad6b4 of the keys is one level off skin, and is that color",
        "1 color of the keys has no name in it",
    )
    bare = read_key_palette([(shot, Settings())], "cut")
    assert {one.color for one in bare.swatches} == {SKIN, COAT, SCARF} and not bare.notes
    assert read_swatches(tmp_path / "cut/show.gpl")[0].name == "skin"
