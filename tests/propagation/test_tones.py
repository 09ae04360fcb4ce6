"""The tones of a part are asked for across a trace line, where a palette names them and no key shows otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from toned_shot import COLORS, INK, draw_toned, make_toned_shot, write_toned_palette

from framecolor import Settings, Shot, colorize
from framecolor.keys.named_palette import ColorTuples
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image
from framecolor.propagation.tones import settle_tones

NAMES = list(COLORS)
SKIN, SKIN_SHADOW, HAIR, HAIR_SHADOW, COAT, COAT_SHADOW, BOOTS = range(7)
ENTRIES = np.array([[SKIN, -1, SKIN_SHADOW, -1], [HAIR, -1, HAIR_SHADOW, -1], [COAT, -1, COAT_SHADOW, -1]], np.intp)


class Toned:
    """A drawing with all shadows, and its regions by the name of their true color."""

    def __init__(self) -> None:
        line, truth = draw_toned(2, ("skin", "hair", "coat"))
        self.frame = read_drawing(2, line)
        self.regions = find_regions(self.frame)
        by_color = {color: k for k, color in enumerate(COLORS.values())}
        found = [truth[self.regions.labels == region][0].tolist() for region in range(1, self.regions.count + 1)]
        self.truth = [-1, *(by_color.get(tuple(color), -1) for color in found)]

    def find(self, entry: int) -> list[int]:
        return [region for region, own in enumerate(self.truth) if own == entry]

    def settle(
        self, wrong: dict[int, int], seen: tuple[tuple[int, int], ...] = (), fixed: tuple[int, ...] = ()
    ) -> NDArray[np.intp]:
        belief = np.full((self.regions.count + 1, 7), 0.01, np.float32)
        for region, entry in enumerate(self.truth):
            belief[region, wrong.get(entry, entry) if entry >= 0 else BOOTS] = 0.94
        table = np.zeros((7, 7), bool)
        for one, two in seen:
            table[one, two] = table[two, one] = True
        known = np.isin(np.arange(self.regions.count + 1), fixed)
        return settle_tones(belief, known, self.frame, self.regions, ColorTuples(ENTRIES, table)).argmax(axis=1)


@pytest.fixture(scope="module")
def toned() -> Toned:
    return Toned()


@pytest.mark.parametrize("wrong", [HAIR, SKIN_SHADOW, BOOTS, COAT_SHADOW])
def test_the_shadow_of_a_part_comes_before_other_dark_colors(toned: Toned, wrong: int) -> None:
    settled = toned.settle({HAIR_SHADOW: wrong})
    assert all(settled[region] == HAIR_SHADOW for region in toned.find(HAIR_SHADOW))
    assert all(settled[region] == own for region, own in enumerate(toned.truth) if own >= 0)


def test_what_the_keys_show_across_a_trace_line_stays(toned: Toned) -> None:
    settled = toned.settle({HAIR_SHADOW: BOOTS}, seen=((BOOTS, HAIR),))
    assert all(settled[region] == BOOTS for region in toned.find(HAIR_SHADOW))
    settled = toned.settle({HAIR_SHADOW: HAIR}, seen=((HAIR, HAIR),))
    assert all(settled[region] == HAIR for region in toned.find(HAIR_SHADOW))


def test_known_regions_and_parts_without_tones_stay(toned: Toned) -> None:
    region = toned.find(HAIR_SHADOW)[0]
    assert toned.settle({HAIR_SHADOW: BOOTS}, fixed=(region,))[region] == BOOTS
    assert toned.settle({HAIR: BOOTS, HAIR_SHADOW: SKIN})[region] == SKIN, "boots have no tones"


@pytest.mark.usefixtures("quick_engine")
def test_shadows_that_no_key_shows_are_painted_from_named_tones(tmp_path: Path) -> None:
    truths = make_toned_shot(tmp_path, 3)
    write_toned_palette(tmp_path / "bare.gpl", named=False)

    def measure_wrong(palette: str) -> float:
        out = tmp_path / f"out-{palette}"
        result = colorize(Shot.open(tmp_path), out, Settings(palette=palette))
        assert not result.warnings
        wrong = []
        for number in (2, 3):
            figure = (truths[number][..., 3] > 0) & (truths[number] != INK).any(axis=2)
            wrong.append((read_image(out / f"{number:04d}.png") != truths[number]).any(axis=2)[figure].mean())
        return float(np.mean(wrong))

    assert measure_wrong("bare.gpl") > 0.1 and measure_wrong("film.gpl") < 0.02
    again = colorize(Shot.open(tmp_path), tmp_path / "out-film.gpl", Settings(palette="film.gpl", overwrite=True))
    assert not again.failed, "the kept keys have the tuples as well"
