"""Palettes of OpenToonz: styles and pages come back as written, as other programs write them, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecolor import PaletteError
from framecolor.media.palettes import Swatch, SwatchList, read_swatch_list, write_swatches
from framecolor.media.palettes.styles import EMPTY, SOLID, Style, StylePage, StylePalette, make_styles
from framecolor.media.palettes.tpl import read_styles, write_styles

NAMES = ("skin shadow", "5", "_", "_1", "12", "|x", "@y", "a\"b\\c'd", "café", "肌", "", "a<b&c>", "%", "x-1", "_7up")

OTHERS = """<palette id='1'>

  <version>
    71 0
  </version>
  <refImgPath>
    "$scenefolder\\\\tga\\\\model.png"
  </refImgPath>
  <styles>
    <style>
      color_0 3 255 255 255 0
    </style>
    <style>
      _1 "|12-7" "@@skin old""skin, lit"3 255 224 189 255
    </style>
    <style pickedpos="740,96">
      3 42 28 12 255
    </style>
    <style>
      cloth 4 200 30 40 255 "a.bmp" 1.5
    </style>
    <style> gone 3 9 9 9 255 </style>
  </styles>
  <stylepages>
    <page><name>colors</name><indices>0 2 1 </indices></page>
    <page><name>"2nd page"</name><indices>3 1</indices></page>
  </stylepages>
  <animation><style id="1"><keyframe frame="0">x 3 1 2 3 255</keyframe></style></animation>
  <!-- a note -->
  <shortcuts> 9 0 1 2 3 4 5 6 7 8 </shortcuts>
</palette>
"""


def test_styles_come_back_as_they_were_written(tmp_path: Path) -> None:
    styles = [Style(k, name, (k, 2, 3, 255)) for k, name in enumerate(NAMES)]
    styles.append(Style(len(NAMES), "line", (255, 0, 0, 255), flags=1))
    styles.append(Style(len(NAMES) + 1, "skin", (9, 8, 7, 255), link="12-7", original="@old skin"))
    pages = (StylePage("a b", (3, 2, 1, 0)), StylePage("肌", (9,)), StylePage("", ()))
    palette = StylePalette(tuple(styles), pages, 'the "hero"')
    write_styles(tmp_path / "a.tpl", palette)
    assert read_styles(tmp_path / "a.tpl") == palette


def test_what_opentoonz_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.tpl"
    path.write_text(OTHERS)
    palette = read_styles(path)
    assert palette.styles[1] == Style(1, "skin, lit", (255, 224, 189, 255), SOLID, (), 1, "12-7", "@skin old")
    assert palette.styles[2] == Style(2, "color", (42, 28, 12, 255))
    assert palette.styles[3] == Style(3, "cloth", (200, 30, 40, 255), 4, ("200", "30", "40", "255", '"a.bmp"', "1.5"))
    assert [page.indices for page in palette.pages] == [(0, 2, 1), (3,)]
    write_styles(tmp_path / "again.tpl", palette)
    assert read_styles(tmp_path / "again.tpl").styles == palette.styles
    listed = read_swatch_list(path)
    assert [(one.name, one.id, one.group) for one in listed.swatches] == [
        ("color", "2", ""),
        ("skin, lit", "1", ""),
        ("cloth", "3", "2nd page"),
    ]
    assert 'style 3 "cloth" is no flat color' in listed.notes[0] and "over time" in listed.notes[1]


def test_a_level_gets_its_empty_style_its_ink_and_its_paints() -> None:
    skin, hair = Swatch((255, 224, 189, 255), "skin"), Swatch((60, 30, 20, 255), "hair", group="head")
    palette = make_styles({4: hair, 2: skin}, Swatch((42, 28, 12, 255), "line"), "hero")
    assert [style.name for style in palette.styles] == ["color_0", "line", "skin", "color", "hair"]
    assert palette.styles[0].color == EMPTY and palette.styles[1].color == (42, 28, 12, 255)
    assert palette.pages == (StylePage("colors", (0, 1)), StylePage("head", (4,)), StylePage("colors", (2,)))
    assert make_styles({2: skin}).pages == (StylePage("colors", (0, 2)),)
    with pytest.raises(ValueError, match="style 1 is the ink"):
        make_styles({1: skin}, hair)
    with pytest.raises(ValueError, match="index"):
        make_styles({4096: skin})


def test_indices_stay_the_same_when_a_palette_is_written_again(tmp_path: Path) -> None:
    swatches = (
        Swatch((1, 2, 3, 255), "a", "7", "p"),
        Swatch((4, 5, 6, 128), "b", "3"),
        Swatch((7, 8, 9, 255), "c", "9", "p"),
    )
    write_swatches(tmp_path / "a.tpl", SwatchList(swatches))
    assert read_swatch_list(tmp_path / "a.tpl").swatches == swatches
    write_swatches(tmp_path / "b.tpl", SwatchList((*swatches, Swatch((1, 1, 1, 255), "d", "7"))))
    assert [one.id for one in read_swatch_list(tmp_path / "b.tpl").swatches] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "ends in the middle"),
        (b"TABc\r\n\x0b\n", "compressed"),
        (b"\x89PNG\r\n\x1a\n", "is no tag|has to begin"),
        (b"skin 1 2 3", "has to begin with <palette>"),
        (b"<palette><styles></styles></palette>", "no styles"),
        (b"<palette><styles><style>a 3 1 2 3</style></styles></palette>", "style 0 has no color of four"),
        (b"<palette><styles><style>a 3 1 2 3 256</style></styles></palette>", "style 0 has no color of four"),
        (b"<palette><styles><style>a x 1 2 3 255</style></styles></palette>", "kind of style 0 is 'x'"),
        (b"<palette><styles><style>a 3 1 2 3 255</style>", "ends in the middle"),
        (b'<palette><styles><style>"a 3 1 2 3 255</style>', "is no tag and no word"),
        (b"<palette><styles><page>1</page></styles></palette>", "in place of <style>"),
        (
            b"<palette><styles><style>a 3 1 2 3 255</style></styles><stylepages><page><name>p</name>"
            b"<indices>0 4</indices></page></stylepages></palette>",
            "page 'p' shows style 4, but there are 1",
        ),
        (b"<palette><styles>" + b"<style>a 3 1 2 3 255</style>" * 4097 + b"</styles></palette>", "more than 4096"),
        (b"<palette><styles><style>" + b"a " * 99_999, "<style> has more than 4096 words"),
        (b"<!-- a -->" * 900_000, "larger than 8 MiB"),
    ],
)
def test_damaged_palettes(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "hero.tpl"
    path.write_bytes(data)
    with pytest.raises(PaletteError, match=problem) as caught:
        read_swatch_list(path)
    assert "hero.tpl" in str(caught.value) and caught.value.fix
