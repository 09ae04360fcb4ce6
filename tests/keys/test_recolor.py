"""Files of recolors, and which color stands for which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecolor import InputError
from framecolor.keys.recolor import Recolors, load_recolors, read_recolors

RED, GREEN, BLUE, WHITE = (200, 0, 0, 255), (0, 200, 0, 255), (0, 0, 200, 255), (255, 255, 255, 255)
PAPER = (255, 255, 255, 0)


def test_colors_are_read_in_order(tmp_path: Path) -> None:
    colors = {"#ffe0bd": "#f0d0a0", "#3c5aa0": "#ffe0bd", "#010203": "#010203"}
    path = tmp_path / "recolor.toml"
    path.write_text("[colors]\n" + "".join(f'"{old}" = "{new}"\n' for old, new in colors.items()), "utf-8")
    assert list(read_recolors(path).items()) == list(colors.items())
    loaded = load_recolors(path)
    assert loaded.file == "recolor.toml" and len(loaded.colors) == 2, "a color that stays is no recolor"
    path.write_text("[colors]\n", "utf-8")
    assert read_recolors(path) == {}


def test_letter_case_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('﻿[colors]\n"#FFE0BD" = "#F0d0a0"\n', "utf-8")
    assert read_recolors(tmp_path / "a.toml") == {"#ffe0bd": "#f0d0a0"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[colors", "is no TOML"),
        ("", "has no table [colors]"),
        ('colors = "#010203"', "has no table [colors]"),
        ('[colors]\n"#010203" = "#04050"', "'#04050' is no color as #rrggbb"),
        ('[colors]\n"#010203" = 3', "3 is no color as #rrggbb"),
        ('[colors]\nskin = "#010203"', "'skin' is no color as #rrggbb"),
        ('[colors]\n"paper" = "#010203"', '"paper" is none here'),
        ('[colors]\n"#010203" = "paper"', '"paper" is none here'),
        ('[colors]\n"#0a0203" = "#010101"\n"#0A0203" = "#020202"', "stands twice on the left"),
        ('[colors]\n[names]\nskin = "#010203"', "'names' beside [colors]"),
        ("[colors]\n" + "".join(f'"#{n:06x}" = "#ffffff"\n' for n in range(1025)), "1,025 colors"),
        ("[colors]\n" + "a" * (1 << 19), "is larger than"),
    ],
)
def test_an_invalid_file_is_an_error_of_one_line_with_a_fix(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "recolor.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_recolors(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and problem in message and caught.value.fix and "\n" not in message


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load_recolors(tmp_path / "recolor.toml")


def test_no_color_changes_twice_and_paper_stays() -> None:
    recolors = Recolors({RED: GREEN, GREEN: BLUE, WHITE: RED})
    before = np.array([[RED, GREEN, BLUE], [WHITE, PAPER, (200, 0, 0, 128)]], np.uint8)
    after = [[GREEN, BLUE, BLUE], [RED, PAPER, (200, 0, 0, 128)]]
    assert recolors.apply(before).tolist() == np.array(after).tolist()
    assert before[0, 0].tolist() == list(RED), "the array itself stays"


@pytest.mark.parametrize(
    ("colors", "known", "shown", "meant"),
    [
        ({RED: GREEN}, {RED}, GREEN, RED),
        ({RED: GREEN}, {RED}, RED, RED),
        ({RED: GREEN}, {RED, GREEN}, GREEN, GREEN),  # a color of the keys that is shown as it is
        ({RED: GREEN, GREEN: RED}, {RED, GREEN}, GREEN, RED),
        ({RED: GREEN, BLUE: GREEN}, {RED, BLUE}, GREEN, RED),
        ({RED: GREEN, BLUE: GREEN}, {BLUE}, GREEN, BLUE),
        ({RED: GREEN, GREEN: BLUE}, {GREEN}, GREEN, GREEN),  # of no key: it means itself, and becomes blue
        ({RED: GREEN}, {RED}, PAPER, PAPER),
    ],
)
def test_a_shown_color_means_the_paint_before(
    colors: dict[tuple[int, int, int, int], tuple[int, int, int, int]],
    known: set[tuple[int, ...]],
    shown: tuple[int, ...],
    meant: tuple[int, ...],
) -> None:
    assert Recolors(colors).restore(np.array([shown], np.uint8), known).tolist() == [list(meant)]
